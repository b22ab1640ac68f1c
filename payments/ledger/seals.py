"""Tamper evidence: a chain of hashes over the book, its head kept outside the database too; and closings."""

import fcntl
import hmac
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from payments.ledger import errors
from payments.ledger.journal import Journal, Transfer, content_hash, microseconds

BATCH = 20_000
_SEALER = 0x5EA1


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account's definition as it stands in the book."""

    id: int
    xid: int
    code: str
    account_class: str
    currency: str
    normal_side: str
    floor: int | None
    hot: bool
    owner: str
    opened_at: datetime

    def leaf(self) -> bytes:
        """Return the hash of the definition."""
        said = [
            *(self.id, self.xid, self.code, self.account_class, self.currency, self.normal_side),
            *(self.floor, self.hot, self.owner, microseconds(self.opened_at)),
        ]
        return sha256(json.dumps(said, ensure_ascii=False).encode()).digest()


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A journal as it stands in the book; a transfer is debit id, credit id, amount, position, currency kept."""

    id: int
    recorded_at: datetime
    xid: int
    event: str
    reference: str
    happened_at: datetime
    currency: str
    metadata: str
    key_hash: bytes | None
    input_hash: bytes | None
    reverses: int | None
    transfers: Sequence[tuple[int, int, int, int, int]]

    def content(self, codes: dict[int, str]) -> bytes:
        """Return the hash of what the rows say now; it equals ``input_hash`` while nobody touched them."""
        said = Journal(
            key="",
            event=self.event,
            reference=self.reference,
            happened_at=self.happened_at,
            currency=self.currency,
            transfers=tuple(
                Transfer(codes.get(debit, "?"), codes.get(credit, "?"), amount)
                for debit, credit, amount, *_ in self.transfers
            ),
            metadata=json.loads(self.metadata),
        )
        return content_hash(said, self.reverses)

    def leaf(self, content: bytes) -> bytes:
        """Return the hash of the journal's place in the book, its key and its content."""
        place = f"{self.id}|{microseconds(self.recorded_at)}|{self.xid}|".encode()
        return sha256(place + bytes(self.key_hash or b"") + content).digest()


@dataclass(frozen=True, slots=True)
class SealRow:
    """A seal: what it covers ends before transaction ``to_xid``; see ``tables.sql``."""

    sequence: int
    sealed_at: datetime
    to_xid: int
    next_xid: int
    last_id: int
    settled_id: int
    leaves: bytes
    previous: bytes
    hash: bytes

    def expected(self, accounts: bytes, journals: bytes) -> bytes:
        """Return the hash it must have, given the digests of its accounts' and its journals' leaves."""
        head = f"{self.sequence}|{microseconds(self.sealed_at)}|{self.to_xid}|{self.next_xid}|"
        place = f"{head}{self.last_id}|{self.settled_id}|".encode()
        return sha256(place + self.previous + accounts + journals + sha256(self.leaves).digest()).digest()


def seal() -> int:
    """Seal what can no longer change and is not sealed yet; return how many seals were written.

    One sealer works at a time; another returns 0 at once. The heads are written to the seal file on commit.

    :raises LedgerError: the database's transaction counter is behind its seals, after a restore from a dump.
    """
    written = 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEALER])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT last_id, oldest_xid, next_xid, read_at FROM ledger_horizon()")
        last_id, oldest_xid, next_xid, read_at = cursor.fetchone()
        last = next(seal_rows("ORDER BY sequence DESC LIMIT 1"), None)
        if last and next_xid < last.next_xid:
            raise errors.LedgerError(
                "The database's transaction counter is behind its newest seal, as after a restore from a dump: "
                f"stop it and run pg_resetwal --next-transaction-id={last.next_xid % 2**32 + 1000}."
            )
        while last is None or last.to_xid < oldest_xid:
            following = _next_seal(last, last_id, oldest_xid, next_xid, read_at)
            if following is None:
                break
            cursor.execute(
                "INSERT INTO ledger_seal VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [getattr(following, name) for name in SealRow.__slots__],
            )
            last = following
            written += 1
        if last:
            transaction.on_commit(write_heads)  # also what a crash kept an earlier call from writing
    return written


def write_closings(*, at: datetime, minimum: int = 100) -> int:
    """Write closings of the accounts that moved, for what happened up to ``at``; return how many.

    Only sealed journals count. Journals dated back before earlier closings add new rows for those.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEALER])
        cursor.execute("SELECT ledger_write_closings(%s, %s) FROM (SELECT FROM ledger_seal LIMIT 1)", [at, minimum])
        row = cursor.fetchone()
    return row[0] if row else 0


def _next_seal(last: SealRow | None, last_id: int, oldest_xid: int, next_xid: int, read_at: datetime) -> SealRow | None:
    """Return the seal over the next unsealed accounts and journals, a batch at most; None when there are none."""
    from_xid, settled_id = (last.to_xid, last.settled_id) if last else (0, 0)
    unsealed = [settled_id, from_xid, oldest_xid]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), max(xid) FROM (
                   SELECT xid FROM ledger_journal WHERE id > %s AND xid >= %s AND xid < %s ORDER BY xid LIMIT %s
               ) AS oldest""",
            [*unsealed, BATCH],
        )
        count, newest = cursor.fetchone()
        to_xid = newest + 1 if count == BATCH else oldest_xid
        unsealed[2] = to_xid
        cursor.execute(
            "SELECT max(last_id) FROM ledger_seal WHERE next_xid <= %s AND last_id > %s", [to_xid, settled_id]
        )
        settled_id = max(settled_id, cursor.fetchone()[0] or 0, last_id if next_xid <= to_xid else 0)
    accounts = list(account_rows("WHERE id > %s AND xid >= %s AND xid < %s", unsealed))
    if not accounts and not count:
        return None
    codes = account_codes()
    leaves = [(row.id, row.leaf()) for row in accounts]
    split = len(leaves)
    leaves += [
        (row.id, row.leaf(row.content(codes)))
        for row in journal_rows("WHERE j.id > %s AND j.xid >= %s AND j.xid < %s ORDER BY j.id", unsealed)
    ]
    following = SealRow(
        sequence=last.sequence + 1 if last else 1,
        sealed_at=read_at,
        to_xid=to_xid,
        next_xid=next_xid,
        last_id=last_id,
        settled_id=settled_id,
        leaves=b"".join(mark(row_id, leaf) for row_id, leaf in leaves),
        previous=last.hash if last else bytes(32),
        hash=b"",
    )
    digests = [sha256(b"".join(leaf for _, leaf in part)).digest() for part in (leaves[:split], leaves[split:])]
    values = {name: getattr(following, name) for name in SealRow.__slots__}
    return SealRow(**values | {"hash": following.expected(*digests)})


def mark(row_id: int, leaf: bytes) -> bytes:
    """Return the 16 bytes by which a seal remembers a row."""
    return row_id.to_bytes(8, "big") + leaf[:8]


def account_codes() -> dict[int, str]:
    """Return every account's code by id."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code FROM ledger_account")
        return dict(cursor.fetchall())


def account_rows(tail: str = "", parameters: Sequence[object] = ()) -> Iterator[AccountRow]:
    """Yield accounts in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id, xid, code, account_class, currency, normal_side, floor, hot, owner, opened_at
                FROM ledger_account {tail} ORDER BY id""",  # noqa: S608
            parameters,
        )
        yield from (AccountRow(*row) for row in cursor.fetchall())


def journal_rows(tail: str, parameters: Sequence[object]) -> Iterator[JournalRow]:
    """Yield journals with their keys and transfers."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT j.id, j.recorded_at, j.xid, j.event, j.reference, j.happened_at, j.currency, j.metadata,
                    k.hash, k.input_hash, k.reverses, t.moved
                FROM ledger_journal j LEFT JOIN ledger_key k ON k.journal_id = j.id
                LEFT JOIN LATERAL (
                    SELECT array_agg(ARRAY[debit_id, credit_id, amount, position,
                        (happened_at = j.happened_at AND currency = j.currency)::int] ORDER BY position) AS moved
                    FROM ledger_transfer WHERE journal_id = j.id AND recorded_at = j.recorded_at
                ) AS t ON true {tail}""",  # noqa: S608
            parameters,
        )
        for *row, transfers in cursor.fetchall():
            yield JournalRow(*row, transfers=transfers or ())


def seal_rows(tail: str, parameters: Sequence[object] = ()) -> Iterator[SealRow]:
    """Yield seals."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ledger_seal {tail}", parameters)  # noqa: S608
        for row in cursor.fetchall():
            yield SealRow(*(bytes(value) if isinstance(value, memoryview) else value for value in row))


def seal_file() -> Path:
    """Return where the heads of this book's seals are written, outside the database."""
    if chosen := getattr(settings, "RIALTO_SEAL_FILE", None):
        return Path(chosen)
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname, oid FROM pg_database WHERE datname = current_database()")
        name, oid = cursor.fetchone()
    return Path(settings.RIALTO_HOME) / "seals" / f"{name}-{oid}.log"


def signature(sequence: int, head: str) -> str:
    """Return the keyed hash of a line of the seal file; whoever lacks the secret key cannot make one."""
    key = sha256(b"rialto.ledger.seals" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, f"{sequence} {head}".encode(), sha256).hexdigest()


def read_heads(path: Path) -> list[list[str]]:
    """Return the seal file's lines as sequence, hash and signature; none when there is no file."""
    if not path.exists():
        return []
    return [line.split() for line in path.read_text(encoding="ascii", errors="replace").splitlines()]


def write_heads() -> None:
    """Append to the seal file the signed heads of the seals that it lacks."""
    path = seal_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(max(0, path.stat().st_size - 1000))
        lines = file.read().splitlines()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT sequence, encode(hash, 'hex') FROM ledger_seal WHERE sequence > %s ORDER BY sequence",
                [int(lines[-1].split()[0]) if lines else 0],
            )
            file.writelines(f"{sequence} {head} {signature(sequence, head)}\n" for sequence, head in cursor.fetchall())
        file.flush()
        os.fsync(file.fileno())
