"""Journals as they stand in the book, their keys and their seals."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.ledger import errors
from payments.ledger.fetching import rows
from payments.ledger.journal import Transfer, check_journal_id, key_hash, storable


@dataclass(frozen=True, slots=True)
class BookJournal:
    """A journal as it stands in the book.

    ``key_hash`` is the first half of the SHA-256 of its key, ``seal`` the sequence of the seal that covers it.
    """

    journal_id: int
    recorded_at: datetime
    event: str
    reference: str
    happened_at: datetime
    currency: str
    transfers: tuple[Transfer, ...]
    metadata: dict[str, Any]
    reverses: int | None
    reversed_by: int | None
    key_hash: str
    seal: int | None


@dataclass(frozen=True, slots=True)
class SealState:
    """The newest seal, and how many journals no seal covers yet."""

    sequence: int
    sealed_at: datetime
    hash: str
    unsealed: int


def posted(*, keys: Iterable[str]) -> set[str]:
    """Return those of ``keys`` under which a journal was posted."""
    by_hash = {key_hash(key): key for key in keys}
    found = rows("SELECT hash::text FROM ledger_key WHERE hash = ANY (%s::uuid[])", [list(by_hash)])
    return {by_hash[hashed.replace("-", "")] for (hashed,) in found}


def journal(*, journal_id: int) -> BookJournal:
    """Return one journal.

    :raises UnknownJournal: there is no such journal.
    """
    check_journal_id(journal_id)
    found = _journals("j.id = %s", journal_id)
    if not found:
        raise errors.UnknownJournal(f"There is no journal {journal_id}.")
    return found[0]


def journals_for(*, reference: str, limit: int | None = None) -> list[BookJournal]:
    """Return the journals of one order, payment, loan… in the order they were posted, the first ``limit``."""
    if not storable(reference):
        return []
    # OFFSET 0: found by reference first, never by going through all journals in their order until enough are found.
    return _journals(
        """j.id IN (SELECT id FROM (SELECT id FROM ledger_all_journal WHERE reference = %s OFFSET 0) AS its
           ORDER BY id LIMIT %s)""",
        reference,
        limit,
    )


def find_key(*, key: str) -> int | None:
    """Return the journal that an idempotency key has posted."""
    found = rows("SELECT journal_id FROM ledger_key WHERE hash = %s::uuid", [key_hash(key)])
    return found[0][0] if found else None


def seal_state() -> SealState | None:
    """Return the newest seal and how many journals it does not cover, or nothing before the first seal."""
    found = rows(
        """SELECT sequence, sealed_at, encode(hash, 'hex'), (SELECT count(*) FROM ledger_all_journal j
               WHERE j.id > newest.settled_id AND j.xid >= newest.to_xid)
           FROM ledger_seal AS newest ORDER BY sequence DESC LIMIT 1"""
    )
    return SealState(*found[0]) if found else None


def _journals(condition: str, *values: int | str | None) -> list[BookJournal]:
    found = rows(
        f"""SELECT j.id, j.recorded_at, j.event, j.reference, j.happened_at, j.currency, j.metadata::text,
               array_agg(ARRAY[debit.code, credit.code, t.amount::text] ORDER BY t.position),
               k.reverses, (SELECT journal_id FROM ledger_key WHERE reverses = j.id),
               replace(k.hash::text, '-', ''),
               (SELECT sequence FROM ledger_seal WHERE to_xid > j.xid ORDER BY sequence LIMIT 1)
            FROM ledger_all_journal j
            JOIN ledger_key k ON k.journal_id = j.id
            JOIN ledger_all_transfer t ON t.journal_id = j.id AND t.recorded_at = j.recorded_at
            JOIN ledger_account debit ON debit.id = t.debit_id
            JOIN ledger_account credit ON credit.id = t.credit_id
            WHERE {condition}
            GROUP BY j.id, j.recorded_at, j.event, j.reference, j.happened_at, j.currency, j.metadata, j.xid,
                k.reverses, k.hash
            ORDER BY j.id""",  # noqa: S608
        values,
    )
    return [
        BookJournal(
            *row,
            tuple(Transfer(debit, credit, int(amount)) for debit, credit, amount in transfers),
            json.loads(metadata),
            *standing,
        )
        for *row, metadata, transfers, reverses, reversed_by, key_hash, seal in found
        for standing in [(reverses, reversed_by, key_hash, seal)]
    ]
