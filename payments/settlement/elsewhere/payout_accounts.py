"""Where a merchant's payouts go: another account counts after a second factor and days of waiting, never at once.

Until then payouts go where they went before, which is the account that proved right; a change that is not the
merchant's own can be cancelled by anybody who gets the letter about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from schwifty import BIC
from schwifty.exceptions import SchwiftyException

from payments import events, outbox
from payments.accounts import step_up
from payments.models import MerchantTerms, PayoutAccount
from payments.operations.errors import PaymentError, UnableToMoveMoney
from payments.settlement.elsewhere.ordering import check_iban
from payments.settlement.elsewhere.transfers import is_here
from payments.states import PAYOUT_ACCOUNT, may, move


class UnableToChangePayoutAccount(PaymentError):
    """Payouts go where they went before; ``field`` names what is wrong."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPayoutAccount:
    """The account at another bank that payouts of ``merchant`` are to go to, asked for by ``by`` (`user:1`)."""

    merchant: str
    name: str
    iban: str
    by: str
    at: datetime
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A second factor that is asked for: by `passkey`, `totp` (the authenticator app) or `email`.

    ``by_app``: a code of the app is right too.
    """

    account_id: int
    iban: str
    factor: str
    by_app: bool
    challenge_id: int


def ask_payout_account(*, request: AskPayoutAccount) -> PayoutAccount:
    """Note where payouts are to go; it counts once it is confirmed and has waited.

    :raises UnableToChangePayoutAccount: the account cannot be paid to.
    """
    try:
        iban = check_iban(request.iban)
        if request.bic:
            BIC(request.bic)
    except UnableToMoveMoney as problem:
        raise UnableToChangePayoutAccount(str(problem), field="iban") from None
    except SchwiftyException:
        raise UnableToChangePayoutAccount("This is not a valid BIC: leave it out or correct it.", field="bic") from None
    terms = MerchantTerms.objects.filter(merchant=request.merchant).first()
    if terms is None:
        raise UnableToChangePayoutAccount("There are no terms with the bank yet: payouts begin with them.")
    if terms.currency not in settings.RIALTO_POLICY.NOSTROS:
        raise UnableToChangePayoutAccount(f"Payouts in {terms.currency} go to accounts here alone.", field="iban")
    if is_here(iban):
        raise UnableToChangePayoutAccount(
            "This account is here: payouts go to your own account with us by themselves.", field="iban"
        )
    if not request.name.strip():
        raise UnableToChangePayoutAccount("Please give the name the account is held in.", field="name")
    if PayoutAccount.objects.filter(merchant=request.merchant, state="active", iban=iban).exists():
        raise UnableToChangePayoutAccount("Payouts go to this account already.", field="iban")
    return PayoutAccount.objects.create(
        merchant=request.merchant,
        name=request.name.strip()[:70],
        iban=iban,
        bic=request.bic,
        asked_by=request.by,
        asked_at=request.at,
    )


def question_of(*, account_id: int, by: str, at: datetime) -> Question:
    """Ask for the second factor that confirms the account; asked again while it is valid, no new code is sent.

    :raises UnableToChangePayoutAccount: it is not his question, or no code could be sent.
    """
    row = PayoutAccount.objects.filter(pk=account_id, asked_by=by, state="asked").first()
    if row is None:
        raise UnableToChangePayoutAccount("There is no payout account of yours that waits to be confirmed.")
    try:
        asked = step_up.start(currency="", holder=by, at=at, by_passkey=True, **_bound(row))
    except step_up.StepUpError as problem:
        raise UnableToChangePayoutAccount(str(problem), field="code") from problem
    return Question(
        account_id=row.pk,
        iban=row.iban,
        factor=asked.factor,
        by_app=asked.by_app,
        challenge_id=asked.challenge_id,
    )


def confirm_payout_account(
    *, account_id: int, by: str, code: str, at: datetime, passkey: str = "", site: str = ""
) -> PayoutAccount:
    """Accept the second factor; from now on the account waits, in the place of one that waited before.

    ``passkey`` is what one signed on a page of ``site``. What was passed already stays passed.

    :raises UnableToChangePayoutAccount: it is not his question, or the answer is not right.
    """
    row = PayoutAccount.objects.filter(pk=account_id, asked_by=by, state="asked").first()
    if row is None:
        raise UnableToChangePayoutAccount("There is no payout account of yours that waits to be confirmed.")
    try:
        if not step_up.is_passed(at=at, **_bound(row)):
            step_up.answer(code=code, passkey=passkey, site=site, at=at, **_bound(row))
    except step_up.WrongCode as problem:
        raise UnableToChangePayoutAccount(str(problem), field="code") from problem
    with transaction.atomic():
        _terms(row.merchant)
        row = PayoutAccount.objects.select_for_update().get(pk=account_id)
        for other in PayoutAccount.objects.filter(merchant=row.merchant, state="waiting").select_for_update():
            _end(other, event="cancel", by=by, at=at)
        row.state = move(machine=PAYOUT_ACCOUNT, state=row.state, event="confirm")
        row.effective_at = at + settings.RIALTO_POLICY.PAYOUT_ACCOUNT_WAITS
        row.save(update_fields=["state", "effective_at"])
        outbox.record(
            happened=[
                events.PayoutAccountAsked(
                    key=str(row.pk),
                    at=at,
                    account_id=row.pk,
                    merchant=row.merchant,
                    iban=row.iban,
                    effective_at=row.effective_at,
                )
            ]
        )
    return row


def cancel_payout_account(*, account_id: int, merchant: str, by: str, at: datetime) -> PayoutAccount:
    """Give up a change that does not count yet; cancelled twice is cancelled.

    :raises UnableToChangePayoutAccount: there is none such, or it counts already.
    """
    with transaction.atomic():
        row = PayoutAccount.objects.select_for_update().filter(pk=account_id, merchant=merchant).first()
        if row is None:
            raise UnableToChangePayoutAccount("There is no such change of a payout account.")
        if row.state == "cancelled":
            return row
        if not may(machine=PAYOUT_ACCOUNT, state=row.state, event="cancel"):
            raise UnableToChangePayoutAccount("This change counts already: write to us at once if it is not yours.")
        _end(row, event="cancel", by=by, at=at)
    return row


def activate_payout_accounts(*, at: datetime) -> int:
    """Let the accounts count that have waited long enough by ``at``; return how many."""
    due = PayoutAccount.objects.filter(state="waiting", effective_at__lte=at)
    done = 0
    for account_id, merchant in due.order_by("pk").values_list("pk", "merchant"):
        with transaction.atomic():
            _terms(merchant)
            row = PayoutAccount.objects.select_for_update().get(pk=account_id)
            if row.state != "waiting":
                continue
            for old in PayoutAccount.objects.filter(merchant=merchant, state="active").select_for_update():
                _end(old, event="replace", by="system", at=at)
            row.state = move(machine=PAYOUT_ACCOUNT, state=row.state, event="activate")
            row.save(update_fields=["state"])
            done += 1
    return done


def _terms(merchant: str) -> None:
    """Hold a merchant's terms: the one lock of where his payouts go."""
    MerchantTerms.objects.select_for_update(no_key=True).get(merchant=merchant)


def _end(row: PayoutAccount, *, event: str, by: str, at: datetime) -> None:
    row.state = move(machine=PAYOUT_ACCOUNT, state=row.state, event=event)
    row.ended_at, row.ended_by = at, by
    row.save(update_fields=["state", "ended_at", "ended_by"])


def _bound(row: PayoutAccount) -> dict[str, object]:
    act = f"Payouts of {row.merchant} go to {row.name}, {row.iban}"
    return {"key": f"payout-account:{row.pk}", "payee": act, "amount": None}
