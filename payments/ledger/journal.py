"""What callers say to the ledger: pure types, and what no book could take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from payments.ledger import errors

MAX_AMOUNT = 10**14  # so that the largest journal stays far from the end of 64 bits
MAX_TRANSFERS = 32_767  # in one journal; their positions take 16 bits
MAX_TEXT = 500  # characters of a code, an event, a reference: what an index of the database can hold
MAX_METADATA = 1_000_000  # characters, as JSON
MAX_DEPTH = 20
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


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
    try:  # what many journals share is looked at once; only when it is not sound is each journal's own
        texts = {text for journal in batch for text in (journal.event, journal.reference)}
        texts |= {code for journal in batch for moved in journal.transfers for code in (moved.debit, moved.credit)}
        sound = (
            storable("".join(texts))
            and all(map(is_currency, {journal.currency for journal in batch}))
            and all(map(_is_time, {journal.happened_at for journal in batch}))
        )
    except TypeError:
        sound = False
    refusals = {}
    for index, journal in enumerate(batch):
        try:
            _check(journal, sound)
        except errors.LedgerError as refusal:
            refusals[index] = refusal
    return refusals


def _check(journal: Journal, sound: bool) -> None:
    if not isinstance(journal.key, str) or not journal.key:
        raise errors.InvalidJournal("A journal needs a key: a text of its own that every retry repeats.")
    if not isinstance(journal.transfers, (tuple, list)) or not 0 < len(journal.transfers) <= MAX_TRANSFERS:
        raise _invalid(journal, f"needs 1 to {MAX_TRANSFERS:,} transfers")
    for moved in journal.transfers:
        if type(moved.amount) is not int or not 0 < moved.amount <= MAX_AMOUNT:
            raise errors.InvalidAmount(
                f"Journal {errors.shown(journal.key)}: {errors.shown(moved.amount)} is not a whole number of minor "
                f"units from 1 to {MAX_AMOUNT}."
            )
        if moved.debit == moved.credit:
            raise _invalid(journal, f"debits and credits {errors.shown(moved.debit)} at once")
        if not (sound or (storable(moved.debit) and storable(moved.credit))):
            raise _invalid(journal, "names an account by something else than text without NUL")
    if not ((sound or storable(journal.event)) and 0 < len(journal.event) <= MAX_TEXT):
        raise _invalid(journal, f"needs an event: a text of 1 to {MAX_TEXT} characters without NUL")
    if not ((sound or storable(journal.reference)) and len(journal.reference) <= MAX_TEXT):
        raise _invalid(journal, f"needs a reference: a text of up to {MAX_TEXT} characters without NUL")
    if not (sound or is_currency(journal.currency)):
        raise _invalid(journal, "needs a currency: three capital letters, like EUR")
    if not (sound or _is_time(journal.happened_at)):
        raise _invalid(journal, "needs a happened_at with a time zone, in the years 1 to 9999")
    if not isinstance(journal.metadata, dict) or _weight(journal.metadata, 0) > MAX_METADATA:
        raise _invalid(
            journal,
            "may have as metadata only a mapping of text without NUL, whole numbers of 64 bits, booleans, lists and "
            f"mappings, {MAX_DEPTH} deep and {MAX_METADATA:,} characters long at most",
        )


def check_account(spec: AccountSpec) -> None:
    """Refuse the definition of an account that no book could open.

    :raises InvalidAccount: something is missing, malformed or contradicts something else.
    """
    wrong = None
    if not (storable(spec.code) and 0 < len(spec.code) <= MAX_TEXT):
        wrong = f"needs a code: a text of 1 to {MAX_TEXT} characters without NUL"
    elif spec.account_class not in ("asset", "liability", "equity", "income", "expense"):
        wrong = "needs a class: asset, liability, equity, income or expense"
    elif spec.normal_side not in ("debit", "credit"):
        wrong = "needs a normal side: debit or credit"
    elif not is_currency(spec.currency):
        wrong = "needs a currency: three capital letters, like EUR"
    elif spec.floor is not None and (type(spec.floor) is not int or abs(spec.floor) > MAX_AMOUNT):
        wrong = f"needs a floor of whole minor units within {MAX_AMOUNT}, or none"
    elif type(spec.hot) is not bool or (spec.hot and spec.floor is not None):
        wrong = "may be hot or have a floor, not both"
    elif not (storable(spec.owner) and len(spec.owner) <= MAX_TEXT):
        wrong = f"needs an owner: a text of up to {MAX_TEXT} characters without NUL"
    if wrong:
        raise errors.InvalidAccount(f"The account {errors.shown(spec.code)} {wrong}.")


def check_codes(codes: Iterable[str]) -> None:
    """Refuse what cannot be the code of any account before the database is asked.

    :raises UnknownAccount: no account can be called that.
    """
    for code in codes:
        if not storable(code):
            raise errors.UnknownAccount(code)


def check_journal_id(journal_id: int) -> None:
    """Refuse what cannot be the id of any journal before the database is asked.

    :raises UnknownJournal: no journal can have it.
    """
    if type(journal_id) is not int or not 0 < journal_id < 2**63:
        raise errors.UnknownJournal(f"There is no journal {errors.shown(journal_id)}.")


def storable(text: object) -> bool:
    """Tell whether the database can keep a text: it has neither NUL nor half of a surrogate pair."""
    if not isinstance(text, str) or "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def is_currency(code: object) -> bool:
    """Tell whether ``code`` has the form of an ISO 4217 code."""
    return isinstance(code, str) and len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def _is_time(moment: object) -> bool:
    return isinstance(moment, datetime) and moment.utcoffset() is not None and FIRST <= moment <= LAST


def _invalid(journal: Journal, wrong: str) -> errors.InvalidJournal:
    return errors.InvalidJournal(f"Journal {errors.shown(journal.key)} {wrong}.")


def _weight(value: object, depth: int) -> int:
    """Return about how many characters ``value`` takes as JSON.

    More than any limit when it would not come back from the database exactly as it went in (a float may not).
    """
    if value is None or isinstance(value, bool):
        return 4
    if isinstance(value, int):
        return 8 if -(2**63) <= value < 2**63 else _TOO_MUCH
    if isinstance(value, str):
        return len(value) + 2 if storable(value) else _TOO_MUCH
    if depth == MAX_DEPTH:
        return _TOO_MUCH
    if isinstance(value, dict):
        named = sum(len(name) + 3 if storable(name) else _TOO_MUCH for name in value)
        return 2 + named + sum(_weight(item, depth + 1) for item in value.values())
    if isinstance(value, (list, tuple)):
        return 2 + sum(_weight(item, depth + 1) for item in value)
    return _TOO_MUCH


_TOO_MUCH = 10**9
