"""Search and listings: typo-tolerant, ranked, filtered, counted; the cost of a page does not grow with the catalogue.

At most ``EXACT`` matching products are looked at one by one. Where more match, the best by quality are found by walking
the table in that order, and what the filters offer is counted from a fair sample; see `docs/search.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from django.core.cache import cache
from django.db import connection

from mall.catalogue import photos
from mall.catalogue.hints import Prices
from mall.search import facets, words
from mall.search.facets import Choice, Facet
from mall.search.tags import ATTRIBUTE, CATEGORY, DELIVERY, FREE_DELIVERY, MERCHANT, RATING, STOCK, tag
from mall.search.words import Understood

SORTS = {
    "relevance": "score DESC, product_id DESC",
    "newest": "listed_at DESC, product_id DESC",
    "price": "price, product_id",
    "-price": "price DESC, product_id DESC",
    "rating": "rating DESC NULLS LAST, reviews DESC, product_id DESC",
}
# So many matching products are looked at one by one; of more, a page says “10,000+”.
EXACT = 10_000
# So many of the best are put in order by how well their words fit, out of so many of the best of all.
RANKED, WALKED = 400, 20_000
# Suggestions show a few: fewer are looked at, and fewer put in order.
BRIEF_EXACT, BRIEF_RANKED = 500, 48
MOST = 1_000
# Words whose filters are counted ahead
COMMON = 500
_WEIGHTS_KEY = "mall.search.weights"
_WEIGHTS_KEPT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to narrow a search by; prices are minor units of `currency`, ``attributes`` ids of facet values.

    Values of one attribute are alternatives, values of different ones must all fit: the caller groups them.
    ``monthly``: the prices that are at most so much by the month.
    """

    category_id: int | None = None
    merchant_id: int | None = None
    currency: str = ""
    price_from: int | None = None
    price_to: int | None = None
    monthly: Prices | None = None
    rating: int | None = None
    in_stock: bool = False
    free_delivery: bool = False
    attributes: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """One product of a listing; `price` in minor units is the shown offer's, of `offers` stores.

    With variants, prices run from `price` to `price_to`.
    """

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
    price_to: int | None = None
    variants: int = 0
    photo: str = ""

    @property
    def photo_name(self) -> str:
        """Return the name by which its photograph is asked for, empty where its picture is drawn."""
        return photos.digest_of(self.photo)

    @property
    def is_range(self) -> bool:
        """Tell whether its variants cost differently."""
        return self.price_to is not None and self.price_to > self.price


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of results.

    ``corrected``: how the words were understood where nothing is spelled as they were; ``partial``: nothing has all of
    them, these have most. ``total`` counts to ``EXACT``; with ``more`` there are more than that.
    """

    hits: tuple[Hit, ...]
    total: int
    page: int
    pages: int
    more: bool = False
    corrected: str = ""
    partial: bool = False
    categories: tuple[Choice, ...] = ()
    merchants: tuple[Choice, ...] = ()
    attributes: tuple[Facet, ...] = ()
    others: dict[int, Choice] = field(default_factory=dict)
    price_from: int | None = None
    price_to: int | None = None

    @property
    def shown(self) -> str:
        """Return the total as a page says it."""
        return f"{self.total:,}+" if self.more else f"{self.total:,}"


@dataclass(slots=True)
class Where:
    """Conditions of a statement with the values they need; every fragment is this module's own."""

    conditions: list[str] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)

    def add(self, condition: str, **values: object) -> None:
        """Narrow by one more condition."""
        self.conditions.append(condition)
        self.values |= values

    def __str__(self) -> str:
        return " AND ".join(self.conditions) or "true"


def search(
    *,
    text: str = "",
    filters: Filters | None = None,
    sort: str = "relevance",
    page: int = 1,
    page_size: int = 24,
    with_facets: bool = True,
    brief: bool = False,
    steps: Sequence[Prices] = (),
) -> SearchPage:
    """Return a page of products that match; with facets, what they can be narrowed by, counted.

    ``brief``: a few good ones are enough, and nobody reads how many there are. ``steps``: what they can be narrowed to
    by the month, counted as well.
    """
    typed = " ".join(text.split())[:200]
    wanted = filters or Filters()
    understood = words.understand(text=typed) if typed else Understood(groups=())
    if typed and not understood.groups:
        return SearchPage(hits=(), total=0, page=1, pages=1)
    page_size = max(1, min(page_size, 100))
    page = max(1, min(page, MOST // page_size + 1))
    for step, condition in enumerate(_conditions(understood=understood)):  # noqa: B007 - told below
        where = _where(condition=condition, filters=wanted)
        total, price_from, price_to, tags, hits = _page(
            where=where,
            understood=understood,
            sort=sort,
            page=page,
            page_size=page_size,
            with_facets=with_facets,
            reach=(BRIEF_EXACT, BRIEF_RANKED) if brief else (EXACT, RANKED),
            steps=steps,
        )
        if total:
            break
    more = total > EXACT
    found = facets.NONE
    if with_facets:
        found = facets.named(counts=facets.counted(where=where, tags=tags, more=more, steps=steps))
    reach = RANKED if sort not in SORTS or sort == "relevance" else MOST
    return SearchPage(
        hits=hits,
        total=min(total, EXACT),
        more=more,
        page=page,
        pages=max(1, -(-min(total, reach) // page_size)),
        corrected=understood.corrected if total else "",
        partial=step > 1 and total > 0,
        categories=found.categories,
        merchants=found.merchants,
        attributes=found.attributes,
        others=found.others,
        price_from=price_from,
        price_to=price_to,
    )


def _conditions(*, understood: Understood) -> list[tuple[str, dict[str, object]]]:
    """Return what the words ask of a product, from everything in its name down to anything at all."""
    if not understood.groups:
        return [("true", {})]
    groups = understood.groups
    texts = [group.query() for group in groups]
    everywhere = " AND ".join(
        f"(names @@ %(word{number})s::tsquery OR details @@ %(word{number})s::tsquery)" for number in range(len(groups))
    )
    ladder = [
        ("names @@ %(all)s::tsquery", {"all": " & ".join(texts)}),
        (everywhere, {f"word{number}": text for number, text in enumerate(texts)}),
    ]
    if len(texts) > 2:
        most = " | ".join("(" + " & ".join(some) + ")" for some in combinations(texts, len(texts) - 1))
        ladder.append(("names @@ %(most)s::tsquery", {"most": most}))
    if len(texts) > 1:
        ladder.append(("names @@ %(any)s::tsquery", {"any": " | ".join(texts)}))
    return ladder


def _where(*, condition: tuple[str, dict[str, object]], filters: Filters) -> Where:
    where = Where()
    if condition[0] != "true":
        where.add(condition[0], **condition[1])
    kept = [
        tag(kind=kind, identifier=identifier)
        for kind, identifier in (
            (CATEGORY, filters.category_id),
            (MERCHANT, filters.merchant_id),
            (RATING, filters.rating),
            (STOCK, 1 if filters.in_stock else None),
            (DELIVERY, FREE_DELIVERY if filters.free_delivery else None),
        )
        if identifier is not None
    ]
    if kept:
        where.add("tags @> %(tags)s::bigint[]", tags=kept)
    for number, values in enumerate(filters.attributes):
        name = f"attribute{number}"
        wanted = [tag(kind=ATTRIBUTE, identifier=value) for value in values]
        where.add(f"tags && %({name})s::bigint[]", **{name: wanted})
    if filters.currency:
        where.add("currency = %(currency)s", currency=filters.currency)
    if filters.price_from is not None:
        where.add("price >= %(price_from)s", price_from=filters.price_from)
    if filters.price_to is not None:
        where.add("price <= %(price_to)s", price_to=filters.price_to)
    if filters.monthly is not None:
        where.add(f"{facets.within(filters.monthly)} AND currency = %(paid_in)s", paid_in=filters.monthly.currency)
    return where


# The two searches for candidates: those that match, up to a number, in no order; and those of the best of all that do.
_PAGE = """
WITH matching AS MATERIALIZED (
    SELECT product_id, quality, price, currency, tags, {strong} AS strong
    FROM search_searchentry WHERE {where} LIMIT {limit}
), counted AS (
    SELECT count(*) AS total, min(price) AS price_from, max(price) AS price_to FROM matching
), candidate AS (
    (SELECT product_id FROM matching ORDER BY strong DESC, quality DESC, product_id DESC LIMIT {ranked})
    UNION
    (SELECT product_id FROM (
        SELECT product_id, quality, names, details, tags, price, currency
        FROM search_searchentry ORDER BY quality DESC, product_id DESC LIMIT {walked}
    ) best WHERE ({many} OR (SELECT total FROM counted) > {exact}) AND {where} LIMIT {ranked})
), hit AS (
    {hits}
)
SELECT CASE WHEN {many} THEN {exact} + 1 ELSE counted.total END, counted.price_from, counted.price_to,
       CASE WHEN {facets} AND counted.total <= {exact} THEN (
           SELECT json_agg(json_build_array(tag, number)) FROM (
               SELECT tag, count(*) AS number FROM matching, unnest(tags) AS tag GROUP BY tag {steps}
           ) told
       ) END,
       (SELECT json_agg(json_build_array(
           product_id, title, slug, category_name, merchant_name, stockrecord_id, offers, currency, price, in_stock,
           rating, reviews, price_to, variants, photo) ORDER BY place) FROM hit)
FROM counted
"""
_BEST = """
    SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM (
        SELECT e.*, {score} AS score FROM candidate JOIN search_searchentry e USING (product_id)
    ) scored ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
"""
_SORTED = """
    SELECT *, row_number() OVER (ORDER BY {order}) AS place FROM (
        SELECT * FROM search_searchentry WHERE {where} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
    ) sorted
"""


def _page(
    *,
    where: Where,
    understood: Understood,
    sort: str,
    page: int,
    page_size: int,
    with_facets: bool,
    reach: tuple[int, int],
    steps: Sequence[Prices],
) -> tuple[int, int | None, int | None, list[list[int]] | None, tuple[Hit, ...]]:
    exact, ranked = reach
    values = where.values | {"limit": page_size, "offset": (page - 1) * page_size}
    # A very common word on its own: there are surely more than would be looked at one by one, so none is.
    many = len(where.conditions) == 1 and [group.products > 2 * EXACT for group in understood.groups] == [True]
    relevance = sort not in SORTS or sort == "relevance"
    score, more = _score(understood=understood) if relevance else ("quality", {})
    strong = "true"
    if relevance and understood.groups:
        strong, more["strong"] = "names @@ %(strong)s::tsquery", understood.query(weights="AB")
    order = SORTS["relevance" if relevance else sort]
    # The fragments are this module's own; everything typed is passed as a value.
    hits = (_BEST if relevance else _SORTED).format(order=order, score=score, where=where)
    statement = _PAGE.format(
        strong=strong,
        where=where,
        limit=0 if many else exact + 1,
        many="true" if many else "false",
        ranked=ranked,
        walked=WALKED,
        exact=exact,
        hits=hits,
        facets="true" if with_facets else "false",
        steps=f"UNION ALL {facets.counted_steps(steps=steps, source='matching')}" if steps else "",
    )
    if steps:
        more["steps_currency"] = steps[0].currency
    with connection.cursor() as cursor:
        cursor.execute(statement, values | more)
        total, price_from, price_to, tags, rows = cursor.fetchone()
    return total, price_from, price_to, tags, tuple(Hit(*row) for row in rows or ())


def _score(*, understood: Understood) -> tuple[str, dict[str, object]]:
    """Return the expression by which candidates are put in order: how well the words fit, and quality.

    A word in a title's main part and in the category's name says what the thing is; in one of them nearly so; further
    down it is only told of. Rare words say more than common ones.
    """
    weights = _weights()
    if not understood.groups:
        return "quality", {}
    values: dict[str, object] = {}
    fits, rarities, in_title, in_category = [], [], [], []
    for number, group in enumerate(understood.groups):
        rarity = 1 / (1 + len(str(group.products)))
        rarities.append(rarity)
        values |= {
            f"title{number}": group.query(weights="A"),
            f"category{number}": group.query(weights="B"),
            f"told{number}": group.query(weights="C"),
            f"word{number}": group.query(),
        }
        fits.append(
            f"{rarity:.4f} * CASE"
            f" WHEN names @@ %(title{number})s::tsquery AND names @@ %(category{number})s::tsquery THEN 1.0"
            f" WHEN names @@ %(category{number})s::tsquery THEN 0.8"
            f" WHEN names @@ %(title{number})s::tsquery THEN 0.75"
            f" WHEN names @@ %(told{number})s::tsquery THEN 0.45"
            f" WHEN names @@ %(word{number})s::tsquery THEN 0.3 ELSE 0 END"
        )
        in_title.append(f"(names @@ %(title{number})s::tsquery)::int")
        in_category.append(f"(names @@ %(category{number})s::tsquery)::int")
    values["phrase"] = " <-> ".join(words.quoted(word) for group in understood.groups for word in group.plain.split())
    score = (
        f"{weights['text']:.4f} * ({' + '.join(fits)}) / {sum(rarities):.4f}"
        f" + {weights['focus']:.4f} * ({_share('title', in_title)} + {_share('category_name', in_category)})"
        f" + {weights['phrase'] if ' ' in str(values['phrase']) else 0:.4f} * (names @@ %(phrase)s::tsquery)::int"
        f" + {weights['quality']:.4f} * quality"
    )
    return score, values


def _share(column: str, counted: Sequence[str]) -> str:
    """Return how much of a name's words were asked for, 0 to 1: a name that says little else is meant more surely."""
    words_of_it = f"(1 + length({column}) - length(replace({column}, ' ', '')))"
    return f"least(1, ({' + '.join(counted)})::float / {words_of_it})"


def count_common(*, most: int = COMMON) -> int:
    """Count what the commonest words can be narrowed by, before somebody asks; return of how many words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word FROM search_searchword WHERE products > %s ORDER BY products DESC LIMIT %s", [EXACT, most]
        )
        common = [row[0] for row in cursor.fetchall()]
    for word in common:
        understood = words.understand(text=word)
        if understood.groups:
            condition = _conditions(understood=understood)[0]
            facets.count_ahead(where=_where(condition=condition, filters=Filters()))
    facets.count_ahead(where=Where())
    return len(common)


def _weights() -> dict[str, float]:
    return cache.get_or_set(_WEIGHTS_KEY, _read_weights, _WEIGHTS_KEPT)


def _read_weights() -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, weight FROM search_rankingweight")
        return dict(cursor.fetchall())


def forget_weights() -> None:
    """Read the ranking's weights anew at the next search."""
    cache.delete(_WEIGHTS_KEY)


def suggest(*, text: str, limit: int = 7) -> tuple[tuple[str, ...], tuple[Hit, ...]]:
    """Return what somebody typing this may go on to type, and products he may be looking for."""
    typed = " ".join(text.split())[:200]
    if not typed:
        return (), ()
    ways = words.completions(text=typed, count=words.COMPLETIONS)
    if not ways:
        return (), search(text=typed, page_size=limit, with_facets=False, brief=True).hits
    hits: Sequence[Hit] = search(text=ways[0], page_size=limit, with_facets=False, brief=True).hits
    return tuple(ways[:4]), tuple(hits)
