"""Day counts: which part of a year's interest a period carries. Exact fractions, no rounding."""

from calendar import isleap, monthrange
from datetime import date, timedelta
from fractions import Fraction

DAY_COUNTS = ("30/360", "actual/360", "actual/364", "actual/365", "actual/actual", "period")
FREQUENCIES = ("months", "weeks", "days")
# How actual/actual sees a leap year: by the calendar year a day falls in, or only in the period with 29 February.
LEAP_RULES = ("year", "february-29")


def shift(*, start: date, frequency: str, count: int) -> date:
    """Return the day ``count`` steps of ``frequency`` after ``start``; months keep its day where they have it."""
    if frequency == "months":
        month = start.month - 1 + count
        year, month = start.year + month // 12, month % 12 + 1
        return date(year, month, min(start.day, monthrange(year, month)[1]))
    return start + timedelta(days=count * (7 if frequency == "weeks" else 1))


def has_leap_day(*, since: date, until: date) -> bool:
    """Say whether 29 February lies after ``since`` and not after ``until``."""
    years = filter(isleap, range(since.year, until.year + 1))
    return any(since < date(year, 2, 29) <= until for year in years)


def year_fraction(
    *,
    since: date,
    until: date,
    day_count: str,
    frequency: str = "days",
    repay_every: int = 1,
    leap_rule: str = "year",
) -> Fraction:
    """Return the part of a year from ``since`` (not counted) to ``until`` (counted).

    ``30/360`` and ``period`` count a whole step of months as months, whatever its days.

    :raises ValueError: the day count is not one of :data:`DAY_COUNTS`.
    """
    days = (until - since).days
    if day_count == "30/360":
        return Fraction(30 * repay_every, 360) if frequency == "months" else Fraction(days, 360)
    if day_count == "period":
        steps = {"months": 12, "weeks": 52, "days": 365}[frequency]
        return Fraction(repay_every, steps)
    if day_count == "actual/actual":
        if leap_rule == "february-29":
            return Fraction(days, 366 if has_leap_day(since=since, until=until) else 365)
        return _by_calendar_year(since, until)
    if day_count.startswith("actual/") and day_count in DAY_COUNTS:
        return Fraction(days, int(day_count.removeprefix("actual/")))
    raise ValueError(f"{day_count!r} is not a day count: use one of {', '.join(DAY_COUNTS)}.")


def _by_calendar_year(since: date, until: date) -> Fraction:
    """Divide each year's days by that year's length; a day belongs to the year in which it ends."""
    total, start = Fraction(0), since
    while start < until:
        # The night that ends on 1 January still belongs to the old year's length only up to 31 December.
        first = start + timedelta(days=1)
        end = min(until, date(first.year, 12, 31))
        total += Fraction((end - start).days, 366 if isleap(first.year) else 365)
        start = end
    return total
