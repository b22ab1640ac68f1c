"""Loans read under lock, changed in memory, and written back with their journals: a constant number of statements."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter

from django.db.models import F

from financing.lending import schedules
from financing.lending.models import Borrower, Installment, Loan, LoanState, Product
from financing.lending.rows import insert_rows, update_rows
from financing.servicing import days, journals
from financing.servicing.account import DAY, Line, LoanAccount
from financing.servicing.acts import UnableToService
from payments.ledger import operations as ledger
from payments.ledger import queries as ledger_queries
from payments.ledger.errors import LedgerError

_LOAN_FIELDS = (
    "id",
    "kind",
    "state",
    "borrower",
    "currency",
    "repay_account",
    "autopay",
    "merchant",
    "annual_rate_bps",
    "undrawn",
    "disbursed",
    "outstanding",
    "repaid",
    "refunded",
    "charged_off",
    "recovered",
    "interest",
    "fees",
    "deferred",
    "suspended",
    "earning_rate",
    "earning_rest",
    "interest_paid",
    "fees_paid",
    "days_late",
    "worst_days_late",
    "disbursed_at",
    "ended_at",
    "closed_through",
)
_LINE_FIELDS = (
    "id",
    "number",
    "starts_on",
    "due_on",
    "principal",
    "interest_planned",
    "fee_planned",
    "interest",
    "fee",
    "principal_paid",
    "interest_paid",
    "fee_paid",
    "principal_days",
    "late_fee",
    "overdue_said",
    "settled_on",
)
_LOAN_CHANGES = (
    ("state", "text"),
    *((name, "bigint") for name in _LOAN_FIELDS[9:24]),
    ("days_late", "int"),
    ("worst_days_late", "int"),
    ("disbursed_at", "timestamptz"),
    ("ended_at", "timestamptz"),
    ("closed_through", "date"),
)
_MOVEMENT_COLUMNS = (
    ("loan_id", "bigint"),
    ("key", "text"),
    ("kind", "text"),
    ("at", "timestamptz"),
    ("principal", "bigint"),
    ("interest", "bigint"),
    ("fees", "bigint"),
    ("credit", "bigint"),
    ("source", "text"),
    ("reference", "text"),
)
_EVENT_COLUMNS = (
    ("loan_id", "bigint"),
    ("event", "text"),
    ("number", "int"),
    ("known_at", "timestamptz"),
    ("due_on", "date"),
    ("amount", "bigint"),
    ("days_late", "int"),
)
_LINE_CHANGES = (
    *((name, "bigint") for name in ("principal", "interest", "fee", "principal_paid", "interest_paid", "fee_paid")),
    ("principal_days", "bigint"),
    ("late_fee", "bigint"),
    ("overdue_said", "int"),
    ("settled_on", "date"),
)


class Book:
    """Some loans, held until the transaction ends. Change its accounts, then :meth:`write`."""

    def __init__(self, *, loans: Iterable[int]) -> None:
        """Lock and read the loans; call it inside a transaction. Unknown ids are simply not in it."""
        wanted = sorted(set(loans))
        held = Loan.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        rows = list(held.values_list(*_LOAN_FIELDS, "signed_at", "party_id", "product_id"))
        products = {row.pk: row for row in Product.objects.filter(pk__in={row[-1] for row in rows})}
        schedule = defaultdict(list)
        # A line that is settled takes no part in anything any more.
        found = Installment.objects.filter(loan__in=wanted, settled_on=None).order_by("loan", "number")
        for loan, *values in found.values_list("loan_id", *_LINE_FIELDS):
            schedule[loan].append(Line(*values))
        self.parties: dict[int, int] = {row[0]: row[-2] for row in rows}
        # Who signed first is paid first where one account pays several loans; numbers tell the order of writing only.
        self._turns = {row[0]: (row[-3], row[0]) for row in rows}
        self.accounts: dict[int, LoanAccount] = {
            row[0]: _account(row, products[row[-1]], schedule[row[0]]) for row in rows
        }
        self._before = {account.id: _values(account) for account in self.accounts.values()}
        # What repayment accounts held when they were locked, and what was taken from them since, by day.
        self._held: dict[str, int] = {}
        self._taken: dict[str, list[tuple[date, int]]] = defaultdict(list)

    def catch_up(self, *, loans: Collection[int], until: date) -> None:
        """Close the days of ``loans`` that are still open, through ``until``, day by day where something is due."""
        behind = [self.accounts[loan] for loan in loans if self.accounts[loan].closed_through < until]
        behind = [account for account in behind if account.live]
        agenda: dict[date, list[LoanAccount]] = defaultdict(list)
        for account in behind:
            self._enter(agenda, account, until)
        day = min(agenda, default=until)
        while agenda and day <= until:
            due = sorted(agenda.pop(day, ()), key=lambda account: self._turns[account.id])
            available = self._available(due, day, behind, until)
            for account in due:
                days.pass_time(account, until=day - DAY)
                code = account.repay_account
                before = available.get(code, 0)
                days.close_due_day(account, day=day, available=available)
                if available.get(code, 0) != before:
                    self._taken[code].append((day, before - available[code]))
                self._enter(agenda, account, until)
            day += DAY
        for account in behind:
            days.pass_time(account, until=until)

    @staticmethod
    def _enter(agenda: dict[date, list[LoanAccount]], account: LoanAccount, until: date) -> None:
        """Note the next day on which something is due on the loan, if it comes by ``until``."""
        day = max(account.next_due, account.closed_through + DAY)
        if account.state == LoanState.ACTIVE and day <= until:
            agenda[day].append(account)

    def _available(self, due: list[LoanAccount], day: date, behind: list[LoanAccount], until: date) -> dict[str, int]:
        """Return what each account held at the end of ``day`` and still holds, less what this book has taken."""
        codes = _paying(due, day)
        if not codes:
            return {}
        unknown = codes - self._held.keys()
        if unknown:
            self._held |= ledger.lock(codes=sorted(unknown | _paying(behind, until)))
        left = {code: self._held[code] - sum(amount for _, amount in self._taken.get(code, ())) for code in codes}
        # What has no money now has none to give for an earlier day either.
        filled = sorted(code for code in codes if left[code] > 0)
        then = ledger_queries.balances(codes=filled, at=days.end_of(day)) if filled else {}
        found = dict.fromkeys(codes, 0)
        for code in filled:
            so_far = sum(amount for when, amount in self._taken.get(code, ()) if when <= day)
            found[code] = max(0, min(left[code], then[code] - so_far))
        return found

    def take_out(self, balances: dict[str, int]) -> None:
        """Lessen locked ``balances`` by what this book has taken and not yet posted."""
        for code, parts in self._taken.items():
            if code in balances:
                balances[code] -= sum(amount for _, amount in parts)

    def write(self, *, elsewhere: Collection[str] = ()) -> dict[str, int]:
        """Post the journals of everything that changed, then save the rows; return journal ids by key.

        Movements whose keys are ``elsewhere`` are booked by payments, in the journal of their own act.

        :raises UnableToService: the ledger refused a journal; the caller's transaction must not be kept.
        """
        accounts = self.accounts.values()
        posted = ledger.post_many(journals=self._journals(elsewhere))
        for result in posted:
            if isinstance(result, LedgerError):
                raise UnableToService(str(result)) from result
        insert_rows(
            table="financing_loantransaction",
            columns=_MOVEMENT_COLUMNS,
            rows=[
                (
                    account.id,
                    item.key,
                    item.kind,
                    item.at,
                    item.principal,
                    item.interest,
                    item.fees,
                    item.credit,
                    item.source,
                    item.reference,
                )
                for account in accounts
                for item in account.movements
            ],
        )
        insert_rows(
            table="financing_loanevent",
            columns=_EVENT_COLUMNS,
            rows=[
                (account.id, fact.event, fact.number, fact.at, fact.due_on, fact.amount, fact.days_late)
                for account in accounts
                for fact in account.facts
            ],
        )
        self._save()
        return {result.key: result.journal_id for result in posted}

    def _journals(self, elsewhere: Collection[str]) -> list:
        found, accruals = [], defaultdict(list)
        for account in self.accounts.values():
            for item in account.movements:
                if item.transfers and item.key not in elsewhere:
                    journal = journals.moved(movement=item, loan=account.id, currency=account.currency)
                    found.append(journal)
            for day, transfer in account.accruals:
                accruals[day, account.currency].append((account.id, transfer))
        for (day, currency), parts in accruals.items():
            found.extend(
                journals.accrued(
                    day=day,
                    currency=currency,
                    loans=[loan for loan, _ in parts],
                    transfers=[transfer for _, transfer in parts],
                )
            )
        return sorted(found, key=lambda journal: journal.happened_at)

    def _save(self) -> None:
        loans, lines, credits = [], [], defaultdict(int)
        for account in self.accounts.values():
            paid_over = sum(item.credit for item in account.movements)
            if paid_over:
                credits[self.parties[account.id]] += paid_over
            values = _values(account)
            if values != self._before[account.id]:
                loans.append((account.id, *values))
            for line in account.lines:
                if line.changed:
                    lines.append(_line_values(line))
                    line.changed = False
            account.movements, account.facts, account.accruals = [], [], []
            self._before[account.id] = values
        for party, credit in credits.items():
            Borrower.objects.filter(pk=party).update(credit=F("credit") + credit)
        update_rows(table="financing_loan", columns=_LOAN_CHANGES, rows=loans)
        update_rows(table="financing_installment", columns=_LINE_CHANGES, rows=lines)


_values = attrgetter(*(name for name, _ in _LOAN_CHANGES))
_line_values = attrgetter("id", *(name for name, _ in _LINE_CHANGES))


def _account(row: tuple, product: Product, lines: list[Line]) -> LoanAccount:
    values = row[:-3]
    currency, rate_bps = values[4], values[8]
    if rate_bps:
        for line in lines:
            _set_rate(line, rate_bps, product)
    account = LoanAccount(
        *values[:5],
        f"deposit:{values[5]}" if values[5] else "",
        *values[6:],
        waterfall=tuple(product.waterfall.split(",")),
        early_rule=product.early_rule,
        grace_days=product.grace_days,
        late_fee=product.late_fee,
        charge_off_days=product.charge_off_days,
        codes=journals.codes(loan=values[0], party=row[-2], currency=currency),
        lines=lines,
    )
    account.find_next_due()
    return account


def _set_rate(line: Line, rate_bps: int, product: Product) -> None:
    terms = (rate_bps, product.frequency, product.repay_every, product.day_count)
    line.rate_numerator, line.rate_denominator = _rate_of_a_day(*terms, line.starts_on, line.due_on)


@lru_cache(maxsize=65_536)
def _rate_of_a_day(
    rate_bps: int, frequency: str, repay_every: int, day_count: str, since: date, until: date
) -> tuple[int, int]:
    """Return the interest of one day of a period, as numerator and denominator; many loans share their periods."""
    terms = schedules.Terms(
        principal=1,
        annual_rate=Fraction(rate_bps, 10_000),
        installments=1,
        starts_on=since,
        frequency=frequency,
        repay_every=repay_every,
        day_count=day_count,
    )
    rate = schedules.period_rate(terms=terms, since=since, until=until)
    return rate.numerator, rate.denominator * (until - since).days


def _paying(accounts: Iterable[LoanAccount], day: date) -> set[str]:
    """Return the repayment accounts of the loans on which something may be due by ``day``."""
    return {
        account.repay_account
        for account in accounts
        if account.autopay and account.repay_account and account.next_due <= day
    }


def loans_behind(*, until: date, after: int = 0, limit: int, kind: str | None = None) -> list[int]:
    """Return the loans (of a kind), by id after ``after``, whose days through ``until`` are not all closed."""
    behind = Loan.objects.filter(state__in=[LoanState.SIGNED, LoanState.ACTIVE], closed_through__lt=until, pk__gt=after)
    if kind is not None:
        behind = behind.filter(kind=kind)
    return list(behind.order_by("pk").values_list("pk", flat=True)[:limit])
