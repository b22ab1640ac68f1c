"""Refunds that a provider could not deliver: noted in suspense, then paid another way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from schwifty import IBAN

from payments import journals, making_up_journals
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.models import CustomerAccount, FailedRefund, MovementLeg, Share
from payments.operations.errors import KeyReused, PaymentError, UnableToMakeUp, UnknownPayment
from payments.states import FAILED_REFUND, move

# From where a refund that came back is taken, by the method that had sent it.
SENT_FROM = {"card": journals.card_destination, "other_bank": journals.transfer_destination}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFailed:
    """A provider says that it could not deliver the refund ``refund_key`` to this tender."""

    refund_key: str
    tender_id: int
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFailedRefund:
    """Pay a failed refund into ``account``: the payer's own here, or an IBAN at another bank; ``by`` whom."""

    failed_id: int
    account: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """What was done; ``replayed`` when it had been before."""

    failed_id: int
    amount: int
    journal_id: int
    replayed: bool = False


def named_at_provider(*, name: str) -> tuple[str, int] | None:
    """Return refund key and tender of the name (`order:key:share`) a refund has in its provider's metadata."""
    rest, _, number = name.rpartition(":")
    if not number.isdecimal() or len(number) > 18:
        return None
    share = Share.objects.filter(pk=int(number)).select_related("part__payment").first()
    if share is None or not rest.startswith(f"{share.part.payment.reference}:"):
        return None
    return rest.removeprefix(f"{share.part.payment.reference}:"), share.tender_id


def note_failed_refunds(*, requests: Sequence[RefundFailed]) -> list[MadeUp | PaymentError]:
    """Take refunds that failed into suspense, each once however often its provider says so.

    A result is ``MadeUp``, or why not: ``UnknownPayment``, ``UnableToMakeUp``.
    """
    return [_note(request) for request in requests]


def pay_failed_refunds(*, requests: Sequence[PayFailedRefund]) -> list[MadeUp | PaymentError]:
    """Pay failed refunds another way, each once.

    A result is ``MadeUp``, or why not: ``UnknownPayment``, ``UnableToMakeUp``, ``KeyReused`` (paid to another account).
    """
    return [_pay(request) for request in requests]


def _note(request: RefundFailed) -> MadeUp | PaymentError:
    legs = MovementLeg.objects.filter(refund__key=request.refund_key, tender_id=request.tender_id)
    leg = legs.select_related("tender__payment", "refund__part").first()
    if leg is None:
        return UnknownPayment(f"There is no refund {request.refund_key} to that tender.")
    if leg.tender.method not in SENT_FROM:
        return UnableToMakeUp(f"A refund by {leg.tender.method} stays in this bank and cannot fail.")
    try:
        with transaction.atomic():
            seen = FailedRefund.objects.filter(leg=leg).first()
            return _made_up(seen, seen.failed_journal_id, replayed=True) if seen else _write(leg=leg, request=request)
    except IntegrityError:
        # The same was said twice at once, and the other was faster.
        seen = FailedRefund.objects.get(leg=leg)
        return _made_up(seen, seen.failed_journal_id, replayed=True)


def _write(*, leg: MovementLeg, request: RefundFailed) -> MadeUp | PaymentError:
    payment = leg.tender.payment
    journal = making_up_journals.refund_failed(
        refund=leg.refund.part.reference,
        source=SENT_FROM[leg.tender.method](currency=payment.currency),
        amount=leg.amount,
        currency=payment.currency,
        key=f"refund-failed:{leg.pk}",
        # The first word of it counts: a later one of the same failure must post the same journal.
        at=max(request.at, leg.refund.at),
    )
    try:
        posted = ledger.post(journal=journal)
    except ledger_errors.LedgerError as refusal:
        return UnableToMakeUp(str(refusal))
    row = FailedRefund.objects.create(
        leg=leg,
        amount=leg.amount,
        currency=payment.currency,
        payer=payment.payer,
        why=request.why[:200],
        failed_at=request.at,
        failed_journal_id=posted.journal_id,
    )
    return _made_up(row, posted.journal_id)


def _pay(request: PayFailedRefund) -> MadeUp | PaymentError:
    to = request.account.replace(" ", "").upper()
    with transaction.atomic():
        rows = FailedRefund.objects.select_for_update(of=["self"]).select_related("leg__refund__part")
        row = rows.filter(pk=request.failed_id).first()
        if row is None:
            return UnknownPayment("There is no such failed refund.")
        if row.state == "paid":
            if row.paid_to != to:
                return KeyReused(f"This refund was paid to {row.paid_to} before.")
            return _made_up(row, row.paid_journal_id, replayed=True)
        account = CustomerAccount.objects.filter(number=to).first()
        problem = _problem(row=row, account=account, to=to)
        if problem:
            return UnableToMakeUp(problem)
        journal = making_up_journals.refund_paid_another_way(
            refund=row.leg.refund.part.reference,
            account=account.number if account else "",
            bank=settings.RIALTO_POLICY.NOSTRO_BANK,
            amount=row.amount,
            currency=row.currency,
            key=f"refund-another-way:{row.pk}",
            at=request.at,
        )
        try:
            posted = ledger.post(journal=journal)
        except ledger_errors.LedgerError as refusal:
            return UnableToMakeUp(str(refusal))
        row.state = move(machine=FAILED_REFUND, state=row.state, event="pay")
        row.paid_to, row.paid_by, row.paid_at, row.paid_journal_id = to, request.by, request.at, posted.journal_id
        row.save(update_fields=["state", "paid_to", "paid_by", "paid_at", "paid_journal_id"])
        return _made_up(row, posted.journal_id)


def _problem(*, row: FailedRefund, account: CustomerAccount | None, to: str) -> str:
    if account is None:
        iban = IBAN(to, allow_invalid=True)
        if not iban.is_valid:
            return f"{to or 'Nothing'} is not an account number: write the IBAN as the payer gave it."
        if (iban.country_code, iban.bank_code) == (
            settings.RIALTO_POLICY.BANK_COUNTRY,
            settings.RIALTO_POLICY.BANK_CODE,
        ):
            return f"There is no account {to} here."
        return ""
    if account.closed_at is not None:
        return f"The account {to} is closed."
    if account.currency != row.currency:
        return f"The account {to} is kept in {account.currency}, and the refund is in {row.currency}."
    if row.payer.startswith("user:") and account.holder != row.payer:
        return f"The account {to} is not the payer's: a refund goes to who paid."
    return ""


def _made_up(row: FailedRefund, journal_id: int | None, *, replayed: bool = False) -> MadeUp:
    return MadeUp(failed_id=row.pk, amount=row.amount, journal_id=journal_id or 0, replayed=replayed)
