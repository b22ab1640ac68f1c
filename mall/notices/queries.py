"""Notices as their person sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Q

from mall.notices.kinds import KINDS
from mall.notices.models import Notice, Preference
from mall.notices.operations import hours_of, unread_key
from mall.notices.rhythm import Hours

MANY = 99
KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One notice of a list."""

    id: int
    kind: str
    kind_name: str
    title: str
    body: str
    url: str
    at: datetime
    is_read: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Notices, the latest first; `before` leads to the next page, nothing when there is none."""

    notices: tuple[NoticeView, ...]
    before: str
    newest: int | None


def unread(*, user_id: int) -> int:
    """Return how many notices a person has not read, up to one more than are told apart."""
    found = Notice.objects.filter(user_id=user_id, on_site=True, read_at=None).order_by()
    return cache.get_or_set(
        unread_key(user_id=user_id), lambda: len(found.values_list("pk", flat=True)[: MANY + 1]), KEPT_SECONDS
    )


def page(*, user_id: int, before: tuple[datetime, int] | None = None, size: int = 20) -> Page:
    """Return a person's notices that are older than a place in the list, one page of them."""
    found = Notice.objects.filter(user_id=user_id, on_site=True)
    if before is not None:
        at, pk = before
        found = found.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk))
    rows = list(found.order_by("-at", "-pk")[: size + 1])
    shown = rows[:size]
    last = shown[-1] if len(rows) > size else None
    return Page(
        notices=tuple(
            NoticeView(
                row.pk,
                row.kind,
                str(KINDS[row.kind].name),
                row.title,
                row.body,
                row.url,
                row.at,
                row.read_at is not None,
            )
            for row in shown
        ),
        before=f"{last.at.isoformat()}|{last.pk}" if last else "",
        newest=max((row.pk for row in shown), default=None),
    )


def one(*, user_id: int, notice_id: int) -> str | None:
    """Return where one of a person's own notices leads; nothing where there is none."""
    return Notice.objects.filter(pk=notice_id, user_id=user_id, on_site=True).values_list("url", flat=True).first()


def ways(*, user_id: int) -> dict[str, tuple[bool, bool]]:
    """Return by which ways (mail, site) a person is told each kind."""
    chosen = Preference.objects.filter(user_id=user_id).values_list("kind", "mail", "site")
    given = {kind: (mail, site) for kind, mail, site in chosen}
    return {code: given.get(code, (kind.mail, kind.site)) for code, kind in KINDS.items()}


def hours(*, user_id: int) -> Hours:
    """Return when a person wants letters."""
    return hours_of(user_ids=[user_id]).get(user_id, Hours())
