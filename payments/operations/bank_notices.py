"""What another bank says of a payment: kept first, then the bank itself is asked how the payment stands."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from payments.models import BankNotice, Payment, Share
from payments.operations.authorising import Authorise, PaymentOutcome, authorise_payments
from payments.operations.errors import UnknownPayment
from payments.providers import other_bank
from payments.states import PAYMENT

BATCH = 200


def take_bank_notice(*, event: str, reference: str, body: dict[str, str], at: datetime) -> bool:
    """Keep a notice and act on it; the same event comes to nothing the second time. Return whether it was new."""
    try:
        with transaction.atomic():
            notice = BankNotice.objects.create(event=event, reference=reference, body=body, at=at)
    except IntegrityError:
        return False
    _handle(notice=notice, at=at)
    return True


def handle_waiting_notices(*, at: datetime) -> int:
    """Act on notices that a crash left; return how many there were."""
    waiting = list(BankNotice.objects.filter(handled_at__isnull=True).order_by("pk")[:BATCH])
    for notice in waiting:
        _handle(notice=notice, at=at)
    return len(waiting)


def payer_came_back(*, reference: str, at: datetime) -> PaymentOutcome:
    """Go on with the payment whose payer comes back from the other bank.

    :raises UnknownPayment: no payment was asked of the bank by that reference.
    """
    payment = _payment(reference=reference)
    if payment is None:
        raise UnknownPayment("There is no payment with that reference.")
    [outcome] = authorise_payments(requests=[Authorise(payment_id=payment.pk, at=at)])
    return outcome


def _handle(*, notice: BankNotice, at: datetime) -> None:
    payment = _payment(reference=notice.reference)
    done = True
    if payment is not None:
        authorise_payments(requests=[Authorise(payment_id=payment.pk, at=at)])
        payment.refresh_from_db(fields=["state"])
        ended = payment.state in PAYMENT.final and payment.state != "captured"
        if ended and not _taken_in(reference=notice.reference):
            done = other_bank.send_back_late(reference=notice.reference)
    if done:
        BankNotice.objects.filter(pk=notice.pk).update(handled_at=at)


def _payment(*, reference: str) -> Payment | None:
    share = _shares(reference=reference).select_related("part__payment").first()
    return share.part.payment if share else None


def _taken_in(*, reference: str) -> bool:
    return _shares(reference=reference).filter(authorised=True).exists()


def _shares(*, reference: str):
    return Share.objects.filter(provider_reference=reference, tender__method=other_bank.OtherBankMethod.code)
