"""The ledger's tables as an auditor is shown them, read in one snapshot and in parts of bounded size."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

JOURNALS_AT_ONCE = 20_000
ROWS_AT_ONCE = 20_000
_LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """When journals were recorded: from ``since`` up to, not including, ``until``; without either, the whole book."""

    since: datetime | None = None
    until: datetime | None = None

    def __bool__(self) -> bool:
        return self.since is not None or self.until is not None


# What is missing or differs between a journal, its key and its transfers comes out as NULL.
_TRANSFERS = """
SELECT coalesce(j.id, k.journal_id) AS id, ledger_micros(j.recorded_at), ledger_micros(j.happened_at), j.xid, j.event,
    j.reference, j.currency, j.metadata::text, CASE WHEN k.hash IS NOT NULL THEN coalesce(k.reverses, 0) END,
    k.hash::text, k.input_hash::text, t.position, t.debit_id, (SELECT code FROM ledger_account WHERE id = t.debit_id),
    t.credit_id, (SELECT code FROM ledger_account WHERE id = t.credit_id),
    CASE WHEN (t.recorded_at, t.happened_at, t.currency, t.xid) = (j.recorded_at, j.happened_at, j.currency, j.xid)
        THEN t.amount END
FROM (SELECT * FROM ledger_all_journal WHERE id > %(after)s AND id <= %(last)s
    AND recorded_at >= %(since)s AND recorded_at < %(until)s) AS j
FULL JOIN (SELECT * FROM ledger_key WHERE journal_id > %(after)s AND journal_id <= %(last)s
    AND (%(whole)s OR NOT EXISTS (SELECT FROM ledger_all_journal WHERE id = journal_id
        AND (recorded_at < %(since)s OR recorded_at >= %(until)s)))) AS k ON k.journal_id = j.id
LEFT JOIN (SELECT * FROM ledger_all_transfer WHERE journal_id > %(after)s AND journal_id <= %(last)s) AS t
    ON t.journal_id = j.id
ORDER BY id, t.position
"""


@contextmanager
def snapshot() -> Iterator[None]:
    """Read the book as it stands at one moment, whatever is posted meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Every row is wanted, so the parts are sorted and merged, also while the statistics are young.
        cursor.execute(
            "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off; "
            "SET LOCAL cursor_tuple_fraction = 1"
        )
        yield


def transfers(bounds: Bounds) -> Iterator[list[tuple]]:
    """Yield the rows of the file (see ``export.SCHEMA``) by journal and position, so many at a time."""
    whole = not bounds
    span = {
        "since": bounds.since or "-infinity",
        "until": bounds.until or "infinity",
        "whole": whole,
        "after": -_LAST_ID,
    }
    while span["after"] < _LAST_ID:
        [[last, number]] = _rows(
            """SELECT max(id), count(*) FROM (SELECT id FROM ledger_all_journal WHERE id > %(after)s
               AND recorded_at >= %(since)s AND recorded_at < %(until)s ORDER BY id LIMIT %(journals)s) AS following""",
            span | {"journals": JOURNALS_AT_ONCE},
        )
        if whole and number < JOURNALS_AT_ONCE:
            last = _LAST_ID  # also a key whose journal is gone
        elif last is None:
            return
        yield from _parts(_TRANSFERS, span | {"last": last})
        span["after"] = last


def seals() -> list[tuple]:
    """Return every seal: what its hash is made of, and how many accounts and journals it covers."""
    return _rows(
        """SELECT sequence, ledger_micros(sealed_at), to_xid, next_xid, last_id, settled_id, high_id,
           length(leaves) / 16, encode(sha256(leaves), 'hex'), encode(previous, 'hex'), encode(hash, 'hex')
           FROM ledger_seal ORDER BY sequence"""
    )


def accounts(*, used: set[int] | None, from_xid: int = 0, to_xid: int = 0) -> Iterator[list[tuple]]:
    """Yield definitions by id: all of them, or those ``used`` and those opened by the transactions between."""
    chosen = "" if used is None else "WHERE id = ANY (%s) OR (xid >= %s AND xid < %s)"
    yield from _parts(
        f"""SELECT id, xid, code, owner, account_class, currency, normal_side, floor, hot, ledger_micros(opened_at)
            FROM ledger_account {chosen} ORDER BY id""",  # noqa: S608
        [] if used is None else [sorted(used), from_xid, to_xid],
    )


def _rows(query: str, parameters: dict | list | None = None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def _parts(query: str, parameters: dict | list) -> Iterator[list[tuple]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
