"""A generated catalogue of any size: some words common, most rare, as in a real one."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import connection

from mall.search import operations

NOUNS = (
    "shirt", "shoes", "lamp", "phone", "sofa", "jacket", "desk", "chair", "table", "watch", "dress",
    "headphones", "backpack", "kettle", "towel", "bicycle", "keyboard", "monitor", "speaker", "pillow",
    "blanket", "curtain", "mirror", "knife", "pan", "bottle", "mug", "plate", "bowl", "basket", "shelf",
    "drawer", "cabinet", "carpet", "candle", "vase", "clock", "frame", "poster", "notebook", "pen", "pencil",
    "brush", "paint", "hammer", "drill", "saw", "wrench", "ladder", "hose", "shovel", "rake", "seeds",
    "planter", "grill", "tent", "hammock", "lantern", "compass", "rope", "helmet", "gloves", "boots", "sandals",
    "socks", "scarf", "hat", "belt", "wallet", "purse", "ring", "necklace", "bracelet", "earrings", "perfume",
    "soap", "shampoo", "cream", "razor", "comb", "dryer", "scale", "thermometer", "bandage", "vitamin", "tea",
    "coffee", "chocolate", "honey", "pasta", "rice", "oil", "vinegar", "spice", "puzzle", "doll", "robot",
    "kite", "ball", "racket", "skates", "skis", "surfboard", "goggles", "guitar", "piano", "violin", "drum",
    "flute", "camera", "tripod", "lens", "printer", "scanner", "router", "cable", "charger", "battery",
    "tablet", "laptop", "mouse", "projector", "television", "fan", "heater", "vacuum", "iron", "blender",
    "toaster", "oven", "stove", "freezer", "washer", "crib", "stroller", "bib", "leash", "collar", "aquarium",
    "birdhouse",
)  # fmt: skip
QUALITIES = (
    "small", "large", "folding", "wireless", "electric", "handmade", "vintage", "modern", "classic", "light",
    "heavy", "waterproof", "outdoor", "kids", "portable", "soft", "slim", "deluxe", "compact", "organic",
    "round", "square", "stackable", "adjustable", "insulated", "quiet", "travel", "professional", "ceramic",
    "striped",
)  # fmt: skip
COLORS = (
    "black", "white", "grey", "blue", "red", "green", "yellow", "brown", "beige", "pink", "orange", "purple",
    "navy", "silver", "gold", "turquoise",
)  # fmt: skip
MATERIALS = (
    "cotton", "linen", "wool", "leather", "steel", "oak", "glass", "plastic", "bamboo", "silk", "rubber",
    "copper", "walnut", "marble", "canvas", "felt",
)  # fmt: skip
SYLLABLES = ("ka", "lo", "mi", "ra", "ve", "to", "sen", "dor", "lin", "bra", "quo", "fen", "tal", "mer", "zu", "pi")
BRANDS, MERCHANTS, AISLES = 3_000, 2_000, 24
AT_ONCE = 10_000

_STORES = """
INSERT INTO partner_partner (code, name) SELECT 'bench-' || n, 'Store ' || n FROM generate_series(1, %(merchants)s) n;
INSERT INTO merchants_merchant (key, partner_id, name, slug, status, currency, owner_id, line1, line2, city, region,
    postcode, country, address_fingerprint, description, joined_at)
SELECT p.code, p.id, p.name, p.code, 'active', 'EUR', %(owner)s, '', '', '', '', '', '', '',
    '', %(at)s
FROM partner_partner p WHERE p.code LIKE 'bench-%%';
INSERT INTO catalogue_productclass (name, slug, requires_shipping, track_stock) VALUES ('Bench', 'bench', true, true);
INSERT INTO catalogue_productattribute (product_class_id, name, code, type, required)
SELECT c.id, a.name, lower(a.name), 'text', false FROM catalogue_productclass c,
    (VALUES ('Color'), ('Material'), ('Brand')) AS a (name) WHERE c.slug = 'bench';
"""
_CATEGORIES = """
INSERT INTO catalogue_category (path, depth, numchild, name, slug, description, long_description, is_public,
    ancestors_are_public, exclude_from_menu, image)
SELECT 'Z' || lpad(aisle::text, 3, '0'), 1, %(leaves)s, 'Aisle ' || aisle, 'aisle-' || aisle, '', '', true,
    true, false, ''
FROM generate_series(1, %(aisles)s) AS aisle
UNION ALL
SELECT 'Z' || lpad((number %% %(aisles)s + 1)::text, 3, '0') || lpad(number::text, 4, '0'), 2, 0, initcap(noun),
    'bench-' || noun, '', '', true, true, false, ''
FROM unnest(%(nouns)s::text[]) WITH ORDINALITY AS given (noun, number)
"""
# The square of a number drawn evenly makes the first of a list common and the last rare.
_PRODUCTS = """
WITH drawn AS (
    SELECT n, random() AS luck, 1 + floor(%(nouns)s * power(random(), 2.2))::int AS noun,
           1 + floor(%(qualities)s * power(random(), 2))::int AS quality,
           1 + floor(%(colors)s * power(random(), 1.5))::int AS color,
           1 + floor(%(materials)s * random())::int AS material,
           1 + floor(%(brands)s * power(random(), 2.5))::int AS brand
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
), made AS (
    INSERT INTO catalogue_product (structure, is_public, upc, title, slug, description, meta_title, meta_description,
        rating, date_created, date_updated, is_discountable, priority, product_class_id)
    SELECT 'standalone', true, 'bench-' || n,
           initcap((%(brand_words)s::text[])[brand]) || ' ' || initcap((%(quality_words)s::text[])[quality]) || ' '
               || initcap((%(noun_words)s::text[])[noun]) || ', ' || (%(material_words)s::text[])[material] || ', '
               || (%(color_words)s::text[])[color] || ' ' || upper(substr(md5(n::text), 1, 5)),
           'bench-' || n,
           'A ' || (%(quality_words)s::text[])[1 + floor(%(qualities)s * random())::int] || ' '
               || (%(noun_words)s::text[])[noun] || ' that goes well with any '
               || (%(noun_words)s::text[])[1 + floor(%(nouns)s * random())::int] || '.',
           '', '', CASE WHEN luck < 0.6 THEN 2.5 + 2.5 * random() END, %(at)s - n * interval '7 seconds', %(at)s,
           true, 0,
           (SELECT id FROM catalogue_productclass WHERE slug = 'bench')
    FROM drawn RETURNING id, upc
), known AS (
    SELECT made.id, drawn.* FROM made JOIN drawn ON made.upc = 'bench-' || drawn.n
), sold AS (
    INSERT INTO partner_stockrecord (product_id, partner_id, partner_sku, price_currency, price, num_in_stock,
        num_allocated, date_created, date_updated)
    SELECT id, (SELECT min(id) FROM partner_partner WHERE code LIKE 'bench-%%')
               + floor(%(merchants)s * power(random(), 2))::int, n::text, 'EUR',
           round((3 + 400 * power(random(), 3))::numeric, 2), CASE WHEN luck < 0.93 THEN 20 ELSE 0 END, 0, %(at)s,
           %(at)s
    FROM known
), placed AS (
    INSERT INTO catalogue_productcategory (product_id, category_id)
    SELECT known.id, c.id FROM known JOIN catalogue_category c ON c.slug = 'bench-' || (%(noun_words)s::text[])[noun]
)
INSERT INTO catalogue_productattributevalue (product_id, attribute_id, value_text)
SELECT known.id, a.id, CASE a.code WHEN 'color' THEN (%(color_words)s::text[])[color]
    WHEN 'material' THEN (%(material_words)s::text[])[material] ELSE initcap((%(brand_words)s::text[])[brand]) END
FROM known, catalogue_productattribute a
WHERE a.product_class_id = (SELECT id FROM catalogue_productclass WHERE slug = 'bench')
"""


def brands() -> list[str]:
    """Return the names of made-up brands, the most common first."""
    draw = random.Random(7)  # noqa: S311 - for the same names every time, not for secrets
    names: dict[str, None] = {}
    while len(names) < BRANDS:
        names["".join(draw.choices(SYLLABLES, k=draw.choice((2, 3))))] = None
    return list(names)


def open_stores(*, at: datetime) -> int:
    """Open the merchants of the made-up market; return the first."""
    owner = get_user_model().objects.create(email="bench@example.com", is_active=True, date_joined=at)
    with connection.cursor() as cursor:
        cursor.execute(_STORES, {"merchants": MERCHANTS, "owner": owner.pk, "at": at})
        cursor.execute("SELECT min(id) FROM merchants_merchant WHERE key LIKE 'bench-%'")
        return cursor.fetchone()[0]


def fill(*, products: int, at: datetime, say: Callable[[str], object]) -> None:
    """Put so many products on sale, and make them findable by the same operations as any."""
    words = {
        "noun_words": list(NOUNS), "quality_words": list(QUALITIES), "color_words": list(COLORS),
        "material_words": list(MATERIALS), "brand_words": brands(),
    }  # fmt: skip
    values = words | {
        "nouns": len(NOUNS), "qualities": len(QUALITIES), "colors": len(COLORS), "materials": len(MATERIALS),
        "brands": BRANDS, "merchants": MERCHANTS, "at": at,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")
        cursor.execute(_CATEGORIES, {"nouns": list(NOUNS), "aisles": AISLES, "leaves": -(-len(NOUNS) // AISLES)})
        for first in range(1, products + 1, AT_ONCE):
            cursor.execute(_PRODUCTS, values | {"first": first, "last": min(first + AT_ONCE - 1, products)})
            say(f"made {min(first + AT_ONCE - 1, products):,} products")
    for number, _last in enumerate(operations.reindex(), start=1):
        if number % 25 == 0:
            say(f"indexed {number * operations.AT_ONCE:,} products")
    with connection.cursor() as cursor:
        # Sales as they are: a few sell a lot.
        cursor.execute("UPDATE search_searchentry SET sold = floor(400 * power(random(), 6))::int")
    operations.weigh()
    operations.count_words()
