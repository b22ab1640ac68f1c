"""A basket as pages and orders need it: by merchant, in whole minor units, with promotions, tax, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from mall import bank
from mall.merchants.models import ACTIVE, Merchant
from mall.promotions import queries as promotions
from mall.promotions.evaluating import Applied, Goods, Idle, evaluate
from mall.search.models import SearchEntry
from mall.shipping import quotes
from mall.taxes import computing
from mall.taxes import queries as taxes

if TYPE_CHECKING:
    from mall.basket.models import Basket

# A promotion without a budget waives any charge.
_ANY = 2**62


@dataclass(frozen=True, slots=True)
class BasketLine:
    """Pieces of one product of one merchant; amounts are minor units, `amount` is after promotions.

    `was`: what a piece cost when the shopper last saw it, where that differs. `free`: pieces to be had, if counted.
    """

    line_id: int
    product_id: int
    stockrecord_id: int
    title: str
    slug: str
    category: str
    quantity: int
    free: int | None
    unit_price: int
    amount: int
    was: int | None = None
    tax_class: str = ""
    digital: bool = False
    problem: str = ""
    handling_days: int = 0

    @property
    def full_amount(self) -> int:
        """Return the price before promotions."""
        return self.unit_price * self.quantity

    @property
    def fix(self) -> int | None:
        """Return the number of pieces that would solve the problem; none means taking the line out."""
        return (self.free or 0) if self.problem else None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one merchant sends, and the ways it can come."""

    merchant_id: int
    merchant: str
    slug: str
    country: str
    lines: tuple[BasketLine, ...]
    goods: int
    deliveries: tuple[quotes.DeliveryQuote, ...]
    problem: str = ""
    free_from: int | None = None
    digital: bool = False
    unreachable: bool = False

    def delivery(self, *, code: str) -> quotes.DeliveryQuote | None:
        """Return the way of that code, else the usual one; nothing where none goes to the address."""
        usual = self.deliveries[0] if self.deliveries else None
        return next((quote for quote in self.deliveries if quote.code == code), usual)

    @property
    def to_free_delivery(self) -> int:
        """Return what is missing to the usual way without charge; 0 when it is free or never will be."""
        usual = self.delivery(code="")
        if self.free_from is None or usual is None or not usual.charge:
            return 0
        return max(0, self.free_from - self.goods)


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in a basket. `applied`, `idle`: the promotions that count, and the codes that do not."""

    currency: str
    parcels: tuple[Parcel, ...]
    applied: tuple[Applied, ...] = ()
    idle: tuple[Idle, ...] = ()
    problem: str = ""
    country: str = ""
    on: datetime | None = None
    rates: computing.RateTable = field(default_factory=computing.RateTable)

    @property
    def lines(self) -> list[BasketLine]:
        """Return the lines of all parcels."""
        return [line for parcel in self.parcels for line in parcel.lines]

    @property
    def goods(self) -> int:
        """Return the price of all goods."""
        return sum(parcel.goods for parcel in self.parcels)

    @property
    def full_goods(self) -> int:
        """Return the price of all goods before promotions."""
        return sum(line.full_amount for line in self.lines)

    @property
    def discounts(self) -> tuple[tuple[str, int], ...]:
        """Return (name, amount) of each promotion that lowers the goods."""
        return tuple((applied.name, applied.amount) for applied in self.applied if not applied.delivery)

    @property
    def pieces(self) -> int:
        """Return the number of pieces."""
        return sum(line.quantity for line in self.lines)

    @property
    def repriced(self) -> list[BasketLine]:
        """Return the lines that cost something else than when they were seen last."""
        return [line for line in self.lines if line.was is not None]

    @property
    def can_be_ordered(self) -> bool:
        """Tell whether nothing stands in the way."""
        problems = [parcel.problem for parcel in self.parcels] + [line.problem for line in self.lines]
        return bool(self.parcels) and not self.problem and not any(problems)

    @property
    def only_unreachable(self) -> bool:
        """Tell whether nothing stands in the way but where the goods are to go."""
        others = [parcel.problem for parcel in self.parcels if not parcel.unreachable]
        return not self.problem and not any(others) and not any(line.problem for line in self.lines)

    def quote(self, *, parcel: Parcel, choices: Mapping[int, str]) -> quotes.DeliveryQuote | None:
        """Return the way a parcel comes with these choices by merchant."""
        return parcel.delivery(code=choices.get(parcel.merchant_id, ""))

    def needs_address(self, *, choices: Mapping[int, str]) -> bool:
        """Tell whether anything has to be carried to the shopper."""
        found = (self.quote(parcel=parcel, choices=choices) for parcel in self.parcels)
        return any(quote is None or quote.code not in (quotes.DIGITAL, quotes.PICKUP) for quote in found)

    def delivery(self, *, choices: Mapping[int, str]) -> int:
        """Return what delivery costs with these choices."""
        found = (self.quote(parcel=parcel, choices=choices) for parcel in self.parcels)
        return sum(quote.charge for quote in found if quote is not None)

    def total(self, *, choices: Mapping[int, str]) -> int:
        """Return goods and delivery."""
        return self.goods + self.delivery(choices=choices)

    def taxes(self, *, choices: Mapping[int, str]) -> tuple[tuple[int, int], ...]:
        """Return (basis points, tax) of each rate that the total includes."""
        found: list[computing.LineTax] = []
        for parcel in self.parcels:
            quote = self.quote(parcel=parcel, choices=choices)
            stays = quote is not None and quote.code == quotes.PICKUP
            country = parcel.country if stays else self.country or parcel.country
            rates = [
                self.rates.rate(country=country, tax_class=line.tax_class, on=self.on.date()) for line in parcel.lines
            ]
            found += computing.of_parcel(
                lines=[(line.amount, rate) for line, rate in zip(parcel.lines, rates, strict=True)],
                shipping=quote.charge if quote else 0,
            )
        return computing.by_rate(taxes=found)


def contents(*, basket: Basket, at: datetime, customer: str = "", country: str = "") -> Contents:
    """Return what lies in the basket, in a fixed number of queries.

    `customer`: as promotions name him. `country`: where it goes to, if that is known.
    """
    rows = list(basket.all_lines())
    if not rows:
        return Contents(currency=bank.policy().CURRENCY, parcels=())
    currency = rows[0].price_currency
    merchants = {row.stockrecord.partner.merchant.pk: row.stockrecord.partner.merchant for row in rows}
    products = [row.product_id for row in rows]
    applied, idle = _promotions(basket=basket, rows=rows, customer=customer, currency=currency, at=at)
    off = {key: amount for use in applied for key, amount in use.lines.items()}
    names = dict(
        SearchEntry.objects.filter(product_id__in=[_shelved(row) for row in rows]).values_list(
            "product_id", "category_name"
        )
    )
    classes = taxes.classes_of(product_ids=products)
    by_merchant: dict[int, list[BasketLine]] = {}
    for row in rows:
        line = _line(
            row=row,
            off=off.get(row.pk, 0),
            category=names.get(_shelved(row), ""),
            tax_class=classes.get(row.product_id, ""),
        )
        by_merchant.setdefault(row.stockrecord.partner.merchant.pk, []).append(line)
    plans = quotes.plans_of(merchants=list(merchants.values()))
    waived = {use.merchant_id: _ANY if use.left is None else use.left for use in applied if use.delivery}
    parcels = tuple(
        _parcel(
            merchant=merchants[merchant_id],
            lines=lines,
            plan=plans[merchant_id],
            waives=waived.get(merchant_id, -1),
            country=country,
            at=at,
        )
        for merchant_id, lines in by_merchant.items()
    )
    mixed = len({row.price_currency for row in rows}) > 1
    return Contents(
        currency=currency,
        parcels=parcels,
        applied=tuple(applied),
        idle=tuple(idle),
        problem=_("Goods of different currencies cannot be in one order: take some out.") if mixed else "",
        country=country,
        on=at,
        rates=taxes.table(),
    )


def _shelved(row: object) -> int:
    """Return the product by which a line is found in listings: of a variant, its parent."""
    return row.product.parent_id or row.product_id


def _promotions(
    *, basket: Basket, rows: Sequence[object], customer: str, currency: str, at: datetime
) -> tuple[list[Applied], list[Idle]]:
    merchants = {row.stockrecord.partner.merchant.pk for row in rows}
    terms = promotions.for_basket(
        basket_id=basket.pk, merchant_ids=merchants, customer=customer, currency=currency, at=at
    )
    if not terms:
        return [], []
    categories = (
        promotions.categories_of(product_ids=[row.product_id for row in rows])
        if any(one.category_id is not None for one in terms)
        else {}
    )
    goods = [
        Goods(
            key=row.pk,
            merchant_id=row.stockrecord.partner.merchant.pk,
            product_id=row.product_id,
            unit_price=_price(row=row) or 0,
            quantity=row.quantity,
            categories=categories.get(row.product_id, frozenset()),
        )
        for row in rows
    ]
    return evaluate(goods=goods, promotions=terms)


def _price(*, row: object) -> int | None:
    """Return what a piece costs at its own merchant now, in minor units."""
    price = row.stockrecord.price
    return None if price is None else bank.minor(amount=price, currency=row.price_currency)


def _line(*, row: object, off: int, category: str, tax_class: str) -> BasketLine:
    record, product = row.stockrecord, row.product
    price = _price(row=row)
    seen = None if row.price_incl_tax is None else bank.minor(amount=row.price_incl_tax, currency=row.price_currency)
    free = None if record.num_in_stock is None else max(record.net_stock_level, 0)
    return BasketLine(
        line_id=row.pk,
        product_id=row.product_id,
        stockrecord_id=row.stockrecord_id,
        title=product.get_title(),
        slug=product.slug,
        category=category,
        quantity=row.quantity,
        free=free,
        unit_price=price or 0,
        amount=(price or 0) * row.quantity - off,
        was=seen if price is not None and seen is not None and seen != price else None,
        tax_class=tax_class,
        digital=not product.get_product_class().requires_shipping,
        problem=_line_problem(public=product.is_public and price is not None, quantity=row.quantity, free=free),
        handling_days=record.handling_days,
    )


def _line_problem(*, public: bool, quantity: int, free: int | None) -> str:
    if not public:
        return _("This is not sold any more: please take it out.")
    if free == 0:
        return _("Sold out: please take it out.")
    if free is not None and quantity > free:
        return _("Only %(free)d left: please choose fewer.") % {"free": free}
    return ""


def _parcel(
    *, merchant: Merchant, lines: list[BasketLine], plan: quotes.Plan, waives: int, country: str, at: datetime
) -> Parcel:
    goods = sum(line.amount for line in lines)
    slowest = max(line.handling_days for line in lines)
    if all(line.digital for line in lines):
        deliveries = [quotes.digital(at=at)]
    else:
        deliveries = quotes.quotes(plan=plan, goods=goods, at=at, country=country, waives=waives, handling_days=slowest)
    problem = ""
    if merchant.status != ACTIVE:
        problem = _("%(store)s is closed at the moment: please take its goods out, or wait.") % {"store": merchant.name}
    elif not deliveries:
        problem = _("%(store)s does not deliver to this country: choose another address, or take its goods out.") % {
            "store": merchant.name
        }
    return Parcel(
        merchant_id=merchant.pk,
        merchant=merchant.name,
        slug=merchant.slug,
        country=plan.country,
        lines=tuple(lines),
        goods=goods,
        deliveries=tuple(deliveries),
        problem=problem,
        digital=all(line.digital for line in lines),
        unreachable=merchant.status == ACTIVE and not deliveries,
        free_from=next((way.free_from for way in plan.ways if deliveries and way.code == deliveries[0].code), None),
    )
