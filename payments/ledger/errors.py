"""Why the ledger refuses. After any of these nothing has moved and the key is still free.

A database that goes away is no refusal: it raises ``django.db.OperationalError``, and whether the journal was posted is
told by repeating it under the same key.
"""

SHOWN = 80  # characters of a caller's text that an error's sentence repeats


def shown(value: object) -> str:
    """Return a caller's value as a sentence may repeat it: on one line, printable and short."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception:  # a number of thousands of digits, an object of the caller's own
        text = f"a value of type {type(value).__name__}"
    text = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return text if text.isprintable() else "".join(map(_printable, text))


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode("ascii")


class LedgerError(Exception):
    """Base of every refusal by the ledger."""


class InvalidJournal(LedgerError):
    """The journal cannot be posted by anybody: it is incomplete or says something the book cannot hold."""


class InvalidAccount(LedgerError):
    """The account cannot be opened by anybody: its definition is incomplete or contradicts itself."""


class InvalidAmount(LedgerError):
    """An amount is not a whole number of minor units from 1 to ``journal.MAX_AMOUNT``."""


class KeyReused(LedgerError):
    """The key was used before, for a journal that says something else."""


class AccountRefused(LedgerError):
    """Base of the refusals that name one account, in ``account``."""

    reason = "The account {account} refuses."

    def __init__(self, account: str) -> None:
        super().__init__(self.reason.format(account=shown(account)))
        self.account = account


class UnknownAccount(AccountRefused):
    reason = "There is no account {account}: open it first."


class AccountClosed(AccountRefused):
    reason = "The account {account} is closed and takes no transfer."


class CurrencyMismatch(AccountRefused):
    reason = "The account {account} is kept in another currency than the journal."


class AccountExists(AccountRefused):
    reason = "The account {account} exists with another definition; a definition never changes."


class AccountNotEmpty(AccountRefused):
    reason = "The account {account} is not at zero and stays open."


class AccountNotHeld(AccountRefused):
    reason = "The account {account} is hot: it has no balance row that a transaction could hold."


class InsufficientFunds(LedgerError):
    """``account`` would fall below its floor: ``needed`` minor units against ``available`` above the floor."""

    def __init__(self, account: str, available: int, needed: int) -> None:
        super().__init__(f"{shown(account)} has {available} available above its floor and {needed} is needed.")
        self.account = account
        self.available = available
        self.needed = needed


class SumTooLarge(AccountRefused):
    reason = "The sums of {account} would leave what the book can count."


class UnknownJournal(LedgerError):
    """There is no journal with this id."""


class AlreadyReversed(LedgerError):
    """The journal has been reversed once; a reversal happens only once."""


class UnableToArchive(LedgerError):
    """The month cannot be put away."""

    def __init__(self, month: str, why: str) -> None:
        reasons = {
            "unfinished": "it is not over",
            "unsealed": "not all of it is sealed yet: seal first",
            "unknown": "the book has no such month",
            "before": "it was put away before",
        }
        super().__init__(f"{month} cannot be archived: {reasons[why]}.")


def refusal(
    *,
    key: str,
    outcome: str,
    account: str = "",
    available: int | None = None,
    needed: int | None = None,
    **_: object,
) -> LedgerError:
    """Return the error that the database's answer about a journal means."""
    match outcome:
        case "insufficient_funds":
            return InsufficientFunds(account, available, needed)
        case "key_reused":
            return KeyReused(f"The key {shown(key)} was used before for a journal that says something else.")
        case "already_reversed":
            return AlreadyReversed(f"What {shown(key)} would reverse has been reversed before.")
    kinds = {
        "unknown_account": UnknownAccount,
        "account_closed": AccountClosed,
        "currency_mismatch": CurrencyMismatch,
        "sum_too_large": SumTooLarge,
    }
    return kinds[outcome](account)
