"""What the book says. Amounts are minor units; a balance is on the account's normal side.

An ``at`` is inclusive: everything that happened up to and at that instant.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from payments.ledger import errors
from payments.ledger.journal import Journal, Transfer


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer seen from one account; ``amount`` is positive where it raised the balance."""

    journal_id: int
    happened_at: datetime
    recorded_at: datetime
    event: str
    reference: str
    counter_account: str
    amount: int
    balance: int
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's lines, oldest first; ``opening`` and ``closing`` are the balances around them."""

    code: str
    currency: str
    opening: int
    closing: int
    lines: tuple[StatementLine, ...]


@dataclass(frozen=True, slots=True)
class TrialLine:
    """An account's total debits and credits."""

    code: str
    account_class: str
    currency: str
    normal_side: str
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        return self.debits - self.credits if self.normal_side == "debit" else self.credits - self.debits


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One account of a report, or a family of customers' accounts written with ``*``, in its class's sense."""

    account_class: str
    code: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class BookJournal:
    """A journal as it stands in the book."""

    journal_id: int
    recorded_at: datetime
    event: str
    reference: str
    happened_at: datetime
    currency: str
    transfers: tuple[Transfer, ...]
    metadata: dict[str, Any]


def balance(*, code: str, at: datetime | None = None, as_recorded: bool = False) -> int:
    """Return one account's balance; see ``balances``.

    :raises UnknownAccount: there is no such account.
    """
    return balances(codes=[code], at=at, as_recorded=as_recorded)[code]


def balances(
    *, codes: Iterable[str], at: datetime | None = None, as_recorded: bool = False
) -> dict[str, int]:
    """Return balances now, or of what had happened ``at`` an instant.

    With ``as_recorded``, of what the book held at that instant, whenever it happened: an answer that later
    journals dated back do not change.

    :raises UnknownAccount: one of the accounts is not there.
    """
    wanted = list(dict.fromkeys(codes))
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code, normal_side FROM ledger_account WHERE code = ANY (%s)", [wanted])
        accounts = {account_id: (code, side) for account_id, code, side in cursor.fetchall()}
        ids = list(accounts)
        if at is None:
            cursor.execute("SELECT * FROM ledger_sums_now(%s::bigint[])", [ids])
        elif as_recorded:
            cursor.execute("SELECT * FROM ledger_sums_as_recorded(%s::bigint[], %s)", [ids, at])
        else:
            cursor.execute("SELECT * FROM ledger_sums(%s::bigint[], %s)", [ids, at])
        found = {}
        for account_id, debits, credits in cursor.fetchall():
            code, side = accounts[account_id]
            found[code] = debits - credits if side == "debit" else credits - debits
    for code in wanted:
        if code not in found:
            raise errors.UnknownAccount(code)
    return {code: found[code] for code in wanted}
