"""What may be done to the book. Each call is one database round trip inside the caller's transaction."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from django.db import connection

from payments.ledger import errors
from payments.ledger import journal as says
from payments.ledger.journal import AccountSpec, Journal, Posted, Transfer
from payments.ledger.seals import seal, write_closings
from payments.ledger.verification import verify

__all__ = [
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
            results += _post_batch([(item, None) for item in batch])
            batch, keys = [], set()
        batch.append(journal)
        keys.add(journal.key)
    return results + _post_batch([(item, None) for item in batch])


def reverse(*, journal_id: int, key: str, reason: str, at: datetime) -> Posted:
    """Post the mirror image of a journal, naming it and the reason.

    :raises UnknownJournal: there is no such journal.
    :raises AlreadyReversed: it was reversed before, under another key.
    :raises LedgerError: the mirror image was refused, like any journal.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT j.reference, j.currency, array_agg(ARRAY[credit.code, debit.code, t.amount::text]
                   ORDER BY t.position)
               FROM ledger_journal j JOIN ledger_transfer t ON t.journal_id = j.id AND t.recorded_at = j.recorded_at
               JOIN ledger_account debit ON debit.id = t.debit_id
               JOIN ledger_account credit ON credit.id = t.credit_id
               WHERE j.id = %s GROUP BY j.reference, j.currency""",
            [journal_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise errors.UnknownJournal(f"There is no journal {journal_id} to reverse.")
    reference, currency, transfers = row
    mirror = Journal(
        key=key,
        event="reversal",
        reference=reference,
        happened_at=at,
        currency=currency,
        transfers=tuple(Transfer(debit, credit, int(amount)) for debit, credit, amount in transfers),
        metadata={"reverses": journal_id, "reason": reason},
    )
    [result] = _post_batch([(mirror, journal_id)])
    if isinstance(result, errors.LedgerError):
        raise result
    return result


def open_account(*, spec: AccountSpec, at: datetime) -> None:
    """Open one account; see ``open_accounts``."""
    open_accounts(specs=[spec], at=at)


def open_accounts(*, specs: Iterable[AccountSpec], at: datetime) -> None:
    """Open accounts; one that is there with the same definition is left as it is.

    :raises AccountExists: one is there with another definition; then none was opened.
    """
    by_code: dict[str, AccountSpec] = {}
    for spec in specs:
        if by_code.setdefault(spec.code, spec) != spec:
            raise errors.AccountExists(spec.code)
    if not by_code:
        return
    rows = by_code.values()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_open(%s, %s, %s, %s, %s::bigint[], %s::boolean[], %s, %s)",
            [
                _array(spec.code for spec in rows),
                _array(spec.account_class for spec in rows),
                _array(spec.currency for spec in rows),
                _array(spec.normal_side for spec in rows),
                _array(spec.floor for spec in rows),
                _array(spec.hot for spec in rows),
                _array(spec.owner for spec in rows),
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
    wanted = list(dict.fromkeys(codes))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_hold(%s)", [_array(wanted)])
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


def _post_batch(batch: Sequence[tuple[Journal, int | None]]) -> list[Posted | errors.LedgerError]:
    """Post journals of distinct keys, each perhaps reversing another, with one statement."""
    results: list[Posted | errors.LedgerError | None] = [None] * len(batch)
    sound = []
    for index, (journal, _) in enumerate(batch):
        try:
            says.check(journal)
        except errors.LedgerError as refusal:
            results[index] = refusal
        else:
            sound.append(index)
    if sound:
        with connection.cursor() as cursor:
            cursor.execute(_POST, _post_parameters([batch[index] for index in sound]))
            for ordinal, outcome, journal_id, account, available, needed in cursor.fetchall():
                index = sound[ordinal - 1]
                key = batch[index][0].key
                if outcome in ("posted", "replayed"):
                    results[index] = Posted(journal_id, key, outcome == "replayed")
                else:
                    results[index] = _refusal(outcome, key, account, available, needed)
    return results


_POST = """SELECT * FROM ledger_post(%s::bytea[], %s::bytea[], %s::text[], %s::text[], %s::timestamptz[],
    %s::text[], %s::text[], %s::bigint[], %s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::bigint[])"""


def _post_parameters(batch: Sequence[tuple[Journal, int | None]]) -> list[str]:
    codes: dict[str, int] = {}
    transfers = []
    for ordinal, (journal, _) in enumerate(batch, 1):
        for position, transfer in enumerate(journal.transfers, 1):
            debit = codes.setdefault(transfer.debit, len(codes) + 1)
            credit = codes.setdefault(transfer.credit, len(codes) + 1)
            transfers.append((ordinal, position, debit, credit, transfer.amount))
    return [
        _array("\\x" + sha256(journal.key.encode()).hexdigest() for journal, _ in batch),
        _array("\\x" + says.content_hash(journal, reverses).hex() for journal, reverses in batch),
        _array(journal.event for journal, _ in batch),
        _array(journal.reference for journal, _ in batch),
        _array(journal.happened_at.isoformat() for journal, _ in batch),
        _array(journal.currency for journal, _ in batch),
        _array(json.dumps(journal.metadata) for journal, _ in batch),
        _array(reverses for _, reverses in batch),
        _array(codes),
        *(_array(column) for column in zip(*transfers, strict=True)),
    ]


def _array(values: Iterable[object]) -> str:
    """Return a PostgreSQL array literal: one parameter whatever its length."""
    parts = []
    for value in values:
        if value is None:
            parts.append("NULL")
        elif isinstance(value, str):
            parts.append('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
        else:
            parts.append(str(value))
    return "{" + ",".join(parts) + "}"


def _refusal(
    outcome: str, key: str, account: str | None, available: int | None, needed: int | None
) -> errors.LedgerError:
    match outcome:
        case "insufficient_funds":
            return errors.InsufficientFunds(account, available, needed)
        case "unknown_account":
            return errors.UnknownAccount(account)
        case "account_closed":
            return errors.AccountClosed(account)
        case "currency_mismatch":
            return errors.CurrencyMismatch(account)
        case "key_reused":
            return errors.KeyReused(f"The key {key} was used before for a journal that says something else.")
        case "already_reversed":
            return errors.AlreadyReversed(f"What {key} would reverse has been reversed before.")
    raise RuntimeError(f"The database answered {outcome!r} for {key}.")
