"""What happened, as frozen records that travel through the outbox."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar, Self

_REGISTRY: dict[str, type[Event]] = {}


class UnknownEvent(Exception):
    """A stored event has a name that no class declares."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. ``key`` names it once for ever; ``at`` is when it happened.

    Subclasses are frozen dataclasses with a class attribute ``name``; fields are text, whole numbers, booleans,
    dates, aware datetimes, or (nested) tuples of these.
    """

    name: ClassVar[str] = ""
    key: str
    at: datetime

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if not cls.name:
            return
        known = _REGISTRY.setdefault(cls.name, cls)
        if known.__qualname__ != cls.__qualname__ or known.__module__ != cls.__module__:
            raise TypeError(f"Two event classes are both named {cls.name!r}.")
        _REGISTRY[cls.name] = cls

    def to_payload(self) -> dict[str, Any]:
        """Return the fields as plain JSON values."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return the event that :meth:`to_payload` described; unknown fields are left out."""
        known = _kinds(cls)
        return cls(**{name: _rich(value, known[name]) for name, value in payload.items() if name in known})


def decode(*, name: str, payload: Mapping[str, Any]) -> Event:
    """Return the event stored under ``name``.

    :raises UnknownEvent: no class declares that name.
    """
    try:
        kind = _REGISTRY[name]
    except KeyError:
        raise UnknownEvent(f"No event is named {name!r}: is the app that declares it installed?") from None
    return kind.from_payload(payload)


@cache
def _kinds(cls: type[Event]) -> dict[str, str]:
    """Return the fields' types as words, such as `datetime | None`."""
    kinds = {}
    for field in dataclasses.fields(cls):
        kind = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "") or str(field.type)
        kinds[field.name] = kind.removeprefix("datetime.")
    return kinds


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _rich(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind.startswith("datetime"):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and kind.startswith("date"):
        return date.fromisoformat(value)
    if isinstance(value, list):
        return tuple(_rich(item, "") for item in value)
    return value


@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    """A customer's current account was opened."""

    name = "payments.account_opened"
    number: str
    holder: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class MoneyReceived(Event):
    """Money arrived on a customer's account from another bank."""

    name = "payments.money_received"
    account: str
    holder: str
    amount: int
    currency: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class MoneySent(Event):
    """Money left a customer's account for another bank."""

    name = "payments.money_sent"
    account: str
    holder: str
    amount: int
    currency: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class PaymentAuthorised(Event):
    """Every tender of a payment is promised: the order may be confirmed."""

    name = "payments.payment_authorised"
    payment_id: int
    reference: str


@dataclass(frozen=True, kw_only=True)
class PaymentRefused(Event):
    """A tender was refused; nothing is held any more."""

    name = "payments.payment_refused"
    payment_id: int
    reference: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PaymentActionRequired(Event):
    """The payer has something to do at ``url`` before the payment can go on."""

    name = "payments.payment_action_required"
    payment_id: int
    reference: str
    url: str


@dataclass(frozen=True, kw_only=True)
class PaymentHeld(Event):
    """Rules hold a payment until people of the bank have looked at it, at the latest at ``until``."""

    name = "payments.payment_held"
    payment_id: int
    reference: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class PaymentReviewed(Event):
    """A held payment was looked at and goes on, or it came to nothing; ``url`` is where its payer goes on."""

    name = "payments.payment_reviewed"
    payment_id: int
    reference: str
    approved: bool
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class PaymentExpired(Event):
    """A payment's time ran out; nothing is held any more."""

    name = "payments.payment_expired"
    payment_id: int
    reference: str


@dataclass(frozen=True, kw_only=True)
class PaymentVoided(Event):
    """A payment was given up before anything was captured; nothing is held any more."""

    name = "payments.payment_voided"
    payment_id: int
    reference: str


@dataclass(frozen=True, kw_only=True)
class PartCaptured(Event):
    """Money moved from the tenders into a consignment's escrow. A leg is (method, tender id, source, amount)."""

    name = "payments.part_captured"
    part_reference: str
    payment_id: int
    amount: int
    legs: tuple[tuple[str, int, str, int], ...]


@dataclass(frozen=True, kw_only=True)
class PartCancelled(Event):
    """What was not captured of a part was given back to the tenders."""

    name = "payments.part_cancelled"
    part_reference: str
    payment_id: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class PartReleased(Event):
    """Escrow went to the merchant, less the bank's commission and the tax on it."""

    name = "payments.part_released"
    part_reference: str
    merchant: str
    amount: int
    net: int
    commission: int
    vat: int


@dataclass(frozen=True, kw_only=True)
class PartRefunded(Event):
    """Money went back to the tenders. A leg is (method, tender id, source, amount)."""

    name = "payments.part_refunded"
    part_reference: str
    merchant: str
    payment_id: int
    amount: int
    before_release: bool
    legs: tuple[tuple[str, int, str, int], ...]


@dataclass(frozen=True, kw_only=True)
class MerchantSettled(Event):
    """A merchant's released money of one day became available."""

    name = "payments.merchant_settled"
    merchant: str
    day: date
    amount: int
    settlement_id: int


@dataclass(frozen=True, kw_only=True)
class MerchantPaidOut(Event):
    """A merchant's available money went to his account."""

    name = "payments.merchant_paid_out"
    merchant: str
    day: date
    amount: int
    account: str


@dataclass(frozen=True, kw_only=True)
class PaymentCameBack(Event):
    """A payment to another bank did not arrive; its money is where it came from. ``kind`` is payout or transfer."""

    name = "payments.payment_came_back"
    kind: str
    holder: str
    amount: int
    currency: str
    iban: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PayoutAccountAsked(Event):
    """A merchant's payouts are to go to another account from ``effective_at`` on, unless that is cancelled."""

    name = "payments.payout_account_asked"
    account_id: int
    merchant: str
    iban: str
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """A card's holder questions a charge; ``moves_money`` is false for an inquiry. ``due_by`` is empty when unknown."""

    name = "payments.dispute_opened"
    dispute: str
    part_reference: str
    merchant: str
    payer: str
    amount: int
    currency: str
    reason: str
    moves_money: bool
    due_by: datetime | None


@dataclass(frozen=True, kw_only=True)
class DisputeClosed(Event):
    """A dispute is over; ``outcome`` is won, lost or inquiry_closed. Losing also tells of a refund."""

    name = "payments.dispute_closed"
    dispute: str
    part_reference: str
    merchant: str
    payer: str
    amount: int
    currency: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class ProviderPaidOut(Event):
    """The card provider paid what was available to our bank."""

    name = "payments.provider_paid_out"
    payout: str
    amount: int
    currency: str
