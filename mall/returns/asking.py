"""Asking for a return: within the window, piece by piece, with the money kept from that moment on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mall import actors, bank, events
from mall.fulfilment import _rows as consignments
from mall.fulfilment import states as consignment_states
from mall.fulfilment._rows import LockedConsignment
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.returns import _rows, photos, rules, states
from mall.returns.models import Return, ReturnLine, ReturnTerms
from mall.returns.reasons import BY_CODE, Reason
from mall.returns.requests import AskReturn, UnableToReturn, UnknownReturn
from mall.returns.windows import policy, windows

# Goods that were sent and not yet wholly paid back.
RETURNABLE = consignment_states.sources(event="refund in full")
MOST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class _Wanted:
    line: ConsignmentLine
    pieces: int
    amount: int


def ask_return(*, request: AskReturn) -> Return:
    """Ask for a return: the bank keeps what would go back, and nothing of the consignment is released meanwhile.

    The same key is the same return.

    :raises UnableToReturn: the pieces cannot go back, or something is missing.
    """
    with photos.in_transaction() as kept:
        locked = consignments.lock(numbers=[request.consignment_number]).get(request.consignment_number)
        known = Return.objects.filter(key=request.key).first()
        if known is not None:
            if known.buyer_id != request.by.user_id:
                raise UnknownReturn(_("There is no such return of yours."))
            return known
        found = _own(locked=locked, request=request)
        reason = _reason(request=request)
        wanted = _wanted(consignment=found, pieces=request.pieces)
        right = _right(consignment=found, wanted=wanted, reason=reason, at=request.at)
        row = _open(request=request, consignment=found, reason=reason, right=right, wanted=wanted)
        photos.keep(row=row, side=_rows.side(by=request.by), given=request.photos, at=request.at, kept=kept)
    return row


def _own(*, locked: LockedConsignment | None, request: AskReturn) -> Consignment:
    if locked is None or request.by.kind != actors.BUYER or locked.buyer_id != request.by.user_id:
        raise UnknownReturn(_("There is no parcel %(number)s of yours.") % {"number": request.consignment_number})
    if locked.status not in RETURNABLE:
        raise UnableToReturn(_("This parcel has not been sent, or everything was paid back: nothing can go back."))
    return Consignment.objects.select_related("order__shipping_address", "merchant").get(pk=locked.id)


def _reason(*, request: AskReturn) -> Reason:
    reason = BY_CODE.get(request.reason)
    if reason is None:
        raise UnableToReturn(_("Please choose why it goes back."))
    if reason.fault and not request.text.strip():
        raise UnableToReturn(_("Please tell the store in a few words what is wrong."))
    if len(request.text) > MOST_TEXT:
        raise UnableToReturn(_("Please tell it in at most %(n)s characters.") % {"n": MOST_TEXT})
    return reason


def _wanted(*, consignment: Consignment, pieces: Sequence[tuple[int, int]]) -> list[_Wanted]:
    asked = {line_id: number for line_id, number in pieces if number}
    if not asked or any(number < 0 for number in asked.values()):
        raise UnableToReturn(_("Please choose at least one piece that goes back."))
    lines = {line.line_id: line for line in consignment.lines.order_by("pk")}
    if not set(asked) <= set(lines):
        raise UnableToReturn(_("Only what was in this parcel can go back with it."))
    taken = going_back(line_ids=[line.pk for line in lines.values()])
    wanted = []
    for line_id, line in lines.items():
        back, back_value = taken.get(line.pk, (0, 0))
        number = asked.get(line_id, 0)
        if number > line.quantity - back:
            words = _("Of %(title)s at most %(n)s can go back: you bought %(bought)s, and %(back)s go back already.")
            left = {"title": line.title, "n": line.quantity - back, "bought": line.quantity, "back": back}
            raise UnableToReturn(words % left)
        if number:
            amount = rules.value(
                amount=line.amount, bought=line.quantity, back=back, back_value=back_value, pieces=number
            )
            wanted.append(_Wanted(line, number, amount))
    return wanted


def going_back(*, line_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how many pieces of each consignment line go back or went back, and what was paid for them."""
    rows = ReturnLine.objects.filter(line_id__in=line_ids).exclude(of__outcome__in=states.GIVEN_UP)
    sums = rows.values("line_id").annotate(pieces=Sum("quantity"), paid=Sum("amount")).order_by()
    return {row["line_id"]: (row["pieces"], row["paid"]) for row in sums}


def _right(*, consignment: Consignment, wanted: Sequence[_Wanted], reason: Reason, at: datetime) -> str:
    """Return the right all the pieces can go back by: the weakest counts."""
    found = windows(consignments=[consignment])
    rights = []
    for item in wanted:
        window = found[item.line.pk]
        right = window.right(reason=reason, at=at)
        if not right:
            raise UnableToReturn(_refusal(title=item.line.title, window=window, reason=reason))
        rights.append(right)
    return max(rights, key=lambda right: right == "store")


def _refusal(*, title: str, window: rules.Window, reason: Reason) -> str:
    if window.is_digital:
        return _("%(title)s came digitally and cannot be sent back: write to the store.") % {"title": title}
    until = window.fault_until if reason.fault else window.store_until
    if window.is_kept and not reason.fault:
        words = _("%(title)s is not taken back once it was sent, unless something is wrong with it.")
        return words % {"title": title}
    words = _("%(title)s could go back until %(day)s: write to the store, the law's guarantee still holds.")
    return words % {"title": title, "day": date_format(until, "DATE_FORMAT") if until else ""}


def _open(
    *, request: AskReturn, consignment: Consignment, reason: Reason, right: str, wanted: Sequence[_Wanted]
) -> Return:
    goods = sum(item.amount for item in wanted)
    delivery = _delivery(consignment=consignment, wanted=wanted, right=right)
    number = f"{consignment.number}-R{Return.objects.filter(consignment=consignment).count() + 1}"
    terms = ReturnTerms.objects.filter(merchant_id=consignment.merchant_id).first()
    try:
        claimed = bank.claim(
            number=consignment.number, most=goods + delivery, key=_rows.claim_key(number=number), at=request.at
        )
    except bank.UnableToKeep as problem:
        words = _("Nothing of this can be asked back now: it was paid back, or a card's bank decides on it.")
        raise UnableToReturn(words) from problem
    row = Return(
        number=number,
        key=request.key,
        consignment=consignment,
        merchant_id=consignment.merchant_id,
        buyer_id=request.by.user_id,
        currency=consignment.currency,
        reason=reason.code,
        text=request.text.strip(),
        right=right,
        delivery_paid_by=rules.payer(reason=reason, store_pays=bool(terms and terms.pays_delivery), policy=policy()),
        goods=goods,
        delivery=delivery,
        claimed=claimed,
        asked_at=request.at,
        due_at=_rows.deadline(state=states.ASKED, at=request.at),
    )
    row.save()
    ReturnLine.objects.bulk_create(
        [ReturnLine(of=row, line=item.line, quantity=item.pieces, amount=item.amount) for item in wanted]
    )
    _rows.write(steps=[_rows.Step(row, "ask", request.by, request.at, text=row.text, amount=claimed)])
    bank.publish(happened=[_opened(row=row, order=consignment.order.number)])
    return row


def _delivery(*, consignment: Consignment, wanted: Sequence[_Wanted], right: str) -> int:
    """Return what of the delivery charge goes back with these pieces; once for a consignment."""
    lines = list(consignment.lines.all())
    back: Mapping[int, tuple[int, int]] = going_back(line_ids=[line.pk for line in lines])
    asked = {item.line.pk: item.pieces for item in wanted}
    whole = all(back.get(line.pk, (0, 0))[0] + asked.get(line.pk, 0) == line.quantity for line in lines)
    others = Return.objects.filter(consignment=consignment).exclude(outcome__in=states.GIVEN_UP)
    given = others.aggregate(given=Sum("delivery"))["given"] or 0
    return rules.delivery_back(right=right, whole=whole, shipping=consignment.shipping - given)


def _opened(*, row: Return, order: str) -> events.ReturnOpened:
    return events.ReturnOpened(
        key=row.number,
        at=row.asked_at,
        number=row.number,
        consignment=row.consignment.number,
        order=order,
        merchant=bank.merchant(merchant_id=row.merchant_id),
        buyer=bank.shopper(user_id=row.buyer_id),
        claimed=row.claimed,
        currency=row.currency,
    )
