"""Which ways of paying are out of order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from payments import methods
from payments.models import ProviderHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A provider that does not answer; at ``probe_at`` one new payment may try it again."""

    method: str
    label: str
    since: datetime
    probe_at: datetime
    failures: int


def outages() -> list[Outage]:
    """Return the remote methods that are down, in the order shoppers see them."""
    rows = {row.method: row for row in ProviderHealth.objects.filter(down_since__isnull=False)}
    return [
        Outage(
            method=method.code,
            label=str(method.label),
            since=row.down_since,
            probe_at=row.probe_at,
            failures=row.failures,
        )
        for method in methods.connected()
        if (row := rows.get(method.code)) is not None
    ]


def closed(*, at: datetime) -> dict[str, str]:
    """Return the methods new payments are not offered at ``at``, with their labels: down, and no probe is due."""
    return {outage.method: outage.label for outage in outages() if outage.probe_at > at}
