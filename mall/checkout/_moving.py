"""Moving a batch of orders on: confirmed with their money, or cancelled with their stock given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from mall import actors, bank, events
from mall.checkout import _stock
from mall.checkout.drafts import (
    CancelOrder,
    ConfirmOrder,
    MovedOrder,
    PaymentNotPromised,
    UnableToCancelOrder,
    UnableToConfirmOrder,
)
from mall.fulfilment import states
from mall.fulfilment.models import ConsignmentEvent
from mall.order.models import AWAITING_PAYMENT, CANCELLED, COMPLETED, CONFIRMED
from mall.promotions import taking
from mall.search import operations as search
from payments import rows


@dataclass(frozen=True, slots=True)
class LockedOrder:
    """An order whose row is locked."""

    id: int
    number: str
    status: str
    payment_id: int | None
    user_id: int | None
    email: str
    total: int
    currency: str
    basket_id: int | None

    @property
    def buyer(self) -> str:
        """Return the name by which the bank knows the buyer."""
        return f"user:{self.user_id}" if self.user_id is not None else f"guest:{self.email}"


def lock(*, numbers: Sequence[str]) -> dict[str, LockedOrder]:
    """Lock orders in id order and return them by number."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.id, o.number, o.status, o.payment_id, o.user_id, o.guest_email, o.total_minor, o.currency,
                   o.basket_id
            FROM order_order o WHERE o.number = ANY(%s) ORDER BY o.id FOR NO KEY UPDATE OF o
            """,
            [sorted(set(numbers))],
        )
        return {row[1]: LockedOrder(*row) for row in cursor.fetchall()}


def confirm(*, requests: Sequence[ConfirmOrder]) -> list[MovedOrder | UnableToConfirmOrder]:
    """Confirm what can be confirmed, within the caller's transaction."""
    if not requests:
        return []
    orders = lock(numbers=[request.number for request in requests])
    waiting = [order for order in orders.values() if order.status == AWAITING_PAYMENT]
    paid = bank.payment_states(payment_ids=[order.payment_id for order in waiting if order.payment_id is not None])
    moving: dict[str, tuple[LockedOrder, datetime]] = {}
    results: list[MovedOrder | UnableToConfirmOrder] = []
    for request in requests:
        order = orders.get(request.number)
        if order is None:
            results.append(UnableToConfirmOrder(f"There is no order {request.number}."))
        elif order.status in (CONFIRMED, COMPLETED) or order.number in moving:
            status = CONFIRMED if order.number in moving else order.status
            results.append(MovedOrder(order.id, order.number, status, replayed=True))
        elif order.status == CANCELLED:
            results.append(UnableToConfirmOrder(f"Order {order.number} was given up."))
        elif order.payment_id is not None and paid.get(order.payment_id) not in bank.AUTHORISED:
            results.append(PaymentNotPromised(f"The payment of order {order.number} is not promised."))
        elif order.payment_id is None and order.total:
            results.append(PaymentNotPromised(f"Order {order.number} has no payment."))
        else:
            moving[order.number] = (order, request.at)
            results.append(MovedOrder(order.id, order.number, CONFIRMED))
    if moving:
        _write_confirmed(moving=list(moving.values()))
    return results


def _write_confirmed(*, moving: list[tuple[LockedOrder, datetime]]) -> None:
    ids = [order.id for order, _at in moving]
    moments = [at for _order, at in moving]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE order_order o SET status = %s, confirmed_at = moved.at
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at) WHERE o.id = moved.id
            """,
            [CONFIRMED, ids, moments],
        )
        cursor.execute("UPDATE order_line SET status = %s WHERE order_id = ANY(%s)", [CONFIRMED, ids])
        cursor.execute(
            """
            UPDATE fulfilment_consignment c SET status = %s, confirmed_at = moved.at
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at)
            WHERE c.order_id = moved.id AND c.status = %s
            RETURNING c.id, c.number, moved.at
            """,
            [states.CONFIRMED, ids, moments, states.AWAITING_PAYMENT],
        )
        consignments = cursor.fetchall()
        baskets = [(order.basket_id, at) for order, at in moving if order.basket_id is not None]
        if baskets:
            cursor.execute(
                """
                UPDATE basket_basket b SET status = 'Submitted', date_submitted = moved.at
                FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at) WHERE b.id = moved.id
                """,
                [[basket for basket, _at in baskets], [at for _basket, at in baskets]],
            )
    rows.insert(
        rows=[
            ConsignmentEvent(
                consignment_id=identifier,
                key=f"{number}:{states.CONFIRMED}",
                status=states.CONFIRMED,
                at=at,
                by=str(actors.SYSTEM_ACTOR),
            )
            for identifier, number, at in consignments
        ]
    )
    bank.publish(
        happened=[
            events.OrderConfirmed(
                key=order.number,
                at=at,
                number=order.number,
                payment_id=order.payment_id,
                buyer=order.buyer,
                total=order.total,
                currency=order.currency,
            )
            for order, at in moving
        ]
    )


def cancel(*, requests: Sequence[CancelOrder]) -> list[MovedOrder | UnableToCancelOrder]:
    """Cancel what can be cancelled, within the caller's transaction."""
    if not requests:
        return []
    orders = lock(numbers=[request.number for request in requests])
    sent, divided = _sent_and_divided(order_ids=[order.id for order in orders.values()])
    moving: dict[str, tuple[LockedOrder, CancelOrder]] = {}
    results: list[MovedOrder | UnableToCancelOrder] = []
    for request in requests:
        order = orders.get(request.number)
        if order is None or not _may_cancel(order=order, request=request):
            results.append(UnableToCancelOrder(f"There is no order {request.number} for you to cancel."))
        elif order.status == CANCELLED or order.number in moving:
            results.append(MovedOrder(order.id, order.number, CANCELLED, replayed=True))
        elif order.status == COMPLETED or order.id in sent:
            results.append(
                UnableToCancelOrder(f"Something of order {order.number} was sent already: ask for a refund instead.")
            )
        elif order.id in divided:
            results.append(UnableToCancelOrder(f"Order {order.number} is being packed anew: try again in a minute."))
        else:
            moving[order.number] = (order, request)
            results.append(MovedOrder(order.id, order.number, CANCELLED))
    if moving:
        _write_cancelled(moving=list(moving.values()))
    return results


def _sent_and_divided(*, order_ids: Sequence[int]) -> tuple[set[int], set[int]]:
    """Lock the consignments of locked orders, so that none is sent meanwhile.

    Returns which orders had one sent, and of which one is being divided.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.order_id, c.dispatched_at IS NOT NULL, EXISTS (SELECT 1 FROM fulfilment_division d "
            "WHERE d.consignment_id = c.id AND d.state = 'asked') FROM fulfilment_consignment c "
            "WHERE c.order_id = ANY(%s) ORDER BY c.id FOR NO KEY UPDATE OF c",
            [list(order_ids)],
        )
        found = cursor.fetchall()
    return {order for order, sent, _divided in found if sent}, {order for order, _sent, divided in found if divided}


def _may_cancel(*, order: LockedOrder, request: CancelOrder) -> bool:
    if request.by.kind == actors.MERCHANT:
        return False
    return request.by.kind != actors.BUYER or request.by.is_buyer_of(buyer_id=order.user_id, order=order.number)


def _write_cancelled(*, moving: list[tuple[LockedOrder, CancelOrder]]) -> None:
    ids = [order.id for order, _request in moving]
    by = {order.id: request for order, request in moving}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE order_order o SET status = %s, cancelled_at = moved.at, cancelled_reason = moved.reason
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS moved (id, at, reason) WHERE o.id = moved.id
            """,
            [CANCELLED, ids, [by[i].at for i in ids], [by[i].reason[:200] for i in ids]],
        )
        cursor.execute(
            """
            UPDATE fulfilment_consignment c SET status = %s, cancelled_at = moved.at
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at)
            WHERE c.order_id = moved.id AND c.status <> %s
            RETURNING c.id, c.number, c.order_id
            """,
            [states.CANCELLED, ids, [by[i].at for i in ids], states.CANCELLED],
        )
        consignments = cursor.fetchall()
        free_stock(consignment_ids=[row[0] for row in consignments], at=moving[0][1].at)
        baskets = [order.basket_id for order, _request in moving if order.basket_id is not None]
        if baskets:
            cursor.execute(
                "UPDATE basket_basket SET status = 'Open' WHERE id = ANY(%s) AND status = 'Frozen'", [baskets]
            )
    rows.insert(
        rows=[
            ConsignmentEvent(
                consignment_id=identifier,
                key=f"{number}:{states.CANCELLED}",
                status=states.CANCELLED,
                at=by[order_id].at,
                by=str(by[order_id].by),
                note=by[order_id].reason[:500],
            )
            for identifier, number, order_id in consignments
        ]
    )
    bank.publish(
        happened=[
            events.OrderCancelled(
                key=order.number,
                at=request.at,
                number=order.number,
                payment_id=order.payment_id,
                reason=request.reason,
            )
            for order, request in moving
        ]
    )


def free_stock(*, consignment_ids: Sequence[int], at: datetime) -> None:
    """Give back the reserved pieces and promotions of consignments that will not be sent, and close their lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE order_line l SET num_allocated = l.num_allocated - cl.quantity, allocation_cancelled = true,
                status = CASE WHEN EXISTS (
                    SELECT 1 FROM fulfilment_consignmentline other
                    JOIN fulfilment_consignment c ON c.id = other.consignment_id
                    WHERE other.line_id = l.id AND c.status <> %s
                ) THEN l.status ELSE %s END
            FROM (
                SELECT line_id, min(stockrecord_id) AS stockrecord_id, sum(quantity) AS quantity
                FROM fulfilment_consignmentline WHERE consignment_id = ANY(%s) GROUP BY line_id
            ) cl
            WHERE l.id = cl.line_id
            RETURNING cl.stockrecord_id, cl.quantity
            """,
            [states.CANCELLED, CANCELLED, list(consignment_ids)],
        )
        quantities: Counter[int] = Counter()
        for stockrecord_id, quantity in cursor.fetchall():
            quantities[stockrecord_id] += quantity
    _stock.lock_rows(stockrecord_ids=quantities)
    search.announce(at=at, product_ids=_stock.give_back(quantities=quantities))
    taking.give_back(consignment_ids=consignment_ids, at=at)
