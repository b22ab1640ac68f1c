"""A day's reconciliation of one source: both sides collected, matched, and what does not agree made a case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from django.db import connection, transaction
from django.db.models import Q

from payments.models import CaseNote, ReconciliationEntry, ReconciliationMatch, ReconciliationRun
from payments.operations import cases
from payments.reconciliation import matching, words
from payments.reconciliation.sources import Line, Source, get

AT_ONCE = 5_000
# What was written late is read again for so long; its keys keep it from being told twice.
OVERLAP = timedelta(hours=1)


def reconcile(*, source: str, at: datetime) -> list[ReconciliationRun]:
    """Reconcile every day since the last run up to ``at``; one transaction a day, so a death costs one day's work.

    The last day is completed rather than run twice. Returns the days' runs.

    :raises UnknownSource: nothing of that name is reconciled.
    """
    found = get(name=source)
    return [_run(source=found, day=day, at=at) for day in _due(source=source, today=at.date())]


def lock(*, source: str) -> None:
    """Let nobody else change this source's entries until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reconciliation:{source}"])


def keep(*, source: str, lines: Iterable[Line]) -> int:
    """Write lines as entries, each once by its key, in the caller's transaction; return how many were new."""
    told = iter(lines)
    before = ReconciliationEntry.objects.filter(source=source).order_by("-pk").values_list("pk", flat=True).first() or 0
    while chunk := list(islice(told, AT_ONCE)):
        ReconciliationEntry.objects.bulk_create((_row(source, line) for line in chunk), ignore_conflicts=True)
    return ReconciliationEntry.objects.filter(source=source, pk__gt=before).count()


def _due(*, source: str, today: date) -> Iterator[date]:
    last = ReconciliationRun.objects.filter(source=source).order_by("-day").values_list("day", flat=True).first()
    day = last or today
    while day <= today:
        yield day
        day += timedelta(days=1)


def _run(*, source: Source, day: date, at: datetime) -> ReconciliationRun:
    until = min(at, datetime.combine(day + timedelta(days=1), time.min, UTC))
    with transaction.atomic():
        lock(source=source.name)
        run, _ = ReconciliationRun.objects.get_or_create(source=source.name, day=day)
        last = ReconciliationRun.objects.filter(source=source.name, collected_until__isnull=False)
        since = last.order_by("-collected_until").values_list("collected_until", flat=True).first()
        keep(source=source.name, lines=source.lines(since=since - OVERLAP if since else None, until=until))
        run.matched += _match(source=source, at=at)
        _open_cases(source=source, day=day, at=at)
        run.unmatched = open_entries(source=source.name).count()
        run.collected_until = max(until, since or until)
        run.save(update_fields=["matched", "unmatched", "collected_until"])
    return run


def open_entries(*, source: str):
    """Return the entries without a match that nobody has explained by closing their case."""
    return ReconciliationEntry.objects.filter(source=source, match__isnull=True).exclude(case__state="closed")


def plain(rows: Iterable[ReconciliationEntry]) -> list[matching.Entry]:
    """Return entries as the engine takes them."""
    return [matching.Entry(row.pk, row.side, row.reference, row.amount, row.currency, row.day) for row in rows]


def _match(*, source: Source, at: datetime) -> int:
    """Match what is open, also what was explained: the missing entry may come at last. Return how many entries."""
    rows = list(ReconciliationEntry.objects.filter(source=source.name, match__isnull=True, by_hand=False))
    found = matching.match(
        entries=plain(rows),
        days=source.window,
        references_bind=source.references_bind,
        known={reference for _side, reference, _amount, _currency in _matched(rows)},
    )
    made = ReconciliationMatch.objects.bulk_create(
        [ReconciliationMatch(source=source.name, how=one.how, by=cases.MACHINE, at=at) for one in found],
        batch_size=AT_ONCE,
    )
    pairs = [(entry, match.pk) for one, match in zip(found, made, strict=True) for entry in one.ids]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payments_reconciliationentry AS entry SET match_id = pair.match "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS pair(entry, match) WHERE entry.id = pair.entry",
            [[entry for entry, _ in pairs], [match for _, match in pairs]],
        )
    close_answered(entries=[entry for entry, _ in pairs], at=at)
    return len(pairs)


def close_answered(*, entries: Sequence[int], at: datetime) -> None:
    """Close the cases of entries that have a match now, where no other entry of the case is without one."""
    told = ReconciliationEntry.objects.filter(pk__in=entries, case__isnull=False).exclude(case__state="closed")
    numbers = set(told.values_list("case_id", flat=True))
    waiting = ReconciliationEntry.objects.filter(case_id__in=numbers, match__isnull=True)
    numbers -= set(waiting.values_list("case_id", flat=True))
    rows = told.filter(case_id__in=numbers).select_related("case")
    cases.close_settled_cases(
        requests=[cases.CloseCase(kind=row.case.kind, key=row.case.key, reason=words.answered(), at=at) for row in rows]
    )


def _open_cases(*, source: Source, day: date, at: datetime) -> None:
    """Make a case of every finding that has none; one that a person has explained by closing it stays explained."""
    rows = {row.pk: row for row in open_entries(source=source.name).select_related("case").order_by("day", "pk")}
    waits = {matching.MISSING: source.patience, matching.UNKNOWN: source.notice}
    found = [
        finding
        for finding in matching.findings(entries=plain(rows.values()), matched=_matched(rows.values()))
        if rows[finding.ids[0]].day <= day - timedelta(days=waits.get(finding.kind, 0))
    ]
    fresh: list[matching.Finding] = []
    for finding in found:
        if not all(rows[number].case_id is None for number in finding.ids):
            _join(finding=finding, rows=rows, at=at)
        else:
            fresh.append(finding)
    opened = cases.open_cases(
        requests=[
            words.case(source=source.name, finding=one, entries=[rows[number] for number in one.ids], at=at)
            for one in fresh
        ]
    )
    for finding, case in zip(fresh, opened, strict=True):
        for number in finding.ids:
            rows[number].case_id = case.case_id
    changed = [rows[number] for finding in found for number in finding.ids]
    ReconciliationEntry.objects.bulk_update(changed, ["case"], batch_size=AT_ONCE)


def _join(*, finding: matching.Finding, rows: dict[int, ReconciliationEntry], at: datetime) -> None:
    """Tell the case of some of these entries about the others."""
    case = next(rows[number].case for number in finding.ids if rows[number].case_id is not None)
    fresh = [rows[number] for number in finding.ids if rows[number].case_id is None]
    CaseNote.objects.bulk_create(
        CaseNote(case=case, kind="note", by=cases.MACHINE, text=words.also(entry=entry), at=at) for entry in fresh
    )
    for entry in fresh:
        entry.case = case


def _matched(rows: Iterable[ReconciliationEntry]) -> set[tuple[str, str, int, str]]:
    """Return what entries with the references of these, and a match, say: side, reference, amount, currency."""
    references: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.reference:
            references[row.source].add(row.reference)
    alike = Q(pk__in=[])
    for source, names in references.items():
        alike |= Q(source=source, reference__in=names)
    found = ReconciliationEntry.objects.filter(alike, match__isnull=False).exclude(reference="")
    return set(found.values_list("side", "reference", "amount", "currency"))


def _row(source: str, line: Line) -> ReconciliationEntry:
    return ReconciliationEntry(
        source=source,
        side=line.side,
        key=line.key,
        reference=line.reference[:200],
        amount=line.amount,
        currency=line.currency,
        day=line.day,
        text=line.text[:300],
        names=list(line.names),
    )
