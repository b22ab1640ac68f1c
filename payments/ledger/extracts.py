"""Many accounts' movements at once, for analysis; single accounts are in ``queries``."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

# (account code, owner, amount above zero came in, balance after, currency, event, happened_at, journal)
Movement = tuple[str, str, int, int, str, str, datetime, int]

_MOVEMENTS = """
WITH account AS MATERIALIZED (
    SELECT id, code, owner, currency, CASE normal_side WHEN 'debit' THEN 1 ELSE -1 END AS sign
    FROM ledger_account WHERE code LIKE %(family)s
), transfer AS (
    SELECT account.*, t.journal_id, t.recorded_at, t.happened_at, account.sign * t.amount AS amount
    FROM ledger_all_transfer t JOIN account ON account.id = t.debit_id
    WHERE t.happened_at >= %(since)s AND t.happened_at < %(until)s
    UNION ALL
    SELECT account.*, t.journal_id, t.recorded_at, t.happened_at, -account.sign * t.amount
    FROM ledger_all_transfer t JOIN account ON account.id = t.credit_id
    WHERE t.happened_at >= %(since)s AND t.happened_at < %(until)s
), moved AS MATERIALIZED (
    SELECT id, code, owner, currency, sign, journal_id, recorded_at, happened_at, sum(amount)::bigint AS amount
    FROM transfer GROUP BY id, code, owner, currency, sign, journal_id, recorded_at, happened_at
), opening AS MATERIALIZED (
    SELECT account_id, debits - credits AS debit_balance FROM ledger_sums(
        ARRAY(SELECT DISTINCT id FROM moved), %(since)s::timestamptz - interval '1 microsecond'
    )
)
SELECT moved.code, moved.owner, moved.amount,
    (moved.sign * opening.debit_balance
        + sum(moved.amount) OVER (PARTITION BY moved.id ORDER BY moved.happened_at, moved.journal_id)
    )::bigint,
    moved.currency, j.event, moved.happened_at, moved.journal_id
FROM moved
JOIN opening ON opening.account_id = moved.id
JOIN ledger_all_journal j ON j.id = moved.journal_id AND j.recorded_at = moved.recorded_at
"""


def movements(*, family: str, since: datetime, until: datetime) -> Sequence[Movement]:
    """Return what each journal did to every account whose code begins with ``family:``, ``since`` up to ``until``.

    Balances are on the account's normal side, by the order in which things happened.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVEMENTS, {"family": f"{family}:%", "since": since, "until": until})
        return cursor.fetchall()
