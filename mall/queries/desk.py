"""What waits at a store's desk: returns and messages, and how quickly it answers; one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import ngettext

ANSWERS_COUNT_FOR = timedelta(days=90)

_DESK = """
SELECT r.answer, r.way, r.bank, r.next_due, t.unread, t.waiting, a.answers, a.median
FROM (
    SELECT count(*) FILTER (WHERE state = 'asked') AS answer,
        count(*) FILTER (WHERE state IN ('accepted', 'sent')) AS way,
        count(*) FILTER (WHERE state IN ('escalated', 'proposed')) AS bank,
        min(due_at) FILTER (WHERE state = 'asked') AS next_due
    FROM returns_return
    WHERE merchant_id = %(merchant)s AND state IN ('asked', 'accepted', 'sent', 'escalated', 'proposed')
) r, (
    SELECT coalesce(sum(store_unread), 0) AS unread, count(*) FILTER (WHERE waiting_since IS NOT NULL) AS waiting
    FROM conversations_thread
    WHERE merchant_id = %(merchant)s AND (store_unread > 0 OR waiting_since IS NOT NULL)
) t, (
    SELECT count(*) AS answers, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
    FROM conversations_answer
    WHERE merchant_id = %(merchant)s AND answered_at > %(since)s AND answered_at <= %(at)s
) a
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Returns to answer, on their way and with the bank; messages not read; buyers who wait; answers in seconds."""

    answer: int
    way: int
    bank: int
    next_due: datetime | None
    unread: int
    waiting: int
    answers: int
    median: int | None

    @property
    def answer_time(self) -> str:
        """Return the usual wait for an answer in words: minutes, hours or days, never less than one; or nothing."""
        if self.median is None:
            return ""
        if self.median < 3_600:
            n = max(1, round(self.median / 60))
            return ngettext("%(n)s minute", "%(n)s minutes", n) % {"n": n}
        if self.median < 48 * 3_600:
            n = round(self.median / 3_600)
            return ngettext("%(n)s hour", "%(n)s hours", n) % {"n": n}
        n = round(self.median / 86_400)
        return ngettext("%(n)s day", "%(n)s days", n) % {"n": n}


def desk(*, merchant_id: int, at: datetime) -> Desk:
    """Return what waits at a store's desk as of `at`; answers count for 90 days."""
    with connection.cursor() as cursor:
        cursor.execute(_DESK, {"merchant": merchant_id, "since": at - ANSWERS_COUNT_FOR, "at": at})
        answer, way, bank, next_due, unread, waiting, answers, median = cursor.fetchone()
    return Desk(
        answer=answer,
        way=way,
        bank=bank,
        next_due=next_due,
        unread=int(unread),
        waiting=waiting,
        answers=answers,
        median=None if median is None else round(median),
    )
