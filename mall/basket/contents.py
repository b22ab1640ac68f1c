"""A basket as pages and orders need it: grouped by merchant, in whole minor units, with what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from mall import bank
from mall.merchants.models import ACTIVE, Merchant
from mall.search.models import SearchEntry
from mall.shipping import quotes

if TYPE_CHECKING:
    from mall.basket.models import Basket


@dataclass(frozen=True, slots=True)
class BasketLine:
    """Pieces of one product of one merchant; amounts are minor units, `amount` is after discounts."""

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
    problem: str = ""
    handling_days: int = 0

    @property
    def full_amount(self) -> int:
        """Return the price before discounts."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one merchant sends, and the ways it can come."""

    merchant_id: int
    merchant: str
    slug: str
    lines: tuple[BasketLine, ...]
    goods: int
    deliveries: tuple[quotes.DeliveryQuote, ...]
    problem: str = ""

    def delivery(self, *, code: str) -> quotes.DeliveryQuote:
        """Return the way of that code, else the usual one."""
        return next((quote for quote in self.deliveries if quote.code == code), self.deliveries[0])


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in a basket. `discounts`: (name, amount) of each offer that lowered the price."""

    currency: str
    parcels: tuple[Parcel, ...]
    discounts: tuple[tuple[str, int], ...] = ()
    problem: str = ""

    @property
    def goods(self) -> int:
        """Return the price of all goods."""
        return sum(parcel.goods for parcel in self.parcels)

    @property
    def pieces(self) -> int:
        """Return the number of pieces."""
        return sum(line.quantity for parcel in self.parcels for line in parcel.lines)

    @property
    def can_be_ordered(self) -> bool:
        """Tell whether nothing stands in the way."""
        problems = [parcel.problem for parcel in self.parcels]
        problems += [line.problem for parcel in self.parcels for line in parcel.lines]
        return bool(self.parcels) and not self.problem and not any(problems)

    def delivery(self, *, choices: Mapping[int, str]) -> int:
        """Return what delivery costs with these choices by merchant."""
        return sum(
            parcel.delivery(code=choices.get(parcel.merchant_id, quotes.STANDARD)).charge for parcel in self.parcels
        )

    def total(self, *, choices: Mapping[int, str]) -> int:
        """Return goods and delivery."""
        return self.goods + self.delivery(choices=choices)


def contents(*, basket: Basket, at: datetime) -> Contents:
    """Return what lies in the basket, in a fixed number of queries."""
    lines = list(basket.all_lines())
    if not lines:
        return Contents(currency=bank.policy().CURRENCY, parcels=())
    categories = dict(
        SearchEntry.objects.filter(product_id__in=[_shelved(line) for line in lines]).values_list(
            "product_id", "category_name"
        )
    )
    currency = lines[0].price_currency
    by_merchant: dict[int, list[BasketLine]] = {}
    merchants: dict[int, Merchant] = {}
    for line in lines:
        merchant = line.stockrecord.partner.merchant
        merchants[merchant.pk] = merchant
        row = _line(line=line, currency=line.price_currency, category=categories.get(_shelved(line), ""))
        by_merchant.setdefault(merchant.pk, []).append(row)
    parcels = tuple(
        _parcel(merchant=merchants[merchant_id], lines=rows, at=at) for merchant_id, rows in by_merchant.items()
    )
    mixed = len({line.price_currency for line in lines}) > 1
    return Contents(
        currency=currency,
        parcels=parcels,
        discounts=_discounts(basket=basket, currency=currency),
        problem=_("Goods of different currencies cannot be in one order: take some out.") if mixed else "",
    )


def _shelved(line: object) -> int:
    """Return the product by which a line is found in listings: of a variant, its parent."""
    return line.product.parent_id or line.product_id


def _line(*, line: object, currency: str, category: str) -> BasketLine:
    info = line.purchase_info
    unit = bank.minor(amount=info.price.incl_tax, currency=currency) if info.price.exists else 0
    amount = bank.minor(amount=line.line_price_incl_tax_incl_discounts or 0, currency=currency)
    free = None if line.stockrecord.num_in_stock is None else max(line.stockrecord.net_stock_level, 0)
    return BasketLine(
        line_id=line.pk,
        product_id=line.product_id,
        stockrecord_id=line.stockrecord_id,
        title=line.product.get_title(),
        slug=line.product.slug,
        category=category,
        quantity=line.quantity,
        free=free,
        unit_price=unit,
        amount=amount,
        problem=_line_problem(public=line.product.is_public and info.price.exists, quantity=line.quantity, free=free),
        handling_days=line.stockrecord.handling_days,
    )


def _line_problem(*, public: bool, quantity: int, free: int | None) -> str:
    if not public:
        return _("This is not sold any more: please take it out.")
    if free == 0:
        return _("Sold out: please take it out.")
    if free is not None and quantity > free:
        return _("Only %(free)d left: please choose fewer.") % {"free": free}
    return ""


def _parcel(*, merchant: Merchant, lines: list[BasketLine], at: datetime) -> Parcel:
    goods = sum(line.amount for line in lines)
    slowest = max(line.handling_days for line in lines)
    return Parcel(
        merchant_id=merchant.pk,
        merchant=merchant.name,
        slug=merchant.slug,
        lines=tuple(lines),
        goods=goods,
        deliveries=tuple(quotes.quotes(merchant=merchant, goods=goods, at=at, handling_days=slowest)),
        problem="" if merchant.status == ACTIVE else _("This store is closed at the moment."),
    )


def _discounts(*, basket: Basket, currency: str) -> tuple[tuple[str, int], ...]:
    applied = [*basket.offer_discounts, *basket.voucher_discounts]
    return tuple((discount["name"], bank.minor(amount=discount["discount"], currency=currency)) for discount in applied)
