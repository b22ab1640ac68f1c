"""What is measured of the rows of a table with an `age` in days: how much, how many, how it varies, since when."""

from collections.abc import Callable

import ibis

Measure = Callable[[ibis.Table], ibis.Value]


def total(*, of: str, days: int) -> Measure:
    """Return the sum of a column over the last days."""
    return lambda t: t[of].sum(where=t.age <= days)


def rows(*, days: int) -> Measure:
    """Return how many rows the last days have."""
    return lambda t: (t.age <= days).sum()


def distinct(*, of: str, days: int) -> Measure:
    """Return how many different values a column had in the last days."""
    return lambda t: t[of].nunique(where=t.age <= days)


def mean(*, of: str, days: int) -> Measure:
    """Return the mean of a column over the last days."""
    return lambda t: t[of].mean(where=t.age <= days)


def variation(*, of: str) -> Measure:
    """Return the standard deviation of a column relative to its mean."""
    return lambda t: t[of].std(how="pop") / t[of].mean().nullif(0)


def largest_share(*, of: str) -> Measure:
    """Return the share of the largest row in the sum of a column."""
    return lambda t: t[of].max() / t[of].sum().nullif(0)


def ratio(*, of: str, to: str) -> Measure:
    """Return one column of a row relative to another; unknown where that is nothing."""
    return lambda t: t[of] / t[to].nullif(0)


def days_since_first() -> Measure:
    """Return the whole days since the oldest row."""
    return lambda t: t.age.max().floor()


def days_since_last() -> Measure:
    """Return the whole days since the newest row."""
    return lambda t: t.age.min().floor()
