"""What somebody put aside, with what it costs now."""

from __future__ import annotations

from dataclasses import dataclass

from mall import bank
from mall.merchants.models import ACTIVE
from mall.saved.models import SavedItem

SHOWN = 30


@dataclass(frozen=True, slots=True)
class SavedView:
    """A thing on the list; prices are minor units. `price` is nothing when it is not sold any more."""

    item_id: int
    product_id: int
    stockrecord_id: int
    title: str
    slug: str
    merchant: str
    merchant_slug: str
    quantity: int
    was: int
    price: int | None
    currency: str
    free: int | None

    @property
    def change(self) -> int:
        """Return how much more a piece costs than when it was put aside."""
        return 0 if self.price is None else self.price - self.was

    @property
    def can_be_bought(self) -> bool:
        """Tell whether it can go into the basket."""
        return self.price is not None and self.free != 0


def items(*, holder: str) -> list[SavedView]:
    """Return what lies on a list, the newest first. One statement."""
    if not holder:
        return []
    rows = (
        SavedItem.objects.filter(holder=holder)
        .select_related("stockrecord__product__parent", "stockrecord__partner__merchant")
        .order_by("-saved_at", "-pk")[:SHOWN]
    )
    return [_view(row=row) for row in rows]


def _view(*, row: SavedItem) -> SavedView:
    record, product = row.stockrecord, row.stockrecord.product
    merchant = record.partner.merchant
    sold = product.is_public and record.price is not None and merchant.status == ACTIVE
    return SavedView(
        item_id=row.pk,
        product_id=product.pk,
        stockrecord_id=record.pk,
        title=product.get_title(),
        slug=product.slug,
        merchant=merchant.name,
        merchant_slug=merchant.slug,
        quantity=row.quantity,
        was=row.unit_price,
        price=bank.minor(amount=record.price, currency=record.price_currency) if sold else None,
        currency=record.price_currency,
        free=None if record.num_in_stock is None else max(record.net_stock_level, 0),
    )
