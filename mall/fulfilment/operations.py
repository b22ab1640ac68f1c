"""Consignments on their way: sent, delivered, released, cancelled, refunded. Money follows by events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from mall import actors, bank, events
from mall.checkout import _moving, _stock
from mall.fulfilment import _rows, states
from mall.fulfilment._rows import LockedConsignment
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import (
    CancelConsignment,
    Deliver,
    Dispatch,
    MovedConsignment,
    RefundConsignment,
    RefundedConsignment,
    UnableToCancel,
    UnableToDeliver,
    UnableToDispatch,
    UnableToMoveConsignment,
    UnableToRefund,
    UnknownConsignment,
)

RELEASE_BATCH = 1_000


def dispatch_consignments(*, requests: Sequence[Dispatch]) -> list[MovedConsignment | UnableToMoveConsignment]:
    """Say that consignments were handed to their carriers; their pieces leave the stock, their money is captured.

    :returns: for each request, in order, the consignment or why it stays.
    """
    with transaction.atomic():
        rows = _rows.lock(numbers=[request.consignment_number for request in requests])
        money = bank.parts(numbers=list(rows))

        def check(request: Dispatch, row: LockedConsignment) -> None:
            if request.by.kind == actors.BUYER:
                raise UnknownConsignment(f"There is no consignment {row.number} for you to send.")
            if row.being_divided and row.status == states.CONFIRMED:
                raise UnableToDispatch(f"Consignment {row.number} is being divided: try again in a minute.")
            part = money.get(row.number)
            unpaid = row.amount and (part is None or part.state not in ("authorised", "captured"))
            if unpaid and row.status == states.CONFIRMED:
                raise UnableToDispatch(f"The money for consignment {row.number} is not held any more: do not send it.")

        results, moving = _decide(
            requests=requests,
            rows=rows,
            number=lambda request: request.consignment_number,
            event="dispatch",
            check=check,
            refuse=UnableToDispatch,
        )
        if moving:
            _write_dispatched(moving=moving)
    return results


def _write_dispatched(*, moving: list[tuple[LockedConsignment, Dispatch]]) -> None:
    ids = [row.id for row, _request in moving]
    waiting = timedelta(days=bank.policy().RELEASE_AFTER_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stockrecord_id, sum(quantity) FROM fulfilment_consignmentline WHERE consignment_id = ANY(%s) "
            "GROUP BY stockrecord_id ORDER BY stockrecord_id",
            [ids],
        )
        quantities = {stockrecord_id: int(quantity) for stockrecord_id, quantity in cursor.fetchall()}
        _stock.lock_rows(stockrecord_ids=quantities)
        _stock.consume(quantities=quantities)
        cursor.execute(
            """
            UPDATE fulfilment_consignment c
            SET status = %s, dispatched_at = moved.at, release_due = moved.due, carrier = moved.carrier,
                tracking = moved.tracking
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[])
                AS moved (id, at, due, carrier, tracking)
            WHERE c.id = moved.id
            """,
            [
                states.DISPATCHED,
                ids,
                [request.at for _row, request in moving],
                [request.at + waiting for _row, request in moving],
                [request.carrier[:64] for _row, request in moving],
                [request.tracking[:128] for _row, request in moving],
            ],
        )
    _rows.set_lines(consignment_ids=ids, status="Dispatched", sent=True)
    _rows.write_history(
        entries=[
            (row, states.DISPATCHED, request.at, str(request.by), f"{request.carrier} {request.tracking}".strip())
            for row, request in moving
        ]
    )
    bank.publish(
        happened=[
            events.ConsignmentDispatched(
                key=row.number,
                at=request.at,
                number=row.number,
                order=row.order_number,
                merchant=bank.merchant(merchant_id=row.merchant_id),
                amount=row.amount,
            )
            for row, request in moving
        ]
    )


def deliver_consignments(*, requests: Sequence[Deliver]) -> list[MovedConsignment | UnableToMoveConsignment]:
    """Say that goods arrived; never the merchant's word. The merchant's money is released.

    :returns: for each request, in order, the consignment or why it stays.
    """
    with transaction.atomic():
        rows = _rows.lock(numbers=[request.consignment_number for request in requests])
        results, moving = _decide(
            requests=requests,
            rows=rows,
            number=lambda request: request.consignment_number,
            event="deliver",
            check=_check_deliver,
            refuse=UnableToDeliver,
        )
        if moving:
            _write_delivered(moving=moving)
    return results


_MAY_SAY = {
    "carrier": {actors.CARRIER, actors.OPERATIONS, actors.SYSTEM},
    "buyer": {actors.BUYER},
    "operations": {actors.OPERATIONS},
    "time": {actors.SYSTEM},
}


def _check_deliver(request: Deliver, row: LockedConsignment) -> None:
    if request.by.kind not in _MAY_SAY.get(request.said_by, set()):
        raise UnableToDeliver(
            f"That consignment {row.number} arrived is for the carrier, the buyer or the bank's operations to say."
        )


def _write_delivered(*, moving: list[tuple[LockedConsignment, Deliver]]) -> None:
    ids = [row.id for row, _request in moving]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE fulfilment_consignment c SET status = %s, delivered_at = moved.at, delivered_said_by = moved.said_by
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS moved (id, at, said_by)
            WHERE c.id = moved.id
            """,
            [
                states.DELIVERED,
                ids,
                [request.at for _row, request in moving],
                [request.said_by for _row, request in moving],
            ],
        )
    _rows.set_lines(consignment_ids=ids, status="Delivered")
    _rows.write_history(
        entries=[
            (row, states.DELIVERED, request.at, str(request.by), f"said by {request.said_by}")
            for row, request in moving
        ]
    )
    bank.publish(
        happened=[
            events.ConsignmentDelivered(
                key=row.number,
                at=request.at,
                number=row.number,
                order=row.order_number,
                merchant=bank.merchant(merchant_id=row.merchant_id),
                amount=row.amount,
                said_by=request.said_by,
            )
            for row, request in moving
        ]
    )


def release_due(*, at: datetime) -> int:
    """Count as delivered what was sent long enough ago without a word from anybody; return how many."""
    released = 0
    while True:
        due = list(
            Consignment.objects.filter(status=states.DISPATCHED, release_due__lte=at)
            .order_by("release_due", "pk")
            .values_list("number", "release_due")[:RELEASE_BATCH]
        )
        if not due:
            return released
        results = deliver_consignments(
            requests=[
                Deliver(consignment_number=number, said_by="time", at=moment, by=actors.SYSTEM_ACTOR)
                for number, moment in due
            ]
        )
        moved = sum(isinstance(result, MovedConsignment) for result in results)
        if not moved:
            return released
        released += moved


def cancel_consignments(*, requests: Sequence[CancelConsignment]) -> list[MovedConsignment | UnableToMoveConsignment]:
    """Give up consignments that were not sent: their stock is free again, their money is given back.

    The order is cancelled with its last consignment.

    :returns: for each request, in order, the consignment or why it stays.
    """
    with transaction.atomic():
        rows = _rows.lock(numbers=[request.number for request in requests], with_orders=True)
        results, moving = _decide(
            requests=requests,
            rows=rows,
            number=lambda request: request.number,
            event="cancel",
            check=_check_cancel,
            refuse=UnableToCancel,
        )
        if moving:
            _write_cancelled(moving=moving)
    return results


def _check_cancel(request: CancelConsignment, row: LockedConsignment) -> None:
    if row.being_divided:
        raise UnableToCancel(f"Consignment {row.number} is being divided: try again in a minute.")
    if row.status == states.AWAITING_PAYMENT:
        raise UnableToCancel(f"Order {row.order_number} is not paid yet: cancel the whole order.")


def _write_cancelled(*, moving: list[tuple[LockedConsignment, CancelConsignment]]) -> None:
    ids = [row.id for row, _request in moving]
    orders = {row.order_id: request for row, request in moving}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE fulfilment_consignment c SET status = %s, cancelled_at = moved.at
            FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at) WHERE c.id = moved.id
            """,
            [states.CANCELLED, ids, [request.at for _row, request in moving]],
        )
        _moving.free_stock(consignment_ids=ids, at=moving[0][1].at)
        cursor.execute(
            """
            UPDATE order_order o SET status = 'Cancelled', cancelled_at = moved.at, cancelled_reason = moved.reason
            FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[]) AS moved (id, at, reason)
            WHERE o.id = moved.id AND NOT EXISTS (
                SELECT 1 FROM fulfilment_consignment c WHERE c.order_id = o.id AND c.status <> 'cancelled'
            )
            """,
            [
                list(orders),
                [request.at for request in orders.values()],
                [request.reason[:200] for request in orders.values()],
            ],
        )
    _rows.complete_orders(order_ids=orders)
    _rows.write_history(
        entries=[(row, states.CANCELLED, request.at, str(request.by), request.reason) for row, request in moving]
    )
    bank.publish(
        happened=[
            events.ConsignmentCancelled(
                key=row.number,
                at=request.at,
                number=row.number,
                order=row.order_number,
                merchant=bank.merchant(merchant_id=row.merchant_id),
                amount=row.amount,
                reason=request.reason,
            )
            for row, request in moving
        ]
    )


def refund_consignments(
    *, requests: Sequence[RefundConsignment]
) -> list[RefundedConsignment | UnableToMoveConsignment]:
    """Give money back for consignments that were sent; payments bound it by what was captured.

    A merchant refunds his own consignments, operations any; the same key is the same refund.

    :returns: for each request, in order, the refund or why there is none.
    """
    rows = {
        row.number: row
        for row in Consignment.objects.filter(number__in={request.number for request in requests}).select_related(
            "order"
        )
    }
    former = _rows.former_staff(requests=requests)
    problems: dict[int, UnableToMoveConsignment] = {}
    for index, request in enumerate(requests):
        row = rows.get(request.number)
        if (
            row is None
            or request.by.kind == actors.BUYER
            or request.by in former
            or not request.by.may_touch(merchant_id=row.merchant_id, buyer_id=row.order.user_id)
        ):
            problems[index] = UnknownConsignment(f"There is no consignment {request.number} for you to refund.")
        elif request.amount <= 0:
            problems[index] = UnableToRefund("A refund needs an amount above zero.")
        elif row.status not in states.sources(event="refund in full"):
            problems[index] = UnableToRefund(
                f"Consignment {request.number} is {row.get_status_display().lower()}: there is nothing to refund."
            )
    asked = [request for index, request in enumerate(requests) if index not in problems]
    answers = iter(bank.refund(refunds=asked))
    results: list[RefundedConsignment | UnableToMoveConsignment] = []
    for index, request in enumerate(requests):
        if index in problems:
            results.append(problems[index])
            continue
        answer = next(answers)
        if isinstance(answer, Exception):
            results.append(UnableToRefund(str(answer)))
        else:
            results.append(RefundedConsignment(request.number, request.amount))
    return results


def _decide(
    *,
    requests: Sequence,
    rows: dict[str, LockedConsignment],
    number: Callable[..., str],
    event: str,
    check: Callable[..., None],
    refuse: type[UnableToMoveConsignment],
) -> tuple[list[MovedConsignment | UnableToMoveConsignment], list[tuple[LockedConsignment, object]]]:
    """Split requests into those that move their consignment and those that do not, each with its answer."""
    former = _rows.former_staff(requests=requests)
    moving: dict[str, tuple[LockedConsignment, object]] = {}
    results: list[MovedConsignment | UnableToMoveConsignment] = []
    target = next(following for _state, named, following in states.TRANSITIONS if named == event)
    for request in requests:
        named = number(request)
        try:
            row = _rows.check_actor(row=rows.get(named), by=request.by, former=former, number=named)
            check(request, row)
            if named in moving or row.status == target or _went_on(row=row, event=event):
                results.append(MovedConsignment(named, target, replayed=True))
                continue
            states.move(state=row.status, event=event)
        except states.ForbiddenMove:
            results.append(refuse(f"Consignment {named} is {row.status.replace('_', ' ')}: it cannot {event} now."))
        except UnableToMoveConsignment as problem:
            results.append(problem)
        else:
            moving[named] = (row, request)
            results.append(MovedConsignment(named, target))
    return results, list(moving.values())


def _went_on(*, row: LockedConsignment, event: str) -> bool:
    """Tell whether the move was made before and the consignment has gone on from there."""
    if event == "dispatch":
        return row.dispatched_at is not None
    return event == "deliver" and row.status in (states.RELEASED, states.REFUNDED)
