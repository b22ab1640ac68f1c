"""What a draft must be before it is placed: for sale, in stock, at today's prices, its sums right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from oscar.core.loading import get_model

from mall import bank
from mall.checkout import _stock
from mall.checkout.drafts import (
    DraftLine,
    EmptyOrder,
    MerchantNotSelling,
    OrderDraft,
    OutOfStock,
    PriceChanged,
    UnknownStock,
    WrongAmounts,
)
from mall.delivery.models import DIGITAL, PICKUP
from mall.fulfilment.models import Consignment
from mall.order.models import Order
from mall.taxes.computing import LineTax

ShippingAddress = get_model("order", "ShippingAddress")

MAX_QUANTITY = 10_000
MAX_AMOUNT = 10**11


@dataclass(slots=True)
class Placing:
    """A draft that will be placed, with what has been written for it so far."""

    draft: OrderDraft
    stock: dict[int, _stock.LockedStock]
    merchants: dict[int, list[DraftLine]] = field(default_factory=dict)
    address: ShippingAddress | None = None
    order: Order | None = None
    consignments: list[Consignment] = field(default_factory=list)
    taxes: dict[int, list[LineTax]] = field(default_factory=dict)

    @property
    def tax(self) -> int:
        """Return the tax that the whole order includes."""
        return sum(line.tax + line.shipping_tax for lines in self.taxes.values() for line in lines)

    def give_back(self) -> None:
        """Free the pieces again that were counted for this draft."""
        for line in self.draft.lines:
            self.stock[line.stockrecord_id].free += line.quantity


def check(*, draft: OrderDraft, stock: dict[int, _stock.LockedStock]) -> Placing:
    """Compare a draft with the locked stock and take its pieces.

    :raises UnableToPlaceOrder: something is wrong; nothing was taken.
    """
    if not draft.lines:
        raise EmptyOrder("There is nothing in this order: add something to the basket first.")
    placing = Placing(draft=draft, stock=stock)
    wanted: Counter[int] = Counter()
    for line in draft.lines:
        record = stock.get(line.stockrecord_id)
        if record is None:
            raise UnknownStock("Something in this basket is not sold here any more: remove it and try again.")
        _check_line(draft=draft, line=line, record=record)
        wanted[record.id] += line.quantity
        placing.merchants.setdefault(record.merchant_id, []).append(line)
    _check_amounts(draft=draft, merchants=placing.merchants)
    if not draft.prices_agreed:
        _check_discounts(draft=draft, merchants=placing.merchants)
        _check_address(draft=draft)
    for stockrecord_id, quantity in wanted.items():
        record = stock[stockrecord_id]
        if record.tracked and record.free < quantity:
            left = f"only {record.free} left" if record.free > 0 else "sold out"
            raise OutOfStock(
                f"“{record.title}” is {left}: change the quantity.",
                stockrecord_id=record.id,
                free=max(record.free, 0),
            )
    for stockrecord_id, quantity in wanted.items():
        stock[stockrecord_id].free -= quantity
    return placing


def _check_line(*, draft: OrderDraft, line: DraftLine, record: _stock.LockedStock) -> None:
    if not 1 <= line.quantity <= MAX_QUANTITY:
        raise WrongAmounts(f"“{record.title}” cannot be ordered {line.quantity} times.")
    if record.merchant_status != "active" or not record.is_public:
        raise MerchantNotSelling(f"“{record.title}” is not for sale at {record.merchant_name} now: remove it.")
    if record.price is None or record.currency != draft.currency:
        raise WrongAmounts(f"“{record.title}” is not sold in {draft.currency}.")
    if not 0 <= line.amount <= min(line.quantity * line.unit_price_minor, MAX_AMOUNT):
        raise WrongAmounts(f"The amount for “{record.title}” is not possible.")
    asked = bank.minor(amount=record.price, currency=record.currency)
    if not draft.prices_agreed and line.unit_price_minor != asked:
        raise PriceChanged(
            f"“{record.title}” costs {bank.text(amount=asked, currency=record.currency)} by now: look at it again.",
            stockrecord_id=record.id,
            price=asked,
        )


def _check_discounts(*, draft: OrderDraft, merchants: dict[int, list[DraftLine]]) -> None:
    """Goods cost less than their price only where a promotion of the same merchant says so."""
    promised: Counter[int] = Counter()
    for use in draft.discounts:
        if use.amount_minor < 0 or use.merchant_id not in merchants:
            raise WrongAmounts("A promotion takes off what is not in this order: look at it again.")
        if not use.delivery:
            promised[use.merchant_id] += use.amount_minor
    for merchant_id, lines in merchants.items():
        off = sum(line.quantity * line.unit_price_minor - line.amount for line in lines)
        if off != promised[merchant_id]:
            raise WrongAmounts("The promotions of this order do not fit its prices: look at it again.")


def _check_address(*, draft: OrderDraft) -> None:
    carried = any(choice.method_code not in (DIGITAL, PICKUP) for choice in draft.deliveries.values())
    if carried and not (draft.address.line1 and draft.address.country):
        raise WrongAmounts("Something of this order has to be carried to you: say where to.")


def _check_amounts(*, draft: OrderDraft, merchants: dict[int, list[DraftLine]]) -> None:
    if set(draft.deliveries) != set(merchants):
        raise WrongAmounts("Each merchant's goods need a way of delivery: choose one for each.")
    if any(not 0 <= choice.charge_minor <= MAX_AMOUNT for choice in draft.deliveries.values()):
        raise WrongAmounts("A delivery charge is not possible.")
    if any(tender.amount_minor <= 0 for tender in draft.tenders):
        raise WrongAmounts("Each way of paying needs an amount above zero.")
    paid = sum(tender.amount_minor for tender in draft.tenders)
    if paid != draft.total:
        raise WrongAmounts(
            f"The payment of {bank.text(amount=paid, currency=draft.currency)} is not the order's total of "
            f"{bank.text(amount=draft.total, currency=draft.currency)}."
        )
