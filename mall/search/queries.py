"""Search and listings: typo-tolerant, filtered, counted; a fixed number of statements a page."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection

SORTS = {
    "relevance": "rank DESC, reviews DESC, product_id DESC",
    "newest": "listed_at DESC, product_id DESC",
    "price": "price, product_id",
    "-price": "price DESC, product_id",
    "rating": "rating DESC NULLS LAST, reviews DESC, product_id",
}
FACET_SIZE = 20
# Below this likeness of words (0 to 1) a title is no longer a misspelling of what was typed.
LIKENESS = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to narrow a search by; prices are minor units of `currency`."""

    category_id: int | None = None
    merchant_id: int | None = None
    currency: str = ""
    price_from: int | None = None
    price_to: int | None = None
    rating: int | None = None
    in_stock: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of a listing; `price` in minor units is the shown offer's, of `offers` offers."""

    product_id: int
    title: str
    slug: str
    category: str
    merchant: str
    stockrecord_id: int
    offers: int
    currency: str
    price: int
    in_stock: bool
    rating: float | None
    reviews: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, with how many products have it."""

    id: int
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of results; `corrected` when only likeness of spelling found them."""

    hits: tuple[Hit, ...]
    total: int
    page: int
    pages: int
    corrected: bool = False
    categories: tuple[Choice, ...] = ()
    merchants: tuple[Choice, ...] = ()
    price_from: int | None = None
    price_to: int | None = None


@dataclass(slots=True)
class _Where:
    conditions: list[str] = field(default_factory=lambda: ["true"])
    values: dict[str, object] = field(default_factory=dict)

    def add(self, condition: str, **values: object) -> None:
        self.conditions.append(condition)
        self.values |= values

    def __str__(self) -> str:
        return " AND ".join(self.conditions)


def search(
    *,
    text: str = "",
    filters: Filters | None = None,
    sort: str = "relevance",
    page: int = 1,
    page_size: int = 24,
    facets: bool = True,
) -> SearchPage:
    """Return a page of products that match; with facets, counts of categories and merchants too."""
    words = " ".join(text.split())[:200]
    wanted = filters or Filters()
    found = _search(words=words, filters=wanted, sort=sort, page=page, page_size=page_size, facets=facets, like=False)
    if found.total or not words:
        return found
    return _search(words=words, filters=wanted, sort=sort, page=page, page_size=page_size, facets=facets, like=True)


def _search(
    *, words: str, filters: Filters, sort: str, page: int, page_size: int, facets: bool, like: bool
) -> SearchPage:
    where = _where(words=words, filters=filters, like=like)
    order = SORTS.get(sort, SORTS["relevance"]) if words or sort != "relevance" else SORTS["newest"]
    rank = "0"
    if words:
        rank = (
            "word_similarity(%(words)s, title)"
            if like
            else "ts_rank(document, websearch_to_tsquery('simple', %(words)s) || to_tsquery('simple', %(prefix)s))"
        )
    page_size = max(1, min(page_size, 100))
    page = max(1, min(page, 10_000))
    values = where.values | {"limit": page_size, "offset": (page - 1) * page_size}
    with connection.cursor() as cursor:
        # The fragments are this module's own; everything typed is passed as a value.
        cursor.execute(f"SELECT count(*), min(price), max(price) FROM search_searchentry WHERE {where}", values)  # noqa: S608
        total, price_from, price_to = cursor.fetchone()
        cursor.execute(
            f"""
            SELECT product_id, title, slug, category_name, merchant_name, stockrecord_id, offers, currency, price,
                   in_stock, rating, reviews, {rank} AS rank
            FROM search_searchentry WHERE {where} ORDER BY in_stock DESC, {order} LIMIT %(limit)s OFFSET %(offset)s
            """,  # noqa: S608
            values,
        )
        hits = tuple(Hit(*row[:12]) for row in cursor.fetchall())
        categories = _facet(cursor, "categories", "catalogue_category", where) if facets else ()
        merchants = _facet(cursor, "merchants", "merchants_merchant", where) if facets else ()
    return SearchPage(
        hits=hits,
        total=total,
        page=page,
        pages=max(1, -(-total // page_size)),
        corrected=like and total > 0,
        categories=categories,
        merchants=merchants,
        price_from=price_from,
        price_to=price_to,
    )


def _where(*, words: str, filters: Filters, like: bool) -> _Where:
    where = _Where()
    if words and like:
        where.add("word_similarity(%(words)s, title) > %(likeness)s", words=words, likeness=LIKENESS)
    elif words:
        where.add(
            "document @@ (websearch_to_tsquery('simple', %(words)s) || to_tsquery('simple', %(prefix)s))",
            words=words,
            prefix=_prefix(words),
        )
    if filters.category_id is not None:
        where.add("categories @> ARRAY[%(category)s]::bigint[]", category=filters.category_id)
    if filters.merchant_id is not None:
        where.add("merchants @> ARRAY[%(merchant)s]::bigint[]", merchant=filters.merchant_id)
    if filters.currency:
        where.add("currency = %(currency)s", currency=filters.currency)
    if filters.price_from is not None:
        where.add("price >= %(price_from)s", price_from=filters.price_from)
    if filters.price_to is not None:
        where.add("price <= %(price_to)s", price_to=filters.price_to)
    if filters.rating is not None:
        where.add("rating >= %(rating)s", rating=filters.rating)
    if filters.in_stock:
        where.add("in_stock")
    return where


def _prefix(words: str) -> str:
    """Return a query in which the last word may go on: somebody is still typing."""
    safe = ["".join(letter for letter in word if letter.isalnum()) for word in words.split()]
    kept = [word for word in safe if word]
    return " & ".join([*kept[:-1], f"{kept[-1]}:*"]) if kept else ""


def _facet(cursor: object, column: str, table: str, where: _Where) -> tuple[Choice, ...]:
    cursor.execute(
        f"""
        SELECT named.id, named.name, counted.count FROM (
            SELECT unnest({column}) AS id, count(*) AS count FROM search_searchentry WHERE {where}
            GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {FACET_SIZE}
        ) counted JOIN {table} named ON named.id = counted.id ORDER BY counted.count DESC, named.name
        """,  # noqa: S608
        where.values,
    )
    return tuple(Choice(*row) for row in cursor.fetchall())


def suggest(*, text: str, limit: int = 8) -> tuple[Hit, ...]:
    """Return what somebody typing this may be looking for."""
    if not text.strip():
        return ()
    return search(text=text, page_size=limit, facets=False).hits
