"""The journal as one Parquet file for auditors, with all that ``verify_export.py`` needs to check it."""

import base64
import json
import os
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from payments.audit import book
from payments.audit.book import Bounds

SCRIPT = Path(__file__).with_name("verify_export.py")
FORMAT = 1
WHOLE = Bounds()
ROW_GROUP = 50_000

_MICROSECONDS = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in {
            "journal_id": pa.int64(),
            "recorded_at": _MICROSECONDS,
            "happened_at": _MICROSECONDS,
            "xid": pa.int64(),
            "event": pa.string(),
            "reference": pa.string(),
            "currency": pa.string(),
            "metadata": pa.string(),
            "reverses": pa.int64(),
            "key_hash": pa.string(),
            "input_hash": pa.string(),
            "position": pa.int32(),
            "debit_id": pa.int64(),
            "debit_code": pa.string(),
            "credit_id": pa.int64(),
            "credit_code": pa.string(),
            "amount": pa.int64(),
        }.items()
    ]
)
# The plainest Parquet there is, so that a reader of a hundred lines can read it.
WRITING = {
    "compression": "gzip",
    "compression_level": 6,  # 9 takes eight times as long for one part in a hundred
    "use_dictionary": False,
    "write_statistics": False,
    "data_page_version": "1.0",
    "store_schema": False,
}


class UnableToExport(Exception):
    """The file could not be written; nothing is left of it."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What the file holds; ``head`` is the hash of its newest seal, empty when it has none."""

    journals: int
    transfers: int
    seals: int
    newest_seal: int
    head: str


def export(
    *, path: Path, at: datetime, bounds: Bounds = WHOLE, progress: Callable[[int], None] = lambda transfers: None
) -> Exported:
    """Write what was recorded within ``bounds`` to a new file, read in one snapshot; ``at`` is noted as its making.

    ``progress`` is told how many transfers are written.

    :raises UnableToExport: the bounds are the wrong way round, the file is there or cannot be written, or a journal
        is not whole.
    """
    if bounds.since and bounds.until and bounds.until <= bounds.since:
        raise UnableToExport("The export would end before it begins: give an --until later than --since.")
    with _new_file(path) as file, book.snapshot():
        return _Export(bounds).write(file, at, progress)


@contextmanager
def _new_file(path: Path) -> Iterator[object]:
    """Open a file that appears under its name once it is whole, and never in place of another."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        _refuse_existing(path)
        with draft.open("xb") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                _refuse_existing(path)
                draft.rename(path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as problem:
        why = "its folder is not there" if isinstance(problem, FileNotFoundError) else problem.strerror or str(problem)
        raise UnableToExport(f"{path} cannot be written: {why}.") from problem


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise UnableToExport(f"{path} is there already: name a new file, or move that one away.")


class _Export:
    """One pass over the book, counting what it writes."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.seals = book.seals()
        self.ends = [seal[2] for seal in self.seals]
        self.sealed: Counter[int] = Counter()  # accounts and journals by the number of their seal
        self.totals: Counter[str] = Counter()
        self.used: set[int] = set()
        self.journals = self.transfers = 0
        self.first: int | None = None
        self.last: int | None = None

    def write(self, file: object, at: datetime, progress: Callable[[int], None]) -> Exported:
        """Write rows, then accounts and seals, then the description."""
        with pq.ParquetWriter(file, SCHEMA, **WRITING) as writer:
            waiting: list[pa.RecordBatch] = []
            for rows in book.transfers(self.bounds):
                self._count(rows)
                waiting.append(_batch(rows))
                if sum(batch.num_rows for batch in waiting) >= ROW_GROUP:
                    writer.write_table(pa.Table.from_batches(waiting))
                    waiting = []
                    progress(self.transfers)
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting))
            covering = self._covering()
            from_xid = self.ends[covering.start - 1] if covering.start else 0
            accounts = self._write_accounts(writer, from_xid, self.ends[covering.stop - 1] if covering else 0)
            # Each with how many of its accounts and journals are in the file: a part of them proves nothing.
            seals = [(*self.seals[number], self.sealed[number]) for number in covering]
            for part, start in enumerate(range(0, len(seals), book.ROWS_AT_ONCE)):
                packed = _packed(seals[start : start + book.ROWS_AT_ONCE])
                writer.add_key_value_metadata({f"rialto.seals.{part}": packed})
            newest, head = (seals[-1][0], seals[-1][10]) if seals else (0, "")
            description = {
                "format": FORMAT,
                "made_at": at.isoformat(),
                "since": self.bounds.since and self.bounds.since.isoformat(),
                "until": self.bounds.until and self.bounds.until.isoformat(),
                "journals": self.journals,
                "first_journal": self.first,
                "last_journal": self.last,
                "transfers": self.transfers,
                "totals": dict(sorted(self.totals.items())),
                "accounts": accounts,
                "from_xid": from_xid,
                "seals": len(seals),
                "newest_seal": newest,
                "head": head,
            }
            writer.add_key_value_metadata({"rialto.export": json.dumps(description)})
        return Exported(self.journals, self.transfers, len(seals), newest, head)

    def _count(self, rows: Iterable[tuple]) -> None:
        bounded = bool(self.bounds)
        for row in rows:
            journal_id, currency = row[0], row[6]
            if None in row:
                raise UnableToExport(
                    f"Journal {journal_id} has lost its key, its transfers or an account, or its transfers contradict "
                    "it: see what manage.py ledger verify says."
                )
            if journal_id != self.last:
                self.journals += 1
                self.last = journal_id
                self.first = journal_id if self.first is None else self.first
                self.sealed[bisect_right(self.ends, row[3])] += 1
            self.transfers += 1
            self.totals[currency] += row[16]
            if bounded:
                self.used.update((row[12], row[14]))

    def _write_accounts(self, writer: pq.ParquetWriter, from_xid: int, to_xid: int) -> int:
        written = 0
        used = self.used if self.bounds else None
        for part, rows in enumerate(book.accounts(used=used, from_xid=from_xid, to_xid=to_xid)):
            writer.add_key_value_metadata({f"rialto.accounts.{part}": _packed(rows)})
            written += len(rows)
            for _, xid, *_ in rows:
                if xid >= from_xid:
                    self.sealed[bisect_right(self.ends, xid)] += 1
        return written

    def _covering(self) -> range:
        """Return the numbers of the seals that the file needs: all, or from the first to the last over its rows."""
        if not self.bounds:
            return range(len(self.seals))
        numbers = [number for number in self.sealed if number < len(self.seals)]
        return range(min(numbers), max(numbers) + 1) if numbers else range(0)


def _batch(rows: list[tuple]) -> pa.RecordBatch:
    arrays = []
    for field, column in zip(SCHEMA, zip(*rows, strict=True), strict=True):
        if pa.types.is_timestamp(field.type):
            arrays.append(pa.array(column, pa.int64()).view(field.type))
        else:
            arrays.append(pa.array(column, field.type))
    return pa.record_batch(arrays, schema=SCHEMA)


def _packed(rows: list[tuple]) -> str:
    """Return rows as base64 of compressed JSON; ``verify_export.py`` undoes it."""
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode())).decode()
