"""Finding products to offer, and proposals to decide on; a fixed number of statements, pages by key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from oscar.core.loading import get_model

from mall.catalogue import gtin
from mall.proposals.models import OPEN, Proposal

Product = get_model("catalogue", "Product")

PAGE = 25
SIMILAR_FROM = 0.4


@dataclass(frozen=True, slots=True)
class Known:
    """A product of the shared catalogue. `offers` counts stores, `mine` is one's own offer of it where there is one."""

    product_id: int
    title: str
    slug: str
    category: str
    gtin: str
    variants: int
    offers: int
    price: int | None
    currency: str
    mine: bool
    same_number: bool = False


_FOUND = """
SELECT p.id, coalesce(nullif(p.title, ''), parent.title), p.slug, coalesce(e.category_name, ''), coalesce(p.upc, ''),
       (SELECT count(*) FROM catalogue_product child WHERE child.parent_id = p.id AND child.is_public),
       coalesce(e.offers, 0), e.price, coalesce(e.currency, ''),
       EXISTS (
           SELECT 1 FROM partner_stockrecord s JOIN catalogue_product own ON own.id = s.product_id
           WHERE (own.id = p.id OR own.parent_id = p.id) AND s.partner_id = %(partner)s
       ),
       p.upc = ANY(%(numbers)s)
FROM catalogue_product p
LEFT JOIN catalogue_product parent ON parent.id = p.parent_id
LEFT JOIN search_searchentry e ON e.product_id = coalesce(p.parent_id, p.id)
WHERE p.id = ANY(%(ids)s) AND p.is_public AND coalesce(parent.is_public, true)
"""
_SIMILAR = """
SELECT p.id FROM catalogue_product p
WHERE p.title %% %(title)s AND similarity(p.title, %(title)s) >= %(least)s AND p.is_public AND p.parent_id IS NULL
ORDER BY similarity(p.title, %(title)s) DESC, p.id LIMIT %(count)s
"""


def known(*, product_ids: Sequence[int], partner_id: int = 0, numbers: Collection[str] = ()) -> list[Known]:
    """Return these products in this order, one statement; whether the partner offers them, and has such a number."""
    if not product_ids:
        return []
    values = {"ids": list(product_ids), "partner": partner_id, "numbers": list(numbers)}
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, values)
        found = {row[0]: Known(*row[:10], same_number=bool(row[10])) for row in cursor.fetchall()}
    return [found[pk] for pk in product_ids if pk in found]


def similar(*, title: str, numbers: Collection[str] = (), count: int = 8) -> list[Known]:
    """Return products that may be the same: first those with one of these trade item numbers, then by their title."""
    ids = list(Product.objects.filter(upc__in=list(numbers)).values_list("pk", flat=True)[:count]) if numbers else []
    with connection.cursor() as cursor:
        cursor.execute(_SIMILAR, {"title": title[:255], "count": count, "least": SIMILAR_FROM})
        ids += [row[0] for row in cursor.fetchall()]
    return known(product_ids=list(dict.fromkeys(ids))[:count], numbers=numbers)


def by_number(*, text: str) -> list[int]:
    """Return the products with this trade item number.

    :raises mall.catalogue.gtin.NoGtin: it is none.
    """
    number = gtin.normal(text=text)
    return list(Product.objects.filter(upc=number).values_list("pk", flat=True)) if number else []


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal in a list."""

    proposal_id: int
    title: str
    kind: str
    state: str
    state_name: str
    merchant: str
    asked_at: datetime
    decided_at: datetime | None
    reason: str
    product_id: int | None
    offers: int


def proposals(
    *, merchant_id: int | None = None, is_open: bool | None = None, after: int = 0, count: int = PAGE
) -> list[ProposalRow]:
    """Return a page of proposals: a merchant's newest first, or the queue's oldest first, those after a number."""
    rows = Proposal.objects.select_related("merchant")
    if merchant_id is not None:
        rows = rows.filter(merchant=merchant_id)
    if is_open is not None:
        rows = rows.filter(state=OPEN) if is_open else rows.exclude(state=OPEN)
    oldest_first = merchant_id is None and is_open
    if after:
        rows = rows.filter(pk__gt=after) if oldest_first else rows.filter(pk__lt=after)
    return [_row(row=row) for row in rows.order_by("pk" if oldest_first else "-pk")[:count]]


def waiting_count() -> int:
    """Return how many proposals wait, counted to a hundred."""
    return Proposal.objects.filter(state=OPEN)[:100].count()


def _row(*, row: Proposal) -> ProposalRow:
    return ProposalRow(
        row.pk,
        row.title,
        row.kind,
        row.state,
        row.get_state_display(),
        row.merchant.name,
        row.asked_at,
        row.decided_at,
        row.reason,
        row.product_id,
        len(row.offers),
    )
