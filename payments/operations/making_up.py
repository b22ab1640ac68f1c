"""Goodwill at the bank's expense, and journals that were wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from payments import making_up_journals
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.ledger import queries as ledger_queries
from payments.models import CustomerAccount, Goodwill
from payments.money import Money
from payments.operations.errors import KeyReused, UnableToMakeUp
from payments.states import GOODWILL, may, move

# Events no row of payments stands for: all others are undone by refund, cancellation, or their own operation.
CORRECTABLE = (
    "capital_paid_in",
    "money_received",
    "money_received_for_nobody",
    "money_sent",
    "transfers_settled",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveGoodwill:
    """Give ``amount`` minor units of the account's currency to its holder; ``by`` whom, and why."""

    account: str
    amount: int
    reason: str
    by: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodwillStanding:
    """A goodwill as it stands: ``given``, ``declined``, or ``proposed`` until a second person agrees."""

    goodwill_id: int
    state: str
    amount: int
    currency: str


def give_goodwill(*, request: GiveGoodwill) -> GoodwillStanding:
    """Give goodwill at once where one person may, else propose it; the same key gives once.

    One person may give a customer up to ``RIALTO_GOODWILL_ALONE`` in ``RIALTO_GOODWILL_COUNTED_FOR``, in all pieces.

    :raises UnableToMakeUp: no such open account, no reason, or an amount that is not above zero.
    :raises KeyReused: the key stands for another goodwill.
    """
    with transaction.atomic():
        # The account's row is the lock: two who give at the same moment are counted one after the other.
        account = CustomerAccount.objects.select_for_update().filter(number=request.account).first()
        seen = Goodwill.objects.filter(key=request.key).first()
        if seen is not None:
            if (seen.account, seen.amount) != (request.account, request.amount):
                raise KeyReused(f"The key {request.key} was used before for another goodwill.")
            return _standing(seen)
        if account is None or account.closed_at is not None:
            raise UnableToMakeUp(f"There is no open account {request.account} here.")
        if request.amount <= 0 or not request.reason.strip():
            raise UnableToMakeUp("Goodwill needs an amount above zero and a reason.")
        row = Goodwill.objects.create(
            key=request.key,
            account=account.number,
            holder=account.holder,
            amount=request.amount,
            currency=account.currency,
            reason=request.reason.strip()[:200],
            asked_by=request.by,
            asked_at=request.at,
        )
        if _given_lately(row) <= settings.RIALTO_POLICY.GOODWILL_ALONE:
            _give(row=row, at=request.at)
        return _standing(row)


def decide_goodwill(*, goodwill_id: int, agreed: bool, by: str, at: datetime) -> GoodwillStanding:
    """Agree to a proposed goodwill, or decline it; one that is decided stays as it is.

    :raises UnableToMakeUp: there is none, or the same person asked for it.
    """
    with transaction.atomic():
        row = Goodwill.objects.select_for_update().filter(pk=goodwill_id).first()
        if row is None:
            raise UnableToMakeUp("There is no such goodwill.")
        event = "give" if agreed else "decline"
        if not may(machine=GOODWILL, state=row.state, event=event):
            return _standing(row)
        if row.asked_by == by:
            raise UnableToMakeUp("Who proposed goodwill cannot also agree to it: a second person decides.")
        row.decided_by, row.decided_at = by, at
        if agreed:
            _give(row=row, at=at)
        else:
            row.state = move(machine=GOODWILL, state=row.state, event=event)
            row.save(update_fields=["state", "decided_by", "decided_at"])
        return _standing(row)


def correct_journal(*, journal_id: int, reason: str, by: str, at: datetime) -> int:
    """Post the mirror image of a wrong journal, naming it and why; return its number, the same the second time.

    :raises UnableToMakeUp: there is no such journal, its event is undone by its own operation, or its money is gone.
    """
    if not reason.strip():
        raise UnableToMakeUp("A correction needs a reason.")
    try:
        wrong = ledger_queries.journal(journal_id=journal_id)
        if wrong.reversed_by:
            return wrong.reversed_by
        if wrong.event not in CORRECTABLE:
            raise UnableToMakeUp(
                f"Journal {journal_id} is a {wrong.event}: undo it by a refund, a cancellation or its own page."
            )
        with transaction.atomic():
            said = f"{reason.strip()[:200]} ({by})"
            return ledger.reverse(journal_id=journal_id, key=f"correct:{journal_id}", reason=said, at=at).journal_id
    except ledger_errors.InsufficientFunds as short:
        raise UnableToMakeUp(
            f"{short.account} holds {Money(short.available, wrong.currency).format()} only: the money has moved on."
        ) from short
    except ledger_errors.LedgerError as refusal:
        raise UnableToMakeUp(str(refusal)) from refusal


def _given_lately(row: Goodwill) -> int:
    since = row.asked_at - settings.RIALTO_POLICY.GOODWILL_COUNTED_FOR
    lately = Goodwill.objects.filter(holder=row.holder, currency=row.currency, asked_at__gt=since)
    return lately.exclude(state="declined").aggregate(total=Sum("amount"))["total"]


def _give(*, row: Goodwill, at: datetime) -> None:
    journal = making_up_journals.goodwill_given(
        account=row.account,
        amount=row.amount,
        currency=row.currency,
        reason=row.reason,
        key=f"goodwill:{row.pk}",
        at=at,
    )
    try:
        row.journal_id = ledger.post(journal=journal).journal_id
    except ledger_errors.LedgerError as refusal:
        raise UnableToMakeUp(str(refusal)) from refusal
    row.state = move(machine=GOODWILL, state=row.state, event="give")
    row.save(update_fields=["state", "journal_id", "decided_by", "decided_at"])


def _standing(row: Goodwill) -> GoodwillStanding:
    return GoodwillStanding(goodwill_id=row.pk, state=row.state, amount=row.amount, currency=row.currency)
