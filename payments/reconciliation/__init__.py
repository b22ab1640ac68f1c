"""What others say of our money, compared with the book every day; what differs is a case of operations."""

from __future__ import annotations

from datetime import datetime

from payments.reconciliation import consignments, runs, sources
from payments.reconciliation.by_hand import UnableToMatch, match_by_hand, unmatch
from payments.reconciliation.statements import Taken, take_statements


def reconcile_all(*, at: datetime) -> int:
    """Reconcile every source and the consignments up to ``at``; return how many days were run."""
    days = sum(len(runs.reconcile(source=name, at=at)) for name in sources.sources())
    consignments.reconcile_consignments(at=at)
    return days + 1


__all__ = ["Taken", "UnableToMatch", "match_by_hand", "reconcile_all", "take_statements", "unmatch"]
