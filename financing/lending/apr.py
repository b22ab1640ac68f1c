"""The yearly cost of credit as law defines it: the European and the American method. Pure.

Rates are floats, money stays integer minor units; a flow is positive when the borrower receives it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from financing.lending import daycount

_PER_YEAR = {"months": 12, "years": 1, "weeks": 52}


class NoSuchRate(ValueError):
    """The flows have no yearly rate: nothing is received, or nothing is paid back."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that moves ``years`` after the first drawdown; received above zero, paid below."""

    years: Fraction | float
    amount: int


@dataclass(frozen=True, slots=True)
class UnitFlow:
    """Money that moves ``units`` whole unit-periods and a ``part`` of one after the first advance."""

    units: int
    part: Fraction | float
    amount: int


def european(*, flows: Sequence[Flow]) -> float:
    """Return the effective yearly rate, in percent, at which the present values of ``flows`` sum to zero.

    Directives 2008/48/EC and 2014/17/EU, annex I.

    :raises NoSuchRate: the flows do not change sign or no rate fits.
    """
    known = [(float(flow.years), flow.amount) for flow in flows]

    def value(rate: float) -> float:
        return sum(amount * (1 + rate) ** -years for years, amount in known)

    return _root(value, known_signs=[amount for _, amount in known]) * 100


def american(*, flows: Sequence[UnitFlow], units_per_year: int) -> float:
    """Return the nominal yearly rate, in percent, of Regulation Z, appendix J: the unit-period rate times periods.

    :raises NoSuchRate: the flows do not change sign or no rate fits.
    """
    known = [(flow.units, float(flow.part), flow.amount) for flow in flows]

    def value(rate: float) -> float:
        return sum(amount / ((1 + part * rate) * (1 + rate) ** units) for units, part, amount in known)

    return _root(value, known_signs=[amount for *_, amount in known]) * units_per_year * 100


def _root(value: Callable[[float], float], *, known_signs: Sequence[int]) -> float:
    """Find the rate between -99 % and what doubles until the value changes sign, by bisection and secants."""
    if not any(amount > 0 for amount in known_signs) or not any(amount < 0 for amount in known_signs):
        raise NoSuchRate("A yearly rate needs money received and money paid back.")
    low, high = 0.0, 0.1
    at_low = value(low)
    if at_low == 0:
        return 0.0
    if at_low > 0:
        low, high = -0.99, 0.0
    else:
        while value(high) < 0:
            low, high = high, high * 2
            if high > 1e9:
                raise NoSuchRate("No yearly rate fits these flows.")
    at_low, at_high = value(low), value(high)
    if at_low > 0 or at_high < 0:
        raise NoSuchRate("No yearly rate fits these flows.")
    for step in range(200):
        middle = (low + high) / 2 if step % 3 == 2 else low - at_low * (high - low) / (at_high - at_low)
        at_middle = value(middle)
        if at_middle == 0 or high - low < 1e-15 * max(1.0, abs(high)):
            return middle
        if at_middle < 0:
            low, at_low = middle, at_middle
        else:
            high, at_high = middle, at_middle
    return (low + high) / 2


def years_between(*, since: date, until: date, unit: str = "months") -> Fraction:
    """Return the interval as whole units, counted back from its end, and the days that remain before them.

    The days count as parts of the year that ends where they end: 366 if it holds 29 February.
    """
    per_year = _PER_YEAR[unit]
    frequency = "weeks" if unit == "weeks" else "months"
    factor = 12 if unit == "years" else 1
    months = (until.year - since.year) * 12 + until.month - since.month
    whole = (until - since).days // 7 if unit == "weeks" else months // factor
    while daycount.shift(start=until, frequency=frequency, count=-whole * factor) < since:
        whole -= 1
    rest = daycount.shift(start=until, frequency=frequency, count=-whole * factor)
    days = (rest - since).days
    year_before = daycount.shift(start=rest, frequency="months", count=-12)
    length = 366 if daycount.has_leap_day(since=year_before, until=rest) else 365
    return Fraction(whole, per_year) + Fraction(days, length)


def of_dated_flows(*, flows: Sequence[tuple[date, int]]) -> float:
    """Return the European yearly rate, in percent, of dated flows; the first day is the first drawdown.

    :raises NoSuchRate: see :func:`european`.
    """
    start = min(day for day, _ in flows)
    return european(flows=[Flow(years=years_between(since=start, until=day), amount=amount) for day, amount in flows])


def disclosed(percent: float, *, decimals: int = 1) -> Decimal:
    """Return ``percent`` as it is shown: rounded half up, so that 3.055 to one digit is 3.1."""
    return Decimal(repr(percent)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def daily_rate(*, flows: Sequence[tuple[date, int]]) -> int:
    """Return the rate of one day, in parts of 10^12, at which dated flows sum to zero; 0 when none fits.

    By it a fee or subsidy kept back at the start is earned over the life of a loan.
    """
    start = min(day for day, _ in flows)
    try:
        yearly = european(
            flows=[Flow(years=(day - start) / timedelta(days=365), amount=amount) for day, amount in flows]
        )
    except NoSuchRate:
        return 0
    return max(0, round(((1 + yearly / 100) ** (1 / 365) - 1) * 10**12))
