"""Sending the letters of notices: each is claimed by one worker, and sent again only when that worker died with it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection
from django.db.models import F

from mall import mail
from mall.notices.kinds import ALERTS, MARKETING
from mall.notices.models import DROPPED, DUE, SENT, Notice
from mall.notices.operations import consenting, hours_of

logger = logging.getLogger(__name__)

AT_ONCE = 200
# A worker that died with letters in hand loses its claim after this time; their Message-ID stays the same.
CLAIMED_FOR = timedelta(minutes=15)
# What comes later than this is no news; so an imported history writes to nobody.
NEWS_FOR = timedelta(days=3)
MOST_TRIES = 8
FIRST_PAUSE = timedelta(minutes=2)

_CLAIM = """
UPDATE notices_notice SET mail = 'sending', mail_claimed_at = %(at)s WHERE id IN (
    SELECT id FROM notices_notice
    WHERE mail IN ('due', 'sending') AND mail_due_at <= %(at)s
        AND (mail = 'due' OR mail_claimed_at < %(lost)s)
    ORDER BY mail_due_at, id LIMIT %(count)s FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def send_due(*, at: datetime) -> int:
    """Send what is due, a batch after the other; return how many were told by letter. Several may run at once."""
    told = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"at": at, "lost": at - CLAIMED_FOR, "count": AT_ONCE})
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return told
        told += _send(ids=ids, at=at)


def _send(*, ids: Sequence[int], at: datetime) -> int:
    claimed = list(Notice.objects.filter(pk__in=ids).select_related("user").order_by("user_id", "at", "pk"))
    allowed = consenting(user_ids={row.user_id for row in claimed if row.kind == MARKETING})
    stale = [
        row.pk
        for row in claimed
        if row.at < at - NEWS_FOR
        or not row.user.is_active
        or not row.user.email
        or (row.kind == MARKETING and row.user_id not in allowed)
    ]
    Notice.objects.filter(pk__in=stale).update(mail=DROPPED)
    told = 0
    for letter in _letters(rows=[row for row in claimed if row.pk not in set(stale)]):
        told += _send_one(rows=letter, at=at)
    return told


def _letters(*, rows: Sequence[Notice]) -> list[list[Notice]]:
    """Return the notices of each letter: one each, but a person's alerts together where he collects them."""
    collecting = {
        user_id for user_id, hours in hours_of(user_ids={row.user_id for row in rows}).items() if hours.digest
    }
    letters: list[list[Notice]] = []
    for user_id, own in groupby(rows, key=lambda row: row.user_id):
        mine = list(own)
        together = [row for row in mine if row.kind == ALERTS and user_id in collecting]
        letters += [together] if together else []
        letters += [[row] for row in mine if row not in together]
    return letters


def _send_one(*, rows: list[Notice], at: datetime) -> int:
    ids = [row.pk for row in rows]
    user = rows[0].user
    lines = [mail.NoticeLine(title=row.title, body=row.body, url=row.url) for row in rows]
    try:
        mail.send_notice(
            email=user.email, name=user.first_name, user_id=user.pk, kind=rows[0].kind, number=min(ids), lines=lines
        )
    except OSError:
        logger.warning("The letter of notice %s was not taken; it goes again later.", min(ids))
        pause = FIRST_PAUSE * 2 ** rows[0].mail_tries
        mine = Notice.objects.filter(pk__in=ids)
        mine.filter(mail_tries__gte=MOST_TRIES - 1).update(mail=DROPPED, mail_tries=F("mail_tries") + 1)
        mine.exclude(mail=DROPPED).update(mail=DUE, mail_due_at=at + pause, mail_tries=F("mail_tries") + 1)
        return 0
    Notice.objects.filter(pk__in=ids).update(mail=SENT)
    return len(ids)
