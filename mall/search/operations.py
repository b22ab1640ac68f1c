"""Keeping the search table: rows are computed from the catalogue, in a few statements for any number of products."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4

from django.db import connection, transaction

from mall import bank, events
from mall.offers import buybox

_FOLDER = Path(__file__).parent / "sql"
_LOCK_KEY = "mall.search"
AT_ONCE = 2_000
SOLD_WITHIN = timedelta(days=90)

_FORGET = """
DELETE FROM search_searchentry entry WHERE entry.product_id = ANY(%(members)s) AND NOT EXISTS (
    SELECT 1 FROM catalogue_product family
    JOIN catalogue_product p ON (p.id = family.id OR p.parent_id = family.id) AND p.is_public
    JOIN partner_stockrecord s ON s.product_id = p.id AND s.price IS NOT NULL
    JOIN merchants_merchant m ON m.partner_id = s.partner_id AND m.status = 'active'
    WHERE family.id = entry.product_id AND family.is_public AND family.parent_id IS NULL
)
"""
_RATED = """
UPDATE search_searchentry e SET rating = p.rating, reviews = said.reviews,
    tags = ARRAY(SELECT tag FROM unnest(e.tags) AS tag WHERE tag / 1099511627776 <> 4)
        || ARRAY(SELECT 4 * 1099511627776 + score FROM unnest(ARRAY[3, 4]) AS score WHERE p.rating >= score)
FROM catalogue_product p, LATERAL (
    SELECT count(*) AS reviews FROM reviews_productreview r WHERE r.product_id = p.id AND r.status = 1
) said
WHERE p.id = ANY(%(ids)s) AND e.product_id = p.id
"""
_FAMILIES = """
SELECT p.id, coalesce(p.parent_id, p.id) FROM catalogue_product p
WHERE p.id = ANY(%(ids)s)
    OR p.parent_id IN (SELECT coalesce(parent_id, id) FROM catalogue_product WHERE id = ANY(%(ids)s))
    OR p.id IN (SELECT parent_id FROM catalogue_product WHERE id = ANY(%(ids)s))
"""
_VARIANTS = "SELECT id FROM catalogue_product WHERE id = ANY(%(ids)s) AND parent_id IS NOT NULL"
_SOLD = """
UPDATE search_searchentry entry SET sold = coalesce(line.sold, 0)
FROM search_searchentry e LEFT JOIN (
    SELECT coalesce(p.parent_id, p.id) AS product_id, sum(l.quantity) AS sold
    FROM order_line l JOIN order_order o ON o.id = l.order_id JOIN catalogue_product p ON p.id = l.product_id
    WHERE o.date_placed > %(since)s AND o.date_placed <= %(until)s GROUP BY 1
) line ON line.product_id = e.product_id
WHERE e.product_id = entry.product_id AND entry.sold <> coalesce(line.sold, 0)
"""


def refresh_products(*, product_ids: Collection[int]) -> None:
    """Compute the search entries of products anew; one that nobody sells any more leaves the table.

    A variant has no entry: its parent's is computed.
    """
    asked = sorted(set(product_ids))
    if not asked:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time: a refresh that saw an older catalogue must not write after one that saw a newer.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK_KEY])
        cursor.execute(_FAMILIES, {"ids": asked})
        families = dict(cursor.fetchall())
        values = buybox.ranked_values(product_ids={*asked, *families}) | {"ids": sorted(set(families.values()))}
        cursor.execute(_FORGET, values)
        for name in ("values", "refresh", "learn"):
            cursor.execute(_sql(name), values)


def note_ratings(*, product_ids: Collection[int]) -> None:
    """Take over what buyers say of products: less than computing their entries anew, since nothing else changed."""
    with connection.cursor() as cursor:
        cursor.execute(_RATED, {"ids": sorted(product_ids)})
        cursor.execute(_VARIANTS, {"ids": sorted(product_ids)})
        variants = [row[0] for row in cursor.fetchall()]
    # What is said of a variant is said of its parent, which has other variants' reviews as well.
    refresh_products(product_ids=variants)


def announce(*, at: datetime, product_ids: Collection[int] = (), merchant_id: int | None = None) -> None:
    """Tell, in the caller's transaction, that offers changed; their entries are computed when that is delivered."""
    ids = sorted(set(product_ids))
    told = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    happened = [events.OffersChanged(key=uuid4().hex, at=at, product_ids=tuple(some)) for some in told]
    if merchant_id is not None:
        happened.append(events.OffersChanged(key=uuid4().hex, at=at, merchant_id=merchant_id))
    if happened:
        bank.publish(happened=happened)


def refresh_merchant(*, merchant_id: int) -> None:
    """Compute the search entries of everything a merchant sells anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT s.product_id FROM partner_stockrecord s "
            "JOIN merchants_merchant m ON m.partner_id = s.partner_id WHERE m.id = %s ORDER BY 1",
            [merchant_id],
        )
        ids = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(ids), AT_ONCE):
        refresh_products(product_ids=ids[start : start + AT_ONCE])


def reindex(*, after: int = 0) -> Iterator[int]:
    """Compute every entry anew, a batch a transaction, while people go on searching; yield each batch's last product.

    ``after``: the product from which to go on. Entries of products that are gone go as well.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM catalogue_product WHERE id > %(after)s UNION "
                "SELECT product_id FROM search_searchentry WHERE product_id > %(after)s ORDER BY 1 LIMIT %(count)s",
                {"after": after, "count": AT_ONCE},
            )
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return
        refresh_products(product_ids=ids)
        after = ids[-1]
        yield after


def count_up(*, at: datetime) -> None:
    """Count what changes with time: what was sold lately, what that makes of quality, and how common each word is."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK_KEY])
        cursor.execute(_SOLD, {"since": at - SOLD_WITHIN, "until": at})
        cursor.execute(_sql("quality"), {"ids": None})
    count_words()


def weigh(*, product_ids: Collection[int] | None = None) -> None:
    """Compute the quality of products anew, or of all: what was sold or said, or a weight, has changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK_KEY])
        cursor.execute(_sql("quality"), {"ids": None if product_ids is None else sorted(product_ids)})


def count_words() -> None:
    """Count by how many products each word is used, and forget those that no product uses any more."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK_KEY])
        cursor.execute(_sql("count"))


@cache
def _sql(name: str) -> str:
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    said = (_FOLDER / "said.sql").read_text(encoding="utf-8")
    return text.replace("{ranked}", buybox.ranked_sql()).replace("{said}", said)
