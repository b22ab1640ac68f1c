"""What accounts hold: one, some, a page of them, all, or by family."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from payments.ledger import errors
from payments.ledger.fetching import rows
from payments.ledger.journal import check_codes


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
        """Return the balance on the account's normal side."""
        return self.debits - self.credits if self.normal_side == "debit" else self.credits - self.debits


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """All accounts of a family, as ``chart.family`` names it, in one currency."""

    account_class: str
    family: str
    currency: str
    accounts: int
    debits: int
    credits: int

    @property
    def balance(self) -> int:
        """Return the balance in the class's sense: what a contra account holds takes away."""
        difference = self.debits - self.credits
        return difference if self.account_class in ("asset", "expense") else -difference


def balance(*, code: str, at: datetime | None = None, as_recorded: bool = False) -> int:
    """Return one account's balance; see ``balances``.

    :raises UnknownAccount: there is no such account.
    """
    return balances(codes=[code], at=at, as_recorded=as_recorded)[code]


def balances(*, codes: Iterable[str], at: datetime | None = None, as_recorded: bool = False) -> dict[str, int]:
    """Return balances now, or of what had happened ``at`` an instant.

    With ``as_recorded``, of what the book held at that instant, whenever it happened: an answer that later
    journals dated back do not change, and nothing does once a seal was written after that instant (until then a
    posting that was under way may still come in).

    :raises UnknownAccount: one of the accounts is not there.
    """
    wanted = list(dict.fromkeys(codes))
    check_codes(wanted)
    ids = "SELECT array_agg(id) FROM ledger_account WHERE code = ANY (%s)"
    found = {line.code: line.balance for line in _lines(ids, [wanted], at, as_recorded)}
    for code in wanted:
        if code not in found:
            raise errors.UnknownAccount(code)
    return {code: found[code] for code in wanted}


def trial_balance(*, at: datetime | None = None, as_recorded: bool = False) -> list[TrialLine]:
    """Return every account that has moved, by code: now, or of what had happened or was recorded ``at`` an instant.

    Per currency the debits and the credits sum to the same.
    """
    return [line for line in _lines(_EVERY, [], at, as_recorded) if line.debits + line.credits > 0]


def accounts(
    *,
    family: str = "",
    containing: str = "",
    at: datetime | None = None,
    as_recorded: bool = False,
    after: str = "",
    limit: int = 50,
) -> list[TrialLine]:
    """Return up to ``limit`` accounts by code, those after the code ``after``, whether they have moved or not.

    ``family`` is as ``chart.family`` names it; ``containing`` is part of a code, in small or capital letters.
    """
    ids = f"""SELECT coalesce(array_agg(id), '{{}}') FROM (
        SELECT id FROM ledger_account a
        WHERE code > %s AND starts_with(code, %s) AND (%s = '' OR {_FAMILY} = %s)
            AND strpos(lower(code), lower(%s)) > 0
        ORDER BY code LIMIT %s) AS found"""  # noqa: S608
    start = family.partition("*")[0]
    return _lines(ids, [after, start, family, family, containing, limit], at, as_recorded)


def families(*, at: datetime | None = None, as_recorded: bool = False) -> list[FamilyLine]:
    """Return the chart of accounts by family and currency, with what its accounts sum to."""
    sums, values = sums_of(_EVERY, at, as_recorded)
    found = rows(
        f"""SELECT a.account_class, {_FAMILY} AS family, a.currency, count(*), sum(s.debits), sum(s.credits)
            FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id
            GROUP BY a.account_class, family, a.currency ORDER BY a.account_class, family, a.currency""",  # noqa: S608
        values,
    )
    return [FamilyLine(*row) for row in found]


def sums_of(ids: str, at: datetime | None, as_recorded: bool) -> tuple[str, list[datetime]]:
    """Return the SQL for the sums of the accounts that the subquery ``ids`` gives in one array, and its values."""
    if at is None:
        return f"ledger_sums_now(({ids}))", []
    return f"{'ledger_sums_as_recorded' if as_recorded else 'ledger_sums'}(({ids}), %s)", [at]


def _lines(ids: str, values: list[object], at: datetime | None, as_recorded: bool) -> list[TrialLine]:
    sums, moment = sums_of(ids, at, as_recorded)
    found = rows(
        f"""SELECT a.code, a.account_class, a.currency, a.normal_side, s.debits, s.credits
            FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id ORDER BY a.code""",  # noqa: S608
        [*values, *moment],
    )
    return [TrialLine(*row) for row in found]


_EVERY = "SELECT array_agg(id) FROM ledger_account"

# What ``chart.family`` says, in SQL
_FAMILY = r"""CASE WHEN a.code LIKE 'payout:%%:%%' THEN 'payout:transit:*' ELSE regexp_replace(a.code,
    '^(deposit|held|escrow|merchant|dispute|loan|borrower):(?!allowance(:|$))[^:]*', '\1:*') END"""
