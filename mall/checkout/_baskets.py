"""Baskets closed while their order is placed, so that one basket becomes one order."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from mall.checkout.drafts import BasketAlreadyOrdered, OrderDraft
from mall.order.models import CANCELLED


def freeze(*, drafts: Sequence[OrderDraft]) -> dict[int | None, BasketAlreadyOrdered]:
    """Close the baskets of the batch; return the problem of each that cannot be ordered."""
    wanted = {draft.basket_id: draft.user_id for draft in drafts if draft.basket_id is not None}
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM basket_basket WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(wanted)]
        )
        cursor.execute(
            """
            UPDATE basket_basket b SET status = 'Frozen'
            FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (id, owner)
            WHERE b.id = wanted.id AND b.status IN ('Open', 'Saved', 'Frozen')
              AND (b.owner_id IS NULL OR b.owner_id = wanted.owner)
              AND NOT EXISTS (SELECT 1 FROM order_order o WHERE o.basket_id = b.id AND o.status <> %s)
            RETURNING b.id
            """,
            [list(wanted), list(wanted.values()), CANCELLED],
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
    return {
        basket: BasketAlreadyOrdered(
            f"This basket was ordered already, as order {numbers[basket]}."
            if basket in numbers
            else "This basket cannot be ordered: it is closed, or somebody else's.",
            number=numbers.get(basket, ""),
        )
        for basket in refused
    }


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
