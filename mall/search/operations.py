"""Keeping the search table: rows are computed from the catalogue, in one statement for any number of products."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from mall import bank

# The offer shown is the cheapest of an active merchant, one in stock before one that is not.
_REFRESH = """
WITH offer AS (
    SELECT s.product_id, s.id AS stockrecord_id, s.price_currency, s.price, m.id AS merchant_id, m.name,
           s.num_in_stock IS NULL OR s.num_in_stock > coalesce(s.num_allocated, 0) AS in_stock
    FROM partner_stockrecord s JOIN merchants_merchant m ON m.partner_id = s.partner_id AND m.status = 'active'
    WHERE s.product_id = ANY(%(ids)s) AND s.price IS NOT NULL
), best AS (
    SELECT DISTINCT ON (product_id) * FROM offer ORDER BY product_id, in_stock DESC, price, stockrecord_id
), offers AS (
    SELECT product_id, count(*) AS offers, array_agg(DISTINCT merchant_id) AS merchants FROM offer GROUP BY product_id
), category AS (
    SELECT pc.product_id, array_agg(DISTINCT up.id) AS ids, min(c.name) AS name,
           string_agg(DISTINCT up.name, ' ') AS words
    FROM catalogue_productcategory pc
    JOIN catalogue_category c ON c.id = pc.category_id
    JOIN catalogue_category up ON c.path LIKE up.path || '%%'
    WHERE pc.product_id = ANY(%(ids)s) GROUP BY pc.product_id
), reviewed AS (
    SELECT product_id, count(*) AS reviews FROM reviews_productreview
    WHERE product_id = ANY(%(ids)s) AND status = 1 GROUP BY product_id
)
INSERT INTO search_searchentry AS entry (
    product_id, title, slug, text, categories, category_name, merchants, merchant_name, stockrecord_id, offers,
    currency, price, in_stock, rating, reviews, listed_at, document
)
SELECT p.id, p.title, p.slug, left(p.description, 2000), coalesce(category.ids, '{}'), coalesce(category.name, ''),
       offers.merchants, best.name, best.stockrecord_id, offers.offers, best.price_currency,
       round(best.price * power(10, coalesce((%(exponents)s::jsonb ->> best.price_currency)::int, 2)))::bigint,
       best.in_stock, p.rating, coalesce(reviewed.reviews, 0), p.date_created,
       setweight(to_tsvector('simple', p.title), 'A')
           || setweight(to_tsvector('simple', coalesce(category.words, '') || ' ' || best.name), 'B')
           || setweight(to_tsvector('simple', left(p.description, 2000)), 'C')
FROM catalogue_product p
JOIN best ON best.product_id = p.id
JOIN offers ON offers.product_id = p.id
LEFT JOIN category ON category.product_id = p.id
LEFT JOIN reviewed ON reviewed.product_id = p.id
WHERE p.id = ANY(%(ids)s) AND p.is_public
ON CONFLICT (product_id) DO UPDATE SET
    title = excluded.title, slug = excluded.slug, text = excluded.text, categories = excluded.categories,
    category_name = excluded.category_name, merchants = excluded.merchants, merchant_name = excluded.merchant_name,
    stockrecord_id = excluded.stockrecord_id, offers = excluded.offers, currency = excluded.currency,
    price = excluded.price, in_stock = excluded.in_stock, rating = excluded.rating, reviews = excluded.reviews,
    listed_at = excluded.listed_at, document = excluded.document
"""

_FORGET = """
DELETE FROM search_searchentry entry WHERE entry.product_id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT 1 FROM catalogue_product p
    JOIN partner_stockrecord s ON s.product_id = p.id AND s.price IS NOT NULL
    JOIN merchants_merchant m ON m.partner_id = s.partner_id AND m.status = 'active'
    WHERE p.id = entry.product_id AND p.is_public
)
"""


def refresh_products(*, product_ids: Collection[int]) -> None:
    """Compute the search entries of products anew; one that nobody sells any more leaves the table."""
    ids = sorted(set(product_ids))
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"ids": ids})
        cursor.execute(_REFRESH, {"ids": ids, "exponents": bank.exponents_json()})


def refresh_merchant(*, merchant_id: int) -> None:
    """Compute the search entries of everything a merchant sells anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.product_id FROM partner_stockrecord s JOIN merchants_merchant m ON m.partner_id = s.partner_id "
            "WHERE m.id = %s",
            [merchant_id],
        )
        ids = [row[0] for row in cursor.fetchall()]
    refresh_products(product_ids=ids)
