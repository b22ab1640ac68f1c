"""The book as operations reads it: chart of accounts, statements, trial balance, balance sheet, profit and loss.

Amounts are minor units. An ``at`` is an instant, inclusive; a period ends before its ``until``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from payments import chart
from payments.ledger import queries as ledger
from payments.ledger.queries import FamilyLine, ReportLine, StatementLine, TrialLine

CLASSES = ("asset", "liability", "equity", "income", "expense")
INSTANT = timedelta(microseconds=1)
# Lines read at once for an export.
CHUNK = 10_000
# The book begins here; nothing happened earlier.
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

Place = tuple[datetime, int, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two sums of one currency that must be the same."""

    currency: str
    left: int
    right: int

    @property
    def holds(self) -> bool:
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class ChartGroup:
    """The families of one class, and per currency what they come to."""

    account_class: str
    families: tuple[FamilyLine, ...]
    totals: tuple[FamilyLine, ...]


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Families with their sums on both sides, the totals per currency, and whether these agree."""

    families: tuple[FamilyLine, ...]
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class ReportGroup:
    """The lines of one class in a report, and per currency (currency, total)."""

    account_class: str
    lines: tuple[ReportLine, ...]
    totals: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A balance sheet or a profit and loss; ``results`` are per currency, for the latter."""

    groups: tuple[ReportGroup, ...]
    agreements: tuple[Agreement, ...]
    results: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    """Some of a family's accounts by code, what the whole family comes to, and the code after which there are more."""

    accounts: tuple[TrialLine, ...]
    family: tuple[FamilyLine, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines of an account; text that is empty asks for nothing."""

    code: str
    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    reference: str = ""
    counter: str = ""
    as_recorded: bool = False

    @property
    def partial(self) -> bool:
        """Return whether it leaves lines of the period out."""
        return bool(self.event or self.reference or self.counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPage:
    """An account around a period, and its lines, newest first; ``older`` is where the next page begins."""

    account: TrialLine
    family: str
    opening: int
    debits: int
    credits: int
    lines: tuple[StatementLine, ...]
    older: Place | None


def chart_of_accounts(*, at: datetime | None = None, as_recorded: bool = False) -> list[ChartGroup]:
    """Return the families by class, in the order of a balance sheet."""
    lines = ledger.families(at=at, as_recorded=as_recorded)
    groups = []
    for name in CLASSES:
        families = tuple(line for line in lines if line.account_class == name)
        if families:
            groups.append(ChartGroup(name, families, tuple(_totals(families, name))))
    return groups


def trial_balance(*, at: datetime | None = None, as_recorded: bool = False) -> TrialBalance:
    """Return the families that have moved, with the sums of their debits and credits."""
    moved = [line for line in ledger.families(at=at, as_recorded=as_recorded) if line.debits or line.credits]
    families = tuple(sorted(moved, key=lambda line: CLASSES.index(line.account_class)))
    agreements = tuple(Agreement(line.currency, line.debits, line.credits) for line in _totals(families, ""))
    return TrialBalance(families, agreements)


def balance_sheet(*, at: datetime | None = None, as_recorded: bool = False) -> Report:
    """Return what the bank has, owes and is worth; assets must equal liabilities and equity."""
    lines = ledger.balance_sheet(at=at, as_recorded=as_recorded)
    groups = _groups(lines, CLASSES[:3])
    has, owed = _by_currency(lines, ("asset",)), _by_currency(lines, ("liability", "equity"))
    currencies = sorted({line.currency for line in lines})
    agreements = tuple(Agreement(currency, has.get(currency, 0), owed.get(currency, 0)) for currency in currencies)
    return Report(groups, agreements)


def profit_and_loss(*, since: datetime, until: datetime, as_recorded: bool = False) -> Report:
    """Return what was earned and spent; by so much assets must have grown over liabilities and other equity."""
    lines = ledger.profit_and_loss(since=since, until=until, as_recorded=as_recorded)
    earned, spent = _by_currency(lines, ("income",)), _by_currency(lines, ("expense",))
    before = _worth(ledger.balance_sheet(at=since - INSTANT, as_recorded=as_recorded))
    after = _worth(ledger.balance_sheet(at=until - INSTANT, as_recorded=as_recorded))
    currencies = sorted({*earned, *spent} | {name for name in after if after[name] != before.get(name, 0)})
    results = tuple((currency, earned.get(currency, 0) - spent.get(currency, 0)) for currency in currencies)
    agreements = tuple(
        Agreement(currency, result, after.get(currency, 0) - before.get(currency, 0)) for currency, result in results
    )
    return Report(_groups(lines, ("income", "expense")), agreements, results)


def every_account(*, at: datetime | None = None, as_recorded: bool = False) -> Iterable[TrialLine]:
    """Return each account that has moved, for the export of a trial balance."""
    return ledger.trial_balance(at=at, as_recorded=as_recorded)


def accounts(
    *, family: str, containing: str, at: datetime | None, as_recorded: bool, after: str, limit: int
) -> AccountPage:
    """Return a page of a family's accounts, or of all accounts."""
    found = ledger.accounts(
        family=family, containing=containing, at=at, as_recorded=as_recorded, after=after, limit=limit + 1
    )
    whole = ledger.families(at=at, as_recorded=as_recorded) if family else []
    return AccountPage(
        accounts=tuple(found[:limit]),
        family=tuple(line for line in whole if line.family == family),
        after=found[limit - 1].code if len(found) > limit else "",
    )


def accounts_for_export(*, family: str, containing: str, at: datetime | None, as_recorded: bool) -> Iterator[TrialLine]:
    """Yield a family's accounts, reading them piece by piece."""
    after = ""
    while True:
        found = ledger.accounts(
            family=family, containing=containing, at=at, as_recorded=as_recorded, after=after, limit=CHUNK
        )
        yield from found
        if len(found) < CHUNK:
            return
        after = found[-1].code


def account(*, code: str, at: datetime | None = None, as_recorded: bool = False) -> TrialLine | None:
    """Return one account with its sums, or nothing when there is none of that code."""
    if not code:
        return None
    found = ledger.accounts(
        family=_family(code), containing=code, at=at, as_recorded=as_recorded, after=code[:-1], limit=1
    )
    return found[0] if found and found[0].code == code else None


def statement(*, wanted: Filter, before: Place | None, limit: int) -> StatementPage | None:
    """Return a page of an account's lines, newest first, or nothing when there is no such account."""
    until = wanted.until - INSTANT if wanted.until else None
    closing = account(code=wanted.code, at=until, as_recorded=wanted.as_recorded)
    if closing is None:
        return None
    opening = replace(closing, debits=0, credits=0)
    if wanted.since:
        opening = account(code=wanted.code, at=wanted.since - INSTANT, as_recorded=wanted.as_recorded) or opening
    lines = _lines(wanted, before=before, limit=limit + 1)
    shown = lines[:limit]
    return StatementPage(
        account=closing,
        family=_family(wanted.code),
        opening=opening.balance,
        debits=closing.debits - opening.debits,
        credits=closing.credits - opening.credits,
        lines=tuple(shown),
        older=_place(shown[-1], wanted.as_recorded) if len(lines) > limit else None,
    )


def statement_for_export(*, wanted: Filter) -> Iterator[StatementLine]:
    """Yield every line that the filter leaves, newest first, reading them piece by piece."""
    before = None
    while True:
        lines = _lines(wanted, before=before, limit=CHUNK)
        yield from lines
        if len(lines) < CHUNK:
            return
        before = _place(lines[-1], wanted.as_recorded)


def _lines(wanted: Filter, *, before: Place | None, limit: int) -> list[StatementLine]:
    found = ledger.statement(
        code=wanted.code,
        since=wanted.since,
        until=wanted.until,
        limit=limit,
        before=before,
        event=wanted.event,
        reference=wanted.reference,
        counter=wanted.counter,
        as_recorded=wanted.as_recorded,
    )
    return list(reversed(found.lines))


def _place(line: StatementLine, as_recorded: bool) -> Place:
    return line.recorded_at if as_recorded else line.happened_at, line.journal_id, line.position


def _family(code: str) -> str:
    return chart.family(code) if ":" in code else code


def _totals(lines: Iterable[FamilyLine], name: str) -> Iterator[FamilyLine]:
    """Yield per currency one line that sums up the others."""
    by_currency: dict[str, list[FamilyLine]] = {}
    for line in lines:
        by_currency.setdefault(line.currency, []).append(line)
    for currency, each in sorted(by_currency.items()):
        yield FamilyLine(
            account_class=name,
            family="",
            currency=currency,
            accounts=sum(line.accounts for line in each),
            debits=sum(line.debits for line in each),
            credits=sum(line.credits for line in each),
        )


def _groups(lines: Iterable[ReportLine], classes: Iterable[str]) -> tuple[ReportGroup, ...]:
    lines = list(lines)
    groups = []
    for name in classes:
        own = tuple(line for line in lines if line.account_class == name)
        groups.append(ReportGroup(name, own, tuple(sorted(_by_currency(own, (name,)).items()))))
    return tuple(groups)


def _by_currency(lines: Iterable[ReportLine], classes: tuple[str, ...]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        if line.account_class in classes:
            sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return sums


def _worth(sheet: Iterable[ReportLine]) -> dict[str, int]:
    """Return the result as what is left of assets, not as the sum of income and expenses it is compared with."""
    lines = [line for line in sheet if line.code != "result"]
    owed = _by_currency(lines, ("liability", "equity"))
    has = _by_currency(lines, ("asset",))
    return {currency: has.get(currency, 0) - owed.get(currency, 0) for currency in sorted({*has, *owed})}
