"""What callers say to the ledger: pure types, and what no book could take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from payments.ledger import errors

MAX_AMOUNT = 10**14  # so that the largest journal stays far from the end of 64 bits


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


def key_hash(key: str) -> str:
    """Return, in hexadecimal, the first half of the SHA-256 of a key: what the book remembers it by."""
    return sha256(key.encode(errors="surrogatepass")).hexdigest()[:32]


def check(batch: Sequence[Journal]) -> dict[int, errors.LedgerError]:
    """Return, by their places, refusals of those journals that no book could take, whatever its accounts hold."""
    texts = {text for journal in batch for text in (journal.event, journal.reference, journal.currency)}
    texts |= {code for journal in batch for moved in journal.transfers for code in (moved.debit, moved.credit)}
    # All texts at once; only when there is something in them are they looked at one by one.
    storable = all(type(text) is str for text in texts) and _storable("".join(texts))
    refusals = {}
    for index, journal in enumerate(batch):
        try:
            _check(journal, storable)
        except errors.LedgerError as refusal:
            refusals[index] = refusal
    return refusals


def _check(journal: Journal, storable: bool) -> None:
    quick = storable and not journal.metadata and len(journal.transfers) == 1  # as nearly all of a large batch is
    if quick and journal.key and journal.event and journal.happened_at.tzinfo is not None:
        [only] = journal.transfers
        if type(only.amount) is int and 0 < only.amount <= MAX_AMOUNT and only.debit != only.credit:
            return
    if not journal.key or not journal.event:
        raise errors.InvalidJournal("A journal needs a key and an event.")
    name = f"Journal {journal.key[:100]!r}"
    if not 0 < len(journal.transfers) <= 32_767:
        raise errors.InvalidJournal(f"{name} needs 1 to 32,767 transfers.")
    if journal.happened_at.tzinfo is None:
        raise errors.InvalidJournal(f"{name} needs a happened_at with a time zone.")
    for moved in journal.transfers:
        if type(moved.amount) is not int or not 0 < moved.amount <= MAX_AMOUNT:
            raise errors.InvalidAmount(
                f"{name}: {moved.amount!r} is not a whole number of minor units from 1 to {MAX_AMOUNT}."
            )
        if moved.debit == moved.credit:
            raise errors.InvalidJournal(f"{name} debits and credits {moved.debit} at once.")
    words = (journal.event, journal.reference, journal.currency, *(t.debit + t.credit for t in journal.transfers))
    if not (storable or all(map(_storable, words))) or (journal.metadata and not _plain(journal.metadata)):
        raise errors.InvalidJournal(
            f"{name} may hold only text without NUL, whole numbers, booleans, lists and mappings."
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
        return all(map(_plain, value))
    return _storable(value)
