"""The goods are back: what the carrier says, what the merchant found, and what goes on sale again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from mall import actors, bank
from mall.actors import Actor
from mall.checkout import _stock
from mall.returns import _rows, photos, states
from mall.returns._rows import Step
from mall.returns.models import Return, ReturnLine
from mall.returns.reasons import CONDITIONS, RESTOCKED
from mall.returns.requests import ReceiveReturn, UnableToReturn, UnknownReturn
from mall.search import operations as search

# Who may say that a parcel came to the store: never the buyer, and never the store alone.
_MAY_SAY = {actors.CARRIER, actors.OPERATIONS, actors.SYSTEM}


def receive_return(*, request: ReceiveReturn) -> Return:
    """Confirm, as the merchant, that the goods are back; give back all, or less with a reason.

    What can be sold again goes back on the shelf. A lower refund is paid at once; about the rest the buyer may call
    the bank.

    :raises UnableToReturn: the goods are not expected, or something is missing.
    """
    with photos.in_transaction() as kept:
        if request.by.kind != actors.MERCHANT:
            raise UnknownReturn(f"There is no return {request.number} for you to receive.")
        row = _rows.lock_one(number=request.number, by=request.by)
        step = _step(row=row, request=request)
        photos.keep(row=row, side=_rows.side(by=request.by), given=request.photos, at=request.at, kept=kept)
        row.condition, row.received_at = request.condition, request.at
        _rows.take(steps=[step])
        if request.condition in RESTOCKED:
            _restock(row=row, at=request.at)
    return row


def _step(*, row: Return, request: ReceiveReturn) -> Step:
    is_whole = request.amount is None or request.amount == row.open_amount
    event = "receive" if is_whole else "reduce"
    _rows.check(row=row, event=event, sentence=_("These goods are not on their way to you, or you confirmed them."))
    if request.condition not in CONDITIONS:
        raise UnableToReturn(_("Please say in what condition the goods came."))
    text = request.text.strip()[:2_000]
    if is_whole:
        return Step(row, event, request.by, request.at, text, row.open_amount, row.open_amount, states.MONEY_BACK)
    if not 0 <= request.amount < row.open_amount:
        most = bank.text(amount=row.open_amount, currency=row.currency)
        raise UnableToReturn(_("No more than %(most)s can go back.") % {"most": most})
    if not text:
        raise UnableToReturn(_("Please tell the buyer why you give back less."))
    return Step(row, event, request.by, request.at, text, request.amount, request.amount)


def _restock(*, row: Return, at: datetime) -> None:
    pieces = ReturnLine.objects.filter(of=row).values_list("line__stockrecord_id", "quantity")
    quantities: Counter[int] = Counter()
    for stockrecord_id, quantity in pieces:
        quantities[stockrecord_id] += quantity
    _stock.lock_rows(stockrecord_ids=quantities)
    search.announce(at=at, product_ids=_stock.put_back(quantities=quantities))


def note_arrivals(*, numbers: Sequence[str], by: Actor, at: datetime) -> list[str]:
    """Note that the carrier brought goods to their stores; return the returns for which that was new.

    :raises UnknownReturn: the actor may not say so.
    """
    if by.kind not in _MAY_SAY:
        raise UnknownReturn("That goods came back to a store is for their carrier or the bank's operations to say.")
    with transaction.atomic():
        rows = [
            row
            for row in _rows.lock(numbers=numbers).values()
            if row.state in (states.SENT, states.ESCALATED) and row.sent_at and row.arrived_at is None
        ]
        for row in rows:
            row.arrived_at = at
        _rows.write(steps=[Step(row, "arrive", by, at) for row in rows])
    return [row.number for row in rows]
