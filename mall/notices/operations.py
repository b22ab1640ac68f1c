"""Telling people something: once for ever by its key, by the ways they chose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import uuid4

from django.core.cache import cache
from django.db import connection, transaction

from mall import bank, events
from mall.customer.models import MARKETING as MARKETING_CONSENT
from mall.customer.models import Consent
from mall.notices import rhythm
from mall.notices.kinds import KINDS, MARKETING
from mall.notices.models import DUE, NONE, Notice, Preference, Rhythm
from mall.notices.rhythm import Hours

KEY_LENGTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """Something to tell a person. ``key`` names it once for ever; ``url`` is a path of this site, or empty."""

    user_id: int
    kind: str
    key: str
    title: str
    at: datetime
    body: str = ""
    url: str = ""


class UnableToSetHours(Exception):
    """The hours stay as they are."""


def notify(*, user_id: int, kind: str, key: str, title: str, at: datetime, body: str = "", url: str = "") -> bool:
    """Tell one person something, in the caller's transaction; telling it again under the same key does nothing.

    :param kind: `orders`, `messages`, `alerts`, `reviews` or `marketing`; the last goes to who consents alone.
    :param title: one plain sentence in the person's language; it is also the letter's subject.
    :param url: where it leads, as a path of this site.
    :returns: whether it is new.
    :raises ValueError: the kind is unknown, the address is not of this site, or the key is no key.
    """
    notice = NewNotice(user_id=user_id, kind=kind, key=key, title=title, at=at, body=body, url=url)
    return notify_many(notices=[notice]) == 1


def notify_many(*, notices: Sequence[NewNotice]) -> int:
    """Tell many people something, in the caller's transaction and a few statements; return how many notices are new.

    :raises ValueError: a kind is unknown, an address is not of this site, or a key is no key.
    """
    for notice in notices:
        if notice.kind not in KINDS:
            raise ValueError(f"{notice.kind!r} is no kind of notice: use one of {', '.join(KINDS)}.")
        if notice.url and (not notice.url.startswith("/") or notice.url.startswith("//")):
            raise ValueError(f"{notice.url!r} is no path of this site.")
        if not notice.key or len(notice.key) > KEY_LENGTH:
            raise ValueError(f"The key {notice.key!r} is empty or longer than {KEY_LENGTH} characters.")
    if not notices:
        return 0
    ways = _ways(notices=notices)
    hours = hours_of(user_ids={notice.user_id for notice in notices})
    told = [notice for notice in notices if any(ways[notice.user_id, notice.kind])]
    with transaction.atomic():
        fresh = _write(notices=told, ways=ways, hours=hours)
        if any(mailed for _user_id, mailed in fresh):
            bank.publish(happened=[events.NoticesMade(key=uuid4().hex, at=max(notice.at for notice in told))])
        people = {user_id for user_id, _mailed in fresh}
        transaction.on_commit(lambda: forget_unread(user_ids=people))
    return len(fresh)


def _ways(*, notices: Sequence[NewNotice]) -> dict[tuple[int, str], tuple[bool, bool]]:
    """Return by which ways (mail, site) each person is told each kind."""
    pairs = {(notice.user_id, notice.kind) for notice in notices}
    ways = {(user_id, kind): (KINDS[kind].mail, KINDS[kind].site) for user_id, kind in pairs}
    chosen = Preference.objects.filter(user_id__in={user_id for user_id, _kind in pairs})
    for user_id, kind, mail, site in chosen.values_list("user_id", "kind", "mail", "site"):
        if (user_id, kind) in ways:
            ways[user_id, kind] = (mail, site or KINDS[kind].always_here)
    asked = {user_id for user_id, kind in pairs if kind == MARKETING}
    for user_id in asked - consenting(user_ids=asked):
        ways[user_id, MARKETING] = (False, False)
    return ways


def consenting(*, user_ids: Collection[int]) -> set[int]:
    """Return who of these allows offers and news now."""
    if not user_ids:
        return set()
    names = {bank.shopper(user_id=user_id): user_id for user_id in user_ids}
    found = Consent.objects.filter(subject__in=names, purpose=MARKETING_CONSENT, withdrawn_at=None)
    return {names[subject] for subject in found.values_list("subject", flat=True)}


def hours_of(*, user_ids: Collection[int]) -> dict[int, Hours]:
    """Return the rhythm of each of these people who chose one."""
    fields = ("digest", "digest_hour", "quiet_from", "quiet_until", "zone")
    found = Rhythm.objects.filter(user_id__in=user_ids).values_list("user_id", *fields)
    return {row[0]: Hours(**dict(zip(fields, row[1:], strict=True))) for row in found}


def _write(
    *, notices: Sequence[NewNotice], ways: Mapping[tuple[int, str], tuple[bool, bool]], hours: Mapping[int, Hours]
) -> list[tuple[int, bool]]:
    """Write notices that are not there yet; return (user, whether a letter goes) of each."""
    if not notices:
        return []
    mailed = [ways[notice.user_id, notice.kind][0] for notice in notices]
    due = [
        rhythm.due(kind=notice.kind, at=notice.at, hours=hours.get(notice.user_id)) if mail else None
        for notice, mail in zip(notices, mailed, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notices_notice (user_id, kind, key, title, body, url, at, on_site, mail, mail_due_at)
            SELECT * FROM unnest(
                %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
                %s::boolean[], %s::text[], %s::timestamptz[]
            ) ORDER BY 1, 3
            ON CONFLICT DO NOTHING RETURNING user_id, mail = 'due'
            """,
            [
                [notice.user_id for notice in notices],
                [notice.kind for notice in notices],
                [notice.key for notice in notices],
                [_line(notice.title)[:200] for notice in notices],
                [notice.body.strip()[:2000] for notice in notices],
                [notice.url[:500] for notice in notices],
                [notice.at for notice in notices],
                [ways[notice.user_id, notice.kind][1] for notice in notices],
                [DUE if mail else NONE for mail in mailed],
                due,
            ],
        )
        return cursor.fetchall()


def _line(text: str) -> str:
    """Return a text as one line: it becomes a letter's subject."""
    return " ".join(text.split())


def mark_read(*, user_id: int, at: datetime, notice_id: int | None = None, through: int | None = None) -> int:
    """Mark a person's notices as read: one of them, or all up to one; return how many were not read before."""
    found = Notice.objects.filter(user_id=user_id, read_at=None, on_site=True)
    if notice_id is not None:
        found = found.filter(pk=notice_id)
    if through is not None:
        found = found.filter(pk__lte=through)
    count = found.update(read_at=at)
    transaction.on_commit(lambda: forget_unread(user_ids=[user_id]))
    return count


def choose_ways(*, user_id: int, ways: Mapping[str, tuple[bool, bool]]) -> None:
    """Note by which ways (mail, site) a person wants kinds of notices; what is not named stays as it is."""
    rows = [
        Preference(user_id=user_id, kind=kind, mail=mail, site=site or KINDS[kind].always_here)
        for kind, (mail, site) in sorted(ways.items())
    ]
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["mail", "site"]
    )


def stop_mail(*, user_id: int, kind: str) -> None:
    """Send a person no more letters of a kind; notices on the site go on as they were."""
    Preference.objects.bulk_create(
        [Preference(user_id=user_id, kind=kind, mail=False, site=KINDS[kind].site)],
        update_conflicts=True,
        unique_fields=["user", "kind"],
        update_fields=["mail"],
    )


def choose_hours(*, user_id: int, hours: Hours) -> None:
    """Note when a person wants letters; letters that wait already keep their time.

    :raises UnableToSetHours: an hour or the clock does not exist, or quiet hours have no end or no length.
    """
    given = [hours.digest_hour, *(hour for hour in (hours.quiet_from, hours.quiet_until) if hour is not None)]
    if hours.zone not in rhythm.ZONES or not all(0 <= hour <= 23 for hour in given):
        raise UnableToSetHours("An hour is a whole number from 0 to 23, on a clock from the list.")
    if (hours.quiet_from is None) != (hours.quiet_until is None):
        raise UnableToSetHours("Quiet hours need a beginning and an end: choose both, or neither.")
    if hours.quiet_from is not None and hours.quiet_from == hours.quiet_until:
        raise UnableToSetHours("Quiet hours begin and end at different hours: choose another end.")
    Rhythm.objects.update_or_create(user_id=user_id, defaults=asdict(hours))


def forget_unread(*, user_ids: Collection[int]) -> None:
    """Make the next page of each person count anew."""
    if user_ids:
        cache.delete_many([unread_key(user_id=user_id) for user_id in user_ids])


def unread_key(*, user_id: int) -> str:
    """Return where a person's count is kept."""
    return f"notices-unread:{user_id}"


def forget_old(*, at: datetime, at_most: int = 10_000) -> int:
    """Delete notices that are older than the bank keeps them; return how many."""
    old = Notice.objects.filter(at__lt=at - bank.policy().NOTICES_KEPT_FOR).order_by("at").values("pk")[:at_most]
    return Notice.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
