"""The payer confirms a larger payment from his account with a second factor; so are other acts confirmed.

What needs it (a merchant changes where he is paid out, say) calls :func:`ask_to_confirm`, sends the person to the
address it returns, and calls :func:`take_confirmation` in the transaction that does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.accounts import step_up
from payments.models import StepUpChallenge, Tender
from payments.operations.authorising import Authorise, PaymentOutcome, authorise_payments
from payments.operations.errors import PaymentError, UnknownPayment


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is to be confirmed; amounts are minor units.

    ``factor`` is `passkey`, `totp` (the authenticator app) or `email`; ``by_app``: a code of the app is right too.
    ``act`` is what is done in words, where nothing is paid; ``order`` and ``amount`` are then empty. ``passed``: it has
    been confirmed already. ``merchants`` are who gets the money (`merchant:3`).
    """

    order: str
    amount: int
    currency: str
    factor: str
    return_url: str
    act: str = ""
    by_app: bool = False
    passed: bool = False
    challenge_id: int | None = None
    merchants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something a person confirms before it is done.

    ``key`` names it once for ever, ``words`` say what is done, exactly (they are bound into the answer and read by the
    person), ``return_url`` is where he goes on afterwards.
    """

    key: str
    holder: str
    words: str
    return_url: str


class NotConfirmed(PaymentError):
    """The act has not been confirmed, its confirmation is too old, or it was used already."""


class UnableToConfirm(PaymentError):
    """The code was not accepted, or none could be sent; nothing has moved."""

    def __init__(self, sentence: str, confirmation: Confirmation) -> None:
        super().__init__(sentence)
        self.confirmation = confirmation


def ask_for_code(*, tender_id: int, holder: str, at: datetime) -> Confirmation:
    """Ask ``holder`` for what confirms his tender; asked again while it is valid, no new code is sent.

    :raises UnknownPayment: it is not his, or nothing waits to be confirmed.
    :raises UnableToConfirm: no code could be sent.
    """
    tender = _tender(tender_id=tender_id, holder=holder)
    try:
        challenge = step_up.start(
            key=step_up.question_key(tender_id=tender_id),
            holder=holder,
            payee=tender.payment.reference,
            amount=_amount(tender),
            currency=tender.payment.currency,
            at=at,
            by_passkey=True,
        )
    except step_up.StepUpError as problem:
        raise UnableToConfirm(str(problem), _confirmation(tender=tender, challenge=None)) from problem
    return _confirmation(tender=tender, challenge=challenge)


def confirm(
    *, tender_id: int, holder: str, code: str, at: datetime, passkey: str = "", site: str = ""
) -> PaymentOutcome:
    """Accept the code, or what a passkey signed on a page of ``site``, and go on with the payment.

    :raises UnknownPayment: the tender is not ``holder``'s, or nothing waits to be confirmed.
    :raises UnableToConfirm: the answer is not right.
    """
    tender = _tender(tender_id=tender_id, holder=holder)
    amount = _amount(tender)
    try:
        step_up.answer(
            key=step_up.question_key(tender_id=tender_id),
            code=code,
            payee=tender.payment.reference,
            amount=amount,
            at=at,
            passkey=passkey,
            site=site,
            account=tender.source,
        )
    except step_up.WrongCode as problem:
        challenge = step_up.current(
            key=step_up.question_key(tender_id=tender_id), payee=tender.payment.reference, amount=amount
        )
        raise UnableToConfirm(str(problem), _confirmation(tender=tender, challenge=challenge)) from problem
    [outcome] = authorise_payments(requests=[Authorise(payment_id=tender.payment_id, at=at)])
    return outcome


def ask_to_confirm(*, act: Act, at: datetime) -> str:
    """Ask for what confirms an act; return the address of the page to send the person to.

    :raises UnableToConfirm: no code could be sent, or too many were asked for.
    """
    try:
        challenge = step_up.start(
            key=act.key,
            holder=act.holder,
            payee=act.words,
            amount=None,
            currency="",
            at=at,
            return_url=act.return_url,
            by_passkey=True,
        )
    except step_up.StepUpError as problem:
        nothing = Confirmation(
            order="", amount=0, currency="", factor="email", return_url=act.return_url, act=act.words
        )
        raise UnableToConfirm(str(problem), nothing) from problem
    return f"/money/confirm/act/{challenge.challenge_id}/"


def act_to_confirm(*, challenge_id: int, holder: str, at: datetime) -> Confirmation:
    """Return what a person was asked to confirm; one whose time ran out is asked anew.

    :raises UnknownPayment: nothing of his waits to be confirmed there.
    :raises UnableToConfirm: no code could be sent, or too many were asked for.
    """
    row = _act(challenge_id=challenge_id, holder=holder)
    if row.passed_at is not None:
        return _act_confirmation(row=row, challenge=None)
    try:
        challenge = step_up.start(
            key=_key(row),
            holder=holder,
            payee=row.payee,
            amount=None,
            currency="",
            at=at,
            return_url=row.return_url,
            by_passkey=True,
        )
    except step_up.StepUpError as problem:
        raise UnableToConfirm(str(problem), _act_confirmation(row=row, challenge=None)) from problem
    return _act_confirmation(row=row, challenge=challenge)


def confirm_act(
    *, challenge_id: int, holder: str, code: str, at: datetime, passkey: str = "", site: str = ""
) -> Confirmation:
    """Accept the code, or what a passkey signed on a page of ``site``, for an act that pays nothing.

    :raises UnknownPayment: nothing of his waits to be confirmed there.
    :raises UnableToConfirm: the answer is not right.
    """
    row = _act(challenge_id=challenge_id, holder=holder)
    try:
        step_up.answer(key=_key(row), code=code, payee=row.payee, amount=None, at=at, passkey=passkey, site=site)
    except step_up.WrongCode as problem:
        challenge = step_up.current(key=_key(row), payee=row.payee, amount=None)
        raise UnableToConfirm(str(problem), _act_confirmation(row=row, challenge=challenge)) from problem
    row.refresh_from_db()
    return _act_confirmation(row=row, challenge=None)


def take_confirmation(*, act: Act, at: datetime) -> None:
    """Use up the confirmation of exactly this act, in the caller's transaction; it counts once.

    :raises NotConfirmed: it was not confirmed, too long ago, or in other words, or it was used already.
    """
    if not step_up.take(key=act.key, holder=act.holder, payee=act.words, at=at):
        raise NotConfirmed("This has to be confirmed first, with your second factor: begin it again.")


def _act(*, challenge_id: int, holder: str) -> StepUpChallenge:
    row = StepUpChallenge.objects.filter(pk=challenge_id, holder=holder, amount__isnull=True).first()
    if row is None:
        raise UnknownPayment("There is nothing of yours that waits to be confirmed.")
    return row


def _key(row: StepUpChallenge) -> str:
    """Return the act's own key: the stored one ends in what it is bound to."""
    return row.key.rsplit(":", 2)[0]


def _act_confirmation(*, row: StepUpChallenge, challenge: step_up.Challenge | None) -> Confirmation:
    return Confirmation(
        order="",
        amount=0,
        currency="",
        factor=challenge.factor if challenge else row.factor,
        return_url=row.return_url or "/",
        act=row.payee,
        by_app=challenge is not None and challenge.by_app,
        passed=challenge is None and row.passed_at is not None,
        challenge_id=challenge.challenge_id if challenge else None,
    )


def passkey_options(*, challenge_id: int, site: str) -> dict[str, Any]:
    """Return what a browser on ``site`` needs to let a passkey answer."""
    return step_up.passkey_options(challenge_id=challenge_id, site=site)


def _tender(*, tender_id: int, holder: str) -> Tender:
    tender = Tender.objects.filter(pk=tender_id, state="action_required").select_related("payment").first()
    if tender is None or tender.payment.payer != holder or "/money/confirm/" not in tender.action_url:
        raise UnknownPayment("There is no payment of yours that waits to be confirmed.")
    return tender


def _amount(tender: Tender) -> int:
    """Return what will be held: less than the tender when a part was cancelled meanwhile."""
    return sum(share.amount - share.cancelled for share in tender.shares.all())


def _confirmation(*, tender: Tender, challenge: step_up.Challenge | None) -> Confirmation:
    parts = tender.payment.parts.order_by("position").values_list("merchant", flat=True)
    return Confirmation(
        order=tender.payment.reference,
        amount=_amount(tender),
        currency=tender.payment.currency,
        factor=challenge.factor if challenge else "email",
        return_url=tender.payment.return_url or "/",
        by_app=challenge is not None and challenge.by_app,
        challenge_id=challenge.challenge_id if challenge else None,
        merchants=tuple(dict.fromkeys(parts)),
    )
