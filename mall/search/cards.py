"""Products to put on a shelf of a page, without searching."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from django.db.models import F
from oscar.core.loading import get_model

from mall.catalogue import hints
from mall.search.models import SearchEntry
from mall.search.queries import Hit
from mall.search.tags import CATEGORY, parts
from mall.shipping import quotes

StockRecord = get_model("partner", "StockRecord")

FEW = 5
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
    "photo",
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


def alike(*, product_ids: Sequence[int], count: int) -> list[Hit]:
    """Return the best in stock of the categories these products stand in, without the products themselves."""
    tagged = SearchEntry.objects.filter(pk__in=product_ids).values_list("tags", flat=True)
    # A product is tagged with its category and all above it; a child was made after its parent.
    wanted = {max(kept) for each in tagged if (kept := [one for one in each if parts(tag=one)[0] == CATEGORY])}
    if not wanted:
        return []
    rows = SearchEntry.objects.filter(tags__overlap=sorted(wanted), in_stock=True, price__isnull=False)
    rows = rows.exclude(pk__in=product_ids).order_by(F("quality").desc(), "-pk")
    return [Hit(*row) for row in rows.values_list(*_FIELDS)[:count]]


@dataclass(frozen=True, slots=True)
class Card(Hit):
    """A product as a grid shows it: a hit of a search with what a shopper decides by.

    `free` is how many are left, nothing where it never runs out; `monthly` in minor units, nothing without a plan.
    """

    delivery: quotes.DeliveryQuote | None = None
    free: int | None = None
    monthly: int | None = None

    @property
    def few(self) -> bool:
        """Tell whether only a handful is left."""
        return self.in_stock and self.free is not None and 0 < self.free <= FEW


def dressed(*, hits: Iterable[Hit], plans: Sequence[hints.MonthlyPlan], at: datetime) -> list[Card]:
    """Return cards of these hits, in two queries however many they are."""
    hits = list(hits)
    found = StockRecord.objects.filter(pk__in=[hit.stockrecord_id for hit in hits])
    records = {record.pk: record for record in found.select_related("partner__merchant")} if hits else {}
    ways = quotes.plans_of(merchants=[record.partner.merchant for record in records.values()])
    return [_card(hit=hit, record=records.get(hit.stockrecord_id), plans=plans, ways=ways, at=at) for hit in hits]


def dressed_shelves(
    *, shelves: Mapping[str, Sequence[Hit]], plans: Sequence[hints.MonthlyPlan], at: datetime
) -> dict[str, list[Card]]:
    """Return the shelves of a page with their hits as cards, in two queries for all."""
    hits = {hit.product_id: hit for shelf in shelves.values() for hit in shelf}
    found = {card.product_id: card for card in dressed(hits=hits.values(), plans=plans, at=at)}
    return {name: [found[hit.product_id] for hit in shelf] for name, shelf in shelves.items()}


def _card(
    *,
    hit: Hit,
    record: object | None,
    plans: Sequence[hints.MonthlyPlan],
    ways: Mapping[int, quotes.Plan],
    at: datetime,
) -> Card:
    told = {each.name: getattr(hit, each.name) for each in fields(Hit)}
    if record is None:
        return Card(**told)
    return Card(
        **told,
        delivery=_delivery(hit=hit, record=record, ways=ways, at=at) if hit.in_stock else None,
        free=None if record.num_in_stock is None else max(record.net_stock_level, 0),
        monthly=hints.least(plans=plans, price=hit.price),
    )


def _delivery(*, hit: Hit, record: StockRecord, ways: Mapping[int, quotes.Plan], at: datetime) -> quotes.DeliveryQuote:
    plan = ways[record.partner.merchant.pk]
    return quotes.quotes(plan=plan, goods=hit.price, at=at, handling_days=record.handling_days)[0]
