"""What callers say to the ledger: pure types, and the canonical text whose hash proves what was said."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from payments.ledger import errors

MAX_AMOUNT = 10**15  # keeps the 64-bit sums of an account far from their end
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One debit and one credit of ``amount`` minor units, by account code."""

    debit: str
    credit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Journal:
    """One event's transfers, all of them or none, in one currency.

    ``key`` is the caller's idempotency key; ``happened_at`` is part of what the key stands for, so a retry
    repeats it. ``metadata`` holds text, whole numbers, booleans, lists and mappings.
    """

    key: str
    event: str
    reference: str
    happened_at: datetime
    currency: str
    transfers: tuple[Transfer, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Posted:
    """A journal that stands in the book; ``replayed`` when the key had posted it before."""

    journal_id: int
    key: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """An account's definition, which never changes.

    ``floor`` is in minor units on the normal side: 0 may not go below zero, -5000 is an overdraft of 50.00,
    None has no floor. A ``hot`` account has no floor and never makes two postings wait for each other.
    """

    code: str
    account_class: Literal["asset", "liability", "equity", "income", "expense"]
    currency: str
    normal_side: Literal["debit", "credit"]
    floor: int | None = None
    hot: bool = False
    owner: str = ""


def microseconds(moment: datetime) -> int:
    """Return ``moment`` as whole microseconds since 1970 in UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def content_hash(journal: Journal, reverses: int | None = None) -> bytes:
    """Return the SHA-256 of all that ``journal`` says, except its key."""
    said = [
        journal.event,
        journal.reference,
        microseconds(journal.happened_at),
        journal.currency,
        [[transfer.debit, transfer.credit, transfer.amount] for transfer in journal.transfers],
        journal.metadata,
        reverses,
    ]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).digest()


def check(journal: Journal) -> None:
    """Refuse a journal that no book could take, whatever its accounts hold.

    :raises InvalidAmount: an amount is not a whole number of minor units within 1 and ``MAX_AMOUNT``.
    :raises InvalidJournal: anything else is missing or malformed.
    """
    if not journal.key or not journal.event:
        raise errors.InvalidJournal("A journal needs a key and an event.")
    if not journal.transfers or len(journal.transfers) > 32_767:
        raise errors.InvalidJournal(f"Journal {journal.key} needs 1 to 32,767 transfers.")
    if journal.happened_at.tzinfo is None:
        raise errors.InvalidJournal(f"Journal {journal.key} needs a happened_at with a time zone.")
    for transfer in journal.transfers:
        if type(transfer.amount) is not int or not 0 < transfer.amount <= MAX_AMOUNT:
            raise errors.InvalidAmount(
                f"Journal {journal.key}: {transfer.amount!r} is not a whole number of minor units "
                f"from 1 to {MAX_AMOUNT}."
            )
        if transfer.debit == transfer.credit:
            raise errors.InvalidJournal(f"Journal {journal.key} debits and credits {transfer.debit} at once.")
    words = (journal.event, journal.reference, *(t.debit + t.credit for t in journal.transfers))
    if not all(_storable(word) for word in words) or not _plain(journal.metadata):
        raise errors.InvalidJournal(
            f"Journal {journal.key} may hold only text without NUL, whole numbers, booleans, lists and mappings."
        )


def _storable(text: object) -> bool:
    if not isinstance(text, str) or "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _plain(value: object) -> bool:
    """Tell whether ``value`` comes back from the database exactly as it went in (a float may not)."""
    if value is None or isinstance(value, (bool, int)):
        return True
    if isinstance(value, dict):
        return all(_storable(name) and _plain(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(_plain(item) for item in value)
    return _storable(value)
