"""Two products of the catalogue that are one: the offers come together, and the old page leads to the other."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from oscar.core.loading import get_model

from mall.actors import NotAllowed
from mall.customer.models import User
from mall.merchants.applications import is_operations
from mall.proposals.deciding import UnableToDecide
from mall.proposals.models import MergedProduct
from mall.search import operations as search

Product = get_model("catalogue", "Product")

_BOTH = """
SELECT m.name FROM partner_stockrecord gone
JOIN partner_stockrecord kept
    ON kept.partner_id = gone.partner_id AND kept.condition = gone.condition AND kept.product_id = %(keep)s
JOIN merchants_merchant m ON m.partner_id = gone.partner_id
WHERE gone.product_id = %(drop)s ORDER BY m.name LIMIT 5
"""
# Baskets go along; orders keep what they were placed for.
_MOVE = (
    "UPDATE partner_stockrecord SET product_id = %(keep)s WHERE product_id = %(drop)s",
    "UPDATE basket_line l SET product_id = %(keep)s FROM basket_basket b "
    "WHERE b.id = l.basket_id AND b.status IN ('Open', 'Saved') AND l.product_id = %(drop)s",
)


def merge_products(*, keep: int, drop: int, by: User, at: datetime) -> None:
    """Take one product for another: its offers become offers of that, it leaves the market, its address leads there.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToDecide: they cannot be one, or a merchant offers both in the same condition; nothing moved.
    """
    if not is_operations(user=by):
        raise NotAllowed("Only the bank's operations decide on the catalogue.")
    if keep == drop:
        raise UnableToDecide([("product", "This is the same product: choose the other one.")])
    with transaction.atomic():
        rows = {
            row.pk: row
            for row in Product.objects.filter(pk__in=(keep, drop)).order_by("pk").select_for_update(no_key=True)
        }
        if len(rows) < 2 or not all(row.is_public for row in rows.values()):
            raise UnableToDecide([("product", "There is no such product on the market.")])
        if any(row.is_parent for row in rows.values()) or rows[drop].is_child:
            raise UnableToDecide([("product", "Products with variants are joined variant by variant.")])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM partner_stockrecord WHERE product_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                [[keep, drop]],
            )
            cursor.execute(_BOTH, {"keep": keep, "drop": drop})
            both = [name for (name,) in cursor.fetchall()]
            if both:
                raise UnableToDecide([("product", f"Both are offered by {', '.join(both)}: one must end first.")])
            for statement in _MOVE:
                cursor.execute(statement, {"keep": keep, "drop": drop})
        Product.objects.filter(pk=drop).update(is_public=False)
        MergedProduct.objects.filter(into=drop).update(into=keep)
        MergedProduct.objects.create(product_id=drop, into_id=keep, by=by, at=at)
        search.refresh_products(product_ids=[keep, drop])


def led_to(*, product_id: int) -> tuple[int, str] | None:
    """Return the product, with its slug, that this one was taken for; nothing when it was not."""
    return MergedProduct.objects.filter(product=product_id).values_list("into_id", "into__slug").first()
