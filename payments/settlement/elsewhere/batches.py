"""A batch's life until it may be sent: closed at its hour into one file, agreed to by two people, or withdrawn."""

from __future__ import annotations

import hashlib
import logging
import zlib
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from payments.models import BankFile, Batch, OutgoingPayment
from payments.models.changes import Changes
from payments.operations.errors import PaymentError
from payments.settlement import holding, iso20022
from payments.settlement.elsewhere import bank_days, giving_back
from payments.states import BATCH, may, move

HELD = "The bank kept it back before it was sent."

logger = logging.getLogger(__name__)


class UnableToChangeBatch(PaymentError):
    """A batch stays as it is."""


def close_due(*, at: datetime) -> int:
    """Close every batch with payments whose hour has come by ``at``; return how many.

    One that was opened and got none stays as it is, and one that cannot be written keeps no other from its hour.
    """
    payments = OutgoingPayment.objects.filter(batch=OuterRef("pk"), state="ordered")
    drafted = Batch.objects.filter(Exists(payments), state="drafted", day__lte=at.astimezone(UTC).date())
    closed = 0
    for batch in drafted.order_by("day", "pk"):
        if bank_days.cut_off(batch.day) > at:
            continue
        try:
            close_batch(batch_id=batch.pk, by="system", at=at)
            closed += 1
        except UnableToChangeBatch:
            logger.exception("A batch cannot be closed", extra={"batch": batch.reference})
    return closed


def close_batch(*, batch_id: int, by: str, at: datetime) -> Batch:
    """Write a batch's file, whose bytes stay as they are from then on; nothing joins it any more.

    One that was closed before is returned as it is. Payouts to merchants who are held by now stay here: their money
    goes back to them, and waits for the hold's end.

    :raises UnableToChangeBatch: there is no such batch, or it has no payments.
    """
    with transaction.atomic():
        batch = _held(batch_id=batch_id)
        if batch.state != "drafted":
            return batch
        payments = list(OutgoingPayment.objects.filter(batch=batch, state="ordered").order_by("pk"))
        if not payments:
            raise UnableToChangeBatch(f"{batch.reference} has no payments: there is nothing to send.")
        kept = _keep_held(batch=batch, payments=payments, at=at)
        payments = [payment for payment in payments if payment.pk not in kept]
        if not payments:
            batch.state, batch.note = move(machine=BATCH, state=batch.state, event="withdraw"), HELD
            batch.save(update_fields=["state", "note"])
            return batch
        try:
            content = iso20022.write_order(_order(batch=batch, payments=payments, at=at))
        except iso20022.UnreadableFile as problem:
            raise UnableToChangeBatch(f"{batch.reference} cannot be written: {problem}") from problem
        batch.file = BankFile.objects.create(
            direction="out",
            kind="pain.001",
            version="001.09",
            message_id=batch.reference,
            name=f"{batch.reference}.xml",
            digest=hashlib.sha256(content).hexdigest(),
            size=len(content),
            content=zlib.compress(content),
            entries=len(payments),
            by=by,
            at=at,
        )
        batch.state = move(machine=BATCH, state=batch.state, event="close")
        batch.count, batch.total, batch.closed_at = len(payments), sum(row.amount for row in payments), at
        batch.save(update_fields=["state", "file", "count", "total", "closed_at"])
    return batch


def _keep_held(*, batch: Batch, payments: list[OutgoingPayment], at: datetime) -> set[int]:
    """Give the payouts of held merchants back; return which they are."""
    held = holding.held_merchants()
    kept = [payment for payment in payments if payment.kind == "payout" and payment.holder in held]
    if kept:
        changes = Changes()
        giving_back.give_back(payments=kept, batch=batch, event="withdraw", reason=HELD, changes=changes, at=at)
        changes.write()
    return {payment.pk for payment in kept}


def _order(*, batch: Batch, payments: list[OutgoingPayment], at: datetime) -> iso20022.Order:
    nostro = settings.RIALTO_POLICY.NOSTROS[batch.currency]
    return iso20022.Order(
        message_id=batch.reference,
        created_at=at,
        execute_on=max(batch.day, bank_days.bank_day(at.replace(hour=0))),
        currency=batch.currency,
        debtor_name=settings.RIALTO_POLICY.BANK_NAME,
        debtor_iban=nostro["iban"],
        debtor_bic=nostro["bic"],
        transfers=tuple(
            iso20022.CreditTransfer(
                end_to_end_id=row.end_to_end_id,
                amount=row.amount,
                creditor_name=row.creditor_name,
                creditor_iban=row.iban,
                creditor_bic=row.bic,
                remittance=row.remittance,
            )
            for row in payments
        ),
    )


def approve_batch(*, batch_id: int, by: str, digest: str, at: datetime) -> Batch:
    """Agree to a batch as the file of that ``digest``; with the second person's agreement it may be sent.

    :raises UnableToChangeBatch: it is not waiting for that, its file is another, this person agreed already, or a
        merchant it pays is held since.
    """
    with transaction.atomic():
        batch = _held(batch_id=batch_id)
        if not may(machine=BATCH, state=batch.state, event="approve"):
            raise UnableToChangeBatch(f"{batch.reference} is {batch.state}: it waits for no approval.")
        if batch.file.digest != digest:
            raise UnableToChangeBatch(f"{batch.reference} is not the file you looked at: look at it again.")
        if batch.first_approval_by == by:
            raise UnableToChangeBatch("You have agreed to this already: a second person has to look at it.")
        paid = set(
            OutgoingPayment.objects.filter(batch=batch, kind="payout")
            .exclude(state="withdrawn")
            .values_list("holder", flat=True)
        )
        if held := sorted(paid & holding.held_merchants()):
            raise UnableToChangeBatch(
                f"{batch.reference} pays {', '.join(held)}, who is held: withdraw it, or end the hold first."
            )
        batch.state = move(machine=BATCH, state=batch.state, event="approve")
        if not batch.first_approval_by:
            batch.first_approval_by = by
        else:
            batch.second_approval_by, batch.approved_at = by, at
        batch.save(update_fields=["state", "first_approval_by", "second_approval_by", "approved_at"])
    return batch


def withdraw_batch(*, batch_id: int, by: str, reason: str, at: datetime) -> Batch:
    """Give up a batch that is not to be sent: each payment's money goes back to its owner with the reason.

    :raises UnableToChangeBatch: it may be on its way already, or there is no reason.
    """
    if not reason.strip():
        raise UnableToChangeBatch("Say why, so that the payers can be told.")
    with transaction.atomic():
        batch = _held(batch_id=batch_id)
        if not may(machine=BATCH, state=batch.state, event="withdraw"):
            raise UnableToChangeBatch(f"{batch.reference} is {batch.state}: it cannot be withdrawn any more.")
        payments = list(OutgoingPayment.objects.filter(batch=batch, state="ordered").order_by("pk").select_for_update())
        changes = Changes()
        giving_back.give_back(
            payments=payments, batch=batch, event="withdraw", reason=reason.strip(), changes=changes, at=at
        )
        changes.write()
        batch.state = move(machine=BATCH, state=batch.state, event="withdraw")
        batch.note = f"{by}: {reason.strip()}"[:300]
        batch.save(update_fields=["state", "note"])
    return batch


def _held(*, batch_id: int) -> Batch:
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise UnableToChangeBatch(f"There is no batch {batch_id}.")
    return batch
