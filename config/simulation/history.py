"""What happened, as plain data: people, shops, articles and purchases with their fates.

A history knows nothing of the database. Keys are the history's own and stay the same in every run, so that living
the same history twice changes nothing. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives or trades."""

    name: str
    line1: str
    city: str
    region: str
    postcode: str
    country: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Shopper:
    """Somebody with an account; without a password they cannot sign in until they set one."""

    key: str
    email: str
    name: str
    address: Address
    opened_at: datetime
    consents: bool
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant; its owner is one of the shoppers."""

    key: str
    name: str
    owner: str
    address: Address
    joined_at: datetime
    consents: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """What a shop lists, at a price; ``product`` names what several shops list, and no ``stock`` never runs out."""

    key: str
    shop: str
    sku: str
    title: str
    description: str
    category: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    price: int
    stock: int
    weight_g: int
    listed_at: datetime
    product: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """So many of an article, each at a price."""

    article: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back for a parcel."""

    at: datetime
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """What the buyer said of a parcel."""

    at: datetime
    score: int
    body: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One shop's part of a purchase and its fate; a time is None when it never came."""

    shop: str
    lines: tuple[Line, ...]
    shipping: int
    promised_by: datetime | None
    dispatched_at: datetime | None = None
    delivered_at: datetime | None = None
    delivered_said_by: str = "carrier"
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    refund: Refund | None = None
    review: Review | None = None

    @property
    def amount(self) -> int:
        """Return what the buyer pays for it, delivery included."""
        return sum(line.quantity * line.unit_price for line in self.lines) + self.shipping


@dataclass(frozen=True, slots=True)
class Tender:
    """How a part of a purchase is paid: `account`, `voucher`, `card`, or `plan` with its number of instalments."""

    method: str
    amount: int
    installments: int = 0


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order with everything that becomes of it; ``authorised_at`` is None when it was never paid.

    ``money_in`` arrives in the buyer's account just before the payment; ``short`` says that the buyer tries without
    enough money. ``repays`` tells for each instalment of a plan how many days late it is paid, None for never.
    """

    key: str
    shopper: str
    placed_at: datetime
    authorised_at: datetime | None
    parcels: tuple[Parcel, ...]
    tenders: tuple[Tender, ...]
    device: str
    money_in: int = 0
    short: bool = False
    repays: tuple[int | None, ...] = ()
    cancelled_at: datetime | None = None
    cancel_reason: str = ""

    @property
    def amount(self) -> int:
        """Return what the buyer pays in all."""
        return sum(parcel.amount for parcel in self.parcels)


@dataclass(frozen=True, slots=True)
class MoneyIn:
    """Money that arrives in a shopper's account from another bank."""

    key: str
    shopper: str
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MoneyOut:
    """Money that a shopper or a shop sends to another bank: ``most``, or what is there when that is less."""

    key: str
    who: str
    most: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Founding:
    """Everybody and everything that is there before the first purchase."""

    shoppers: Sequence[Shopper]
    shops: Sequence[Shop]
    articles: Sequence[Article]


class History(Protocol):
    """What :mod:`config.simulation.drive` lives through."""

    name: str
    currency: str
    first_day: date
    last_day: date

    def founding(self) -> Founding:
        """Return who and what is there."""

    def purchases(self) -> Iterable[Purchase]:
        """Yield purchases in the order they were placed."""

    def money_in(self) -> Iterable[MoneyIn]:
        """Yield arrivals of money that belong to no purchase, by time."""

    def money_out(self) -> Iterable[MoneyOut]:
        """Yield money that leaves at sittings, by time."""


@dataclass(slots=True)
class PlainHistory:
    """A history held in lists, as tests and the recorded orders use it."""

    name: str
    currency: str
    first_day: date
    last_day: date
    people: Founding
    bought: list[Purchase] = field(default_factory=list)
    arrivals: list[MoneyIn] = field(default_factory=list)

    def founding(self) -> Founding:
        """Return who and what is there."""
        return self.people

    def purchases(self) -> Iterable[Purchase]:
        """Yield purchases in the order they were placed."""
        return iter(self.bought)

    def money_in(self) -> Iterable[MoneyIn]:
        """Yield arrivals of money by time."""
        return iter(self.arrivals)

    def money_out(self) -> Iterable[MoneyOut]:
        """Yield nothing: of recorded orders it is not known what people spend elsewhere."""
        return iter(())
