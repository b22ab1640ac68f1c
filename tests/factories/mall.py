"""A small mall for tests: merchants who sell, shoppers with money, orders in every state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from mall.actors import MERCHANT, Actor
from mall.catalogue import operations as catalogue
from mall.catalogue.operations import ListProduct
from mall.checkout.drafts import DeliveryChoice, DraftLine, OrderDraft, TenderChoice
from mall.customer import operations as customers
from mall.customer.addresses import AddressData
from mall.customer.models import User
from mall.customer.operations import RegisterShopper
from mall.merchants import operations as merchants
from mall.merchants.models import Merchant
from mall.merchants.operations import OpenMerchant
from mall.partner.models import StockRecord
from payments import operations as payments
from payments.queries import standing

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_numbers = count(1)


def make_address(*, name: str = "Ada Weber", line1: str = "Lindenweg 4", city: str = "Bremen") -> AddressData:
    """Return an address."""
    return AddressData(name=name, line1=line1, city=city, postcode="28195", country="DE")


def make_shopper(*, money: int = 100_000, email: str = "", currency: str = "EUR", **others: object) -> User:
    """Register a shopper whose account holds `money` minor units."""
    email = email or f"shopper{next(_numbers)}@mail.example"
    [user] = customers.register_shoppers(
        requests=[RegisterShopper(email=email, name="Ada Weber", currency=currency, at=AT, **others)]
    )
    if money:
        [result] = payments.receive_money(
            requests=[
                payments.Deposit(
                    account_number=account_of(user),
                    amount=money,
                    key=f"mall-test-in:{next(_numbers)}",
                    reference="salary",
                    at=AT,
                )
            ]
        )
        assert not isinstance(result, Exception), result
    return user


def account_of(user: User, currency: str = "EUR") -> str:
    """Return the number of a person's account."""
    holder = f"user:{user.pk}"
    return standing.account_numbers(holders=[holder])[holder, currency]


def make_merchant(*, name: str = "", owner: User | None = None, currency: str = "EUR", **others: object) -> Merchant:
    """Open a merchant."""
    name = name or f"Store {next(_numbers)}"
    owner = owner or make_shopper(money=0)
    [merchant] = merchants.open_merchants(
        requests=[OpenMerchant(key=name, name=name, owner=owner.pk, currency=currency, at=AT, **others)]
    )
    return merchant


def close_the_shop(merchant: Merchant) -> None:
    """Let a merchant sell nothing any more, as a suspension does."""
    assert merchants.set_status(merchant_id=merchant.pk, was=("active",), status="suspended", at=AT)


def make_offer(
    *, merchant: Merchant, price: int = 2_500, stock: int | None = 10, title: str = "", key: str = "", **others: object
) -> StockRecord:
    """List a product of a merchant."""
    number = next(_numbers)
    [listed] = catalogue.list_products(
        requests=[
            ListProduct(
                title=title or f"Lamp {number}",
                merchant_id=merchant.pk,
                sku=f"SKU-{number}",
                price_minor=price,
                currency=merchant.currency,
                stock=stock,
                at=AT,
                category=("Home", "Light"),
                product_key=key,
                **others,
            )
        ]
    )
    return StockRecord.objects.select_related("partner__merchant").get(pk=listed.stockrecord_id)


def make_draft(
    *,
    user: User | None,
    quantities: Mapping[StockRecord, int],
    charge: int = 490,
    key: str = "",
    at: datetime = AT,
    tenders: tuple[TenderChoice, ...] | None = None,
    **others: object,
) -> OrderDraft:
    """Return a draft of these pieces, paid from the shopper's account."""
    lines = tuple(
        DraftLine(stockrecord_id=offer.pk, quantity=quantity, unit_price_minor=int(offer.price * 100))
        for offer, quantity in quantities.items()
    )
    sellers = {offer.partner.merchant.pk for offer in quantities}
    deliveries = {seller: DeliveryChoice("standard", charge, at + timedelta(days=5)) for seller in sellers}
    total = sum(line.amount for line in lines) + charge * len(sellers)
    if tenders is None:
        tenders = (TenderChoice("bank_account", account_of(user), total),) if total else ()
    return OrderDraft(
        key=key or f"draft-{next(_numbers)}",
        user_id=user.pk if user else None,
        email=user.email if user else "guest@mail.example",
        currency="EUR",
        lines=lines,
        address=make_address(),
        deliveries=deliveries,
        tenders=tenders,
        at=at,
        **others,
    )


def staff(merchant: Merchant) -> Actor:
    """Return the actor of a merchant's owner."""
    return Actor(MERCHANT, user_id=merchant.owner_id, merchant_id=merchant.pk, role="owner")


def deliver_events() -> int:
    """Deliver everything in the outbox, and what that brings about; the first error of a handler is raised."""
    return payments.deliver(strict=True)


@dataclass(frozen=True)
class Market:
    """Two merchants with an offer each, and a shopper with money."""

    shopper: User
    first: Merchant
    second: Merchant
    lamp: StockRecord
    chair: StockRecord


def make_market(*, stock: int = 10, money: int = 100_000) -> Market:
    """Return a small market: a lamp at 25.00 of one merchant, a chair at 80.00 of another."""
    first, second = make_merchant(), make_merchant()
    return Market(
        shopper=make_shopper(money=money),
        first=first,
        second=second,
        lamp=make_offer(merchant=first, price=2_500, stock=stock),
        chair=make_offer(merchant=second, price=8_000, stock=stock),
    )
