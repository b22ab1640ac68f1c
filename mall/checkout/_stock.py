"""Stock under lock: what a batch of orders takes, and what it gives back. All rows are locked in id order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from mall.taxes.queries import CLASS_OF


@dataclass(slots=True)
class LockedStock:
    """A stock record whose row is locked; `free` is counted down as orders of the batch take pieces."""

    id: int
    product_id: int
    partner_id: int
    sku: str
    currency: str
    price: Decimal | None
    tracked: bool
    free: int
    merchant_id: int
    merchant_name: str
    merchant_status: str
    merchant_country: str
    title: str
    upc: str | None
    is_public: bool
    tax_class: str


# The merchants' rows too, shared: who is suspended meanwhile is suspended before this order, or after it.
_LOCK = f"""
SELECT s.id, s.product_id, s.partner_id, s.partner_sku, s.price_currency, s.price, s.num_in_stock IS NOT NULL,
       coalesce(s.num_in_stock, 0) - coalesce(s.num_allocated, 0), m.id, m.name, m.status, m.country,
       coalesce(nullif(p.title, ''), parent.title, ''), p.upc, p.is_public, {CLASS_OF}
FROM partner_stockrecord s
JOIN merchants_merchant m ON m.partner_id = s.partner_id
JOIN catalogue_product p ON p.id = s.product_id
LEFT JOIN catalogue_product parent ON parent.id = p.parent_id
LEFT JOIN catalogue_productclass kind ON kind.id = coalesce(p.product_class_id, parent.product_class_id)
LEFT JOIN taxes_producttaxclass own ON own.product_id = p.id
WHERE s.id = ANY(%s)
ORDER BY s.id
FOR NO KEY UPDATE OF s FOR SHARE OF m
"""  # noqa: S608 - what is put in is a constant

_TAKE = """
UPDATE partner_stockrecord s SET num_allocated = coalesce(s.num_allocated, 0) + taken.quantity
FROM unnest(%s::bigint[], %s::int[]) AS taken (id, quantity)
WHERE s.id = taken.id
"""

_GIVE_BACK = """
UPDATE partner_stockrecord s SET num_allocated = coalesce(s.num_allocated, 0) - given.quantity
FROM unnest(%s::bigint[], %s::int[]) AS given (id, quantity)
WHERE s.id = given.id
RETURNING s.product_id, s.num_in_stock - s.num_allocated <= given.quantity
"""

_CONSUME = """
UPDATE partner_stockrecord s
SET num_allocated = coalesce(s.num_allocated, 0) - sent.quantity, num_in_stock = s.num_in_stock - sent.quantity
FROM unnest(%s::bigint[], %s::int[]) AS sent (id, quantity)
WHERE s.id = sent.id
"""

_PUT_BACK = """
UPDATE partner_stockrecord s SET num_in_stock = s.num_in_stock + back.quantity
FROM unnest(%s::bigint[], %s::int[]) AS back (id, quantity)
WHERE s.id = back.id AND s.num_in_stock IS NOT NULL
RETURNING s.product_id
"""


def lock(*, stockrecord_ids: Iterable[int]) -> dict[int, LockedStock]:
    """Lock the stock records that exist and return them by id."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(set(stockrecord_ids))])
        return {row[0]: LockedStock(*row) for row in cursor.fetchall()}


def take(*, quantities: Mapping[int, int]) -> None:
    """Reserve pieces of locked stock records."""
    _apply(_TAKE, quantities)


def give_back(*, quantities: Mapping[int, int]) -> set[int]:
    """Free reserved pieces of locked stock records; return the products of which there was none left before."""
    if not quantities:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [list(quantities), list(quantities.values())])
        return {product_id for product_id, was_sold_out in cursor.fetchall() if was_sold_out}


def consume(*, quantities: Mapping[int, int]) -> None:
    """Take reserved pieces of locked stock records off the shelf."""
    _apply(_CONSUME, quantities)


def put_back(*, quantities: Mapping[int, int]) -> set[int]:
    """Put pieces that came back on the shelf of locked stock records; return their products."""
    if not quantities:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_PUT_BACK, [list(quantities), list(quantities.values())])
        return {product_id for (product_id,) in cursor.fetchall()}


def lock_rows(*, stockrecord_ids: Iterable[int]) -> None:
    """Lock stock records in id order, for a change that needs nothing of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM partner_stockrecord WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [sorted(set(stockrecord_ids))],
        )


def _apply(statement: str, quantities: Mapping[int, int]) -> None:
    if quantities:
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(quantities), list(quantities.values())])
