"""Repayment schedules: pure functions from terms to dated amounts, the same for preview and booking.

Amounts are integer minor units, rates exact fractions of a year (``Fraction(7, 100)`` for 7 %).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from financing.lending import daycount

AMORTIZATIONS = ("equal_installments", "equal_principal", "flat")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a schedule is computed from; ``multiple_of`` rounds the regular payment, in minor units."""

    principal: int
    annual_rate: Fraction
    installments: int
    starts_on: date
    frequency: str = "months"
    repay_every: int = 1
    amortization: str = "equal_installments"
    day_count: str = "30/360"
    leap_rule: str = "year"
    multiple_of: int = 1
    down_payment_bps: int = 0
    principal_grace: int = 0
    first_due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One payment of a schedule; ``balance`` is the principal left after it."""

    number: int
    starts_on: date
    due_on: date
    principal: int
    interest: int
    balance: int

    @property
    def due(self) -> int:
        """Return what is to pay on the due day."""
        return self.principal + self.interest


class InvalidTerms(ValueError):
    """The terms do not make a schedule."""


def rounded(amount: Fraction, multiple: int = 1) -> int:
    """Return ``amount`` to the nearest ``multiple`` minor units, a tie to the even one."""
    return round(amount / multiple) * multiple


def period_rate(*, terms: Terms, since: date, until: date) -> Fraction:
    """Return the interest of one period as a part of the principal that is out during it."""
    return terms.annual_rate * daycount.year_fraction(
        since=since,
        until=until,
        day_count=terms.day_count,
        frequency=terms.frequency,
        repay_every=terms.repay_every,
        leap_rule=terms.leap_rule,
    )


def plan(*, terms: Terms) -> tuple[Row, ...]:
    """Return the payments of ``terms``, a down payment first if there is one.

    :raises InvalidTerms: nothing is lent, no payments are agreed, or a name in the terms is unknown.
    """
    _check(terms)
    rows: list[Row] = []
    principal = terms.principal
    if terms.down_payment_bps:
        down = rounded(Fraction(principal * terms.down_payment_bps, 10_000), terms.multiple_of)
        principal -= down
        rows.append(Row(1, terms.starts_on, terms.starts_on, down, 0, principal))
    dates = _dates(terms)
    rates = [period_rate(terms=terms, since=since, until=until) for since, until in dates]
    if terms.amortization == "flat":
        parts = _flat(principal, rates, terms)
    elif terms.amortization == "equal_principal":
        parts = _equal_principal(principal, rates, terms)
    else:
        parts = _level(principal, rates, terms)
    for (since, until), (paid, interest) in zip(dates, parts, strict=True):
        principal -= paid
        rows.append(Row(len(rows) + 1, since, until, paid, interest, principal))
    return tuple(rows)


def _check(terms: Terms) -> None:
    if terms.principal <= 0:
        raise InvalidTerms("A schedule needs an amount above zero.")
    if terms.installments <= 0 or terms.repay_every <= 0:
        raise InvalidTerms("A schedule needs at least one payment, one step apart.")
    if terms.annual_rate < 0:
        raise InvalidTerms("An interest rate cannot be negative.")
    if terms.amortization not in AMORTIZATIONS:
        raise InvalidTerms(f"{terms.amortization!r} is not one of {', '.join(AMORTIZATIONS)}.")
    if terms.frequency not in daycount.FREQUENCIES:
        raise InvalidTerms(f"{terms.frequency!r} is not one of {', '.join(daycount.FREQUENCIES)}.")


def _dates(terms: Terms) -> list[tuple[date, date]]:
    """Return each period as (from, to); the first due day, where agreed, anchors the following ones."""
    if terms.first_due_on:
        ends = [
            daycount.shift(start=terms.first_due_on, frequency=terms.frequency, count=terms.repay_every * step)
            for step in range(terms.installments)
        ]
    else:
        ends = [
            daycount.shift(start=terms.starts_on, frequency=terms.frequency, count=terms.repay_every * step)
            for step in range(1, terms.installments + 1)
        ]
    return list(zip([terms.starts_on, *ends[:-1]], ends, strict=True))


def level_payment(*, principal: int, rates: Sequence[Fraction], multiple_of: int = 1) -> int:
    """Return the equal payment that clears ``principal`` over periods of ``rates``: P / sum(1 / prod(1 + r))."""
    discount, factor = Fraction(0), Fraction(1)
    for rate in rates:
        factor /= 1 + rate
        discount += factor
    return rounded(principal / discount, multiple_of)


def _level(principal: int, rates: list[Fraction], terms: Terms) -> list[tuple[int, int]]:
    """Pay interest only during the grace, then equal payments; the last one clears what is left."""
    grace = terms.principal_grace
    idle = [(0, rounded(principal * rate)) for rate in rates[:grace]]
    rates = rates[grace:]
    payment = level_payment(principal=principal, rates=rates, multiple_of=terms.multiple_of)
    best = _run(principal, rates, payment)
    count = len(rates)
    difference = sum(best[-1]) - payment
    # A last payment that strays is shared among all, once, if that brings it nearer to the others.
    if terms.multiple_of == 1 and abs(difference) * 2 > count:
        nearer = payment + rounded(Fraction(difference, count))
        trial = _run(principal, rates, nearer)
        if abs(sum(trial[-1]) - nearer) < abs(difference):
            best = trial
    return idle + best


def _run(principal: int, rates: Sequence[Fraction], payment: int) -> list[tuple[int, int]]:
    parts = []
    for index, rate in enumerate(rates):
        interest = rounded(principal * rate)
        last = index == len(rates) - 1
        paid = principal if last else min(principal, max(0, payment - interest))
        parts.append((paid, interest))
        principal -= paid
    return parts


def _equal_principal(principal: int, rates: list[Fraction], terms: Terms) -> list[tuple[int, int]]:
    """Pay the same principal each time, after the grace; the last payment clears what is left."""
    part = rounded(Fraction(principal, len(rates) - terms.principal_grace))
    parts, left = [], principal
    for index, rate in enumerate(rates):
        interest = rounded(left * rate)
        paid = 0 if index < terms.principal_grace else min(left, part)
        parts.append((left if index == len(rates) - 1 else paid, interest))
        left -= paid
    return parts


def _flat(principal: int, rates: list[Fraction], terms: Terms) -> list[tuple[int, int]]:
    """Charge interest on all that was lent, throughout, in equal payments; the last takes the rounding."""
    total = rounded(terms.principal * sum(rates, Fraction(0)))
    payment = rounded(Fraction(principal + total, len(rates)), terms.multiple_of)
    parts, left, charge = [], principal, total
    for rate in rates[:-1]:
        interest = min(charge, rounded(terms.principal * rate))
        paid = min(left, max(0, payment - interest))
        parts.append((paid, interest))
        left -= paid
        charge -= interest
    return [*parts, (left, charge)]


def without_interest(*, terms: Terms) -> tuple[Row, ...]:
    """Return the schedule of ``terms`` as a plan without interest: equal parts, the odd minor units first."""
    whole, odd = divmod(terms.principal, terms.installments)
    rows = plan(terms=replace(terms, annual_rate=Fraction(0)))
    left, equal = terms.principal, []
    for index, row in enumerate(rows):
        paid = whole + (1 if index < odd else 0)
        left -= paid
        equal.append(replace(row, principal=paid, interest=0, balance=left))
    return tuple(equal)


@dataclass(frozen=True, slots=True)
class MinimumRow:
    """The least that must have been paid of an advance by a day, in its own parts of principal and fee."""

    number: int
    starts_on: date
    due_on: date
    principal: int
    fee: int


def minimums(
    *, principal: int, fee: int, starts_on: date, periods: int, days: int, minimum_bps: int
) -> tuple[MinimumRow, ...]:
    """Return an advance's least repayments: ``minimum_bps`` of the total each period, the rest in the last one.

    Sales usually repay it long before; what they paid counts for the oldest period first.

    :raises InvalidTerms: nothing is lent, or the minimums of the early periods exceed the whole.
    """
    if principal <= 0 or periods <= 0 or days <= 0:
        raise InvalidTerms("An advance needs an amount, and at least one period of at least one day.")
    if minimum_bps * (periods - 1) >= 10_000:
        raise InvalidTerms("The minimums of an advance must leave something for its last period.")
    rows, left_principal, left_fee = [], principal, fee
    for number in range(1, periods + 1):
        last = number == periods
        part = left_principal if last else principal * minimum_bps // 10_000
        part_fee = left_fee if last else fee * minimum_bps // 10_000
        since = daycount.shift(start=starts_on, frequency="days", count=days * (number - 1))
        until = daycount.shift(start=starts_on, frequency="days", count=days * number)
        rows.append(MinimumRow(number, since, until, part, part_fee))
        left_principal -= part
        left_fee -= part_fee
    return tuple(rows)
