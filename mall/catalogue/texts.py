"""What products are called and where they stand: changed by the merchant who alone sells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from mall.search import operations as search

LONGEST_TITLE = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTexts:
    """A product gets another name, description or place; None leaves a thing as it is.

    `category_ids` are all the categories it is in from then on.
    """

    product_id: int
    merchant_id: int
    title: str | None = None
    description: str | None = None
    category_ids: tuple[int, ...] | None = None


class UnableToChangeTexts(Exception):
    """The product stays as it is called."""


_OWN = """
SELECT p.id FROM catalogue_product p
WHERE p.id = ANY(%s) AND p.structure = 'standalone' AND (p.id, %s) IN (
    SELECT s.product_id, m.id FROM partner_stockrecord s JOIN merchants_merchant m ON m.partner_id = s.partner_id
    WHERE s.product_id = p.id
) AND NOT EXISTS (
    SELECT 1 FROM partner_stockrecord s LEFT JOIN merchants_merchant m ON m.partner_id = s.partner_id
    WHERE s.product_id = p.id AND m.id IS DISTINCT FROM %s
)
ORDER BY p.id FOR NO KEY UPDATE
"""
_SET = """
UPDATE catalogue_product p SET title = coalesce(new.title, p.title),
    description = coalesce(new.description, p.description), date_updated = %s
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new (id, title, description) WHERE p.id = new.id
"""
_LEAVE = """
DELETE FROM catalogue_productcategory c USING unnest(%s::bigint[]) AS moved (id) WHERE c.product_id = moved.id
"""
_ENTER = """
INSERT INTO catalogue_productcategory (product_id, category_id)
SELECT product, category FROM unnest(%s::bigint[], %s::bigint[]) AS new (product, category)
"""


def change_texts(*, requests: Sequence[ChangeTexts], at: datetime) -> list[int | UnableToChangeTexts]:
    """Change names, descriptions and categories of products that one merchant alone sells, in one transaction.

    :returns: for each request, in order, the product or why it stays.
    """
    if not requests:
        return []
    with transaction.atomic():
        own: set[int] = set()
        for merchant_id in sorted({request.merchant_id for request in requests}):
            ids = sorted(request.product_id for request in requests if request.merchant_id == merchant_id)
            with connection.cursor() as cursor:
                cursor.execute(_OWN, [ids, merchant_id, merchant_id])
                own |= {row[0] for row in cursor.fetchall()}
        granted = [request for request in requests if request.product_id in own and _possible(request)]
        _write(requests=granted, at=at)
        search.announce(at=at, product_ids=[request.product_id for request in granted])
    return [_answer(request, own=own) for request in requests]


def _possible(request: ChangeTexts) -> bool:
    return request.title is None or 0 < len(request.title.strip()) <= LONGEST_TITLE


def _answer(request: ChangeTexts, *, own: set[int]) -> int | UnableToChangeTexts:
    if request.product_id not in own:
        return UnableToChangeTexts("Other stores sell this product too, or it has variants: its texts are shared.")
    if not _possible(request):
        return UnableToChangeTexts(f"A product needs a name of at most {LONGEST_TITLE} characters.")
    return request.product_id


def _write(*, requests: Sequence[ChangeTexts], at: datetime) -> None:
    moved = [request for request in requests if request.category_ids is not None]
    pairs = [(request.product_id, category) for request in moved for category in request.category_ids]
    with connection.cursor() as cursor:
        cursor.execute(
            _SET,
            [
                at,
                [request.product_id for request in requests],
                [request.title for request in requests],
                [request.description for request in requests],
            ],
        )
        cursor.execute(_LEAVE, [[request.product_id for request in moved]])
        cursor.execute(_ENTER, [[product for product, _category in pairs], [category for _product, category in pairs]])
