"""What happened on one account, line by line."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.ledger import errors
from payments.ledger.fetching import rows
from payments.ledger.journal import check_codes


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
        "code": code,
        "since": since,
        "until": until,
        "limit": limit,
        "edge": edge,
        "event": event,
        "reference": reference,
        "counter": counter,
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
