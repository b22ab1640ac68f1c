"""Tamper evidence: a chain of hashes over the book, its head kept outside the database too; and closings."""

import fcntl
import hmac
import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from payments.ledger import errors

BATCH = 20_000


def seal() -> int:
    """Seal what can no longer change and is not sealed yet; return how many seals were written.

    One sealer works at a time; another returns 0 at once. The heads are written to the seal file on commit.

    :raises LedgerError: the database's transaction counter is behind its seals, after a restore from a dump.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_seal(%s)", [BATCH])
        [written] = cursor.fetchone()
        if written < 0:
            raise errors.LedgerError(
                "The database's transaction counter is behind its newest seal, as after a restore from a dump: "
                f"stop it and run pg_resetwal --next-transaction-id={-written}."
            )
        transaction.on_commit(write_heads)  # also what a crash kept an earlier call from writing
    return written


def write_closings(*, at: datetime | None, minimum: int = 100) -> int:
    """Write closings of the accounts that moved, for what happened up to ``at``; return how many.

    Only sealed journals count. Journals dated back before earlier closings add new rows for those. Without ``at`` the
    closings there are, and hot accounts', are only brought up to the newest seal.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ledger_seal', 0))")
        cursor.execute("SELECT ledger_write_closings(%s, %s)", [at, minimum])
        return cursor.fetchone()[0]


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


def read_heads() -> list[list[str]]:
    """Return the seal file's lines as sequence, hash and signature; none when there is no file."""
    path = seal_file()
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
