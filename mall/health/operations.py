"""Counting every merchant's health, set-based, and warning those who fell below a threshold."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from mall import bank, events
from mall.health import figures, queries
from mall.health.models import HealthFigure, HealthWarning
from mall.merchants.models import Merchant

KEPT_DAYS = 400
_COUNT = """
INSERT INTO health_healthfigure (merchant_id, day, days, code, counted, wrong, counted_at)
SELECT c.merchant_id, %(day)s, %(days)s, %(code)s, count(*), count(*) FILTER (WHERE {wrong}), %(at)s
FROM fulfilment_consignment c WHERE {counted} GROUP BY c.merchant_id
ON CONFLICT (merchant_id, day, days, code) DO UPDATE SET
    counted = excluded.counted, wrong = excluded.wrong, counted_at = excluded.counted_at
"""
_RATE = """
INSERT INTO health_healthfigure (merchant_id, day, days, code, counted, wrong, counted_at)
SELECT merchant_id, %(day)s, %(days)s, 'rating', count(*), sum(score), %(at)s
FROM fulfilment_merchantreview WHERE at > %(since)s AND at <= %(at)s GROUP BY merchant_id
ON CONFLICT (merchant_id, day, days, code) DO UPDATE SET
    counted = excluded.counted, wrong = excluded.wrong, counted_at = excluded.counted_at
"""


def count(*, at: datetime) -> None:
    """Count every figure as of `at`, in one statement a figure and window; again on the same day is counted anew."""
    policy = bank.policy()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('mall.health', 0))")
        # Who has nothing to count any more has no row of today either.
        HealthFigure.objects.filter(day=at.date()).delete()
        for days in figures.WINDOWS:
            values = {
                "day": at.date(),
                "days": days,
                "at": at,
                "since": at - timedelta(days=days),
                "within": policy.DISPATCHED_WITHIN,
                "answered_within": policy.ANSWERED_WITHIN,
            }
            for figure in figures.SHARES:
                sql = _COUNT.format(counted=figure.counted, wrong=figure.wrong)
                cursor.execute(sql, values | {"code": figure.code})
            cursor.execute(_RATE, values)
            cursor.execute(figures.ANSWERS_SQL, values)
        HealthFigure.objects.filter(day__lt=at.date() - timedelta(days=KEPT_DAYS)).delete()


def warn(*, at: datetime) -> int:
    """Warn the merchants below a threshold, end the warnings of those above, open cases; return how many are below."""
    below = queries.below(day=at.date())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('mall.health', 0))")
        standing = {
            (row.merchant_id, row.code): row
            for row in HealthWarning.objects.filter(ended_at__isnull=True).select_for_update(no_key=True)
        }
        over = [row.pk for key, row in standing.items() if key not in below]
        HealthWarning.objects.filter(pk__in=over).update(ended_at=at)
        fresh = [
            HealthWarning(merchant_id=merchant_id, code=code, began_at=at)
            for merchant_id, code in sorted(below - set(standing))
        ]
        HealthWarning.objects.bulk_create(fresh)
        bank.publish(
            happened=[
                events.HealthWarned(key=f"health:{row.pk}", at=at, merchant_id=row.merchant_id, code=row.code)
                for row in fresh
            ]
        )
        grace = bank.policy().HEALTH_CASE_AFTER
        due = [
            row for key, row in standing.items() if key in below and row.case_at is None and row.began_at + grace <= at
        ]
        _open_cases(due=due, at=at)
    return len(below)


def _open_cases(*, due: list[HealthWarning], at: datetime) -> None:
    names = dict(Merchant.objects.filter(pk__in=[row.merchant_id for row in due]).values_list("pk", "name"))
    bank.operations.open_cases(
        requests=[
            bank.operations.OpenCase(
                kind="merchant health",
                key=f"{row.merchant_id}:{row.code}:{row.pk}",
                subject=_("%(store)s: %(figure)s is below the threshold")
                % {"store": names[row.merchant_id], "figure": queries.name_of(code=row.code)},
                at=at,
                names=(f"merchant:{row.merchant_id}",),
                text=_("It was warned on %s and is still below. Look at its orders, and decide whether it may go on.")
                % row.began_at.date().isoformat(),
            )
            for row in due
        ]
    )
    HealthWarning.objects.filter(pk__in=[row.pk for row in due]).update(case_at=at)
