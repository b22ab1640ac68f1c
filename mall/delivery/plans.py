"""What a merchant promises, from plain data: on which day a parcel leaves, and by which day it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from mall.delivery.models import PICKUP

# Carriers drive on these days, whatever days the store works.
CARRIER_DAYS = (0, 1, 2, 3, 4)
# A day is promised whole; this hour of UTC lies within it wherever the mall delivers.
_PROMISED_HOUR = time(20, tzinfo=UTC)
# Who closes for longer than this promises nothing.
_FARTHEST = 400


@dataclass(frozen=True, slots=True)
class Way:
    """A way of delivery; amounts are minor units. `countries`: empty means everywhere."""

    code: str
    charge: int
    free_from: int | None
    transit_days: int
    countries: tuple[str, ...] = ()

    def serves(self, *, country: str) -> bool:
        """Tell whether it goes to a country; an unknown one is not refused, and who picks up comes himself."""
        return self.code == PICKUP or not country or not self.countries or country in self.countries

    def costs(self, *, goods: int) -> int:
        """Return the charge for goods worth so much."""
        return 0 if self.free_from is not None and goods >= self.free_from else self.charge


@dataclass(frozen=True, slots=True)
class Plan:
    """How one merchant delivers; `ways` has the usual one first."""

    country: str
    ways: tuple[Way, ...]
    handling_days: int
    cut_off_hour: int
    time_zone: str
    working_days: tuple[int, ...]
    closed_days: frozenset[date] = frozenset()
    pickup_place: str = ""

    def leaves_on(self, *, at: datetime, extra: int = 0) -> date:
        """Return the day a parcel ordered at that moment leaves the store; `extra` more days to pack."""
        local = at.astimezone(ZoneInfo(self.time_zone))
        day = local.date()
        late = local.hour >= self.cut_off_hour
        if late or not self._works(day):
            day = self._next(day, self._works)
        for _day in range(self.handling_days + extra):
            day = self._next(day, self._works)
        return day

    def arrives_on(self, *, way: Way, at: datetime, extra: int = 0) -> date:
        """Return the day by which it is there, or lies ready in the store."""
        day = self.leaves_on(at=at, extra=extra)
        for _day in range(way.transit_days):
            day = self._next(day, self._carried)
        return day

    def promised_by(self, *, way: Way, at: datetime, extra: int = 0) -> datetime:
        """Return the same as a moment within that day."""
        return datetime.combine(self.arrives_on(way=way, at=at, extra=extra), _PROMISED_HOUR)

    def _works(self, day: date) -> bool:
        return day.weekday() in self.working_days and day not in self.closed_days and not self._holiday(day)

    def _carried(self, day: date) -> bool:
        return day.weekday() in CARRIER_DAYS and not self._holiday(day)

    def _holiday(self, day: date) -> bool:
        return day in public_holidays(self.country, day.year)

    def _next(self, day: date, fits: object) -> date:
        for _day in range(_FARTHEST):
            day += timedelta(days=1)
            if fits(day):
                return day
        return day


@lru_cache(maxsize=512)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Return the days on which a whole country rests; none where we do not know them."""
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()
