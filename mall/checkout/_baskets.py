"""Baskets closed while their order is placed, so that one basket becomes one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db import connection

from mall.checkout.drafts import BasketAlreadyOrdered, BasketChanged, OrderDraft, UnableToPlaceOrder
from mall.order.models import CANCELLED


def freeze(*, drafts: Sequence[OrderDraft]) -> dict[int | None, UnableToPlaceOrder]:
    """Close the baskets of the batch; return the problem of each that cannot be ordered.

    A basket that holds something else than its order was changed in another window, and stays open.
    """
    wanted = {draft.basket_id: draft.user_id for draft in drafts if draft.basket_id is not None}
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM basket_basket WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(wanted)]
        )
        changed = _changed(cursor=cursor, drafts=drafts)
        cursor.execute(
            """
            UPDATE basket_basket b SET status = 'Frozen'
            FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (id, owner)
            WHERE b.id = wanted.id AND b.status IN ('Open', 'Saved', 'Frozen')
              AND b.id <> ALL (%s)
              AND (b.owner_id IS NULL OR b.owner_id = wanted.owner)
              AND NOT EXISTS (SELECT 1 FROM order_order o WHERE o.basket_id = b.id AND o.status <> %s)
            RETURNING b.id
            """,
            [list(wanted), list(wanted.values()), sorted(changed), CANCELLED],
        )
        frozen = {row[0] for row in cursor.fetchall()}
        refused = wanted.keys() - frozen
        if not refused:
            return {}
        cursor.execute(
            "SELECT basket_id, number FROM order_order WHERE basket_id = ANY(%s) AND status <> %s",
            [list(refused), CANCELLED],
        )
        numbers = dict(cursor.fetchall())
    told = "Your basket was changed in another window: look at the new total and order again."
    return {
        basket: BasketChanged(told)
        if basket in changed and basket not in numbers
        else BasketAlreadyOrdered(
            f"This basket was ordered already, as order {numbers[basket]}."
            if basket in numbers
            else "This basket cannot be ordered: it is closed, or somebody else's.",
            number=numbers.get(basket, ""),
        )
        for basket in refused
    }


def _changed(*, cursor: object, drafts: Sequence[OrderDraft]) -> set[int]:
    """Return the open baskets that hold other pieces than their drafts."""
    ordered: dict[int, Counter[int]] = {}
    for draft in drafts:
        if draft.basket_id is not None:
            pieces = ordered.setdefault(draft.basket_id, Counter())
            if not pieces:
                pieces.update({line.stockrecord_id: 0 for line in draft.lines})
                for line in draft.lines:
                    pieces[line.stockrecord_id] += line.quantity
    cursor.execute(
        """
        SELECT l.basket_id, l.stockrecord_id, l.quantity FROM basket_line l JOIN basket_basket b ON b.id = l.basket_id
        WHERE l.basket_id = ANY(%s) AND b.status IN ('Open', 'Saved')
        """,
        [sorted(ordered)],
    )
    held: dict[int, Counter[int]] = {}
    for basket_id, stockrecord_id, quantity in cursor.fetchall():
        held.setdefault(basket_id, Counter())[stockrecord_id] += quantity
    return {basket_id for basket_id, pieces in held.items() if pieces != ordered[basket_id]}


def thaw(*, drafts: Sequence[OrderDraft], frozen: dict) -> None:
    """Open again what was closed for orders that were not placed."""
    ids = [draft.basket_id for draft in drafts if draft.basket_id is not None and draft.basket_id not in frozen]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE basket_basket b SET status = 'Open' WHERE b.id = ANY(%s) AND b.status = 'Frozen'
                AND NOT EXISTS (SELECT 1 FROM order_order o WHERE o.basket_id = b.id AND o.status <> %s)
                """,
                [ids, CANCELLED],
            )
