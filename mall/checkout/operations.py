"""Orders: placed with their stock first, paid second, confirmed third; each step safe to repeat."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from mall import bank
from mall.checkout import _moving, _placing
from mall.checkout.drafts import (
    CancelOrder,
    ConfirmOrder,
    MovedOrder,
    OrderDraft,
    PlacedOrder,
    SubmitOutcome,
    UnableToCancelOrder,
    UnableToConfirmOrder,
    UnableToPlaceOrder,
    UnableToSubmitOrder,
)
from mall.order.models import AWAITING_PAYMENT, CANCELLED, Order

logger = logging.getLogger(__name__)

ATTEMPTS = 3
SWEEP_BATCH = 500


def place_orders(*, drafts: Sequence[OrderDraft]) -> list[PlacedOrder | UnableToPlaceOrder]:
    """Place orders with their stock reserved and their payment recorded, in one transaction for the batch.

    The same key gives the same order again. Amounts are minor units of the draft's currency.

    :returns: for each draft, in order, the order or an instance of :class:`UnableToPlaceOrder`.
    """
    refused: dict[str, UnableToPlaceOrder] = {}
    attempts = 0
    while True:
        try:
            with transaction.atomic():
                placed = _placing.place(drafts=[draft for draft in drafts if draft.key not in refused])
            break
        except _placing.RefusedByBank as refusal:
            refused |= refusal.problems
        except IntegrityError:
            # Another process placed an order with the same key or basket meanwhile; now it can be seen.
            attempts += 1
            if attempts == ATTEMPTS:
                raise
    answers = iter(placed)
    return [refused[draft.key] if draft.key in refused else next(answers) for draft in drafts]


def place_order(*, draft: OrderDraft) -> PlacedOrder:
    """Place one order.

    :raises UnableToPlaceOrder: and nothing was reserved.
    """
    [result] = place_orders(drafts=[draft])
    if isinstance(result, UnableToPlaceOrder):
        raise result
    return result


def confirm_orders(*, requests: Sequence[ConfirmOrder]) -> list[MovedOrder | UnableToConfirmOrder]:
    """Confirm orders whose payment is promised in full, in one transaction for the batch.

    :returns: for each request, in order, the order or an instance of :class:`UnableToConfirmOrder`.
    """
    with transaction.atomic():
        return _moving.confirm(requests=requests)


def cancel_orders(*, requests: Sequence[CancelOrder]) -> list[MovedOrder | UnableToCancelOrder]:
    """Give up orders of which nothing was sent: their stock is free again, their payment is given back.

    The stock is freed here; the money follows the event :class:`mall.events.OrderCancelled`.

    :returns: for each request, in order, the order or an instance of :class:`UnableToCancelOrder`.
    """
    with transaction.atomic():
        return _moving.cancel(requests=requests)


def submit_order(*, draft: OrderDraft) -> SubmitOutcome:
    """Place an order, have its payment authorised, and confirm it; sending the same key again goes on from there.

    Must be called outside a transaction: a payment may ask another system.

    :raises UnableToPlaceOrder: nothing was reserved or held.
    :raises UnableToSubmitOrder: the bank did not answer; the same key goes on.
    """
    placed = place_order(draft=draft)
    if placed.status not in (AWAITING_PAYMENT, CANCELLED):
        return SubmitOutcome(number=placed.number, state="confirmed")
    if placed.status == CANCELLED:
        return SubmitOutcome(number=placed.number, state="refused", message=_why_cancelled(number=placed.number))
    return pay_order(number=placed.number, payment_id=placed.payment_id, at=draft.at)


def pay_order(*, number: str, payment_id: int | None, at: datetime) -> SubmitOutcome:
    """Have a placed order's payment authorised and confirm it, or give it up when the payment is refused.

    :raises UnableToSubmitOrder: the bank did not answer; calling again goes on.
    """
    if payment_id is not None:
        outcome = bank.authorise(payment_id=payment_id, at=at)
        if outcome.state == "action_required":
            return SubmitOutcome(number=number, state="action_required", url=outcome.action_url)
        if outcome.state == "in_review":
            return SubmitOutcome(number=number, state="in_review", until=outcome.until)
        if outcome.state in bank.DEAD:
            message = outcome.refusal or "The payment was refused: choose another way to pay."
            cancel_orders(requests=[CancelOrder(number=number, reason=message, at=at)])
            return SubmitOutcome(number=number, state="refused", message=message)
        if outcome.state not in bank.AUTHORISED:
            raise UnableToSubmitOrder(
                f"The payment of order {number} has not been answered yet: look at the order again in a minute."
            )
    [moved] = confirm_orders(requests=[ConfirmOrder(number=number, at=at)])
    if isinstance(moved, UnableToConfirmOrder):
        if Order.objects.filter(number=number, status=CANCELLED).exists():
            return SubmitOutcome(number=number, state="refused", message=_why_cancelled(number=number))
        raise UnableToSubmitOrder(str(moved))
    return SubmitOutcome(number=number, state="confirmed")


def sweep_orders(*, at: datetime, patience: timedelta = timedelta(0)) -> int:
    """Bring to an end what a crash or a timeout left: confirm what is paid, give up what will not be.

    Orders written less than `patience` ago, by the database's clock, are left to whoever is busy with them.

    :returns: how many orders were moved.
    """
    moved = 0
    after = 0
    while batch := _awaiting(after=after, patience=patience):
        after = batch[-1][0]
        states = bank.payment_states(payment_ids=[row[2] for row in batch if row[2] is not None])
        confirm: list[ConfirmOrder] = []
        cancel: list[CancelOrder] = []
        for _order_id, number, payment_id, expires_at, placed_at in batch:
            state = states.get(payment_id, "") if payment_id is not None else "authorised"
            if state in bank.AUTHORISED:
                confirm.append(ConfirmOrder(number=number, at=max(at, placed_at)))
            elif state in bank.DEAD:
                cancel.append(CancelOrder(number=number, reason="The payment was not made.", at=at))
            elif expires_at <= at and state not in ("authorising", "in_review"):
                cancel.append(CancelOrder(number=number, reason="The payment was not made in time.", at=at))
        moved += sum(isinstance(result, MovedOrder) for result in confirm_orders(requests=confirm))
        moved += sum(isinstance(result, MovedOrder) for result in cancel_orders(requests=cancel))
    _void_forgotten(at=at)
    return moved


def _awaiting(*, after: int, patience: timedelta) -> list[tuple[int, str, int | None, datetime, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, number, payment_id, expires_at, date_placed FROM order_order "
            "WHERE status = %s AND id > %s AND recorded_at <= clock_timestamp() - %s ORDER BY id LIMIT %s",
            [AWAITING_PAYMENT, after, patience, SWEEP_BATCH],
        )
        return cursor.fetchall()


def _void_forgotten(*, at: datetime) -> None:
    """Give back money that is still held for orders given up lately: their event may have been lost on its way."""
    rows = list(
        Order.objects.filter(status=CANCELLED, cancelled_at__gt=at - timedelta(days=2), payment_id__isnull=False)
        .order_by("pk")
        .values_list("number", "payment_id", "cancelled_reason")
    )
    states = bank.payment_states(payment_ids=[row[1] for row in rows])
    held = [row for row in rows if states.get(row[1]) not in (*bank.DEAD, "captured", "authorising", None)]
    bank.void(payments=[(payment_id, number, at) for number, payment_id, _reason in held])


def _why_cancelled(*, number: str) -> str:
    return Order.objects.values_list("cancelled_reason", flat=True).get(number=number)
