"""What the book says. Amounts are minor units; a balance is on the account's normal side.

An ``at`` is inclusive: everything that happened up to and at that instant.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from payments.ledger import chart, errors
from payments.ledger.journal import Transfer, key_hash


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


def balances(*, codes: Iterable[str], at: datetime | None = None, as_recorded: bool = False) -> dict[str, int]:
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


def posted(*, keys: Iterable[str]) -> set[str]:
    """Return those of ``keys`` under which a journal was posted."""
    by_hash = {key_hash(key): key for key in keys}
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash::text FROM ledger_key WHERE hash = ANY (%s::uuid[])", [list(by_hash)])
        return {by_hash[found.replace("-", "")] for (found,) in cursor.fetchall()}


def statement(
    *,
    code: str,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Statement:
    """Return what happened on an account from ``since`` up to, not including, ``until``.

    With ``limit``, the newest lines, after leaving out the ``offset`` newest.

    :raises UnknownAccount: there is no such account.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, {"code": code, "since": since, "until": until, "limit": limit, "offset": offset})
        rows = cursor.fetchall()
    if not rows:
        raise errors.UnknownAccount(code)
    currency, final = rows[0][:2]
    lines = [
        StatementLine(*line, balance=final - newer, metadata=json.loads(metadata))
        for _, _, *line, metadata, newer in reversed(rows)
        if line[0] is not None
    ]
    opening = lines[0].balance - lines[0].amount if lines else final
    return Statement(code, currency, opening, lines[-1].balance if lines else final, tuple(lines))


_STATEMENT = """
SELECT account.currency, account.sign * (sums.debits - sums.credits), line.journal_id, line.happened_at,
    line.recorded_at, line.event, line.reference, line.counter, line.amount, line.metadata,
    line.newer - line.amount
FROM (SELECT id, currency, CASE normal_side WHEN 'debit' THEN 1 ELSE -1 END AS sign
    FROM ledger_account WHERE code = %(code)s) AS account
CROSS JOIN LATERAL ledger_sums(ARRAY[account.id], %(until)s::timestamptz - interval '1 microsecond') AS sums
LEFT JOIN LATERAL (
    SELECT moved.*, j.event, j.reference, j.metadata, counter.code AS counter,
        sum(moved.amount) OVER (ORDER BY moved.happened_at DESC, moved.journal_id DESC, position DESC)::bigint AS newer
    FROM (
        SELECT journal_id, position, happened_at, recorded_at, credit_id AS counter_id, account.sign * amount AS amount
        FROM ledger_all_transfer WHERE debit_id = account.id
        UNION ALL
        SELECT journal_id, position, happened_at, recorded_at, debit_id, -account.sign * amount
        FROM ledger_all_transfer WHERE credit_id = account.id
    ) AS moved
    JOIN ledger_all_journal j ON j.id = moved.journal_id AND j.recorded_at = moved.recorded_at
    JOIN ledger_account counter ON counter.id = moved.counter_id
    WHERE moved.happened_at >= coalesce(%(since)s::timestamptz, '-infinity')
        AND moved.happened_at < coalesce(%(until)s::timestamptz, 'infinity')
    ORDER BY moved.happened_at DESC, moved.journal_id DESC, position DESC
    LIMIT %(limit)s OFFSET %(offset)s
) AS line ON true
ORDER BY line.happened_at DESC, line.journal_id DESC, line.position DESC
"""


def trial_balance(*, at: datetime | None = None) -> list[TrialLine]:
    """Return every account that has moved, by code, now or as of what had happened ``at`` an instant.

    Per currency the debits and the credits sum to the same.
    """
    accounts = "SELECT array_agg(id) FROM ledger_account"
    sums = f"ledger_sums_now(({accounts}))" if at is None else f"ledger_sums(({accounts}), %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT a.code, a.account_class, a.currency, a.normal_side, s.debits, s.credits
                FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id
                WHERE s.debits + s.credits > 0 ORDER BY a.code""",  # noqa: S608
            [] if at is None else [at],
        )
        return [TrialLine(*row) for row in cursor.fetchall()]


def balance_sheet(*, at: datetime | None = None) -> list[ReportLine]:
    """Return what the bank has (assets), owes (liabilities) and is worth (equity), per currency.

    The result not yet carried to equity is the line ``result``; assets = liabilities + equity.
    """
    lines: dict[tuple[str, str, str], int] = {}
    for line in trial_balance(at=at):
        if line.account_class in ("income", "expense"):
            key, amount = ("equity", "result", line.currency), line.credits - line.debits
        else:
            key = (line.account_class, chart.family(line.code), line.currency)
            amount = line.debits - line.credits
            amount = amount if line.account_class == "asset" else -amount
        lines[key] = lines.get(key, 0) + amount
    return [ReportLine(*key, amount) for key, amount in sorted(lines.items())]


def profit_and_loss(*, since: datetime, until: datetime) -> list[ReportLine]:
    """Return what was earned (income) and spent (expense) from ``since`` up to, not including, ``until``."""
    instant = timedelta(microseconds=1)
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH result AS (SELECT array_agg(id) AS ids FROM ledger_account
                   WHERE account_class IN ('income', 'expense'))
               SELECT a.account_class, a.code, a.currency, CASE a.account_class WHEN 'income' THEN 1 ELSE -1 END
                   * (later.credits - later.debits - earlier.credits + earlier.debits) AS amount
               FROM ledger_sums((SELECT ids FROM result), %s) AS later
               JOIN ledger_sums((SELECT ids FROM result), %s) AS earlier USING (account_id)
               JOIN ledger_account a ON a.id = account_id
               WHERE later.debits + later.credits > earlier.debits + earlier.credits
               ORDER BY a.account_class DESC, a.code""",
            [until - instant, since - instant],
        )
        return [ReportLine(*row) for row in cursor.fetchall()]


def journal(*, journal_id: int) -> BookJournal:
    """Return one journal.

    :raises UnknownJournal: there is no such journal.
    """
    found = _journals("j.id = %s", journal_id)
    if not found:
        raise errors.UnknownJournal(f"There is no journal {journal_id}.")
    return found[0]


def journals_for(*, reference: str) -> list[BookJournal]:
    """Return the journals of one order, payment, loan… in the order they were posted."""
    return _journals("j.reference = %s", reference)


def _journals(condition: str, value: int | str) -> list[BookJournal]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT j.id, j.recorded_at, j.event, j.reference, j.happened_at, j.currency, j.metadata::text,
                   array_agg(ARRAY[debit.code, credit.code, t.amount::text] ORDER BY t.position)
                FROM ledger_all_journal j
                JOIN ledger_all_transfer t ON t.journal_id = j.id AND t.recorded_at = j.recorded_at
                JOIN ledger_account debit ON debit.id = t.debit_id
                JOIN ledger_account credit ON credit.id = t.credit_id
                WHERE {condition}
                GROUP BY j.id, j.recorded_at, j.event, j.reference, j.happened_at, j.currency, j.metadata
                ORDER BY j.id""",  # noqa: S608
            [value],
        )
        return [
            BookJournal(
                *row,
                tuple(Transfer(debit, credit, int(amount)) for debit, credit, amount in transfers),
                json.loads(metadata),
            )
            for *row, metadata, transfers in cursor.fetchall()
        ]
