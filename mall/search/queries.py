"""What listings, search and suggestions read: one table, a fixed number of queries, typos forgiven."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.postgres.search import SearchQuery, SearchRank, TrigramWordSimilarity
from django.db.models import Count, F, Func, IntegerField, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from mall.merchants.models import Merchant
from mall.search.models import SearchEntry

PAGE_SIZE = 24
SORTS = ("best", "newest", "cheapest", "dearest", "rating")
RATINGS = (4, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a listing is narrowed to; prices are minor units."""

    text: str = ""
    category_ids: tuple[int, ...] = ()
    merchant_id: int | None = None
    price_from: int | None = None
    price_to: int | None = None
    rating_from: int | None = None
    in_stock: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One product of a listing: the best offer's price, and how many merchants offer it."""

    product_id: int
    title: str
    slug: str
    category: str
    merchant: str
    offers: int
    price: int | None
    currency: str
    in_stock: bool
    rating: float | None
    reviews: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of a listing, and the counts by which it can be narrowed."""

    cards: tuple[Card, ...]
    total: int
    number: int
    pages: int
    by_category: dict[int, int] = field(default_factory=dict)
    by_merchant: tuple[tuple[int, str, int], ...] = ()
    by_rating: tuple[tuple[int, int], ...] = ()
    cheapest: int | None = None
    dearest: int | None = None

    @property
    def has_previous(self) -> bool:
        """Tell whether there is a page before this one."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Tell whether there is a page after this one."""
        return self.number < self.pages

    @property
    def previous(self) -> int:
        """Return the number of the page before."""
        return self.number - 1

    @property
    def next(self) -> int:
        """Return the number of the page after."""
        return self.number + 1


def search(*, filters: Filters, sort: str = "best", page: int = 1, size: int = PAGE_SIZE) -> Listing:
    """Return one page of the products that fit, with its facets: six queries at most."""
    found = _matching(filters=filters)
    facts = found.aggregate(
        total=Count("pk"),
        cheapest=Min("price"),
        dearest=Max("price"),
        **{f"rated_{score}": Count("pk", filter=Q(rating__gte=score)) for score in RATINGS},
    )
    pages = max(1, -(-facts["total"] // size))
    number = min(max(page, 1), pages)
    rows = _sorted(found=found, filters=filters, sort=sort)[(number - 1) * size : number * size]
    return Listing(
        cards=tuple(_card(row) for row in rows),
        total=facts["total"],
        number=number,
        pages=pages,
        by_category=_by_category(filters=filters),
        by_merchant=_by_merchant(filters=filters),
        by_rating=tuple((score, facts[f"rated_{score}"]) for score in RATINGS if facts[f"rated_{score}"]),
        cheapest=facts["cheapest"],
        dearest=facts["dearest"],
    )


def newest(*, count: int, rated: bool = False) -> list[Card]:
    """Return products to show first: the latest listed, or the best rated; in stock alone."""
    rows = SearchEntry.objects.filter(in_stock=True, price__isnull=False)
    if rated:
        rows = rows.filter(reviews__gte=1).order_by("-rating", "-reviews", "pk")
    else:
        rows = rows.order_by("-listed_at", "pk")
    return [_card(row) for row in rows[:count]]


def cards(*, product_ids: Sequence[int]) -> list[Card]:
    """Return the cards of these products, in this order; those that are gone are left out."""
    rows = {row.pk: row for row in SearchEntry.objects.filter(pk__in=product_ids)}
    return [_card(rows[product_id]) for product_id in product_ids if product_id in rows]


def suggestions(*, text: str, count: int = 7) -> list[Card]:
    """Return products whose title begins to look like what is being typed."""
    words = re.findall(r"\w+", text.lower())
    if not words:
        return []
    beginning = SearchQuery(" & ".join(f"{word}:*" for word in words), search_type="raw", config="simple")
    rows = (
        SearchEntry.objects.filter(Q(document=beginning) | Q(title__trigram_word_similar=text))
        .annotate(closeness=TrigramWordSimilarity(text, "title"))
        .order_by("-in_stock", "-closeness", "title", "pk")
    )
    return [_card(row) for row in rows[:count]]


def _matching(*, filters: Filters, without: str = "") -> QuerySet[SearchEntry]:
    found = SearchEntry.objects.order_by()
    if filters.text:
        found = found.filter(
            Q(document=SearchQuery(filters.text, search_type="websearch", config="english"))
            | Q(document=SearchQuery(filters.text, search_type="websearch", config="simple"))
            | Q(title__trigram_word_similar=filters.text)
        )
    if filters.category_ids and without != "category":
        found = found.filter(categories__overlap=list(filters.category_ids))
    if filters.merchant_id is not None and without != "merchant":
        found = found.filter(merchants__contains=[filters.merchant_id])
    if filters.price_from is not None:
        found = found.filter(price__gte=filters.price_from)
    if filters.price_to is not None:
        found = found.filter(price__lte=filters.price_to)
    if filters.rating_from is not None:
        found = found.filter(rating__gte=filters.rating_from)
    if filters.in_stock:
        found = found.filter(in_stock=True)
    return found


def _sorted(*, found: QuerySet[SearchEntry], filters: Filters, sort: str) -> QuerySet[SearchEntry]:
    if sort == "cheapest":
        return found.order_by(F("price").asc(nulls_last=True), "pk")
    if sort == "dearest":
        return found.order_by(F("price").desc(nulls_last=True), "pk")
    if sort == "rating":
        return found.order_by(F("rating").desc(nulls_last=True), "-reviews", "pk")
    if sort == "best" and filters.text:
        closeness = TrigramWordSimilarity(filters.text, "title") + Coalesce(
            SearchRank(F("document"), SearchQuery(filters.text, search_type="websearch", config="english")), Value(0.0)
        )
        return found.annotate(closeness=closeness).order_by("-in_stock", "-closeness", "pk")
    if sort == "best":
        return found.order_by("-in_stock", F("rating").desc(nulls_last=True), "-reviews", "-listed_at", "pk")
    return found.order_by("-listed_at", "pk")


def _by_category(*, filters: Filters) -> dict[int, int]:
    """Count by every category that occurs, whatever category is chosen, so that its neighbors can be seen."""
    each = Func(F("categories"), function="unnest", output_field=IntegerField())
    rows = _matching(filters=filters, without="category").annotate(each=each).values("each")
    return {row["each"]: row["found"] for row in rows.annotate(found=Count("pk")).order_by()}


def _by_merchant(*, filters: Filters, most: int = 8) -> tuple[tuple[int, str, int], ...]:
    each = Func(F("merchants"), function="unnest", output_field=IntegerField())
    rows = _matching(filters=filters, without="merchant").annotate(each=each).values("each")
    counts = {row["each"]: row["found"] for row in rows.annotate(found=Count("pk")).order_by("-found", "each")[:most]}
    if filters.merchant_id is not None:
        counts.setdefault(filters.merchant_id, 0)
    names = dict(Merchant.objects.filter(pk__in=counts).values_list("pk", "name"))
    return tuple((pk, names[pk], count) for pk, count in counts.items() if pk in names)


def _card(row: SearchEntry) -> Card:
    return Card(
        product_id=row.pk,
        title=row.title,
        slug=row.slug,
        category=row.category_name,
        merchant=row.merchant_name,
        offers=row.offers,
        price=row.price,
        currency=row.currency,
        in_stock=row.in_stock,
        rating=row.rating,
        reviews=row.reviews,
    )
