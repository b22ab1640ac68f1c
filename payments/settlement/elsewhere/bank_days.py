"""Days on which banks exchange euro payments: Monday to Friday without the clearing's six holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from dateutil.easter import easter
from django.conf import settings


def is_bank_day(day: date) -> bool:
    """Return whether payments are exchanged on ``day``."""
    if day.weekday() >= 5 or (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}:
        return False
    return day - easter(day.year) not in {timedelta(days=-2), timedelta(days=1)}


def next_bank_day(day: date) -> date:
    """Return the first bank day after ``day``."""
    day += timedelta(days=1)
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day


def bank_day(at: datetime) -> date:
    """Return the bank day with whose file an order of this instant leaves."""
    day = at.astimezone(UTC).date()
    return day if is_bank_day(day) and at < cut_off(day) else next_bank_day(day)


def cut_off(day: date) -> datetime:
    """Return the instant after which nothing joins the file of ``day``."""
    return datetime.combine(day, time(settings.RIALTO_POLICY.BANK_CUT_OFF_HOUR, tzinfo=UTC))
