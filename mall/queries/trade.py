"""Trade by month, of one merchant or one shopper, for whoever decides on credit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeMonth:
    """A calendar month of confirmed consignments; sums are minor units."""

    month: date
    orders: int
    amount: int
    refunded: int
    cancelled: int


_MONTHS = """
SELECT series.month::date, count(c.id), coalesce(sum(c.goods + c.shipping) FILTER (WHERE c.status <> 'cancelled'), 0),
    coalesce(sum(c.refunded), 0), count(c.id) FILTER (WHERE c.status = 'cancelled')
FROM generate_series(
    date_trunc('month', %(at)s AT TIME ZONE 'UTC') - make_interval(months => %(months)s - 1),
    date_trunc('month', %(at)s AT TIME ZONE 'UTC'), interval '1 month'
) AS series(month)
LEFT JOIN (
    SELECT part.*, parent.user_id FROM fulfilment_consignment part JOIN order_order parent ON parent.id = part.order_id
    WHERE part.confirmed_at <= %(at)s AND ((%(merchant)s AND part.merchant_id = %(number)s)
        OR (NOT %(merchant)s AND parent.user_id = %(number)s))
) AS c ON date_trunc('month', c.confirmed_at AT TIME ZONE 'UTC') = series.month
GROUP BY series.month
ORDER BY series.month
"""


def months(*, reference: str, at: datetime, count: int = 12) -> list[TradeMonth]:
    """Return the last months of `merchant:3` or `user:7`, oldest first, empty ones too; one statement."""
    kind, _, number = reference.partition(":")
    if kind not in ("merchant", "user") or not number.isdigit():
        return []
    given = {"merchant": kind == "merchant", "number": int(number), "at": at, "months": count}
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, given)
        return [
            TradeMonth(month=month, orders=orders, amount=int(amount), refunded=int(refunded), cancelled=cancelled)
            for month, orders, amount, refunded, cancelled in cursor.fetchall()
        ]


def names(*, references: list[str]) -> dict[str, str]:
    """Return how people call merchants and shoppers, by reference; two statements."""
    merchants = [int(one[9:]) for one in references if one.startswith("merchant:") and one[9:].isdigit()]
    people = [int(one[5:]) for one in references if one.startswith("user:") and one[5:].isdigit()]
    found: dict[str, str] = {}
    with connection.cursor() as cursor:
        if merchants:
            cursor.execute("SELECT id, name FROM merchants_merchant WHERE id = ANY (%s)", [merchants])
            found |= {f"merchant:{number}": name for number, name in cursor.fetchall()}
        if people:
            cursor.execute(
                "SELECT id, coalesce(nullif(trim(first_name || ' ' || last_name), ''), email)"
                " FROM customer_user WHERE id = ANY (%s)",
                [people],
            )
            found |= {f"user:{number}": name for number, name in cursor.fetchall()}
    return found
