"""Whether a remote provider may be asked for a new promise: a circuit breaker, fed by the calls that were made.

Payments under way stay with their provider and are swept, whatever this says.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext

from payments import methods
from payments.models import ProviderHealth

# So many calls in a row without an answer, and a provider counts as down; one new payment may try again after a while.
FAILURES = 3
PAUSE = timedelta(seconds=60)


def may_call(*, method: str, at: datetime) -> bool:
    """Return whether a new payment may ask the provider; while it is down, one may in each pause, and only one."""
    row = ProviderHealth.objects.filter(method=method, down_since__isnull=False).first()
    if row is None:
        return True
    # Whoever moves the time of the next probe is the one who makes this one.
    mine = ProviderHealth.objects.filter(method=method, probe_at=row.probe_at, probe_at__lte=at)
    return bool(mine.update(probe_at=at + PAUSE))


def note(*, method: str, answered: bool, at: datetime) -> None:
    """Count a call that was made: an answer ends a row of failures, silence makes it longer."""
    if answered:
        ProviderHealth.objects.filter(method=method, failures__gt=0).update(failures=0, down_since=None, probe_at=None)
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payments_providerhealth AS health (method, failures) VALUES (%(method)s, 1)
            ON CONFLICT (method) DO UPDATE SET
                failures = health.failures + 1,
                down_since = CASE WHEN health.failures + 1 >= %(most)s THEN coalesce(health.down_since, %(at)s) END,
                probe_at = CASE WHEN health.failures + 1 >= %(most)s
                                THEN greatest(health.probe_at, %(at)s + %(pause)s) END
            """,
            {"method": method, "most": FAILURES, "at": at, "pause": PAUSE},
        )


def sentence(*, method: str) -> str:
    """Return what a payer is told whose way of paying does not answer now."""
    label = str(methods.get(code=method).label)
    return gettext("%(method)s does not answer at the moment: please choose another way to pay.") % {"method": label}
