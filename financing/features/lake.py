"""The lake: one Parquet file per fact and day, and a DuckDB session bounded in memory that reads them."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from financing.features.schema import FACTS

MEMORY_LIMIT = "512MB"
DAY = 86_400.0
THREADS = 2


# The facts as Ibis knows them, whichever engine holds the rows.
TABLES: Mapping[str, ibis.Table] = {
    fact: ibis.table(ibis.Schema.from_pyarrow(schema), name=fact) for fact, schema in FACTS.items()
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts known before a moment, as Ibis tables; what a feature's expression is given."""

    as_of: datetime
    tables: Mapping[str, ibis.Table] = field(default_factory=lambda: TABLES)

    def known(self, fact: str) -> ibis.Table:
        """Return the rows of `fact` known before `as_of`, with their `age` in days at that moment."""
        table = self.tables[fact]
        known = table.filter(table.known_at < moment(self.as_of))
        return known.mutate(age=self.days_since(known.known_at))

    def days_since(self, value: ibis.Value) -> ibis.Value:
        """Return how many days before `as_of` a moment or a day's midnight lies."""
        if value.type().is_date():
            value = value.cast("timestamp")
        return (ibis.literal(self.as_of.timestamp()) - value.epoch_seconds()) / DAY


def utc(at: datetime) -> datetime:
    """Return an aware moment in UTC.

    :raises ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone: pass an aware moment, like UTC midnight.")
    return at.astimezone(UTC)


def moment(at: datetime) -> ibis.Scalar:
    """Return an aware moment as the lake writes it: naive UTC.

    :raises ValueError: `at` has no time zone.
    """
    return ibis.timestamp(utc(at).replace(tzinfo=None).isoformat(sep=" "))


def root() -> Path:
    """Return the folder of the lake."""
    return Path(settings.RIALTO_LAKE)


def part(*, fact: str, day: date) -> Path:
    """Return the file of one fact and day, there or not."""
    return root() / "facts" / fact / f"day={day.isoformat()}" / "part.parquet"


def write_day(*, fact: str, day: date, rows: pa.Table) -> None:
    """Put the rows of one fact and day in place of what was there, whole or not at all."""
    path = part(fact=fact, day=day)
    if rows.num_rows == 0:
        if path.parent.exists():
            shutil.rmtree(path.parent)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    with draft.open("wb") as file:
        pq.write_table(rows, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def read_day(*, fact: str, day: date) -> pa.Table:
    """Return the rows of one fact and day; none when the day has none."""
    path = part(fact=fact, day=day)
    if not path.exists():
        return FACTS[fact].empty_table()
    return pq.read_table(path, schema=FACTS[fact], partitioning=None)


@contextmanager
def session(*, before: datetime, keep: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the facts of the days up to `before` in a DuckDB of bounded memory, one relation a fact.

    `keep` reads the files once into DuckDB's own (spilling) tables, for a caller who asks at many moments.
    """
    with tempfile.TemporaryDirectory(prefix="rialto-duckdb-") as spill:
        settings_of_it = {
            "memory_limit": MEMORY_LIMIT,
            "threads": THREADS,
            "temp_directory": spill,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with duckdb.connect(":memory:", config=settings_of_it) as connection:
            for fact, schema in FACTS.items():
                _open(connection, fact=fact, schema=schema, before=before, keep=keep)
            yield connection


def _open(connection: duckdb.DuckDBPyConnection, *, fact: str, schema: pa.Schema, before: datetime, keep: bool) -> None:
    last = f"day={before.astimezone(UTC).date().isoformat()}"
    folder = root() / "facts" / fact
    files = sorted(str(path) for path in folder.glob("day=*/part.parquet") if path.parent.name <= last)
    if not files:
        connection.from_arrow(schema.empty_table()).create(fact)
    elif keep:
        connection.read_parquet(files, hive_partitioning=False).create(fact)
    else:
        connection.read_parquet(files, hive_partitioning=False).create_view(fact)
