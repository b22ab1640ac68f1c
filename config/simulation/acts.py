"""What a history asks to be done, cut into windows of days."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from config.simulation.history import MoneyIn, Parcel, Purchase

# What depends on balances is dealt with every so many days, on a Monday; windows of divisors of it are as good.
RHYTHM_DAYS = 14
PLACE, AUTHORISE, UNPAID = "place", "authorise", "unpaid"
DISPATCH, DELIVER, SILENCE = "dispatch", "deliver", "silence"
CANCEL, REFUND, REVIEW = "cancel", "refund", "review"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens to a purchase, or to its parcel number ``parcel``."""

    at: datetime
    kind: str
    purchase: Purchase
    parcel: int = 0

    @property
    def about(self) -> Parcel:
        """Return the parcel it happens to."""
        return self.purchase.parcels[self.parcel]


def acts_of(purchase: Purchase, *, unpaid_after: timedelta, silence: timedelta) -> Iterator[Act]:
    """Yield everything that happens to a purchase.

    A parcel of which nobody ever said that it arrived counts as delivered after ``silence``; one that is known to
    arrive is on its way until then, however long that takes.
    """
    yield Act(purchase.placed_at, PLACE, purchase)
    if purchase.authorised_at is None:
        yield Act(purchase.placed_at + unpaid_after, UNPAID, purchase)
        return
    yield Act(purchase.authorised_at, AUTHORISE, purchase)
    for number, parcel in enumerate(purchase.parcels):
        if parcel.dispatched_at is None:
            if parcel.cancelled_at is not None:
                yield Act(parcel.cancelled_at, CANCEL, purchase, number)
            continue
        yield Act(parcel.dispatched_at, DISPATCH, purchase, number)
        if parcel.delivered_at is not None:
            yield Act(parcel.delivered_at, DELIVER, purchase, number)
        else:
            yield Act(parcel.dispatched_at + silence, SILENCE, purchase, number)
        if parcel.refund is not None:
            yield Act(parcel.refund.at, REFUND, purchase, number)
        if parcel.review is not None:
            yield Act(parcel.review.at, REVIEW, purchase, number)


class Calendar:
    """Acts waiting for their day. Those of days already lived are left out."""

    def __init__(self, *, lived_until: date | None, unpaid_after: timedelta, silence: timedelta) -> None:
        self._lived_until = lived_until
        self._waits = {"unpaid_after": unpaid_after, "silence": silence}
        self._days: dict[date, list[Act]] = defaultdict(list)

    def add(self, purchase: Purchase, *, only: Callable[[Act], bool] | None = None) -> None:
        """Note what is still to happen to a purchase, or what ``only`` says of it."""
        for act in acts_of(purchase, **self._waits):
            day = act.at.date()
            if (self._lived_until is None or day > self._lived_until) and (only is None or only(act)):
                self._days[day].append(act)

    def take(self, first: date, last: date) -> dict[str, list[Act]]:
        """Return and forget the acts of these days by kind, each by time."""
        found: dict[str, list[Act]] = defaultdict(list)
        for offset in range((last - first).days + 1):
            for act in self._days.pop(first + timedelta(days=offset), ()):
                found[act.kind].append(act)
        for acts in found.values():
            acts.sort(key=lambda act: (act.at, act.purchase.key, act.parcel))
        return found


class Coming:
    """Purchases or arrivals of money by time, taken as their days come."""

    def __init__(self, things: Iterable[Purchase | MoneyIn]) -> None:
        self._things = iter(things)
        self._next = next(self._things, None)

    def until(self, day: date) -> Iterator:
        """Yield what comes through ``day`` and was not taken before."""
        while self._next is not None and _when(self._next).date() <= day:
            taken, self._next = self._next, next(self._things, None)
            yield taken


def _when(thing: Purchase | MoneyIn) -> datetime:
    return thing.at if isinstance(thing, MoneyIn) else thing.placed_at


def windows(first: date, last: date, days: int, *, by_month: bool = False) -> Iterator[tuple[date, date]]:
    """Yield first and last days of windows of at most ``days`` on the grid of sittings, so that none spans one.

    :param by_month: none spans the end of a month either.
    """
    start = first
    while start <= last:
        since_begin = (start.toordinal() - 1) % days
        end = min(start + timedelta(days=days - 1 - since_begin), month_end(start) if by_month else last, last)
        yield start, end
        start = end + timedelta(days=1)


def is_before_sitting(day: date) -> bool:
    """Tell whether ``day`` is the last before a sitting."""
    return day.toordinal() % RHYTHM_DAYS == 0


def month_end(day: date) -> date:
    """Return the last day of the month of ``day``."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def end_of(day: date) -> datetime:
    """Return the last second of ``day``."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)


def chunks(items: list, size: int) -> Iterable[list]:
    """Yield ``items`` in pieces of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))
