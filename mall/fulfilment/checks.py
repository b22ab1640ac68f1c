"""The sixth thing that must always hold: what is known, paid and sent agree for every consignment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection

from mall import bank

BATCH = 5_000
# How many problems of one kind are spelled out.
SHOWN = 20

_ROWS = """
SELECT c.id, c.number, c.status, c.goods, c.shipping, c.refunded, o.status, o.payment_id, o.total_minor,
       coalesce(l.amount, 0), coalesce(l.reserved, 0), coalesce(l.quantity, 0)
FROM fulfilment_consignment c
JOIN order_order o ON o.id = c.order_id
LEFT JOIN LATERAL (
    SELECT sum(cl.amount) AS amount, sum(cl.quantity) AS quantity, sum(ol.num_allocated - coalesce((
        SELECT sum(other.quantity) FROM fulfilment_consignmentline other
        JOIN fulfilment_consignment oc ON oc.id = other.consignment_id
        WHERE other.line_id = ol.id AND oc.id <> c.id AND oc.status IN ('awaiting_payment', 'confirmed')
    ), 0)) AS reserved
    FROM fulfilment_consignmentline cl JOIN order_line ol ON ol.id = cl.line_id WHERE cl.consignment_id = c.id
) l ON true
WHERE {which} ORDER BY c.id LIMIT %s
"""

_CHANGED = """
SELECT DISTINCT consignment_id FROM fulfilment_consignmentevent
WHERE at >= coalesce(%s::timestamptz - interval '2 days', '-infinity') AND recorded_at < %s
UNION SELECT id FROM fulfilment_consignment WHERE number = ANY (%s) ORDER BY 1
"""

_TOTALS = """
SELECT o.number, o.total_minor, coalesce(sum(c.goods + c.shipping), 0) FROM order_order o
LEFT JOIN fulfilment_consignment c ON c.order_id = o.id
GROUP BY o.id HAVING o.total_minor <> coalesce(sum(c.goods + c.shipping), 0) ORDER BY o.id LIMIT %s
"""

# Reserved pieces are those of lines that wait to be sent.
_STOCK = """
SELECT s.id, s.partner_sku, coalesce(s.num_allocated, 0), coalesce(waiting.quantity, 0)
FROM partner_stockrecord s
LEFT JOIN (
    SELECT stockrecord_id, sum(num_allocated) AS quantity FROM order_line GROUP BY stockrecord_id
) waiting ON waiting.stockrecord_id = s.id
WHERE coalesce(s.num_allocated, 0) <> coalesce(waiting.quantity, 0) ORDER BY s.id LIMIT %s
"""

_WAITING = {"awaiting_payment", "confirmed"}
_SENT = {"dispatched", "delivered", "released", "refunded"}


def check_consignments() -> list[str]:
    """6. Order, money and goods of every consignment agree.

    Returns one sentence for each mismatch. What an event still on its way will bring (a capture after a dispatch) is
    no mismatch until it has arrived.
    """
    problems = [*_order_totals(), *_stock()]
    after = 0
    while rows := _batch(after=after):
        after = rows[-1][0]
        money = bank.parts(numbers=[row[1] for row in rows])
        for row in rows:
            problems += _mismatches(row=row, part=money.get(row[1]))
        if len(problems) > 10 * SHOWN:
            problems.append("And more: the check stopped here.")
            break
    return problems


def differences(*, since: datetime | None, until: datetime, numbers: Sequence[str]) -> tuple[int, dict[str, list[str]]]:
    """Compare the consignments that something happened to in a time, and those of these numbers.

    What is told days late is left to :func:`check_consignments`, which looks at all of them.

    Returns how many that were, and the sentences on each that does not agree, by number.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, [since, until, list(numbers)])
        ids = [identifier for (identifier,) in cursor.fetchall()]
    found: dict[str, list[str]] = {}
    for start in range(0, len(ids), BATCH):
        with connection.cursor() as cursor:
            cursor.execute(_ROWS.format(which="c.id = ANY (%s)"), [ids[start : start + BATCH], BATCH])
            rows = cursor.fetchall()
        money = bank.parts(numbers=[row[1] for row in rows])
        for row in rows:
            if problems := list(_mismatches(row=row, part=money.get(row[1]))):
                found[row[1]] = problems
    return len(ids), found


def _batch(*, after: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(which="c.id > %s"), [after, BATCH])
        return cursor.fetchall()


def _order_totals() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, [SHOWN])
        return [
            f"Order {number} costs {total} minor units, and its consignments {parts}."
            for number, total, parts in cursor.fetchall()
        ]


def _stock() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_STOCK, [SHOWN])
        return [
            f"Stock record {identifier} ({sku}) has {reserved} pieces reserved, and orders wait for {waiting}."
            for identifier, sku, reserved, waiting in cursor.fetchall()
        ]


def _mismatches(*, row: tuple, part: object) -> Iterator[str]:
    (_id, number, status, goods, shipping, refunded, order, payment_id, _total, lines, reserved, quantity) = row
    if lines != goods:
        yield f"Consignment {number}: its goods are {goods} minor units, and its lines {lines}."
    if reserved != (quantity if status in _WAITING else 0):
        yield f"Consignment {number} is {status}, and {reserved} of its {quantity} pieces are reserved."
    if status == "awaiting_payment" and order not in ("Awaiting payment", "Cancelled"):
        yield f"Consignment {number} awaits its payment, and its order is {order}."
    if status in {"confirmed", *_SENT} and order not in ("Confirmed", "Completed"):
        yield f"Consignment {number} is {status}, and its order is {order}."
    if goods + shipping == 0:
        return
    if part is None:
        yield f"Consignment {number} has no part of a payment (payment {payment_id})."
        return
    yield from _money(number=number, status=status, amount=goods + shipping, refunded=refunded, part=part)


def _money(*, number: str, status: str, amount: int, refunded: int, part: object) -> Iterator[str]:
    if part.amount != amount:
        yield f"Consignment {number} costs {amount} minor units, and its part of the payment is {part.amount}."
    if status == "confirmed" and part.payment_state not in bank.AUTHORISED:
        yield f"Consignment {number} is confirmed, and its payment is {part.payment_state}."
    if status in {"delivered", "released"} and part.captured != amount:
        yield f"Consignment {number} is {status}, and {part.captured} of {amount} minor units were captured."
    if status in _WAITING | {"cancelled"} and part.captured:
        yield f"Consignment {number} is {status}, and {part.captured} minor units were captured."
    if status == "released" and part.released + part.refunded_before != part.captured:
        yield f"Consignment {number} is released, and {part.released} of {part.captured} minor units are."
    if status in _SENT and part.state == "cancelled":
        yield f"Consignment {number} is {status}, and its money was given back before it could be captured."
    if part.released and status not in {"delivered", "released", "refunded"}:
        yield f"Consignment {number} is {status}, and {part.released} minor units were released."
    if refunded > part.refunded:
        yield f"Consignment {number} counts {refunded} minor units as refunded, and the bank {part.refunded}."
