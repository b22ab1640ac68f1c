"""When things of a day are booked, and the one lock of settlement."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.db import connection

SETTLED_AT = time(4, 0, tzinfo=UTC)
MATURED_AT = time(4, 15, tzinfo=UTC)
PAID_OUT_AT = time(4, 30, tzinfo=UTC)
_LOCK = 7_201_640_031


def moment(*, day: date, at: time) -> datetime:
    """Return the instant at which something of ``day`` is booked."""
    return datetime.combine(day, at)


def one_at_a_time() -> None:
    """Wait until no other run of settlement, maturing or payout is going on, and hold the others off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
