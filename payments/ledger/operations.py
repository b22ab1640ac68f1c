"""What may be done to the book. Each call is one database round trip inside the caller's transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from django.db import connection

from payments.ledger import errors, queries
from payments.ledger import journal as says
from payments.ledger.journal import AccountSpec, Journal, Posted, Transfer
from payments.ledger.seals import seal, write_closings
from payments.ledger.verification import verify

__all__ = [
    "archive",
    "close_account",
    "ensure_partitions",
    "lock",
    "open_account",
    "open_accounts",
    "post",
    "post_many",
    "reverse",
    "seal",
    "verify",
    "write_closings",
]


def post(*, journal: Journal) -> Posted:
    """Post one journal, or return what its key had posted before.

    :raises LedgerError: it was refused (see ``errors``): nothing moved and the key stays free.
    """
    [result] = post_many(journals=[journal])
    if isinstance(result, errors.LedgerError):
        raise result
    return result


def post_many(*, journals: Sequence[Journal]) -> list[Posted | errors.LedgerError]:
    """Post journals in order and return one result each; a refused one does not harm the others.

    Later journals see the effect of the earlier ones. A batch is one statement; a key that comes twice starts
    another, so that the second sees what became of the first.
    """
    results: list[Posted | errors.LedgerError] = []
    batch: list[Journal] = []
    keys: set[str] = set()
    for journal in journals:
        if journal.key in keys:
            results += _post_batch(batch)
            batch, keys = [], set()
        batch.append(journal)
        keys.add(journal.key)
    return results + _post_batch(batch)


def reverse(*, journal_id: int, key: str, reason: str, at: datetime) -> Posted:
    """Post the mirror image of a journal, naming it and the reason.

    :raises UnknownJournal: there is no such journal.
    :raises AlreadyReversed: it was reversed before, under another key.
    :raises LedgerError: the mirror image was refused, like any journal.
    """
    wrong = queries.journal(journal_id=journal_id)
    mirror = Journal(
        key=key,
        event="reversal",
        reference=wrong.reference,
        happened_at=at,
        currency=wrong.currency,
        transfers=tuple(Transfer(moved.credit, moved.debit, moved.amount) for moved in wrong.transfers),
        metadata={"reverses": journal_id, "reason": reason},
    )
    [result] = _post_batch([mirror], reverses=journal_id)
    if isinstance(result, errors.LedgerError):
        raise result
    return result


def open_account(*, spec: AccountSpec, at: datetime) -> None:
    """Open one account; see ``open_accounts``."""
    open_accounts(specs=[spec], at=at)


def open_accounts(*, specs: Iterable[AccountSpec], at: datetime) -> None:
    """Open accounts; one that is there with the same definition is left as it is.

    :raises InvalidAccount: a definition is incomplete or contradicts itself; then none was opened.
    :raises AccountExists: one is there with another definition; then none was opened.
    """
    by_code: dict[str, AccountSpec] = {}
    for spec in specs:
        says.check_account(spec)
        if by_code.setdefault(spec.code, spec) != spec:
            raise errors.AccountExists(spec.code)
    if not by_code:
        return
    rows = by_code.values()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_open(%s, %s, %s, %s, %s::bigint[], %s::boolean[], %s, %s)",
            [
                [spec.code for spec in rows],
                [spec.account_class for spec in rows],
                [spec.currency for spec in rows],
                [spec.normal_side for spec in rows],
                [spec.floor for spec in rows],
                [spec.hot for spec in rows],
                [spec.owner for spec in rows],
                at,
            ],
        )
        [clashes] = cursor.fetchone()
    if clashes:
        raise errors.AccountExists(clashes[0])


def close_account(*, code: str, at: datetime) -> None:
    """Close an account at zero; closing it again changes nothing.

    :raises UnknownAccount: there is no such account.
    :raises AccountNotEmpty: its balance is not zero.
    """
    says.check_codes([code])
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_close(%s, %s)", [code, at])
        [outcome] = cursor.fetchone()
    if outcome == "unknown_account":
        raise errors.UnknownAccount(code)
    if outcome == "account_not_empty":
        raise errors.AccountNotEmpty(code)


def lock(*, codes: Iterable[str]) -> dict[str, int]:
    """Return balances in minor units on the normal side, and hold them until the transaction ends.

    :raises UnknownAccount: one of the accounts is not there.
    :raises AccountNotHeld: one of them is hot.
    :raises LedgerError: no transaction is open, so nothing would be held.
    """
    if not connection.in_atomic_block:
        raise errors.LedgerError("Balances are held by a transaction: call lock inside transaction.atomic().")
    wanted = list(codes)
    says.check_codes(wanted)
    wanted = sorted(set(wanted))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_hold(%s)", [_texts(wanted)])
        held = {code: (hot, balance) for code, hot, balance in cursor.fetchall()}
    for code in wanted:
        if code not in held:
            raise errors.UnknownAccount(code)
        if held[code][0]:
            raise errors.AccountNotHeld(code)
    return {code: held[code][1] for code in wanted}


def ensure_partitions(*, months_ahead: int = 2) -> int:
    """Make the tables of this month and the next ones; return how many were made."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_ensure_partitions(%s)", [months_ahead])
        return cursor.fetchone()[0]


def archive(*, month: date) -> None:
    """Put away a month, by when it was recorded: never written again, still read and verified.

    :raises UnableToArchive: it is not over, not sealed, not there, or was put away before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_archive(%s)", [month])
        [outcome] = cursor.fetchone()
    if outcome != "archived":
        raise errors.UnableToArchive(f"{month:%Y-%m}", outcome)


_POST = """SELECT posted, refused FROM ledger_post(%s::uuid[], %s::text[], %s::text[], %s::timestamptz[], %s::text[],
    %s::jsonb[], %s::bigint, %s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::bigint[])"""


def _post_batch(batch: Sequence[Journal], reverses: int | None = None) -> list[Posted | errors.LedgerError]:
    """Post journals of distinct keys with one statement; one alone may reverse another."""
    refusals = says.check(batch)
    sound = [journal for index, journal in enumerate(batch) if index not in refusals] if refusals else batch
    if not sound:
        return [refusals[index] for index in range(len(batch))]
    with connection.cursor() as cursor:
        cursor.execute(_POST, _parameters(sound, reverses))
        ids, refused = cursor.fetchone()
    results: list[Posted | errors.LedgerError] = [
        Posted(abs(journal_id), journal.key, journal_id < 0) for journal, journal_id in zip(sound, ids, strict=True)
    ]
    for why in json.loads(refused or "[]"):
        index = why["journal"] - 1
        results[index] = errors.refusal(key=sound[index].key, **why)
    for index in sorted(refusals):
        results.insert(index, refusals[index])
    return results


def _parameters(batch: Sequence[Journal], reverses: int | None) -> list[object]:
    codes = sorted({code for journal in batch for moved in journal.transfers for code in (moved.debit, moved.credit)})
    ordinals = {code: n for n, code in enumerate(codes, 1)}
    times: dict[datetime, str] = {}
    transfers = [
        (ordinal, position, ordinals[moved.debit], ordinals[moved.credit], moved.amount)
        for ordinal, journal in enumerate(batch, 1)
        for position, moved in enumerate(journal.transfers, 1)
    ]
    for journal in batch:
        if journal.happened_at not in times:
            times[journal.happened_at] = journal.happened_at.astimezone(UTC).isoformat()
    return [
        _texts([says.key_hash(journal.key) for journal in batch]),
        _texts([journal.event for journal in batch]),
        _texts([journal.reference for journal in batch]),
        _texts([times[journal.happened_at] for journal in batch]),
        _texts([journal.currency for journal in batch]),
        _texts([json.dumps(journal.metadata) for journal in batch] if any(said.metadata for said in batch) else []),
        reverses,
        _texts(codes),
        *("{" + ",".join(map(str, column)) + "}" for column in zip(*transfers, strict=True)),
    ]


def _texts(values: Sequence[str]) -> str:
    """Return a PostgreSQL array literal: one parameter whatever its length."""
    joined = "\x1f".join(values)
    if '"' not in joined and "\\" not in joined and joined.count("\x1f") == len(values) - 1:
        return '{"' + joined.replace("\x1f", '","') + '"}'
    return "{" + ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values) + "}"
