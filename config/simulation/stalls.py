"""What a catalogue shared by many merchants looks like: rival offers, variants, and proposals that wait."""

from __future__ import annotations

from datetime import datetime

from oscar.core.loading import get_model

from config.simulation.people import OWNER
from mall.actors import MERCHANT, OPERATIONS, Actor
from mall.catalogue import operations as catalogue
from mall.catalogue import writing
from mall.catalogue.drafts import ProductDraft, VariantDraft
from mall.merchants.models import ACTIVE, Membership, Merchant
from mall.offers import making
from mall.offers.making import MakeOffer
from mall.partner.models import StockRecord
from mall.proposals import operations as proposals
from mall.proposals.operations import OfferWish, Wish

Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")

RIVALS_OF, SHOPS = 40, 6

# class, name, category, description, what it says, its variants and their price
_THINGS = (
    (
        "shoes", "Alto trail shoe", ("Fashion", "Shoes"), "4006381333931",
        "Grips on wet rock, dries overnight, and weighs less than it looks.",
        {"brand": "Alto", "material": "Recycled polyester", "waterproof": True},
        [({"shoe_size": size, "colour": colour}, 8_900 + 500 * (colour == "Navy"))
         for colour in ("Black", "Navy", "Red") for size in (38, 39, 40, 41, 42, 43) if (colour, size) != ("Red", 43)],
    ),
    (
        "clothing", "Lido linen shirt", ("Fashion", "Shirts"), "4012345678901",
        "Washed linen from Lombardy, cut wide. Better every summer.",
        {"brand": "Lido", "material": "Linen", "care": ["Machine wash 30 °C"]},
        [({"size": size, "colour": colour}, 5_900)
         for colour in ("White", "Blue", "Beige") for size in ("S", "M", "L", "XL")],
    ),
    (
        "electronics", "Volta One phone", ("Electronics", "Phones"), "5901234123457",
        "A small phone with a large battery and seven years of updates.",
        {"brand": "Volta", "model": "One", "screen": 6.1, "connections": ["USB-C", "Bluetooth", "Wi-Fi"]},
        [({"colour": colour, "storage": storage}, price)
         for colour in ("Black", "Silver") for storage, price in ((128, 49_900), (256, 57_900))],
    ),
)  # fmt: skip


def fill(*, currency: str, at: datetime) -> None:
    """Put rival offers beside some of what is sold, products with variants on sale, and proposals before the staff.

    Done again, it changes nothing.
    """
    shops = list(Merchant.objects.filter(status=ACTIVE, currency=currency).order_by("pk")[:SHOPS])
    if len(shops) < 2:
        return
    _rivals(shops=shops, at=at)
    for thing in _THINGS:
        _sell(thing=thing, shops=shops, at=at)
    _propose(at=at)


def _rivals(*, shops: list[Merchant], at: datetime) -> None:
    """Let other shops offer what one sells: a little cheaper but slower, dearer but quicker, or used."""
    if StockRecord.objects.filter(partner_sku__startswith="RIVAL-").exists():
        return
    records = StockRecord.objects.filter(partner__merchant__in=shops, product__parent=None, price__gt=10)
    offers = []
    for number, record in enumerate(records.select_related("partner__merchant").order_by("pk")[:RIVALS_OF]):
        minor = int(record.price * 100)
        others = [shop for shop in shops if shop.partner_id != record.partner_id]
        for place in range(1 + number % 2):
            shop = others[(number + place) % len(others)]
            percent, days, condition = ((97, 3, "new"), (104, 0, "new"), (70, 1, "used"))[(number + place) % 3]
            offers.append(
                MakeOffer(
                    merchant_id=shop.pk,
                    product_id=record.product_id,
                    sku=f"RIVAL-{record.product_id}-{condition}",
                    price_minor=minor * percent // 100,
                    stock=4 + number % 30,
                    condition=condition,
                    handling_days=days,
                )
            )
    making.make_offers(requests=offers, by=Actor(OPERATIONS), at=at)


def _sell(*, thing: tuple, shops: list[Merchant], at: datetime) -> None:
    slug, title, category, number, description, said, variants = thing
    if Product.objects.filter(upc=number).exists():
        return
    draft = ProductDraft(
        title=title,
        class_id=ProductClass.objects.get(slug=slug).pk,
        category_ids=(catalogue.ensure_categories(paths=[category])[category],),
        description=description,
        gtin=number,
        values=said,
        variants=tuple(VariantDraft(values=values) for values, _price in variants),
    )
    written = writing.create(draft=draft, at=at)
    making.make_offers(
        requests=[
            MakeOffer(
                merchant_id=shop.pk,
                product_id=product_id,
                sku=f"{slug.upper()}-{product_id}",
                price_minor=price + 200 * place,
                stock=(number * 7 + place * 5) % 12,
                handling_days=2 - place,
            )
            for place, shop in enumerate(shops[:3])
            for number, (product_id, (_values, price)) in enumerate(zip(written.variant_ids, variants, strict=True))
            if (number + place) % 3
        ],
        by=Actor(OPERATIONS),
        at=at,
    )


def _propose(*, at: datetime) -> None:
    """Have the demo's owner propose a product."""
    member = Membership.objects.filter(user__email=OWNER).select_related("merchant").order_by("pk").first()
    if member is None:
        return
    by = Actor(MERCHANT, user_id=member.user_id, merchant_id=member.merchant_id, role=member.role)
    where = ("Home", "Kitchen")
    carafe = ProductDraft(
        title="Murano water carafe",
        class_id=ProductClass.objects.get(slug="home-and-living").pk,
        category_ids=(catalogue.ensure_categories(paths=[where])[where],),
        description="Blown by hand, so no two are alike. Holds a litre.",
        values={"brand": "Lagoon", "material": "Glass", "height": 26.0, "dishwasher": False},
    )
    wish = Wish(
        merchant_id=member.merchant_id,
        draft=carafe,
        offers=(OfferWish(place=0, sku="CARAFE-1", price=6_400, stock=12, handling_days=1),),
        note="New from our workshop.",
    )
    proposals.propose(wish=wish, key="demo-carafe", by=by, at=at)
