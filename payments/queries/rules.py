"""Versions of the rules of risk: the one that waits for a decision, and all that were decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.models import RiskPolicy

MOST = 30


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it was proposed and decided."""

    number: int
    state: str
    body: dict[str, Any]
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str


def proposed_version() -> Version | None:
    """Return the version that waits for a second person, if there is one."""
    row = RiskPolicy.objects.filter(state="proposed").first()
    return _version(row) if row else None


def decided_versions() -> list[Version]:
    """Return the newest versions that were decided about, the newest first."""
    return [_version(row) for row in RiskPolicy.objects.exclude(state="proposed").order_by("-pk")[:MOST]]


def _version(row: RiskPolicy) -> Version:
    return Version(
        number=row.pk,
        state=row.state,
        body=row.body,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )
