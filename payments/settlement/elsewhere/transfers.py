"""A customer's transfer: to an account here at once, to another bank with the next file, within his limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from payments import events, outbox
from payments.accounts import step_up
from payments.ledger import operations as ledger
from payments.ledger.errors import InsufficientFunds, LedgerError
from payments.models import CustomerAccount, OutgoingPayment
from payments.operations.errors import UnableToMoveMoney
from payments.settlement.elsewhere import journals, limits
from payments.settlement.elsewhere.ordering import Ordered, OrderPayment, check_iban, hold_batches, order_payments


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTransfer:
    """A transfer from an account of ``holder``; ``key`` names it once for ever, amounts are minor units."""

    account_number: str
    holder: str
    name: str
    iban: str
    amount: int
    remittance: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """A transfer that was made here, or ordered; ``day`` is the bank day it leaves on, nothing when it was at once."""

    journal_id: int
    end_to_end_id: str
    day: date | None


def is_here(iban: str) -> bool:
    """Return whether an account number is one of this bank's."""
    policy = settings.RIALTO_POLICY
    return iban.startswith(policy.BANK_COUNTRY) and iban[4 : 4 + len(policy.BANK_CODE)] == policy.BANK_CODE


def order_transfer(*, transfer: OrderTransfer) -> Transferred:
    """Make or order a transfer; the same key is the same transfer.

    :raises UnableToMoveMoney: it is not his account, the payee's number is wrong, a limit or the balance forbids it.
    """
    iban = check_iban(transfer.iban)
    with transaction.atomic():
        account = CustomerAccount.objects.filter(number=transfer.account_number, holder=transfer.holder).first()
        if account is None or account.closed_at is not None:
            raise UnableToMoveMoney(f"You have no open account {transfer.account_number}.")
        if iban == account.number:
            raise UnableToMoveMoney("Payer and payee are the same account: choose another payee.")
        if not is_here(iban):
            hold_batches(moments=[(account.currency, transfer.at)])
        # Held before the limits are counted, so that two transfers at once count each other.
        ledger.lock(codes=[account.ledger_code])
        if is_here(iban):
            return _here(transfer=transfer, account=account, iban=iban)
        if not OutgoingPayment.objects.filter(key=transfer.key).exists():
            limits.refuse_beyond(
                holder=account.holder,
                source=account.ledger_code,
                amount=transfer.amount,
                currency=account.currency,
                at=transfer.at,
            )
        [result] = order_payments(
            requests=[
                OrderPayment(
                    kind="transfer",
                    source=account.ledger_code,
                    holder=account.holder,
                    amount=transfer.amount,
                    currency=account.currency,
                    creditor_name=transfer.name,
                    iban=iban,
                    remittance=transfer.remittance,
                    key=transfer.key,
                    at=transfer.at,
                )
            ]
        )
        if not isinstance(result, Ordered):
            raise result
    return Transferred(journal_id=result.journal_id, end_to_end_id=result.end_to_end_id, day=result.day)


def _here(*, transfer: OrderTransfer, account: CustomerAccount, iban: str) -> Transferred:
    payee = CustomerAccount.objects.filter(number=iban, closed_at__isnull=True).first()
    if payee is None:
        raise UnableToMoveMoney(f"Nobody here has the account {iban}: check the number with the payee.")
    if payee.currency != account.currency:
        raise UnableToMoveMoney(f"The account {iban} is kept in {payee.currency}, yours in {account.currency}.")
    if transfer.amount <= 0:
        raise UnableToMoveMoney("A transfer is above zero.")
    limit = limits.limits_of(holder=account.holder, day=transfer.at.date())
    if transfer.amount > limit.payment:
        raise UnableToMoveMoney("This is more than your limit for one payment: send less or ask us.")
    try:
        posted = ledger.post(
            journal=journals.transferred_here(
                payer=account.number,
                payee=payee.number,
                reference=transfer.remittance[:80] or account.number,
                amount=transfer.amount,
                currency=account.currency,
                key=f"transfer:{transfer.key}",
                at=transfer.at,
            )
        )
    except InsufficientFunds:
        raise UnableToMoveMoney("Your account does not hold enough for this payment.") from None
    except LedgerError as refusal:
        raise UnableToMoveMoney(str(refusal)) from refusal
    if not posted.replayed:
        outbox.record(
            happened=[
                events.MoneyReceived(
                    key=f"transfer:{transfer.key}",
                    at=transfer.at,
                    account=payee.number,
                    holder=payee.holder,
                    amount=transfer.amount,
                    currency=payee.currency,
                    reference=transfer.remittance[:80],
                )
            ]
        )
    return Transferred(journal_id=posted.journal_id, end_to_end_id="", day=None)


def ask_question(*, transfer: OrderTransfer, currency: str) -> str:
    """Ask the payer for his second factor, bound to payee and amount; return `totp` or `email`.

    What could not be sent anyway is refused before anybody is asked.

    :raises UnableToMoveMoney: no code could be sent, or the transfer is beyond a limit.
    """
    limit = limits.limits_of(holder=transfer.holder, day=transfer.at.date())
    if transfer.amount > limit.payment:
        raise UnableToMoveMoney("This is more than your limit for one payment: send less or ask us.")
    try:
        asked = step_up.start(holder=transfer.holder, currency=currency, at=transfer.at, **_bound(transfer))
    except step_up.StepUpError as problem:
        raise UnableToMoveMoney(str(problem)) from problem
    return asked.factor


def answer_question(*, transfer: OrderTransfer, code: str) -> None:
    """Accept the second factor for exactly this transfer; what was passed already stays passed.

    :raises payments.accounts.step_up.WrongCode: it is not the right code, or the question is over.
    """
    bound = _bound(transfer)
    if not step_up.is_passed(at=transfer.at, **bound):
        step_up.answer(code=code, at=transfer.at, **bound)


def _bound(transfer: OrderTransfer) -> dict[str, object]:
    return {
        "key": f"transfer:{transfer.key}",
        "payee": f"{transfer.name}, {transfer.iban}",
        "amount": transfer.amount,
    }
