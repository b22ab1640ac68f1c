"""An order as it is asked for, and what can be wrong with it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from mall.actors import SYSTEM_ACTOR, Actor
from mall.customer.addresses import AddressData
from mall.papers.drafts import Papers

# Crockford's base 32: no I, L, O, U, so that a number survives being read aloud.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class DraftLine:
    """Pieces of one stock record. Prices are minor units.

    `unit_price_minor` is what a piece costs at that merchant; `amount_minor` is what the whole line costs after
    discounts, when that is not simply quantity × unit price.
    """

    stockrecord_id: int
    quantity: int
    unit_price_minor: int
    amount_minor: int | None = None

    @property
    def amount(self) -> int:
        """Return what the shopper pays for the line."""
        return self.quantity * self.unit_price_minor if self.amount_minor is None else self.amount_minor


@dataclass(frozen=True, slots=True)
class DeliveryChoice:
    """How one merchant's goods come, what that costs, and by when they are promised."""

    method_code: str
    charge_minor: int
    promised_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class TenderChoice:
    """A source of money and how much of it."""

    method: str
    source: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class DiscountUse:
    """A promotion that lowered the price of a merchant's goods, or waived its delivery charge, by minor units."""

    promotion_id: int
    merchant_id: int
    amount_minor: int
    delivery: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """Everything an order needs; the same key is the same order, however often it is sent.

    `deliveries` has one choice for each merchant whose goods are in `lines`. An address without a street is enough
    where nothing is carried. `prices_agreed`: the prices were agreed
    elsewhere (an imported history), so they are not compared with what the merchants ask for now.
    """

    key: str
    user_id: int | None
    email: str
    currency: str
    lines: tuple[DraftLine, ...]
    address: AddressData
    deliveries: Mapping[int, DeliveryChoice]
    tenders: tuple[TenderChoice, ...]
    at: datetime
    basket_id: int | None = None
    device: str = ""
    return_url: str = ""
    expires_at: datetime | None = None
    discounts: tuple[DiscountUse, ...] = ()
    papers: Papers = field(default_factory=Papers)
    prices_agreed: bool = False

    @property
    def number(self) -> str:
        """Return the order's number."""
        return order_number(key=self.key)

    @property
    def total(self) -> int:
        """Return goods and delivery together."""
        return sum(line.amount for line in self.lines) + sum(choice.charge_minor for choice in self.deliveries.values())

    @property
    def input_hash(self) -> str:
        """Return what tells this order from another one sent with the same key."""
        content = [
            self.user_id,
            self.email,
            self.currency,
            sorted([line.stockrecord_id, line.quantity, line.unit_price_minor, line.amount] for line in self.lines),
            [getattr(self.address, name) for name in ("name", "line1", "line2", "city", "postcode", "country")],
            sorted([merchant, choice.method_code, choice.charge_minor] for merchant, choice in self.deliveries.items()),
            [[tender.method, tender.source, tender.amount_minor] for tender in self.tenders],
            self.basket_id,
            *self.papers.content(),
        ]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def order_number(*, key: str) -> str:
    """Return the number of the order with that key: the same each time, and not to be guessed without our secret."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"order:" + key.encode(), "sha256")
    value = int.from_bytes(digest[:8], "big") >> (64 - 5 * NUMBER_LENGTH)
    return "".join(_DIGITS[value >> (5 * place) & 31] for place in reversed(range(NUMBER_LENGTH)))


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order that exists; `replayed` when it did so before."""

    order_id: int
    number: str
    payment_id: int | None
    consignments: tuple[str, ...]
    status: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmOrder:
    """A wish to confirm an order whose payment is promised."""

    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """A wish to give up an order of which nothing was sent yet."""

    number: str
    reason: str
    at: datetime
    by: Actor = field(default=SYSTEM_ACTOR)


@dataclass(frozen=True, slots=True)
class MovedOrder:
    """An order that is where it was to be; `replayed` when it was there before."""

    order_id: int
    number: str
    status: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SubmitOutcome:
    """What became of a submitted order: `confirmed`, `action_required` (go to `url`) or `refused` (see `message`).

    `in_review`: people of the bank look at its payment, `until` at the latest.
    """

    number: str
    state: str
    url: str = ""
    message: str = ""
    until: datetime | None = None


class UnableToPlaceOrder(Exception):
    """The order was not placed; nothing was reserved or held."""


class EmptyOrder(UnableToPlaceOrder):
    """There is nothing in it."""


class UnknownStock(UnableToPlaceOrder):
    """A line names stock that is not there."""


class OutOfStock(UnableToPlaceOrder):
    """Fewer pieces are free than were asked for."""

    def __init__(self, message: str, *, stockrecord_id: int, free: int) -> None:
        super().__init__(message)
        self.stockrecord_id = stockrecord_id
        self.free = free


class PriceChanged(UnableToPlaceOrder):
    """The merchant asks for another price by now."""

    def __init__(self, message: str, *, stockrecord_id: int, price: int) -> None:
        super().__init__(message)
        self.stockrecord_id = stockrecord_id
        self.price = price


class MerchantNotSelling(UnableToPlaceOrder):
    """The merchant is not active."""


class WrongAmounts(UnableToPlaceOrder):
    """Currencies, deliveries or tenders do not fit the lines."""


class BasketAlreadyOrdered(UnableToPlaceOrder):
    """The basket is another order's already, or somebody else's."""

    def __init__(self, message: str, *, number: str = "") -> None:
        super().__init__(message)
        self.number = number


class BasketChanged(UnableToPlaceOrder):
    """The basket holds something else than the order, because it was changed meanwhile."""


class OrderKeyReused(UnableToPlaceOrder):
    """An order with this key exists, and it is a different one."""

    def __init__(self, message: str, *, number: str) -> None:
        super().__init__(message)
        self.number = number


class PromotionNotUsable(UnableToPlaceOrder):
    """A promotion or voucher is used up, has ended, or was used by this customer."""


class UnableToConfirmOrder(Exception):
    """The order stays as it is."""


class PaymentNotPromised(UnableToConfirmOrder):
    """Without its money an order is not confirmed."""


class UnableToCancelOrder(Exception):
    """The order stays as it is."""


class UnableToSubmitOrder(Exception):
    """The order could not be brought to an end; sending the same key again goes on from there."""
