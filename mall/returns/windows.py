"""The rights there are on the pieces of consignments: three statements for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from oscar.core.loading import get_model

from mall import bank
from mall.catalogue import tree
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.returns import rules
from mall.returns.models import ReturnTerms

ProductCategory = get_model("catalogue", "ProductCategory")
KEPT = 120


def policy() -> rules.Policy:
    """Return the market's rules of return."""
    data = bank.policy()
    return rules.Policy(
        withdrawal_days=data.RETURN_WITHDRAWAL_DAYS,
        market_days=data.RETURN_MARKET_DAYS,
        fault_days=data.RETURN_FAULT_DAYS,
        not_returned=data.RETURN_NOT_RETURNED,
        delivery_paid_by=data.RETURN_DELIVERY_PAID_BY,
    )


def windows(*, consignments: Sequence[Consignment]) -> dict[int, rules.Window]:
    """Return the window of every line of these consignments, whose orders and addresses are at hand, by line."""
    by_id = {row.pk: row for row in consignments}
    lines = list(
        ConsignmentLine.objects.filter(consignment_id__in=by_id).select_related(
            "product__product_class", "product__parent__product_class"
        )
    )
    categories = _categories(lines=lines)
    terms = ReturnTerms.objects.in_bulk({row.merchant_id for row in consignments}, field_name="merchant_id")
    current = policy()
    found = {}
    for line in lines:
        row = by_id[line.consignment_id]
        address, own = row.order.shipping_address, terms.get(row.merchant_id)
        found[line.pk] = rules.window(
            policy=current,
            bought=rules.Bought(
                country=address.country_id if address else "",
                delivered_at=row.delivered_at,
                categories=categories[line.product_id],
                is_digital=not line.product.get_product_class().requires_shipping,
                store_days=own.days if own else 0,
            ),
        )
    return found


def _categories(*, lines: Sequence[ConsignmentLine]) -> dict[int, frozenset[str]]:
    """Return the paths of each product's categories and of all above them, by product."""
    owners: dict[int, set[int]] = defaultdict(set)
    for line in lines:
        for owner in (line.product_id, line.product.parent_id):
            owners[owner].add(line.product_id)
    paths = {node.pk: {node.path, *node.above} for node in tree.tree().values()}
    found: dict[int, set[str]] = defaultdict(set)
    rows = ProductCategory.objects.filter(product_id__in=[owner for owner in owners if owner])
    for owner, category_id in rows.values_list("product_id", "category_id"):
        for product_id in owners[owner]:
            found[product_id] |= paths.get(category_id, set())
    return defaultdict(frozenset, {product_id: frozenset(names) for product_id, names in found.items()})


@dataclass(frozen=True, slots=True)
class Promise:
    """What a product page says of returns: days after arrival, and whether the store pays the way back always."""

    days: int
    store_pays: bool
    is_kept: bool
    is_digital: bool


_OFFERED = """
SELECT coalesce(t.days, 0), coalesce(t.pays_delivery, false), coalesce(k.requires_shipping, true), (
    SELECT array_agg(pc.category_id) FROM catalogue_productcategory pc WHERE pc.product_id IN (p.id, p.parent_id)
)
FROM catalogue_product p
LEFT JOIN catalogue_product parent ON parent.id = p.parent_id
LEFT JOIN catalogue_productclass k ON k.id = coalesce(p.product_class_id, parent.product_class_id)
LEFT JOIN merchants_merchant m ON m.slug = %s
LEFT JOIN returns_returnterms t ON t.merchant_id = m.id
WHERE p.id = %s
"""


def promise(*, product_id: int, merchant_slug: str) -> Promise | None:
    """Return what a store promises of returning a product, as of some minutes ago at most; one statement."""
    key = f"return-promise:{product_id}:{merchant_slug}"
    return cache.get_or_set(key, lambda: _promise(product_id=product_id, merchant_slug=merchant_slug), KEPT)


def _promise(*, product_id: int, merchant_slug: str) -> Promise | None:
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED, [merchant_slug, product_id])
        row = cursor.fetchone()
    if row is None:
        return None
    days, store_pays, is_sent, category_ids = row
    wanted = set(category_ids or ())
    names = {name for node in tree.tree().values() if node.pk in wanted for name in (node.path, *node.above)}
    current = policy()
    return Promise(
        days=rules.days(categories=frozenset(names), store_days=days, policy=current),
        store_pays=store_pays,
        is_kept=not names.isdisjoint(current.not_returned),
        is_digital=not is_sent,
    )
