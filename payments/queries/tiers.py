"""Which tier somebody has on a day, and the changes that led there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from payments.models import TierChange

LATEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChangeView:
    """A change as operations read it."""

    change_id: int
    kind: str
    subject: str
    tier: str
    before: str
    begins_on: date
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str


class TierHistory:
    """The agreed changes of some subjects, read at once."""

    def __init__(self, *, kind: str, subjects: Iterable[str]) -> None:
        rows = TierChange.objects.filter(kind=kind, subject__in=set(subjects), state="agreed")
        self._changes: dict[str, list[tuple[date, str]]] = {}
        for subject, begins_on, tier in rows.order_by("begins_on", "pk").values_list("subject", "begins_on", "tier"):
            self._changes.setdefault(subject, []).append((begins_on, tier))

    def on(self, *, subject: str, day: date) -> str:
        """Return the tier that counts on ``day``, empty where none was ever agreed to."""
        return next((tier for begins_on, tier in reversed(self._changes.get(subject, [])) if begins_on <= day), "")


def tier_changes(*, day: date) -> tuple[list[TierChangeView], list[TierChangeView]]:
    """Return the changes that wait for a decision, the oldest first, and the latest decided ones.

    ``before`` is the tier that counts on ``day``, for those that wait.
    """
    waiting = list(TierChange.objects.filter(state="proposed").order_by("proposed_at", "pk"))
    histories = {
        kind: TierHistory(kind=kind, subjects=[row.subject for row in waiting if row.kind == kind])
        for kind in TierChange.KINDS
    }
    decided = TierChange.objects.exclude(state="proposed").order_by("-decided_at", "-pk")[:LATEST]
    return (
        [_view(row, before=histories[row.kind].on(subject=row.subject, day=day)) for row in waiting],
        [_view(row) for row in decided],
    )


def _view(row: TierChange, *, before: str = "") -> TierChangeView:
    return TierChangeView(
        change_id=row.pk,
        kind=row.kind,
        subject=row.subject,
        tier=row.tier,
        before=before,
        begins_on=row.begins_on,
        reason=row.reason,
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )
