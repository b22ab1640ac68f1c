"""Everything the product page tells, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count
from oscar.core.loading import get_model

from mall import bank
from mall.attributes import values
from mall.catalogue import photos, variants
from mall.fulfilment.models import ConsignmentLine, MerchantReview
from mall.offers import buybox
from mall.shipping import quotes

Product = get_model("catalogue", "Product")
StockRecord = get_model("partner", "StockRecord")

_FAMILY = """
WITH family AS (SELECT coalesce(parent_id, id) AS id FROM catalogue_product WHERE id = %s)
SELECT p.*, (
    SELECT array_agg(i.original ORDER BY i.display_order, i.id) FROM catalogue_productimage i WHERE i.product_id = p.id
) AS photos FROM catalogue_product p JOIN family ON p.id = family.id
UNION ALL SELECT p.*, NULL FROM catalogue_product p JOIN family ON p.parent_id = family.id
"""
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
    express: quotes.DeliveryQuote | None
    condition: str = "new"
    condition_name: str = ""

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
    """A product with its offers, the chosen one first named.

    Of a product with variants it is one of them: ``family_id`` is the parent, ``options`` lead to the others. ``why``
    tells in sentences why the first offer stands first, ``weights`` what counts how much, in percent.
    """

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
    family_id: int = 0
    options: tuple[variants.Option, ...] = ()
    photos: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    weights: tuple[tuple[str, int], ...] = ()

    @property
    def chosen_for_you(self) -> bool:
        """Tell whether the offer shown is the one that ranking puts first."""
        return bool(self.offers) and self.offer is self.offers[0]


def details(*, product_id: int, chosen: int | None, at: datetime) -> ProductDetails | None:
    """Return the product with the chosen stock record's offer, else the first; nothing when it is not public.

    A parent is shown as its best variant.
    """
    family = _family(product_id=product_id)
    if family is None:
        return None
    parent, members = family
    ranked = buybox.ranked(product_ids=list(members))
    said = values.told(product_ids=[parent.pk, *members])
    choices = _variants(members=members, ranked=ranked, said=said) if parent.is_parent else []
    shown = next((choice for choice in choices if choice.product_id == product_id), None) or variants.best(
        variants=choices
    )
    product = members[shown.product_id] if shown else parent
    ours = ranked.get(product.pk, [])
    category = parent.categories.order_by("-depth", "path").first()
    offers = _offers(ranked=ours, at=at)
    by_stock = {offer.stockrecord_id: offer for offer in offers}
    reviews = _reviews(product_ids=[parent.pk, *members])
    facts = {fact.code: (fact.name, fact.text) for pk in (parent.pk, product.pk) for fact in said.facts.get(pk, ())}
    return ProductDetails(
        product_id=product.pk,
        title=product.title or parent.title,
        slug=product.slug,
        description=product.description or parent.description,
        category=category.name if category else "",
        category_id=category.pk if category else None,
        facts=tuple(facts.values()),
        offer=by_stock.get(chosen) or (offers[0] if offers else None),
        offers=tuple(offers),
        reviews=reviews,
        rating=sum(review.score for review in reviews) / len(reviews) if reviews else None,
        family_id=parent.pk,
        options=variants.options(variants=choices, chosen=shown) if shown else (),
        photos=_names(parent),
        why=tuple(buybox.why(offers=ours)),
        weights=tuple(buybox.shares(offer=ours[0])) if ours else (),
    )


def title_of(*, product_id: int) -> tuple[str, str, tuple[str, ...]] | None:
    """Return a public product's title, category and photographs, a variant's from its parent; nothing for another."""
    family = _family(product_id=product_id)
    if family is None:
        return None
    parent, members = family
    category = parent.categories.order_by("-depth", "path").first()
    return members.get(product_id, parent).title or parent.title, category.name if category else "", _names(parent)


def _names(parent: Product) -> tuple[str, ...]:
    """Return the names of a product's photographs, each its content's digest."""
    return tuple(digest for name in parent.photos or () if (digest := photos.digest_of(name)))


def _family(*, product_id: int) -> tuple[Product, dict[int, Product]] | None:
    """Return the parent, or the product itself, with what can be bought of it; nothing when that is not public."""
    rows = {row.pk: row for row in Product.objects.raw(_FAMILY, [product_id])}
    parent = next((row for row in rows.values() if row.parent_id is None), None)
    if parent is None or not parent.is_public or product_id not in rows or not rows[product_id].is_public:
        return None
    if not parent.is_parent:
        return parent, {parent.pk: parent}
    return parent, {pk: row for pk, row in sorted(rows.items()) if row.parent_id is not None and row.is_public}


def _variants(
    *, members: dict[int, Product], ranked: dict[int, list[buybox.RankedOffer]], said: values.Told
) -> list[variants.Variant]:
    found = []
    for child in members.values():
        first = ranked[child.pk][0] if child.pk in ranked else None
        found.append(
            variants.Variant(
                product_id=child.pk,
                slug=child.slug,
                values=said.varying.get(child.pk, {}),
                price=first.price if first else None,
                currency=first.currency if first else "",
                in_stock=first is not None and first.in_stock,
            )
        )
    return found


def _offers(*, ranked: list[buybox.RankedOffer], at: datetime) -> list[Offer]:
    """Return the offers in the order of their ranking."""
    if not ranked:
        return []
    records = {
        record.pk: record
        for record in StockRecord.objects.filter(pk__in=[offer.stockrecord_id for offer in ranked]).select_related(
            "partner__merchant"
        )
    }
    ratings = {
        row["merchant"]: (row["rating"], row["reviews"])
        for row in MerchantReview.objects.filter(merchant__in={offer.merchant_id for offer in ranked})
        .values("merchant")
        .annotate(rating=Avg("score"), reviews=Count("pk"))
        .order_by()
    }
    plans = quotes.plans_of(merchants=[record.partner.merchant for record in records.values()])
    return [
        _offer(
            record=records[offer.stockrecord_id],
            rating=ratings.get(offer.merchant_id),
            plan=plans[offer.merchant_id],
            at=at,
        )
        for offer in ranked
        if offer.stockrecord_id in records
    ]


def _offer(*, record: object, rating: tuple[float, int] | None, plan: quotes.Plan, at: datetime) -> Offer:
    merchant = record.partner.merchant
    price = bank.minor(amount=record.price, currency=record.price_currency)
    delivery, *faster = quotes.quotes(plan=plan, goods=price, at=at, handling_days=record.handling_days)
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
        express=next((quote for quote in faster if quote.code == quotes.EXPRESS), None),
        condition=record.condition,
        condition_name=record.get_condition_display(),
    )


def _reviews(*, product_ids: list[int]) -> tuple[Review, ...]:
    bought = ConsignmentLine.objects.filter(product_id__in=product_ids).values("consignment_id")
    rows = (
        MerchantReview.objects.filter(consignment__in=bought)
        .select_related("user", "merchant")
        .order_by("-at", "-pk")[:REVIEWS_SHOWN]
    )
    return tuple(
        Review(score=row.score, body=row.body, who=row.user.first_name or "–", merchant=row.merchant.name, at=row.at)
        for row in rows
    )
