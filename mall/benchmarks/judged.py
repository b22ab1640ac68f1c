"""How good the order of results is: nDCG@10 over searches that people judged, see `judged/README.md`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import log2
from pathlib import Path
from statistics import mean

from django.db import connection

from mall.catalogue import operations as catalogue
from mall.catalogue.operations import Listed, ListProduct
from mall.search import operations, queries

FOLDER = Path(__file__).parent / "judged"
AT_TOP = 10
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Judged:
    """One search, with the grade (1 to 3) of every product that answers it."""

    text: str
    language: str
    kind: str
    grades: Mapping[int, int]


def load(*, merchant_id: int, at: datetime) -> dict[str, int]:
    """Put the judged market on sale by one merchant; return each SKU's product."""
    with (FOLDER / "products.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    listed = catalogue.list_products(requests=[_request(row=row, merchant_id=merchant_id, at=at) for row in rows])
    products: dict[str, int] = {}
    for row, made in zip(rows, listed, strict=True):
        if not isinstance(made, Listed):
            raise ValueError(f"{row['sku']} was not listed: {made}")
        products[row["sku"]] = made.product_id
    with connection.cursor() as cursor:
        # A market without a past: what was sold and said is told, not lived.
        cursor.execute(
            "UPDATE catalogue_product p SET rating = told.rating FROM unnest(%s::bigint[], %s::float[]) "
            "AS told (id, rating) WHERE p.id = told.id",
            [list(products.values()), [float(row["rating"]) for row in rows]],
        )
    operations.refresh_products(product_ids=products.values())
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE search_searchentry e SET sold = told.sold, reviews = told.sold / 10 "
            "FROM unnest(%s::bigint[], %s::int[]) AS told (id, sold) WHERE e.product_id = told.id",
            [list(products.values()), [int(row["sold"]) for row in rows]],
        )
    operations.weigh(product_ids=products.values())
    operations.count_words()
    return products


def _request(*, row: Mapping[str, str], merchant_id: int, at: datetime) -> ListProduct:
    attributes = dict(pair.split(": ", 1) for pair in row["attributes"].split("; ") if pair)
    return ListProduct(
        title=row["title"],
        merchant_id=merchant_id,
        sku=row["sku"],
        price_minor=int(row["price"]),
        currency=CURRENCY,
        stock=100,
        at=at,
        category=tuple(row["category"].split(" > ")),
        description=row["description"],
        attributes={name.capitalize(): value for name, value in attributes.items()} | {"Brand": row["brand"]},
    )


def searches(*, products: Mapping[str, int]) -> Iterator[Judged]:
    """Yield the judged searches."""
    with (FOLDER / "queries.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            pairs = (pair.split("=") for pair in row["judged"].split())
            yield Judged(
                text=row["query"],
                language=row["language"],
                kind=row["kind"],
                grades={products[sku]: int(grade) for sku, grade in pairs},
            )


def gain(*, judged: Judged) -> float:
    """Return the search's nDCG@10, 0 to 1: gains of 2^grade − 1 discounted by log2(place + 1), beside the best order.

    Source: Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002; Burges et al., 2005.
    """
    hits = queries.search(text=judged.text, page_size=AT_TOP, with_facets=False).hits
    best = sorted(judged.grades.values(), reverse=True)
    return _discounted([judged.grades.get(hit.product_id, 0) for hit in hits]) / _discounted(best)


def _discounted(grades: list[int]) -> float:
    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades[:AT_TOP]))


def score(*, products: Mapping[str, int]) -> dict[str, float]:
    """Return the mean nDCG@10 of all searches (under ``""``), of each language and of each kind."""
    groups: dict[str, list[float]] = {}
    for one in searches(products=products):
        value = gain(judged=one)
        for name in ("", one.language, one.kind):
            groups.setdefault(name, []).append(value)
    return {name: mean(values) for name, values in groups.items()}
