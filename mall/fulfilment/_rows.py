"""Consignments under lock, and the writes their moves have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from mall import actors
from mall.actors import Actor
from mall.fulfilment import states
from mall.fulfilment.models import ConsignmentEvent
from mall.fulfilment.requests import UnknownConsignment
from mall.order.models import COMPLETED, CONFIRMED
from payments import rows


@dataclass(frozen=True, slots=True)
class LockedConsignment:
    """A consignment whose row is locked."""

    id: int
    number: str
    order_id: int
    order_number: str
    merchant_id: int
    buyer_id: int | None
    status: str
    goods: int
    shipping: int
    dispatched_at: datetime | None
    packed_at: datetime | None
    being_divided: bool

    @property
    def amount(self) -> int:
        """Return goods and delivery together."""
        return self.goods + self.shipping


def lock(*, numbers: Iterable[str], with_orders: bool = False) -> dict[str, LockedConsignment]:
    """Lock consignments in id order, their orders before them when those may change too; return them by number."""
    wanted = sorted(set(numbers))
    with connection.cursor() as cursor:
        if with_orders:
            cursor.execute(
                """
                SELECT id FROM order_order WHERE id IN (
                    SELECT order_id FROM fulfilment_consignment WHERE number = ANY(%s)
                ) ORDER BY id FOR NO KEY UPDATE
                """,
                [wanted],
            )
        cursor.execute(
            """
            SELECT c.id, c.number, c.order_id, o.number, c.merchant_id, o.user_id, c.status, c.goods, c.shipping,
                   c.dispatched_at, c.packed_at, EXISTS (
                       SELECT 1 FROM fulfilment_division d WHERE d.consignment_id = c.id AND d.state = 'asked'
                   )
            FROM fulfilment_consignment c JOIN order_order o ON o.id = c.order_id
            WHERE c.number = ANY(%s) ORDER BY c.id FOR NO KEY UPDATE OF c
            """,
            [wanted],
        )
        return {row[1]: LockedConsignment(*row) for row in cursor.fetchall()}


def check_actor(*, row: LockedConsignment | None, by: Actor, former: set[Actor], number: str) -> LockedConsignment:
    """Return the consignment if it is this actor's business.

    :raises UnknownConsignment: it is not, or there is none; the answer does not tell which.
    """
    if (
        row is None
        or by in former
        or not by.may_touch(merchant_id=row.merchant_id, buyer_id=row.buyer_id, order=row.order_number)
    ):
        raise UnknownConsignment(f"There is no consignment {number} for you.")
    return row


def former_staff(*, requests: Sequence) -> set[Actor]:
    """Return the merchants' people of these requests who do not work there any more."""
    return actors.former_staff(actors={request.by for request in requests})


def write_history(*, entries: Iterable[tuple[LockedConsignment, str, datetime, str, str]], again: bool = False) -> None:
    """Append (consignment, status, moment, by, note) to the histories; `again`: it may happen several times."""
    rows.insert(
        rows=[
            ConsignmentEvent(
                consignment_id=row.id,
                key=f"{row.number}:{status}" + (f":{at:%Y%m%dT%H%M%S%f}" if again else ""),
                status=status,
                at=at,
                by=by,
                note=note[:500],
            )
            for row, status, at, by, note in entries
        ]
    )


def set_lines(*, consignment_ids: Sequence[int], status: str, sent: bool = False) -> None:
    """Move the order lines of consignments along; `sent`: their reserved pieces left the shelf.

    A line of which pieces still wait in another consignment keeps its status.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE order_line l SET status = CASE WHEN EXISTS (
                SELECT 1 FROM fulfilment_consignmentline other
                JOIN fulfilment_consignment c ON c.id = other.consignment_id
                WHERE other.line_id = l.id AND c.status = '{states.CONFIRMED}'
            ) THEN l.status ELSE %s END {", num_allocated = l.num_allocated - cl.quantity" if sent else ""}
            FROM (
                SELECT line_id, sum(quantity) AS quantity FROM fulfilment_consignmentline
                WHERE consignment_id = ANY(%s) GROUP BY line_id
            ) cl WHERE l.id = cl.line_id
            """,  # noqa: S608 - the additions are our own
            [status, list(consignment_ids)],
        )


def complete_orders(*, order_ids: Iterable[int]) -> None:
    """Complete the locked orders of which every consignment has come to its end, and something was sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE order_order o SET status = %s WHERE o.id = ANY(%s) AND o.status = %s AND NOT EXISTS (
                SELECT 1 FROM fulfilment_consignment c
                WHERE c.order_id = o.id AND c.status NOT IN ('released', 'refunded', 'cancelled')
            )
            """,
            [COMPLETED, sorted(set(order_ids)), CONFIRMED],
        )
