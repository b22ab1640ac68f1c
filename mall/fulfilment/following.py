"""What consignments learn from their money: released to the merchant, refunded to the buyer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from mall import actors
from mall.fulfilment import _rows, states
from mall.fulfilment._rows import LockedConsignment
from mall.fulfilment.models import ConsignmentEvent


@dataclass(frozen=True, slots=True)
class MoneyMoved:
    """Money of a consignment moved; `amount` in minor units, `key` names the movement once for ever."""

    number: str
    amount: int
    key: str
    at: datetime


def note_released(*, moved: Sequence[MoneyMoved]) -> None:
    """Mark delivered consignments as released, and orders as completed with their last one; twice is once."""
    with transaction.atomic():
        rows = _rows.lock(numbers=[item.number for item in moved], with_orders=True)
        moving: dict[str, tuple[LockedConsignment, MoneyMoved]] = {}
        for item in moved:
            row = rows.get(item.number)
            if row is not None and row.status == states.DELIVERED:
                moving.setdefault(item.number, (row, item))
        if not moving:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE fulfilment_consignment c SET status = %s, released_at = moved.at
                FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at) WHERE c.id = moved.id
                """,
                [
                    states.RELEASED,
                    [row.id for row, _item in moving.values()],
                    [item.at for _row, item in moving.values()],
                ],
            )
        _rows.write_history(
            entries=[(row, states.RELEASED, item.at, str(actors.SYSTEM_ACTOR), "") for row, item in moving.values()]
        )
        _rows.complete_orders(order_ids=[row.order_id for row, _item in moving.values()])


def note_refunded(*, moved: Sequence[MoneyMoved]) -> None:
    """Count refunds on their consignments; one that got everything back is refunded. Twice is once."""
    with transaction.atomic():
        rows = _rows.lock(numbers=[item.number for item in moved], with_orders=True)
        keys = {f"{item.number}:refund:{item.key}": item for item in moved if item.number in rows}
        known = set(ConsignmentEvent.objects.filter(key__in=keys).values_list("key", flat=True))
        fresh = {key: item for key, item in keys.items() if key not in known}
        if not fresh:
            return
        sums: dict[int, int] = {}
        for item in fresh.values():
            row = rows[item.number]
            sums[row.id] = sums.get(row.id, 0) + item.amount
        ConsignmentEvent.objects.bulk_create(
            [
                ConsignmentEvent(
                    consignment_id=rows[item.number].id,
                    key=key,
                    status="refund",
                    at=item.at,
                    by=str(actors.SYSTEM_ACTOR),
                    note=str(item.amount),
                )
                for key, item in fresh.items()
            ]
        )
        _count_refunds(sums=sums)
        _rows.complete_orders(order_ids={rows[item.number].order_id for item in fresh.values()})


def _count_refunds(*, sums: dict[int, int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE fulfilment_consignment c
            SET refunded = c.refunded + back.amount,
                status = CASE WHEN c.refunded + back.amount = c.goods + c.shipping AND c.status = ANY(%s)
                              THEN %s ELSE c.status END
            FROM unnest(%s::bigint[], %s::bigint[]) AS back (id, amount) WHERE c.id = back.id
            RETURNING c.id, c.status
            """,
            [list(states.sources(event="refund in full")), states.REFUNDED, list(sums), list(sums.values())],
        )
        whole = [identifier for identifier, status in cursor.fetchall() if status == states.REFUNDED]
    if whole:
        _rows.set_lines(consignment_ids=whole, status="Returned")
