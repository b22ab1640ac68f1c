"""Money in suspense: matched to the account it was meant for, or sent back to where it came from."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from payments import chart, events, outbox
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.models import BankEntry, CustomerAccount
from payments.operations import cases
from payments.operations.errors import PaymentError
from payments.settlement.elsewhere import journals
from payments.settlement.elsewhere.ordering import Ordered, OrderPayment, order_payments
from payments.states import BANK_ENTRY, may, move


class UnableToResolve(PaymentError):
    """An entry stays in suspense."""


def match_entry(*, entry_id: int, account_number: str, by: str, at: datetime) -> BankEntry:
    """Give money in suspense to the account it was meant for.

    :raises UnableToResolve: it waits for nothing, or the account cannot take it.
    """
    number = "".join(account_number.split()).upper()
    with transaction.atomic():
        entry = _held(entry_id=entry_id, event="match")
        account = CustomerAccount.objects.filter(number=number, closed_at__isnull=True).first()
        if account is None:
            raise UnableToResolve(f"There is no open account {number} here: check the number.")
        if account.holder == by:
            raise UnableToResolve(f"The account {number} is your own: somebody else has to decide this.")
        if account.currency != entry.currency:
            raise UnableToResolve(f"The account {number} is kept in {account.currency}, not {entry.currency}.")
        try:
            posted = ledger.post(
                journal=journals.suspense_matched(
                    account=account.number,
                    reference=entry.remittance[:80] or entry.bank_reference,
                    amount=entry.amount,
                    currency=entry.currency,
                    key=f"match:{entry.key}",
                    at=at,
                )
            )
        except LedgerError as refusal:
            raise UnableToResolve(str(refusal)) from refusal
        _end(entry, "match", f"Given to {account.number}.", by, at)
        entry.account = account.number
        entry.save(update_fields=["state", "outcome", "resolved_by", "resolved_at", "account"])
        outbox.record(
            happened=[
                events.MoneyReceived(
                    key=f"match:{entry.key}",
                    at=at,
                    account=account.number,
                    holder=account.holder,
                    amount=entry.amount,
                    currency=entry.currency,
                    reference=str(posted.journal_id),
                )
            ]
        )
    return entry


def send_entry_back(*, entry_id: int, by: str, at: datetime) -> BankEntry:
    """Send money in suspense back to the account it came from, with the next file.

    :raises UnableToResolve: it waits for nothing, or names no account it came from.
    """
    with transaction.atomic():
        entry = _held(entry_id=entry_id, event="send_back")
        if not entry.counterparty_iban:
            raise UnableToResolve("The entry does not say from which account the money came: ask the other bank.")
        tries = 1 if entry.sent_back_id is None else entry.sent_back_id
        [result] = order_payments(
            requests=[
                OrderPayment(
                    kind="send_back",
                    source=chart.suspense("transfers", entry.currency).code,
                    holder="bank",
                    amount=entry.amount,
                    currency=entry.currency,
                    creditor_name=entry.counterparty or "Account holder",
                    iban=entry.counterparty_iban,
                    remittance=f"Returned: {entry.remittance}"[:140],
                    key=f"send-back:{entry.key}:{tries}",
                    at=at,
                )
            ]
        )
        if not isinstance(result, Ordered):
            raise UnableToResolve(str(result)) from result
        _end(entry, "send_back", f"Sent back as {result.end_to_end_id} with the file of {result.day:%d %b %Y}.", by, at)
        entry.sent_back_id = result.payment_id
        entry.save(update_fields=["state", "outcome", "resolved_by", "resolved_at", "sent_back"])
    return entry


def _held(*, entry_id: int, event: str) -> BankEntry:
    entry = BankEntry.objects.select_for_update().filter(pk=entry_id).first()
    if entry is None:
        raise UnableToResolve(f"There is no entry {entry_id}.")
    if not may(machine=BANK_ENTRY, state=entry.state, event=event):
        raise UnableToResolve(f"The entry is {entry.state}: nothing of it waits to be decided.")
    if not entry.is_credit:
        raise UnableToResolve("Money left our account with this entry: there is nothing to give to anybody.")
    return entry


def _end(entry: BankEntry, event: str, outcome: str, by: str, at: datetime) -> None:
    entry.state = move(machine=BANK_ENTRY, state=entry.state, event=event)
    entry.outcome, entry.resolved_by, entry.resolved_at = outcome, by, at.astimezone(UTC)
    cases.close_settled_cases(
        requests=[cases.CloseCase(kind="suspense", key=entry.key, reason=f"{by}: {outcome}", at=at)]
    )
