"""Everything the product page tells, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count
from oscar.core.loading import get_model

from mall import bank
from mall.fulfilment.models import MerchantReview
from mall.merchants.models import ACTIVE
from mall.shipping import quotes

Product = get_model("catalogue", "Product")
StockRecord = get_model("partner", "StockRecord")

REVIEWS_SHOWN = 8
FEW = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """One merchant's offer of the product."""

    stockrecord_id: int
    merchant: str
    merchant_slug: str
    rating: float | None
    reviews: int
    price: int
    currency: str
    free: int | None
    delivery: quotes.DeliveryQuote
    express: quotes.DeliveryQuote

    @property
    def in_stock(self) -> bool:
        """Tell whether a piece can be bought."""
        return self.free is None or self.free > 0

    @property
    def few(self) -> bool:
        """Tell whether only a handful is left."""
        return self.free is not None and 0 < self.free <= FEW

    @property
    def most(self) -> int:
        """Return the most pieces that can be put into the basket at once."""
        return 99 if self.free is None else min(self.free, 99)


@dataclass(frozen=True, slots=True)
class Review:
    """What a buyer of this product says of its merchant."""

    score: int
    body: str
    who: str
    merchant: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """A product with its offers, the chosen one first named."""

    product_id: int
    title: str
    slug: str
    description: str
    category: str
    category_id: int | None
    facts: tuple[tuple[str, str], ...]
    offer: Offer | None
    offers: tuple[Offer, ...]
    reviews: tuple[Review, ...]
    rating: float | None


def details(*, product_id: int, chosen: int | None, at: datetime) -> ProductDetails | None:
    """Return the product with the chosen stock record's offer, else the best; nothing when it is not public."""
    product = Product.objects.filter(pk=product_id, is_public=True).select_related("product_class").first()
    if product is None:
        return None
    category = product.categories.order_by("-depth", "path").first()
    offers = _offers(product_id=product_id, at=at)
    by_stock = {offer.stockrecord_id: offer for offer in offers}
    reviews = _reviews(product_id=product_id)
    values = product.attribute_values.select_related("attribute", "value_option").order_by("attribute__name")
    return ProductDetails(
        product_id=product.pk,
        title=product.get_title(),
        slug=product.slug,
        description=product.description,
        category=category.name if category else "",
        category_id=category.pk if category else None,
        facts=tuple((value.attribute.name, value.value_as_text) for value in values),
        offer=by_stock.get(chosen) or (offers[0] if offers else None),
        offers=tuple(offers),
        reviews=reviews,
        rating=sum(review.score for review in reviews) / len(reviews) if reviews else None,
    )


def title_of(*, product_id: int) -> tuple[str, str] | None:
    """Return a public product's title and category; nothing for another."""
    product = Product.objects.filter(pk=product_id, is_public=True).first()
    if product is None:
        return None
    category = product.categories.order_by("-depth", "path").first()
    return product.get_title(), category.name if category else ""


def _offers(*, product_id: int, at: datetime) -> list[Offer]:
    records = StockRecord.objects.filter(
        product_id=product_id, price__isnull=False, partner__merchant__status=ACTIVE
    ).select_related("partner__merchant")
    ratings = {
        row["merchant"]: (row["rating"], row["reviews"])
        for row in MerchantReview.objects.filter(merchant__partner__stockrecords__product_id=product_id)
        .values("merchant")
        .annotate(rating=Avg("score"), reviews=Count("pk", distinct=True))
        .order_by()
    }
    offers = [_offer(record=record, rating=ratings.get(record.partner.merchant.pk), at=at) for record in records]
    return sorted(offers, key=lambda offer: (not offer.in_stock, offer.price, offer.stockrecord_id))


def _offer(*, record: object, rating: tuple[float, int] | None, at: datetime) -> Offer:
    merchant = record.partner.merchant
    price = bank.minor(amount=record.price, currency=record.price_currency)
    delivery, express = quotes.quotes(merchant=merchant, goods=price, at=at)
    return Offer(
        stockrecord_id=record.pk,
        merchant=merchant.name,
        merchant_slug=merchant.slug,
        rating=rating[0] if rating else None,
        reviews=rating[1] if rating else 0,
        price=price,
        currency=record.price_currency,
        free=None if record.num_in_stock is None else max(record.net_stock_level, 0),
        delivery=delivery,
        express=express,
    )


def _reviews(*, product_id: int) -> tuple[Review, ...]:
    rows = (
        MerchantReview.objects.filter(consignment__lines__product_id=product_id)
        .select_related("user", "merchant")
        .order_by("-at", "-pk")[:REVIEWS_SHOWN]
    )
    return tuple(
        Review(score=row.score, body=row.body, who=row.user.first_name or "–", merchant=row.merchant.name, at=row.at)
        for row in rows
    )
