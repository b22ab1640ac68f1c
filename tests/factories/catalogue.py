"""Products with variants and typed attributes for tests."""

from dataclasses import dataclass

from django.contrib.auth.models import Group
from oscar.core.loading import get_model

from mall.catalogue import operations as catalogue
from mall.catalogue import writing
from mall.catalogue.drafts import ProductDraft, VariantDraft
from mall.customer.models import User
from mall.merchants.models import Merchant
from mall.offers import making
from mall.offers.making import MakeOffer
from tests.factories.mall import AT, make_merchant, make_shopper, staff

ProductClass = get_model("catalogue", "ProductClass")


def class_id(slug: str = "shoes") -> int:
    """Return the number of a class of products."""
    return ProductClass.objects.get(slug=slug).pk


def category_id(*path: str) -> int:
    """Return the number of a category, made where it is missing."""
    wanted = path or ("Fashion", "Shoes")
    return catalogue.ensure_categories(paths=[wanted])[wanted]


def shoe_draft(**changes: object) -> ProductDraft:
    """Return a shoe in two colours and two sizes, of which one combination is not made."""
    values = {
        "title": "Trail shoe",
        "class_id": class_id(),
        "category_ids": (category_id(),),
        "description": "For hills.",
        "values": {"brand": "Alto", "waterproof": True},
        "variants": tuple(
            VariantDraft(values={"shoe_size": size, "colour": colour})
            for size, colour in ((41, "Blue"), (42, "Blue"), (42, "Red"))
        ),
    }
    return ProductDraft(**values | changes)


@dataclass(frozen=True)
class Shoe:
    """A product with variants, offered by one merchant."""

    product_id: int
    blue_41: int
    blue_42: int
    red_42: int
    merchant: Merchant
    stock: tuple[int, ...]


def make_shoe(*, prices: tuple[int, int, int] = (6_000, 6_500, 7_000), stock: tuple[int, int, int] = (5, 5, 5)) -> Shoe:
    """Put the shoe on the market."""
    written = writing.create(draft=shoe_draft(), at=AT)
    merchant = make_merchant()
    made = making.make_offers(
        requests=[
            MakeOffer(merchant_id=merchant.pk, product_id=pk, sku=f"SHOE-{pk}", price_minor=price, stock=pieces)
            for pk, price, pieces in zip(written.variant_ids, prices, stock, strict=True)
        ],
        by=staff(merchant),
        at=AT,
    )
    return Shoe(written.product_id, *written.variant_ids, merchant, tuple(made))


def make_operator(email: str = "") -> User:
    """Register a person of the bank's operations."""
    user = make_shopper(money=0, email=email)
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    return user
