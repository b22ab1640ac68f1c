"""Refunds that a provider could not deliver: noted in suspense, until they are paid another way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from payments import journals, making_up_journals
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.models import FailedRefund, MovementLeg, Share
from payments.operations.errors import PaymentError, UnableToMakeUp, UnknownPayment

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
            return made_up(seen, seen.failed_journal_id, replayed=True) if seen else _write(leg=leg, request=request)
    except IntegrityError:
        # The same was said twice at once, and the other was faster.
        seen = FailedRefund.objects.get(leg=leg)
        return made_up(seen, seen.failed_journal_id, replayed=True)


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
    return made_up(row, posted.journal_id)


def made_up(row: FailedRefund, journal_id: int | None, *, replayed: bool = False) -> MadeUp:
    """Return what was done of a failed refund."""
    return MadeUp(failed_id=row.pk, amount=row.amount, journal_id=journal_id or 0, replayed=replayed)
