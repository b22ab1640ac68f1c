"""What a listing can be narrowed by, with how many products each choice leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import connection

from mall.catalogue.hints import Prices
from mall.search.tags import ATTRIBUTE, CATEGORY, DRAW, DRAWS, MERCHANT, MONTHLY, WIDTH, parts, tag

if TYPE_CHECKING:
    from mall.search.queries import Where

FACET_SIZE = 20
# Attributes shown, and values of each
ATTRIBUTES, VALUES = 5, 10
# Counts above this are not counted further; a page says “1,000+”.
MOST = 1_000
# Of more than can be counted one by one, every so many are drawn; the draw is kept for a while.
DRAWN = 8
KEPT = 300
# What is counted ahead of common words, each hour, may be this old.
AHEAD = 7_200


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet, with how many products have it: above ``MOST`` it is ``MOST``, and `more` is true."""

    id: int
    name: str
    count: int
    more: bool = False

    @property
    def shown(self) -> str:
        """Return the count as a page says it."""
        return f"{self.count:,}+" if self.more else f"{self.count:,}"


@dataclass(frozen=True, slots=True)
class Facet:
    """An attribute with the values that products have."""

    name: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """Everything a listing can be narrowed by; ``others`` (rating, stock, delivery) by tag."""

    categories: tuple[Choice, ...] = ()
    merchants: tuple[Choice, ...] = ()
    attributes: tuple[Facet, ...] = ()
    others: dict[int, Choice] = field(default_factory=dict)


NONE = Facets()


def within(prices: Prices) -> str:
    """Return the condition that a product's price lies in one of the ranges; what is put together here is our own."""
    found = [f"price BETWEEN {int(lowest)} AND {int(highest)}" for lowest, highest in prices.ranges]
    return f"({' OR '.join(found) or 'false'})"


def counted_steps(*, steps: Sequence[Prices], source: str) -> str:
    """Return the statement that counts products of ``source`` by each step, as rows of tag and number.

    It takes the currency of the steps as ``steps_currency``.
    """
    names = ", ".join(str(tag(kind=MONTHLY, identifier=step.monthly)) for step in steps)
    counts = ", ".join(f"count(*) FILTER (WHERE {within(step)})" for step in steps)
    return (
        f"SELECT * FROM (SELECT unnest(ARRAY[{names}]::bigint[]) AS tag, unnest(ARRAY[{counts}]) AS number"  # noqa: S608
        f" FROM {source} WHERE currency = %(steps_currency)s) steps WHERE number > 0"
    )


def counted(
    *, where: Where, tags: Sequence[Sequence[int]] | None, more: bool, steps: Sequence[Prices] = ()
) -> dict[int, int]:
    """Return how many products have each tag: as told, or of too many to count, from a fair sample of them.

    By the month (``steps``) a sample tells only what is clearly above ``MOST``: no index would count the rest.
    """
    if not more:
        return dict(tags or ())
    found = cache.get_or_set(_key(where), lambda: _sampled(where=where), KEPT)
    if not steps:
        return found
    return found | cache.get_or_set(_key(where, steps), lambda: _sampled_steps(where=where, steps=steps), KEPT)


def count_ahead(*, where: Where) -> None:
    """Count for a search that is often made, so that nobody waits for it; kept until it is counted again."""
    cache.set(_key(where), _sampled(where=where), AHEAD)


def _key(where: Where, steps: Sequence[Prices] = ()) -> str:
    asked = (str(where), sorted(where.values.items()), *steps)
    return "mall.search.facets:" + sha256(repr(asked).encode()).hexdigest()


def _sampled(*, where: Where) -> dict[int, int]:
    """Return counts of tags; those that are clearly above ``MOST`` are estimates, the others are exact."""
    drawn = [tag(kind=DRAW, identifier=number) for number in range(DRAWS // DRAWN)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT tag, count(*) FROM (
                SELECT tags FROM search_searchentry WHERE {where} AND tags && %(drawn)s::bigint[] LIMIT 20000
            ) sample, unnest(tags) AS tag GROUP BY tag
            """,  # noqa: S608
            where.values | {"drawn": drawn},
        )
        found = {name: number * DRAWN for name, number in cursor.fetchall()}
        unsure = [name for name in _shown(counts=found) if found[name] < MOST * 3 // 2]
        cursor.execute(
            f"""
            SELECT asked.tag, (
                SELECT count(*) FROM (
                    SELECT 1 FROM search_searchentry WHERE {where} AND tags @> ARRAY[asked.tag] LIMIT {MOST + 1}
                ) having_it
            ) FROM unnest(%(unsure)s::bigint[]) AS asked (tag)
            """,  # noqa: S608
            where.values | {"unsure": unsure},
        )
        exact = dict(cursor.fetchall())
    return {name: exact.get(name, number) for name, number in found.items() if name in exact or number > MOST}


def _sampled_steps(*, where: Where, steps: Sequence[Prices]) -> dict[int, int]:
    drawn = [tag(kind=DRAW, identifier=number) for number in range(DRAWS // DRAWN)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH sample AS MATERIALIZED (
                SELECT price, currency FROM search_searchentry WHERE {where} AND tags && %(drawn)s::bigint[] LIMIT 20000
            ) {counted_steps(steps=steps, source="sample")}
            """,  # noqa: S608
            where.values | {"drawn": drawn, "steps_currency": steps[0].currency},
        )
        found = {name: number * DRAWN for name, number in cursor.fetchall()}
    return {name: number for name, number in found.items() if number >= MOST * 3 // 2}


def _shown(*, counts: dict[int, int]) -> list[int]:
    """Return the tags that a page would show: the commonest of each kind."""
    by_kind: dict[int, list[int]] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        by_kind.setdefault(name // WIDTH, []).append(name)
    return [
        name
        for kind, names in by_kind.items()
        if kind != DRAW
        for name in names[: ATTRIBUTES * VALUES if kind == ATTRIBUTE else FACET_SIZE]
    ]


def named(*, counts: dict[int, int]) -> Facets:
    """Return the choices of a page with their names, the commonest first, in one statement."""
    shown = _shown(counts=counts)
    wanted: dict[int, list[int]] = {}
    for name in shown:
        kind, identifier = parts(tag=name)
        wanted.setdefault(kind, []).append(identifier)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s, id, name, '' FROM merchants_merchant WHERE id = ANY(%s) "
            "UNION ALL SELECT %s, id, value, name FROM search_facetvalue WHERE id = ANY(%s) "
            "UNION ALL SELECT %s, id, name, '' FROM catalogue_category WHERE id = ANY(%s)",
            [
                MERCHANT, wanted.get(MERCHANT, []), ATTRIBUTE, wanted.get(ATTRIBUTE, []),
                CATEGORY, wanted.get(CATEGORY, []),
            ],
        )  # fmt: skip
        names = {(kind, identifier): (name, of) for kind, identifier, name, of in cursor.fetchall()}
    choices: dict[int, list[Choice]] = {}
    attributes: dict[str, list[Choice]] = {}
    others: dict[int, Choice] = {}
    for name in shown:
        kind, identifier = parts(tag=name)
        label, of = names.get((kind, identifier), ("", ""))
        number = counts[name]
        choice = Choice(identifier, label, min(number, MOST), more=number > MOST)
        if kind == ATTRIBUTE:
            attributes.setdefault(of, []).append(choice)
        elif kind in (CATEGORY, MERCHANT):
            choices.setdefault(kind, []).append(choice)
        else:
            others[name] = choice
    return Facets(
        categories=tuple(choice for choice in choices.get(CATEGORY, ()) if choice.name),
        merchants=tuple(choice for choice in choices.get(MERCHANT, ()) if choice.name),
        attributes=_facets(attributes),
        others=others,
    )


def _facets(found: dict[str, list[Choice]]) -> tuple[Facet, ...]:
    """Return the attributes that tell most products apart."""
    useful = [Facet(name, tuple(values[:VALUES])) for name, values in found.items() if name and len(values) > 1]
    useful.sort(key=lambda facet: (-sum(choice.count for choice in facet.choices), facet.name))
    return tuple(useful[:ATTRIBUTES])
