"""One loan in memory: what a day, a payment, a capture or a refund does to it. Pure; nothing here posts or saves.

Interest of a night belongs to the day that ends before it: the close of day D accrues from D to D+1 on what is
out at the end of D. A schedule's period from its start to its due day then carries exactly its interest.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from financing.lending.models import LoanState
from payments.ledger.journal import Transfer

DAY = timedelta(days=1)
# A payment counts as late, and is said to be, when so many days have passed.
LATE_STEPS = (1, 30, 60, 90)
# From here on interest is accrued but no longer recognised as income.
SUSPEND_AFTER = 90
_PARTS_OF_RATE = 10**12


@dataclass(slots=True)
class Line:
    """One payment of the schedule, as it stands."""

    id: int
    number: int
    starts_on: date
    due_on: date
    principal: int
    interest_planned: int
    fee_planned: int
    interest: int
    fee: int
    principal_paid: int
    interest_paid: int
    fee_paid: int
    principal_days: int
    late_fee: int
    overdue_said: int
    settled_on: date | None
    # The rate of one of its days: interest is principal_days times this fraction.
    rate_numerator: int = 0
    rate_denominator: int = 1
    changed: bool = False

    @property
    def open_principal(self) -> int:
        """Return the principal still to pay."""
        return self.principal - self.principal_paid

    @property
    def open_interest(self) -> int:
        """Return the interest accrued and still to pay."""
        return self.interest - self.interest_paid

    @property
    def open_fee(self) -> int:
        """Return the fees still to pay."""
        return self.fee - self.fee_paid


@dataclass(frozen=True, slots=True)
class Codes:
    """The ledger accounts a loan posts to."""

    principal: str
    interest: str
    fees: str
    deferred: str
    suspended: str
    income_interest: str
    income_fees: str
    income_late: str
    income_recovery: str
    chargeoff: str
    credit: str


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved on the loan in one act, with the transfers that book it."""

    key: str
    kind: str
    at: datetime
    principal: int = 0
    interest: int = 0
    fees: int = 0
    credit: int = 0
    source: str = ""
    reference: str = ""
    transfers: tuple[Transfer, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """What became known about the loan, for the credit features."""

    event: str
    at: datetime
    number: int = 0
    due_on: date | None = None
    amount: int = 0
    days_late: int = 0


@dataclass(slots=True)
class LoanAccount:
    """A loan, its lines and what was done to it since it was loaded."""

    id: int
    kind: str
    state: str
    borrower: str
    currency: str
    repay_account: str
    autopay: bool
    merchant: str
    annual_rate_bps: int
    undrawn: int
    disbursed: int
    outstanding: int
    repaid: int
    refunded: int
    charged_off: int
    recovered: int
    interest: int
    fees: int
    deferred: int
    suspended: int
    earning_rate: int
    earning_rest: int
    interest_paid: int
    fees_paid: int
    days_late: int
    worst_days_late: int
    disbursed_at: datetime | None
    ended_at: datetime | None
    closed_through: date
    # From the product: see its model.
    waterfall: tuple[str, ...]
    early_rule: str
    grace_days: int
    late_fee: int
    charge_off_days: int
    codes: Codes
    lines: list[Line]
    movements: list[Movement] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    accruals: list[tuple[date, Transfer]] = field(default_factory=list)
    # From this day on there is, or may be, something due.
    next_due: date = date.min

    @property
    def live(self) -> bool:
        """Say whether days still matter to the loan."""
        return self.state in (LoanState.SIGNED, LoanState.ACTIVE)

    def owed_lines(self, day: date) -> list[tuple[Line, int]]:
        """Return the unpaid lines due by ``day``, each with what is owed on it; never more than what is out."""
        found, out = [], self.outstanding
        for line in self.lines:
            if line.due_on > day:
                break
            if not line.settled_on:
                principal = min(line.open_principal, out)
                out -= principal
                found.append((line, principal + line.open_interest + line.open_fee))
        return found

    def find_next_due(self) -> None:
        """Look up the first day on which a line that is not settled falls due."""
        self.next_due = next((line.due_on for line in self.lines if not line.settled_on), date.max)

    def owed(self, day: date) -> int:
        """Return everything due by ``day`` and not paid."""
        return sum(amount for _, amount in self.owed_lines(day))

    @property
    def payoff(self) -> int:
        """Return what ends the loan now: principal that is out, interest accrued so far, fees."""
        return self.outstanding + self.interest + self.fees


def line_at(account: LoanAccount, day: date) -> Line:
    """Return the line whose period holds the night after ``day``; before and after the schedule, its nearest."""
    for line in account.lines:
        if day < line.due_on:
            return line
    return account.lines[-1]


def settle_lines(account: LoanAccount, at: datetime) -> None:
    """Mark the lines that are paid, and say so: those due, and early ones that no interest can reach any more."""
    day = at.date()
    for line in account.lines:
        if line.settled_on or line.open_principal or line.open_interest or line.open_fee:
            continue
        if line.due_on > day and account.annual_rate_bps and account.outstanding:
            continue
        line.settled_on, line.changed = day, True
        paid = line.principal_paid + line.interest_paid + line.fee_paid
        if paid:
            late = max(0, (day - line.due_on).days)
            account.facts.append(Fact("paid", at, line.number, line.due_on, paid, late))


def finish(account: LoanAccount, at: datetime) -> None:
    """End a loan on which nothing is out, nothing owed and nothing more can be drawn."""
    if not account.live or account.payoff or account.undrawn:
        return
    if account.state == LoanState.SIGNED:
        account.state = LoanState.CANCELLED
    else:
        _earn(account, account.deferred, at.date())
        account.state = LoanState.CLOSED
        account.facts.append(Fact("closed", at, amount=account.repaid, days_late=account.worst_days_late))
    account.ended_at, account.days_late = at, 0


def accrue(account: LoanAccount, first: date, nights: int) -> None:
    """Book ``nights`` nights from the one after ``first``, in none of which anything but time passes.

    Interest on what is out, and each day's part of a fee or subsidy kept back.
    """
    if account.annual_rate_bps and account.outstanding:
        day, left = first, nights
        while left:
            line = line_at(account, day)
            part = min(left, (line.due_on - day).days) if day < line.due_on else left
            _accrue_interest(account, line, day, part)
            day += timedelta(days=part)
            left -= part
    if account.deferred and account.earning_rate:
        for night in range(nights):
            carried = max(0, account.outstanding + account.fees - account.deferred)
            earned, account.earning_rest = divmod(carried * account.earning_rate + account.earning_rest, _PARTS_OF_RATE)
            _earn(account, min(earned, account.deferred), first + timedelta(days=night))
            if not account.deferred:
                break


def _accrue_interest(account: LoanAccount, line: Line, first: date, nights: int) -> None:
    suspended = account.days_late >= SUSPEND_AFTER
    debit = account.codes.interest
    credit = account.codes.suspended if suspended else account.codes.income_interest
    principal, numerator, denominator = account.outstanding, line.rate_numerator, line.rate_denominator
    before = line.interest
    for night in range(nights):
        line.principal_days += principal
        so_far = _even(line.principal_days * numerator, denominator)
        if so_far > line.interest:
            transfer = Transfer(debit, credit, so_far - line.interest)
            account.accruals.append((first + timedelta(days=night), transfer))
            line.interest = so_far
    line.changed = True
    account.interest += line.interest - before
    if suspended:
        account.suspended += line.interest - before


def _earn(account: LoanAccount, amount: int, day: date) -> None:
    if amount <= 0:
        return
    account.deferred -= amount
    codes = account.codes
    income = codes.income_fees if account.kind == "advance" else codes.income_interest
    transfer = Transfer(codes.deferred, income, amount)
    account.accruals.append((day, transfer))


def _even(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest whole, a tie to the even one, without building a fraction."""
    whole, rest = divmod(numerator, denominator)
    twice = rest * 2
    return whole + (twice > denominator or (twice == denominator and whole % 2 == 1))
