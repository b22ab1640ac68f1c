"""Customers' accounts as their holders see them: balances and statements. Amounts are minor units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Sum

from payments.ledger import queries as ledger
from payments.models import CustomerAccount, Tender

# What a line of a statement is called, by its event and whether money came or went.
WORDS = {
    "money_received": "Transfer from another bank",
    "money_sent": "Transfer to another bank",
    "payment_authorised": "Held for a purchase",
    "hold_released": "Hold given back",
    "part_refunded": "Refund",
    "refund_paid_another_way": "Refund",
    "goodwill_given": "Goodwill of the bank",
    "merchant_paid_out": "Payout of sales",
    "transfer_ordered": "Transfer to another bank",
    "payment_given_back": "Transfer given back",
    "payment_returned": "Transfer returned",
    "transferred_here": "Transfer within the bank",
    "suspense_matched": "Transfer from another bank",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A current account; ``available`` counts the agreed overdraft, ``held`` is set aside for purchases."""

    number: str
    holder: str
    currency: str
    balance: int
    available: int
    held: int
    opened_at: datetime

    @property
    def groups(self) -> str:
        """Return the number in groups of four, as people read it."""
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """A line of a statement; ``balance`` is the balance after it."""

    at: datetime
    event: str
    text: str
    reference: str
    amount: int
    balance: int
    journal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStatement:
    """An account from ``since`` to ``until``, both days included, oldest line first; ``month`` is that of ``since``."""

    account: Account
    month: date
    since: date
    until: date
    opening: int
    closing: int
    came: int
    went: int
    lines: tuple[AccountLine, ...]


def accounts_of(*, holder: str) -> list[Account]:
    """Return a holder's open accounts with their balances, oldest first."""
    rows = CustomerAccount.objects.filter(holder=holder, closed_at__isnull=True).order_by("pk")
    return _with_balances(rows=list(rows))


def account(*, number: str) -> Account | None:
    """Return the account of that number."""
    rows = list(CustomerAccount.objects.filter(number=number))
    return _with_balances(rows=rows)[0] if rows else None


def balance_of(*, number: str) -> int:
    """Return what an account holds, now.

    :raises UnknownAccount: there is no such account.
    """
    return ledger.balance(code=f"deposit:{number}")


def balances_at(*, numbers: Iterable[str], at: datetime) -> dict[str, int]:
    """Return what accounts held by what had happened ``at`` an instant, by number.

    :raises UnknownAccount: one of them is not there.
    """
    codes = {f"deposit:{number}": number for number in numbers}
    return {codes[code]: amount for code, amount in ledger.balances(codes=codes, at=at).items()}


def moved_before(*, keys: Iterable[str]) -> set[str]:
    """Return those of ``keys`` under which money has moved already."""
    return ledger.posted(keys=keys)


def statement(*, number: str, month: date) -> AccountStatement | None:
    """Return an account's lines of the month that ``month`` lies in, by the calendar of UTC."""
    first = month.replace(day=1)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    return statement_of_days(number=number, since=first, until=following - timedelta(days=1))


def statement_of_days(*, number: str, since: date, until: date) -> AccountStatement | None:
    """Return an account's lines from ``since`` to ``until``, both days included, by the calendar of UTC."""
    found = account(number=number)
    if found is None:
        return None
    said = ledger.statement(
        code=f"deposit:{number}",
        since=datetime.combine(since, time(), tzinfo=UTC),
        until=datetime.combine(until + timedelta(days=1), time(), tzinfo=UTC),
    )
    lines = _lines(said)
    return AccountStatement(
        account=found,
        month=since.replace(day=1),
        since=since,
        until=until,
        opening=said.opening,
        closing=said.closing,
        came=sum(line.amount for line in lines if line.amount > 0),
        went=-sum(line.amount for line in lines if line.amount < 0),
        lines=lines,
    )


def recent(*, number: str, limit: int = 10) -> list[AccountLine]:
    """Return the newest movements of an account, newest first."""
    # A movement may be several transfers of one journal, such as a refund from several sources.
    return list(_lines(ledger.statement(code=f"deposit:{number}", limit=4 * limit)))[: -limit - 1 : -1]


def _lines(said: ledger.Statement) -> tuple[AccountLine, ...]:
    """Return one line a journal."""
    lines: list[AccountLine] = []
    for line in said.lines:
        before = 0
        if lines and lines[-1].journal_id == line.journal_id:
            before = lines.pop().amount
        lines.append(
            AccountLine(
                at=line.happened_at,
                event=line.event,
                text=WORDS.get(line.event, line.event.replace("_", " ").capitalize()),
                reference=line.reference,
                amount=before + line.amount,
                balance=line.balance,
                journal_id=line.journal_id,
            )
        )
    return tuple(lines)


def _with_balances(*, rows: Sequence[CustomerAccount]) -> list[Account]:
    if not rows:
        return []
    balances = ledger.balances(codes=[row.ledger_code for row in rows])
    held = dict.fromkeys((row.number for row in rows), 0)
    promised = Tender.objects.filter(source__in=held, method="bank_account", state="authorised")
    for source, amount, captured, cancelled in promised.annotate(given_back=Sum("shares__cancelled")).values_list(
        "source", "amount", "captured", "given_back"
    ):
        held[source] += amount - captured - cancelled
    return [
        Account(
            number=row.number,
            holder=row.holder,
            currency=row.currency,
            balance=balances[row.ledger_code],
            available=balances[row.ledger_code] + row.overdraft_minor,
            held=held[row.number],
            opened_at=row.opened_at,
        )
        for row in rows
    ]
