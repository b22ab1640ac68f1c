"""A merchant's offer of a product that the market knows already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from oscar.core.loading import get_model

from mall import bank
from mall.actors import MERCHANT, OPERATIONS, Actor, NotAllowed, without_permission
from mall.catalogue.operations import MAX_HANDLING_DAYS, MAX_STOCK
from mall.merchants import roles
from mall.merchants.models import CLOSED, Merchant
from mall.partner.models import StockRecord
from mall.search import operations as search

Product = get_model("catalogue", "Product")


class UnableToOffer(Exception):
    """The offer was not made. ``field``: what it is about, where it is about one thing."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer:
    """A merchant offers a product: `price_minor` in minor units of his currency, `stock` None never runs out.

    `handling_days` are working days until it leaves.
    """

    merchant_id: int
    product_id: int
    sku: str
    price_minor: int
    stock: int | None
    condition: str = StockRecord.NEW
    handling_days: int = 0


def make_offers(*, requests: Sequence[MakeOffer], by: Actor, at: datetime) -> list[int]:
    """Make a merchant's offers of existing products, all of them or none; return their stock records in order.

    The same offer made again is the one that stands.

    :raises NotAllowed: the actor is not of that merchant, nor of the bank's operations.
    :raises UnableToOffer: a product cannot be offered, a figure is impossible, or it is offered under another number.
    """
    if any(by.kind != OPERATIONS and (by.kind, by.merchant_id) != (MERCHANT, one.merchant_id) for one in requests):
        raise NotAllowed("An offer is made by the merchant's own staff.")
    with transaction.atomic():
        if without_permission(actors={by}, permission=roles.CATALOGUE):
            raise NotAllowed("Your role in this store does not allow this: ask one of its owners.")
        merchants = Merchant.objects.in_bulk({one.merchant_id for one in requests})
        products = Product.objects.select_related("parent").in_bulk({one.product_id for one in requests})
        made = [
            _make(request=one, merchant=merchants.get(one.merchant_id), product=products.get(one.product_id))
            for one in requests
        ]
        search.announce(at=at, product_ids=[one.product_id for one in requests])
    return made


def _make(*, request: MakeOffer, merchant: Merchant | None, product: Product | None) -> int:
    _check(request=request, merchant=merchant, product=product)
    try:
        with transaction.atomic():
            return StockRecord.objects.create(
                product=product,
                partner_id=merchant.partner_id,
                partner_sku=request.sku.strip(),
                price_currency=merchant.currency,
                price=bank.decimal(amount=request.price_minor, currency=merchant.currency),
                num_in_stock=request.stock,
                num_allocated=0,
                condition=request.condition,
                handling_days=request.handling_days,
            ).pk
    except IntegrityError:
        return _standing(request=request, merchant=merchant)


def _standing(*, request: MakeOffer, merchant: Merchant) -> int:
    """Return the offer that is the same as this one, made before or at this moment.

    :raises UnableToOffer: what stands in the way is another offer.
    """
    ours = StockRecord.objects.filter(partner_id=merchant.partner_id)
    price = bank.decimal(amount=request.price_minor, currency=merchant.currency)
    by_sku = ours.filter(partner_sku=request.sku.strip()).select_related("product__parent").first()
    if by_sku is not None:
        if by_sku.product_id != request.product_id:
            raise UnableToOffer(
                f"Your number {request.sku} is that of “{by_sku.product.get_title()}”: give this one another.",
                field="sku",
            )
        if (by_sku.condition, by_sku.price) == (request.condition, price):
            return by_sku.pk
        raise UnableToOffer("You offer this already under this number: change that offer.", field="sku")
    other = ours.filter(product_id=request.product_id, condition=request.condition).first()
    number = f" {other.partner_sku}" if other else ""
    raise UnableToOffer(f"You offer this already, as your number{number}: change that offer.", field="sku")


def _check(*, request: MakeOffer, merchant: Merchant | None, product: Product | None) -> None:
    if merchant is None or merchant.status == CLOSED:
        raise UnableToOffer("A store that is closed offers nothing.")
    if product is None or not product.is_public or (product.parent and not product.parent.is_public):
        raise UnableToOffer("There is no such product on the market.")
    if product.is_parent:
        raise UnableToOffer("This product has variants: offer those you have.")
    if not request.sku.strip() or len(request.sku.strip()) > 128:
        raise UnableToOffer("An offer needs your own number (SKU), of at most 128 characters.", field="sku")
    if not 0 < request.price_minor < 10**11:
        raise UnableToOffer("Please give a price above zero.", field="price")
    if request.stock is not None and not 0 <= request.stock <= MAX_STOCK:
        raise UnableToOffer("Please give the number of pieces you have.", field="stock")
    if request.condition not in dict(StockRecord.CONDITIONS):
        raise UnableToOffer("What you offer is new, renewed or used.", field="condition")
    if not 0 <= request.handling_days <= MAX_HANDLING_DAYS:
        raise UnableToOffer(f"It must leave within {MAX_HANDLING_DAYS} working days.", field="handling_days")
