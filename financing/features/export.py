"""Export the facts from the books into the lake, each day once and whole."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from financing.features import lake
from financing.features.models import ExportedDay
from financing.features.schema import FACTS

Rows = pa.Table | Sequence[tuple[object, ...]]
Source = Callable[..., Mapping[str, Rows]]

# So many days are read from the books at a time: bounds memory, and what a crash leaves to do again.
DAYS_AT_A_TIME = 31
WRITERS = 8
_LOCK = 0x52_69_61_6C_74_6F  # one exporter at a time, whichever process


class UnableToExport(Exception):
    """The facts could not be exported; nothing of the day at hand counts as exported."""


class ExportUnderWay(UnableToExport):
    """Another process is exporting."""


class WrongRows(UnableToExport):
    """A source returned rows that are not the fact's."""


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What one call added to the lake."""

    days: int
    rows: int


def export_facts(
    *, until: date, again_from: date | None = None, progress: Callable[[date], None] | None = None
) -> ExportReport:
    """Export every day before `until` that is not in the lake yet; a day counts once its files are in place.

    A call that was cut short leaves whole days and nothing of the day it was writing; the next one goes on there.
    Rows that reach the books later with an older moment (a replay of past years) need `again_from`: days from it on
    are written anew, in place of what was there, so that each fact is in the lake once.

    :raises ExportUnderWay: another process exports at this moment.
    :raises WrongRows: a source broke the schema of a fact.
    """
    with _alone():
        if again_from is not None:
            ExportedDay.objects.filter(day__gte=again_from, day__lt=until).delete()
        missing = _missing(until=until)
        days = rows = 0
        for since, end in _chunks(missing):
            wanted = [day for day in missing if since <= day < end]
            counts = _write(since=since, until=end, days=wanted)
            days += len(wanted)
            rows += counts
            if progress:
                progress(wanted[-1])
        return ExportReport(days=days, rows=rows)


def first_day() -> date | None:
    """Return the first day of which the books have a fact; nothing when they have none."""
    found = [day for source in _sources() if (day := _beginning(source)) is not None]
    return min(found, default=None)


def _sources() -> list[Source]:
    configured = settings.RIALTO_FACT_SOURCES
    paths = configured.values() if isinstance(configured, Mapping) else configured
    return [import_string(path) for path in dict.fromkeys(paths)]


def _beginning(source: Source) -> date | None:
    """Ask the module of a source for its first moment; every source has a `first_known_at` beside it."""
    first = import_string(f"{source.__module__}.first_known_at")()
    return first.astimezone(UTC).date() if first else None


def _missing(*, until: date) -> list[date]:
    begin = first_day()
    if begin is None:
        return []
    done = set(ExportedDay.objects.filter(day__gte=begin, day__lt=until).values_list("day", flat=True))
    every = (begin + timedelta(days=count) for count in range((until - begin).days))
    return [day for day in every if day not in done]


def _chunks(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield half-open spans of at most DAYS_AT_A_TIME that cover the days, not the gaps between them."""
    start = 0
    for index in range(1, len(days) + 1):
        full = index < len(days) and (days[index] - days[start]).days < DAYS_AT_A_TIME
        if not (full and days[index] == days[index - 1] + timedelta(days=1)):
            yield days[start], days[index - 1] + timedelta(days=1)
            start = index


def _write(*, since: date, until: date, days: Sequence[date]) -> int:
    begin, end = _midnight(since), _midnight(until)
    # One snapshot for all sources: an order and its consignments leave the books together or not at all.
    with transaction.atomic():
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = [source(since=begin, until=end) for source in _sources()]
    tables = _by_fact(found)
    files = [(fact, day, _of_day(table, day)) for day in days for fact, table in tables.items()]
    # Each file waits for the disk; together they wait once.
    with ThreadPoolExecutor(WRITERS) as writers:
        for _ in writers.map(lambda file: lake.write_day(fact=file[0], day=file[1], rows=file[2]), files):
            pass
    counts: dict[date, dict[str, int]] = defaultdict(dict)
    for fact, day, rows in files:
        counts[day][fact] = rows.num_rows
    ExportedDay.objects.bulk_create([ExportedDay(day=day, rows=counts[day]) for day in days])
    return sum(rows.num_rows for _, _, rows in files)


def _by_fact(found: Iterable[Mapping[str, Rows]]) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {fact: [] for fact in FACTS}
    for rows_of_facts in found:
        for fact, rows in rows_of_facts.items():
            if fact not in FACTS:
                raise WrongRows(f"There is no fact named {fact!r}: the facts are {', '.join(FACTS)}.")
            parts[fact].append(_table(fact, rows))
    merged = {fact: pa.concat_tables([FACTS[fact].empty_table(), *tables]) for fact, tables in parts.items()}
    return {fact: table.sort_by([(name, "ascending") for name in _order(fact)]) for fact, table in merged.items()}


def _order(fact: str) -> list[str]:
    """Sort by the moment, then by every column: the same books give the same bytes."""
    names = FACTS[fact].names
    return ["known_at", *(name for name in names if name != "known_at")]


def _table(fact: str, rows: Rows) -> pa.Table:
    schema = FACTS[fact]
    if isinstance(rows, pa.Table):
        complete = set(schema.names) <= set(rows.column_names)
        columns = [rows.column(name) for name in schema.names] if complete else None
    else:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    if columns is None or len(columns) != len(schema):
        raise WrongRows(f"The source of {fact} must return the columns {', '.join(schema.names)}.")
    try:
        arrays = [_array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
        return pa.table(arrays, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as problem:
        raise WrongRows(f"The source of {fact} returned a value that does not fit: {problem}") from problem


def _array(column: object, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(column, pa.Array | pa.ChunkedArray):
        return column.cast(kind)
    if pa.types.is_timestamp(kind):
        column = [value.astimezone(UTC).replace(tzinfo=None) if value else None for value in column]  # type: ignore[union-attr]
    return pa.array(column, type=kind)


def _of_day(table: pa.Table, day: date) -> pa.Table:
    start = datetime.combine(day, time())
    known = table.column("known_at")
    return table.filter(
        pc.and_(
            pc.greater_equal(known, pa.scalar(start, pa.timestamp("us"))),
            pc.less(known, pa.scalar(start + timedelta(days=1), pa.timestamp("us"))),
        )
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the exporter's lock of the database for the length of a `with`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise ExportUnderWay("Another process is exporting facts: wait until it has finished.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def fingerprint(*, day: date) -> str:
    """Return a digest over all facts of a day in the lake, for comparing two exports."""
    digest = hashlib.sha256()
    for fact in FACTS:
        digest.update(fact.encode())
        digest.update(repr(lake.read_day(fact=fact, day=day).to_pylist()).encode())
    return digest.hexdigest()
