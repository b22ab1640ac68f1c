"""Products to put on a shelf of a page, without searching."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from mall.search.models import SearchEntry
from mall.search.queries import Hit

_FIELDS = (
    "product_id",
    "title",
    "slug",
    "category_name",
    "merchant_name",
    "stockrecord_id",
    "offers",
    "currency",
    "price",
    "in_stock",
    "rating",
    "reviews",
    "price_to",
    "variants",
)


def newest(*, count: int) -> list[Hit]:
    """Return what was listed last and is in stock."""
    rows = SearchEntry.objects.filter(in_stock=True, price__isnull=False).order_by("-listed_at", "-pk")
    return [Hit(*row) for row in rows.values_list(*_FIELDS)[:count]]


def loved(*, count: int) -> list[Hit]:
    """Return what buyers rate best and is in stock."""
    rows = SearchEntry.objects.filter(in_stock=True, price__isnull=False, reviews__gte=1)
    rows = rows.order_by(F("rating").desc(nulls_last=True), "-reviews", "-pk")
    return [Hit(*row) for row in rows.values_list(*_FIELDS)[:count]]


def of_products(*, product_ids: Sequence[int]) -> list[Hit]:
    """Return these products in this order; those that nobody sells any more are left out."""
    rows = SearchEntry.objects.filter(pk__in=product_ids, price__isnull=False).values_list(*_FIELDS)
    found = {row[0]: Hit(*row) for row in rows}
    return [found[product_id] for product_id in product_ids if product_id in found]
