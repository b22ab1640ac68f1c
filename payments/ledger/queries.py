"""What the book says. Amounts are minor units; a balance is on the account's normal side.

An ``at`` is inclusive: everything that happened up to and at that instant.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from payments.ledger import errors
from payments.ledger.fetching import rows
from payments.ledger.journal import Transfer, check_codes, check_journal_id, key_hash, storable


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer seen from one account; ``amount`` is positive where it raised the balance.

    ``balance`` is what the account held after it; nothing where only some of the lines were asked for.
    """

    journal_id: int
    position: int
    happened_at: datetime
    recorded_at: datetime
    event: str
    reference: str
    counter_account: str
    amount: int
    balance: int | None
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's lines, oldest first; ``opening`` and ``closing`` are the balances around them.

    Where only some of the lines were asked for, both are the balance at the end.
    """

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


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One account of a report, or a family of customers' accounts written with ``*``, in its class's sense."""

    account_class: str
    code: str
    currency: str
    amount: int


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


def _sums(ids: str, at: datetime | None, as_recorded: bool) -> tuple[str, list[datetime]]:
    """Return the SQL for the sums of the accounts that the subquery ``ids`` gives in one array, and its values."""
    if at is None:
        return f"ledger_sums_now(({ids}))", []
    return f"{'ledger_sums_as_recorded' if as_recorded else 'ledger_sums'}(({ids}), %s)", [at]


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
    sums, values = _sums("SELECT array_agg(id) FROM ledger_account WHERE code = ANY (%s)", at, as_recorded)
    found = dict(
        rows(
            f"""SELECT a.code, CASE a.normal_side WHEN 'debit' THEN s.debits - s.credits ELSE s.credits - s.debits END
                FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id""",  # noqa: S608
            [wanted, *values],
        )
    )
    for code in wanted:
        if code not in found:
            raise errors.UnknownAccount(code)
    return {code: found[code] for code in wanted}


def posted(*, keys: Iterable[str]) -> set[str]:
    """Return those of ``keys`` under which a journal was posted."""
    by_hash = {key_hash(key): key for key in keys}
    found = rows("SELECT hash::text FROM ledger_key WHERE hash = ANY (%s::uuid[])", [list(by_hash)])
    return {by_hash[hashed.replace("-", "")] for (hashed,) in found}


def statement(
    *,
    code: str,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    before: tuple[datetime, int, int] | None = None,
    event: str = "",
    reference: str = "",
    counter: str = "",
    as_recorded: bool = False,
) -> Statement:
    """Return what happened on an account from ``since`` up to, not including, ``until``.

    With ``limit``, the newest lines; with ``before``, the instant, journal and position of a line, the ones older
    than it. ``event``, ``reference`` and ``counter`` (an account's code) leave only lines that are exactly so. With
    ``as_recorded`` lines stand by when the book took them, not by when they happened.

    :raises UnknownAccount: there is no such account.
    """
    check_codes([code])
    if before and until is not None and before[0] >= until:
        before = None  # everything before `until` is older than that line anyway
    edge = before[0] if before else until
    values = {
        "code": code, "since": since, "until": until, "limit": limit, "edge": edge,
        "event": event, "reference": reference, "counter": counter,
        **dict(zip(("before_at", "before_journal", "before_position"), before or (None, None, None), strict=True)),
    }
    clock, sums = ("recorded_at", "ledger_sums_as_recorded") if as_recorded else ("happened_at", "ledger_sums")
    sides = [
        _LINES_OF_ONE_SIDE.format(side=side, counter=other, sign=sign, clock=clock)
        for side, other, sign in (("debit_id", "credit_id", ""), ("credit_id", "debit_id", "-"))
    ]
    found = rows(_STATEMENT.format(clock=clock, sums=sums, sides=" UNION ALL ".join(sides)), values)
    if not found:
        raise errors.UnknownAccount(code)
    currency, final = found[0][:2]
    some = bool(event or reference or counter)
    lines = [
        StatementLine(*line, balance=None if some else final - newer, metadata=json.loads(metadata))
        for _, _, *line, metadata, newer in reversed(found)
        if line[0] is not None
    ]
    opening = final if some or not lines else lines[0].balance - lines[0].amount
    return Statement(code, currency, opening, final, tuple(lines))


_LINES_OF_ONE_SIDE = """(
    SELECT journal_id, position, happened_at, recorded_at, {counter} AS counter_id,
        {sign}account.sign * amount AS amount
    FROM ledger_all_transfer t
    WHERE {side} = account.id
        AND {clock} >= coalesce(%(since)s::timestamptz, '-infinity')
        AND {clock} < coalesce(%(until)s::timestamptz, 'infinity')
        AND (%(before_at)s::timestamptz IS NULL OR {clock} <= %(before_at)s::timestamptz
            AND ({clock}, journal_id, position) < (%(before_at)s, %(before_journal)s::bigint, %(before_position)s::int))
        AND (%(counter)s = '' OR {counter} = (SELECT id FROM ledger_account WHERE code = %(counter)s))
        AND (%(reference)s = ''
            OR journal_id = ANY (ARRAY(SELECT id FROM ledger_all_journal WHERE reference = %(reference)s)))
        AND (%(event)s = '' OR EXISTS (SELECT FROM ledger_all_journal j
            WHERE j.id = t.journal_id AND j.recorded_at = t.recorded_at AND j.event = %(event)s))
    ORDER BY {clock} DESC, journal_id DESC, position DESC LIMIT %(limit)s
)"""

# The balance at the edge: what had moved before it, and at its own instant what stands below the line ``before``.
_STATEMENT = """
SELECT account.currency, (account.sign * (sums.debits - sums.credits) + coalesce(level.amount, 0))::numeric,
    line.journal_id, line.position, line.happened_at, line.recorded_at, line.event, line.reference, line.counter,
    line.amount, line.metadata, line.newer - line.amount
FROM (SELECT id, currency, CASE normal_side WHEN 'debit' THEN 1 ELSE -1 END AS sign
    FROM ledger_account WHERE code = %(code)s) AS account
CROSS JOIN LATERAL {sums}(ARRAY[account.id],
    coalesce(%(edge)s::timestamptz - interval '1 microsecond', 'infinity')) AS sums
LEFT JOIN LATERAL (
    SELECT sum(CASE debit_id WHEN account.id THEN account.sign ELSE -account.sign END * amount) AS amount
    FROM ledger_all_transfer
    WHERE (debit_id = account.id OR credit_id = account.id) AND {clock} = %(edge)s
        AND %(edge)s = %(before_at)s AND (journal_id, position) < (%(before_journal)s, %(before_position)s)
) AS level ON true
LEFT JOIN LATERAL (
    SELECT moved.*, j.event, j.reference, j.metadata::text AS metadata, counter.code AS counter,
        sum(moved.amount) OVER (ORDER BY moved.{clock} DESC, moved.journal_id DESC, position DESC) AS newer
    FROM ({sides}) AS moved
    JOIN ledger_all_journal j ON j.id = moved.journal_id AND j.recorded_at = moved.recorded_at
    JOIN ledger_account counter ON counter.id = moved.counter_id
    ORDER BY moved.{clock} DESC, moved.journal_id DESC, position DESC
    LIMIT %(limit)s
) AS line ON true
ORDER BY line.{clock} DESC, line.journal_id DESC, line.position DESC
"""


def trial_balance(*, at: datetime | None = None, as_recorded: bool = False) -> list[TrialLine]:
    """Return every account that has moved, by code: now, or of what had happened or was recorded ``at`` an instant.

    Per currency the debits and the credits sum to the same.
    """
    sums, values = _sums("SELECT array_agg(id) FROM ledger_account", at, as_recorded)
    found = rows(
        f"""SELECT a.code, a.account_class, a.currency, a.normal_side, s.debits, s.credits
            FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id
            WHERE s.debits + s.credits > 0 ORDER BY a.code""",  # noqa: S608
        values,
    )
    return [TrialLine(*row) for row in found]


# What ``chart.family`` says, in SQL
_FAMILY = r"""CASE WHEN a.code LIKE 'payout:%%:%%' THEN 'payout:transit:*' ELSE regexp_replace(a.code,
    '^(deposit|held|escrow|merchant|dispute|loan|borrower):(?!allowance(:|$))[^:]*', '\1:*') END"""


def families(*, at: datetime | None = None, as_recorded: bool = False) -> list[FamilyLine]:
    """Return the chart of accounts by family and currency, with what its accounts sum to."""
    sums, values = _sums("SELECT array_agg(id) FROM ledger_account", at, as_recorded)
    found = rows(
        f"""SELECT a.account_class, {_FAMILY} AS family, a.currency, count(*), sum(s.debits), sum(s.credits)
            FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id
            GROUP BY a.account_class, family, a.currency ORDER BY a.account_class, family, a.currency""",  # noqa: S608
        values,
    )
    return [FamilyLine(*row) for row in found]


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
    start = family.partition("*")[0]
    ids = f"""SELECT coalesce(array_agg(id), '{{}}') FROM (
        SELECT id FROM ledger_account a
        WHERE code > %s AND starts_with(code, %s) AND (%s = '' OR {_FAMILY} = %s)
            AND strpos(lower(code), lower(%s)) > 0
        ORDER BY code LIMIT %s) AS found"""  # noqa: S608
    sums, values = _sums(ids, at, as_recorded)
    found = rows(
        f"""SELECT a.code, a.account_class, a.currency, a.normal_side, s.debits, s.credits
            FROM {sums} AS s JOIN ledger_account a ON a.id = s.account_id ORDER BY a.code""",  # noqa: S608
        [after, start, family, family, containing, limit, *values],
    )
    return [TrialLine(*row) for row in found]


def balance_sheet(*, at: datetime | None = None, as_recorded: bool = False) -> list[ReportLine]:
    """Return what the bank has (assets), owes (liabilities) and is worth (equity), per currency.

    The result not yet carried to equity is the line ``result``; assets = liabilities + equity.
    """
    lines: dict[tuple[str, str, str], int] = {}
    for line in families(at=at, as_recorded=as_recorded):
        if line.debits + line.credits == 0:
            continue
        if line.account_class in ("income", "expense"):
            key, amount = ("equity", "result", line.currency), line.credits - line.debits
        else:
            key, amount = (line.account_class, line.family, line.currency), line.balance
        lines[key] = lines.get(key, 0) + amount
    return [ReportLine(*key, amount) for key, amount in sorted(lines.items())]


def profit_and_loss(*, since: datetime, until: datetime, as_recorded: bool = False) -> list[ReportLine]:
    """Return what was earned (income) and spent (expense) from ``since`` up to, not including, ``until``."""
    instant = timedelta(microseconds=1)
    later, last = _sums("SELECT ids FROM result", until - instant, as_recorded)
    earlier, first = _sums("SELECT ids FROM result", since - instant, as_recorded)
    found = rows(
        f"""WITH result AS (SELECT array_agg(id) AS ids FROM ledger_account
               WHERE account_class IN ('income', 'expense'))
           SELECT a.account_class, a.code, a.currency, CASE a.account_class WHEN 'income' THEN 1 ELSE -1 END
               * (later.credits - later.debits - earlier.credits + earlier.debits) AS amount
           FROM {later} AS later JOIN {earlier} AS earlier USING (account_id)
           JOIN ledger_account a ON a.id = account_id
           WHERE later.debits + later.credits > earlier.debits + earlier.credits
           ORDER BY a.account_class DESC, a.code""",  # noqa: S608
        [*last, *first],
    )
    return [ReportLine(*row) for row in found]


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
    return _journals(
        "j.id IN (SELECT id FROM ledger_all_journal WHERE reference = %s ORDER BY id LIMIT %s)", reference, limit
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
