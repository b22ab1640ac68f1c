"""A merchant's health as numbers with their thresholds and trend, and the orders each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import F, Max, Q, Subquery

from mall import bank
from mall.health import figures
from mall.health.models import HealthFigure

TREND = timedelta(days=30)
PAGE_SIZE = 50
# The window a threshold looks at: long enough to be fair, short enough to mend.
JUDGED = 30
_BEHIND = """
SELECT c.id, c.number, c.status, c.placed_at FROM fulfilment_consignment c
WHERE c.merchant_id = %(merchant)s AND ({counted}) AND ({wrong}) AND (%(before)s::bigint IS NULL OR c.id < %(before)s)
ORDER BY c.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure over one window; shares are basis points, a rating hundredths of a star."""

    code: str
    name: str
    told: str
    days: int
    counted: int
    wrong: int
    value: int | None
    before: int | None
    threshold: int
    is_below: bool

    @property
    def is_rating(self) -> bool:
        """Tell whether more is better."""
        return self.code == figures.RATING

    @property
    def has_orders(self) -> bool:
        """Tell whether it is made of orders that can be opened."""
        return self.code in figures.BY_CODE

    @property
    def stars(self) -> float | None:
        """Return a rating in stars."""
        return None if self.value is None else self.value / 100

    @property
    def trend(self) -> str:
        """Return whether it is `better`, `worse` or the `same` as a month before; nothing where that is not known."""
        if self.value is None or self.before is None:
            return ""
        if self.value == self.before:
            return "same"
        return "better" if (self.value > self.before) == self.is_rating else "worse"


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a merchant's health as of a day; without a day nothing was counted yet."""

    day: date | None
    lines: tuple[tuple[Line, Line], ...]

    @property
    def is_below(self) -> bool:
        """Tell whether a figure is below its threshold."""
        return any(month.is_below for month, _quarter in self.lines)


def name_of(*, code: str) -> str:
    """Return what a figure is called."""
    return str(figures.NAMES[code][0])


def latest(*, merchant_id: int) -> Health:
    """Return a merchant's health as it was counted last, in one statement; without a row nothing was counted."""
    newest = HealthFigure.objects.order_by("-day").values("day")[:1]
    found = HealthFigure.objects.filter(merchant_id=merchant_id).annotate(newest=Subquery(newest))
    found = found.filter(Q(day=F("newest")) | Q(day=F("newest") - TREND))
    rows = {(row.day, row.days, row.code): row for row in found}
    day = max((row.newest for row in rows.values()), default=None)
    if day is None:
        return Health(None, ())
    lines = tuple(
        tuple(_line(code=code, days=days, now=rows.get((day, days, code)), before=rows.get((day - TREND, days, code)))
              for days in figures.WINDOWS)
        for code in figures.NAMES
    )  # fmt: skip
    return Health(day, lines)


def _line(*, code: str, days: int, now: HealthFigure | None, before: HealthFigure | None) -> Line:
    counted, wrong = (now.counted, now.wrong) if now else (0, 0)
    threshold = bank.policy().HEALTH_THRESHOLDS[code]
    return Line(
        code=code,
        name=name_of(code=code),
        told=str(figures.NAMES[code][1]),
        days=days,
        counted=counted,
        wrong=wrong,
        value=_value(code=code, counted=counted, wrong=wrong),
        before=_value(code=code, counted=before.counted, wrong=before.wrong) if before else None,
        threshold=threshold,
        is_below=is_below(code=code, counted=counted, wrong=wrong),
    )


def _value(*, code: str, counted: int, wrong: int) -> int | None:
    if not counted:
        return None
    return wrong * (100 if code == figures.RATING else 10_000) // counted


def is_below(*, code: str, counted: int, wrong: int) -> bool:
    """Tell whether a figure is worse than its threshold; of too few nothing is said."""
    if counted < bank.policy().HEALTH_COUNTS_FROM:
        return False
    value, threshold = _value(code=code, counted=counted, wrong=wrong), bank.policy().HEALTH_THRESHOLDS[code]
    return value < threshold if code == figures.RATING else value > threshold


def below(*, day: date) -> set[tuple[int, str]]:
    """Return the merchants and figures that are below a threshold on a day, in one statement."""
    rows = HealthFigure.objects.filter(day=day, days=JUDGED, counted__gte=bank.policy().HEALTH_COUNTS_FROM)
    return {
        (merchant_id, code)
        for merchant_id, code, counted, wrong in rows.values_list("merchant_id", "code", "counted", "wrong")
        if is_below(code=code, counted=counted, wrong=wrong)
    }


def orders_behind(
    *, merchant_id: int, code: str, days: int, at: datetime, before: int | None = None
) -> list[tuple[int, str, str, datetime]]:
    """Return the parcels that went wrong, newest first: (id, number, status, placed at); a page and one more."""
    figure = figures.BY_CODE[code]
    sql = _BEHIND.format(counted=figure.counted, wrong=figure.wrong)
    values = {
        "merchant": merchant_id,
        "at": at,
        "since": at - timedelta(days=days),
        "within": bank.policy().DISPATCHED_WITHIN,
        "before": before,
        "limit": PAGE_SIZE + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def counted_at(*, merchant_id: int) -> datetime | None:
    """Return the moment a merchant's figures are as of."""
    return HealthFigure.objects.filter(merchant_id=merchant_id).aggregate(at=Max("counted_at"))["at"]
