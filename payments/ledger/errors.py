"""Why the ledger refuses. After any of these nothing has moved and the key is still free."""


class LedgerError(Exception):
    """Base of every refusal by the ledger."""


class InvalidJournal(LedgerError):
    """The journal cannot be posted by anybody: it is incomplete or says something the book cannot hold."""


class InvalidAmount(LedgerError):
    """An amount is not a whole number of minor units from 1 to ``journal.MAX_AMOUNT``."""


class KeyReused(LedgerError):
    """The key was used before, for a journal that says something else."""


class AccountRefused(LedgerError):
    """Base of the refusals that name one account, in ``account``."""

    reason = "The account {account} refuses."

    def __init__(self, account: str) -> None:
        super().__init__(self.reason.format(account=account))
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
        super().__init__(f"{account} has {available} available above its floor and {needed} is needed.")
        self.account = account
        self.available = available
        self.needed = needed


class UnknownJournal(LedgerError):
    """There is no journal with this id."""


class AlreadyReversed(LedgerError):
    """The journal has been reversed once; a reversal happens only once."""
