"""From recorded rows to a history: what each order was charged, how it was paid, and when each thing happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from config.settings.policy import RIALTO_RELEASE_AFTER_DAYS, RIALTO_SETTLE_AFTER_DAYS
from config.simulation.history import (
    Address,
    Article,
    Founding,
    Line,
    Parcel,
    PlainHistory,
    Purchase,
    Refund,
    Review,
    Shop,
    Shopper,
    Tender,
)
from config.simulation.olist import naming
from config.simulation.olist.extract import Extract, Order

SOURCE = "olist"
CURRENCY = "BRL"
_MOMENT = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
# So long the bank waits for a word of what was sent, and so long it takes to settle what was released last.
_SILENCE = timedelta(days=RIALTO_RELEASE_AFTER_DAYS)
_AFTERWARDS = timedelta(days=RIALTO_SETTLE_AFTER_DAYS + 1)
# The bank's account stands in for every way of paying that moves money at once.
_ACCOUNT = {"credit_card": "account", "boleto": "account", "debit_card": "account", "voucher": "voucher"}
_STAND_IN = {**_ACCOUNT, "credit_card": "card"}
CARDS = {"account": _ACCOUNT, "standin": _STAND_IN}


@dataclass(slots=True)
class Charged:
    """How what is charged compares with what was recorded; amounts are centavos."""

    by_type: Counter[str] = field(default_factory=Counter)
    orders_by_type: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[str, int, int]] = field(default_factory=list)
    reviews_left_out: int = 0


def build(*, extract: Extract, cards: str = "account") -> tuple[PlainHistory, Charged]:
    """Return the extract as a history in reais, and how its charges compare with the recorded payments.

    :param cards: ``account`` pays credit card rows from the shopper's account, ``standin`` by the card stand-in.
    """
    charged = Charged()
    purchases = [_purchase(order, CARDS[cards], charged) for order in extract.orders]
    days = [moment.date() for purchase in purchases for moment in _moments(purchase)]
    first = min((purchase.placed_at for purchase in purchases), default=None)
    history = PlainHistory(
        name=SOURCE,
        currency=CURRENCY,
        first_day=first.date() if first else date.min,
        last_day=max(days, default=date.min) + _AFTERWARDS,
        people=_founding(extract),
        bought=purchases,
    )
    return history, charged


def _moments(purchase: Purchase) -> Iterable[datetime]:
    yield purchase.placed_at
    for parcel in purchase.parcels:
        for moment in (parcel.dispatched_at, parcel.delivered_at, parcel.cancelled_at):
            if moment:
                yield moment
        if parcel.dispatched_at and not parcel.delivered_at:
            yield parcel.dispatched_at + _SILENCE
        if parcel.refund:
            yield parcel.refund.at
        if parcel.review:
            yield parcel.review.at


def article_key(product_id: str, seller_id: str) -> str:
    """Return the key of a product at one seller."""
    return f"{product_id}:{seller_id}"


# --- who and what is there


def _founding(extract: Extract) -> Founding:
    first_sale: dict[str, datetime] = {}
    first_buy: dict[str, datetime] = {}
    listed: dict[tuple[str, str], datetime] = {}
    price: dict[tuple[str, str], int] = {}
    sold: Counter[tuple[str, str]] = Counter()
    trade: dict[str, Counter[str]] = {}
    for order in extract.orders:
        first_buy.setdefault(order.customer.unique_id, order.placed_at)
        for item in order.items:
            place = (item.product_id, item.seller_id)
            first_sale.setdefault(item.seller_id, order.placed_at)
            listed.setdefault(place, order.placed_at)
            price.setdefault(place, item.price)
            sold[place] += 1
            category = extract.products[item.product_id].category
            trade.setdefault(item.seller_id, Counter())[category] += 1
    shoppers = [
        Shopper(
            key=customer.unique_id,
            email=naming.email("shopper", customer.unique_id),
            name=naming.person(customer),
            address=_address(
                customer.unique_id, naming.person(customer), customer.city, customer.state, customer.zip_prefix
            ),
            opened_at=_midnight(first_buy[customer.unique_id]),
            consents=True,
        )
        for customer in extract.customers.values()
        if customer.unique_id in first_buy
    ]
    shops, owners = _shops(extract, first_sale, trade)
    articles = [
        _article(extract, product_id, seller_id, price[product_id, seller_id], count, listed[product_id, seller_id])
        for (product_id, seller_id), count in sold.items()
    ]
    return Founding([*shoppers, *owners], shops, articles)


def _shops(
    extract: Extract, first_sale: dict[str, datetime], trade: dict[str, Counter[str]]
) -> tuple[list[Shop], list[Shopper]]:
    shops, owners = [], []
    for seller in extract.sellers.values():
        if seller.seller_id not in first_sale:
            continue
        category = trade[seller.seller_id].most_common(1)[0][0]
        name = naming.shop(seller, category)
        joined = _midnight(first_sale[seller.seller_id])
        address = _address(seller.seller_id, name, seller.city, seller.state, seller.zip_prefix)
        owners.append(
            Shopper(
                key=f"owner:{seller.seller_id}",
                email=naming.email("owner", seller.seller_id),
                name=f"Owner {seller.seller_id[:8].upper()}",
                address=address,
                opened_at=joined,
                consents=True,
            )
        )
        aisle, place = naming.shelf(category)
        described = f"{place} ({aisle.lower()}) from {seller.city.title() or 'Brasil'}, {seller.state}."
        shops.append(Shop(seller.seller_id, name, f"owner:{seller.seller_id}", address, joined, True, described))
    return shops, owners


def _article(extract: Extract, product_id: str, seller_id: str, price: int, sold: int, first_sold: datetime) -> Article:
    product = extract.products[product_id]
    return Article(
        key=article_key(product_id, seller_id),
        shop=seller_id,
        sku=f"OL-{product_id}",
        title=naming.title(product),
        description=naming.description(product),
        category=naming.shelf(product.category),
        attributes=naming.attributes(product),
        price=price,
        # What was sold was there; a few pieces are left for those who come now.
        stock=sold + 5,
        weight_g=product.weight_g or 0,
        listed_at=_midnight(first_sold),
        product=product_id,
    )


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0)


def _address(key: str, name: str, city: str, state: str, zip_prefix: str) -> Address:
    return Address(name, f"Rua {zip_prefix}, {key[:8]}", city.title(), state, f"{zip_prefix}-000", "BR")


# --- what happened


def _purchase(order: Order, methods: dict[str, str], charged: Charged) -> Purchase:
    placed = order.placed_at
    paid = order.status != "created"
    authorised = max(order.approved_at or placed, placed) + _MOMENT if paid else None
    ready = authorised or placed
    dispatched = _dispatched(order, ready)
    delivered = max(order.delivered_at, dispatched + _MOMENT) if order.delivered_at and dispatched else None
    undone = order.status in ("canceled", "unavailable")
    parcels = tuple(
        _parcel(order, seller, items, ready, dispatched, delivered, undone) for seller, items in _by_seller(order)
    )
    if order.reviews and dispatched is None:
        charged.reviews_left_out += 1
    amount = sum(parcel.amount for parcel in parcels)
    tenders = _tenders(order, amount, methods, charged)
    own = sum(tender.amount for tender in tenders if tender.method == "account")
    return Purchase(
        key=order.order_id,
        shopper=order.customer.unique_id,
        placed_at=placed,
        authorised_at=authorised,
        parcels=parcels,
        tenders=tenders,
        device="",
        money_in=own if paid else 0,
    )


def _dispatched(order: Order, ready: datetime) -> datetime | None:
    if order.dispatched_at is not None:
        return max(order.dispatched_at, ready + _MOMENT)
    if order.status in ("delivered", "shipped"):
        latest = order.delivered_at - _MOMENT if order.delivered_at else ready + _MOMENT
        return max(min(latest, ready + _HOUR), ready + _MOMENT)
    return None


def _by_seller(order: Order) -> list[tuple[str, list]]:
    groups: dict[str, list] = {}
    for item in order.items:
        groups.setdefault(item.seller_id, []).append(item)
    return sorted(groups.items())


def _parcel(
    order: Order,
    seller_id: str,
    items: list,
    ready: datetime,
    dispatched: datetime | None,
    delivered: datetime | None,
    undone: bool,
) -> Parcel:
    pieces = Counter((article_key(item.product_id, item.seller_id), item.price) for item in items)
    lines = tuple(Line(article, count, price) for (article, price), count in pieces.items())
    shipping = sum(item.freight for item in items)
    amount = shipping + sum(item.price for item in items)
    promised = order.promised_by
    cancelled, refund = None, None
    if undone and dispatched is None:
        limits = [item.ship_by for item in items if item.ship_by]
        cancelled = max([ready + _HOUR, *limits])
    elif undone:
        after = delivered + _DAY if delivered else max(dispatched + _DAY, promised or dispatched)
        refund = Refund(after, amount, f"order {order.status}")
    review = None
    if order.reviews and dispatched is not None:
        last = order.reviews[-1]
        review = Review(max(last.at, dispatched + _HOUR), last.score)
    return Parcel(
        shop=seller_id,
        lines=lines,
        shipping=shipping,
        promised_by=promised,
        dispatched_at=dispatched,
        delivered_at=delivered,
        cancelled_at=cancelled,
        cancel_reason=f"order {order.status}" if cancelled else "",
        refund=refund,
        review=review,
    )


def _tenders(order: Order, amount: int, methods: dict[str, str], charged: Charged) -> tuple[Tender, ...]:
    """Return tenders that pay ``amount`` exactly, keeping to the recorded ones as far as they go.

    Where more was recorded, the last ones pay less; where less was, the account pays the rest.
    """
    recorded = sum(payment.amount for payment in order.payments)
    if recorded != amount:
        charged.differences.append((order.order_id, recorded, amount))
    left = amount
    parts: list[tuple[str, int]] = []
    for payment in order.payments:
        part = min(payment.amount, left)
        if part:
            parts.append((payment.method, part))
            left -= part
    if left:
        spare = next((name for name, _ in reversed(parts) if name != "voucher"), "not recorded")
        parts.append((spare, left))
    tenders: list[Tender] = []
    own: Counter[str] = Counter()
    for name, part in parts:
        charged.by_type[name] += part
        method = methods.get(name, "account")
        if method == "voucher":
            tenders.append(Tender("voucher", part))
        else:
            own[method] += part
    for name in {name for name, _ in parts}:
        charged.orders_by_type[name] += 1
    return (*tenders, *(Tender(method, part) for method, part in own.items()))
