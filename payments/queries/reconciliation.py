"""Reconciliation as operations reads it: how each source stands, day by day, and what has no match yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from payments.models import ReconciliationEntry, ReconciliationMatch, ReconciliationRun

DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a source stands: its last run, and how many entries have no match (``cases`` of them in a case)."""

    source: str
    day: date | None
    until: datetime | None
    unmatched: int
    unmatched_ours: int
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """Entries of a day: with a match, explained by a person, and open."""

    day: date
    matched: int
    explained: int
    open: int


def standing(*, source: str) -> Standing:
    """Return how a source stands."""
    run = ReconciliationRun.objects.filter(source=source).order_by("-day").first()
    counts = open_entries(source=source).aggregate(
        entries=Count("pk"), ours=Count("pk", filter=Q(side="ours")), cases=Count("case", distinct=True)
    )
    return Standing(
        source=source,
        day=run.day if run else None,
        until=run.collected_until if run else None,
        unmatched=counts["entries"],
        unmatched_ours=counts["ours"],
        cases=counts["cases"],
    )


def days(*, source: str, last: date) -> list[DayCount]:
    """Return the last days with entries counted by what became of them, each day once, also an empty one."""
    first = last - timedelta(days=DAYS - 1)
    rows = ReconciliationEntry.objects.filter(source=source, day__gte=first, day__lte=last).values("day")
    explained = Q(match__isnull=True, case__state="closed")
    found = {
        row["day"]: row
        for row in rows.annotate(
            total=Count("pk"), with_match=Count("match"), said=Count("pk", filter=explained)
        ).order_by()
    }
    nothing = {"total": 0, "with_match": 0, "said": 0}
    counted = [(day, found.get(day, nothing)) for day in (first + timedelta(days=number) for number in range(DAYS))]
    return [
        DayCount(
            day=day,
            matched=row["with_match"],
            explained=row["said"],
            open=row["total"] - row["with_match"] - row["said"],
        )
        for day, row in counted
    ]


def run_days(*, source: str) -> list[DayCount]:
    """Return what the last runs of a source without entries counted, day by day."""
    found = ReconciliationRun.objects.filter(source=source).order_by("-day")[:DAYS]
    return [DayCount(day=run.day, matched=run.matched, explained=0, open=run.unmatched) for run in reversed(found)]


def newest_day(*, source: str) -> date | None:
    """Return the day of the newest entry."""
    found = ReconciliationEntry.objects.filter(source=source).order_by("-day").values_list("day", flat=True)
    return found.first()


def open_entries(*, source: str) -> QuerySet:
    """Return the entries without a match that nobody has explained, the oldest first."""
    found = ReconciliationEntry.objects.filter(source=source, match__isnull=True).exclude(case__state="closed")
    return found.order_by("day", "pk")


def latest_matches(*, source: str, limit: int = 20) -> list[tuple[ReconciliationMatch, list[ReconciliationEntry]]]:
    """Return the newest matches that stand, each with its entries."""
    rows = ReconciliationMatch.objects.filter(source=source, undone_at__isnull=True).order_by("-pk")[:limit]
    rows = list(rows.prefetch_related("entries"))
    return [(row, sorted(row.entries.all(), key=lambda entry: (entry.side, entry.pk))) for row in rows]


def candidates(*, entries: list[ReconciliationEntry]) -> QuerySet:
    """Return the open entries among which the likely matches of these are: of their amounts or references."""
    if not entries:
        return ReconciliationEntry.objects.none()
    alike = Q(amount__in={entry.amount for entry in entries})
    alike |= Q(reference__in={entry.reference for entry in entries if entry.reference})
    sources = {entry.source for entry in entries}
    return ReconciliationEntry.objects.filter(alike, source__in=sources, match__isnull=True).order_by(F("day"), "pk")
