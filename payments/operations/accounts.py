"""Customers' current accounts: opening them, money coming in and going out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from schwifty import IBAN

from payments import chart, events, journals, outbox
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.ledger.journal import Journal
from payments.models import CustomerAccount
from payments.models.changes import next_ids
from payments.operations.errors import PaymentError, UnableToMoveMoney, UnableToOpen
from payments.operations.house import open_house_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """A current account to open for ``holder`` (`user:1`, `merchant:3`), one for each currency."""

    holder: str
    currency: str
    at: datetime
    overdraft_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Money that came from another bank, or is to leave to one; ``amount`` in minor units of the account."""

    account_number: str
    amount: int
    key: str
    reference: str
    at: datetime
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Money that came or left; ``in_suspense`` when nobody here has that account."""

    account_number: str
    amount: int
    journal_id: int
    replayed: bool
    in_suspense: bool = False


def open_customer_accounts(*, requests: Sequence[OpenAccount]) -> list[CustomerAccount]:
    """Open current accounts and return them in the order of the requests; an account that is open is returned as it is.

    :raises UnableToOpen: an overdraft is negative.
    """
    if any(request.overdraft_minor < 0 for request in requests):
        raise UnableToOpen("An overdraft is zero or more.")
    wanted: dict[tuple[str, str], OpenAccount] = {}
    for request in requests:
        wanted.setdefault((request.holder, request.currency), request)
    with transaction.atomic():
        present = _present(pairs=list(wanted))
        missing = [request for pair, request in wanted.items() if pair not in present]
        if missing:
            _open(requests=missing)
            present = _present(pairs=list(wanted))
    return [present[request.holder, request.currency] for request in requests]


def _present(*, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], CustomerAccount]:
    wanted = set(pairs)
    rows = CustomerAccount.objects.filter(holder__in={holder for holder, _ in wanted})
    return {(row.holder, row.currency): row for row in rows if (row.holder, row.currency) in wanted}


def _open(*, requests: Sequence[OpenAccount]) -> None:
    ids = next_ids(model=CustomerAccount, count=len(requests))
    rows = [
        CustomerAccount(
            id=identifier,
            number=_number(identifier),
            holder=request.holder,
            currency=request.currency,
            overdraft_minor=request.overdraft_minor,
            opened_at=request.at,
        )
        for identifier, request in zip(ids, requests, strict=True)
    ]
    # A concurrent opening of the same account wins or loses here; the loser's ledger account is never opened.
    CustomerAccount.objects.bulk_create(rows, ignore_conflicts=True)
    written = CustomerAccount.objects.in_bulk(ids)
    opened = [row for row in rows if row.id in written]
    for currency in {row.currency for row in opened}:
        open_house_accounts(currency=currency, at=min(row.opened_at for row in opened))
    for moment in {row.opened_at for row in opened}:
        specs = [
            chart.deposit(row.number, row.currency, row.overdraft_minor, row.holder)
            for row in opened
            if row.opened_at == moment
        ]
        ledger.open_accounts(specs=specs, at=moment)
    outbox.record(
        happened=[
            events.AccountOpened(
                key=row.number, at=row.opened_at, number=row.number, holder=row.holder, currency=row.currency
            )
            for row in opened
        ]
    )


def _number(identifier: int) -> str:
    policy = settings.RIALTO_POLICY
    return str(IBAN.generate(policy.BANK_COUNTRY, bank_code=policy.BANK_CODE, account_code=f"{identifier:010d}"))


def receive_money(*, requests: Sequence[Deposit]) -> list[Moved | PaymentError]:
    """Book money that came from another bank; for an account nobody has it goes to suspense, in ``currency``."""
    return _move_money(requests=requests, incoming=True)


def withdraw_money(*, requests: Sequence[Deposit]) -> list[Moved | PaymentError]:
    """Send customers' money to another bank; refused where the account does not hold enough."""
    return _move_money(requests=requests, incoming=False)


def _move_money(*, requests: Sequence[Deposit], incoming: bool) -> list[Moved | PaymentError]:
    results: list[Moved | PaymentError] = [UnableToMoveMoney("Nothing was asked for.")] * len(requests)
    booked: list[tuple[int, Journal, CustomerAccount | None]] = []
    happened: list[events.Event] = []
    with transaction.atomic():
        accounts = CustomerAccount.objects.in_bulk(
            {request.account_number for request in requests}, field_name="number"
        )
        for index, request in enumerate(requests):
            account = accounts.get(request.account_number)
            problem = _problem(request=request, account=account, incoming=incoming)
            if problem:
                results[index] = UnableToMoveMoney(problem)
            else:
                booked.append((index, _journal(request=request, account=account, incoming=incoming), account))
        posted = ledger.post_many(journals=[journal for _, journal, _ in booked])
        for (index, _, account), outcome in zip(booked, posted, strict=True):
            request = requests[index]
            if isinstance(outcome, ledger_errors.LedgerError):
                results[index] = UnableToMoveMoney(_sentence(outcome, request))
                continue
            results[index] = Moved(
                account_number=request.account_number,
                amount=request.amount,
                journal_id=outcome.journal_id,
                replayed=outcome.replayed,
                in_suspense=account is None,
            )
            if account is not None and not outcome.replayed:
                happened.append(_moved_event(request=request, account=account, incoming=incoming))
        outbox.record(happened=happened)
    return results


def _problem(*, request: Deposit, account: CustomerAccount | None, incoming: bool) -> str:
    if request.amount <= 0:
        return f"An amount of {request.amount} minor units cannot be moved: it must be above zero."
    if account is None and not incoming:
        return f"There is no account {request.account_number} here."
    if account is None:
        return ""
    if account.closed_at is not None:
        return f"The account {request.account_number} is closed."
    if request.currency and request.currency != account.currency:
        return f"The account {request.account_number} is kept in {account.currency}, not {request.currency}."
    return ""


def _journal(*, request: Deposit, account: CustomerAccount | None, incoming: bool) -> Journal:
    policy = settings.RIALTO_POLICY
    posts = journals.money_sent
    if incoming:
        posts = journals.money_received if account else journals.money_received_for_nobody
    return posts(
        bank=policy.NOSTRO_BANK,
        account=request.account_number,
        amount=request.amount,
        currency=account.currency if account else request.currency or policy.CURRENCY,
        reference=request.reference,
        key=request.key,
        at=request.at,
    )


def _moved_event(*, request: Deposit, account: CustomerAccount, incoming: bool) -> events.Event:
    kind = events.MoneyReceived if incoming else events.MoneySent
    return kind(
        key=request.key,
        at=request.at,
        account=account.number,
        holder=account.holder,
        amount=request.amount,
        currency=account.currency,
        reference=request.reference,
    )


def _sentence(refusal: ledger_errors.LedgerError, request: Deposit) -> str:
    if isinstance(refusal, ledger_errors.InsufficientFunds):
        return f"The account {request.account_number} does not hold enough: {refusal.available} of {refusal.needed}."
    return str(refusal)
