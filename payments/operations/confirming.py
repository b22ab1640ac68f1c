"""The payer confirms a larger payment from his account with a second factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from payments.accounts import step_up
from payments.models import Tender
from payments.operations.authorising import Authorise, PaymentOutcome, authorise_payments
from payments.operations.errors import PaymentError, UnknownPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is to be confirmed; ``factor`` is `totp` (the authenticator app) or `email`; amounts are minor units."""

    order: str
    amount: int
    currency: str
    factor: str
    return_url: str


class UnableToConfirm(PaymentError):
    """The code was not accepted, or none could be sent; nothing has moved."""

    def __init__(self, sentence: str, confirmation: Confirmation) -> None:
        super().__init__(sentence)
        self.confirmation = confirmation


def ask_for_code(*, tender_id: int, holder: str, at: datetime) -> Confirmation:
    """Ask ``holder`` for the code that confirms his tender; asked again while it is valid, no new one is sent.

    :raises UnknownPayment: it is not his, or nothing waits to be confirmed.
    :raises UnableToConfirm: no code could be sent.
    """
    tender = _tender(tender_id=tender_id, holder=holder)
    amount = _amount(tender)
    try:
        challenge = step_up.start(
            key=step_up.question_key(tender_id=tender_id),
            holder=holder,
            payee=tender.payment.reference,
            amount=amount,
            currency=tender.payment.currency,
            at=at,
        )
    except step_up.StepUpError as problem:
        raise UnableToConfirm(str(problem), _confirmation(tender=tender, factor="email")) from problem
    return _confirmation(tender=tender, factor=challenge.factor)


def confirm(*, tender_id: int, holder: str, code: str, at: datetime) -> PaymentOutcome:
    """Accept the code and go on with the payment.

    :raises UnknownPayment: the tender is not ``holder``'s, or nothing waits to be confirmed.
    :raises UnableToConfirm: the code is not right.
    """
    tender = _tender(tender_id=tender_id, holder=holder)
    try:
        step_up.answer(
            key=step_up.question_key(tender_id=tender_id),
            code=code,
            payee=tender.payment.reference,
            amount=_amount(tender),
            at=at,
        )
    except step_up.WrongCode as problem:
        raise UnableToConfirm(str(problem), _confirmation(tender=tender, factor="email")) from problem
    step_up.begin_anew(account=tender.source)
    [outcome] = authorise_payments(requests=[Authorise(payment_id=tender.payment_id, at=at)])
    return outcome


def _tender(*, tender_id: int, holder: str) -> Tender:
    tender = Tender.objects.filter(pk=tender_id, state="action_required").select_related("payment").first()
    if tender is None or tender.payment.payer != holder or "/money/confirm/" not in tender.action_url:
        raise UnknownPayment("There is no payment of yours that waits to be confirmed.")
    return tender


def _amount(tender: Tender) -> int:
    """Return what will be held: less than the tender when a part was cancelled meanwhile."""
    return sum(share.amount - share.cancelled for share in tender.shares.all())


def _confirmation(*, tender: Tender, factor: str) -> Confirmation:
    return Confirmation(
        order=tender.payment.reference,
        amount=_amount(tender),
        currency=tender.payment.currency,
        factor=factor,
        return_url=tender.payment.return_url or "/",
    )
