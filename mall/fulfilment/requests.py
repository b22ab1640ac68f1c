"""What can be asked for a consignment, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mall.actors import CARRIER_ACTOR, Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """The merchant handed the consignment to a carrier."""

    consignment_number: str
    by: Actor
    at: datetime
    carrier: str = ""
    tracking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The consignment is packed and waits for its carrier; or, where that is asked, it is unpacked again."""

    number: str
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """The goods arrived, says `said_by`: carrier, buyer, operations, or time (nobody spoke for long enough)."""

    consignment_number: str
    said_by: str
    at: datetime
    by: Actor = CARRIER_ACTOR


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelConsignment:
    """The consignment will not be sent."""

    number: str
    by: Actor
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundConsignment:
    """Money back for a consignment that was sent; `amount` in minor units, never more than was captured.

    `claim` names what the bank keeps for a return when it comes out of that.
    """

    number: str
    amount: int
    reason: str
    by: Actor
    key: str
    at: datetime
    claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReview:
    """A buyer's word on a consignment that was sent: on the merchant, and on the products named."""

    consignment_number: str
    score: int
    by: Actor
    at: datetime
    title: str = ""
    body: str = ""
    product_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MovedConsignment:
    """A consignment that is where it was to be; `replayed` when it was there before."""

    number: str
    status: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RefundedConsignment:
    """Money went back to the buyer."""

    number: str
    amount: int


@dataclass(frozen=True, slots=True)
class PostedReview:
    """A review that counts; `replayed` when it was posted before."""

    consignment_number: str
    replayed: bool = False


class UnableToMoveConsignment(Exception):
    """The consignment stays as it is."""


class UnknownConsignment(UnableToMoveConsignment):
    """There is none of that number, or it is no business of this actor's; he cannot tell which."""


class UnableToPack(UnableToMoveConsignment):
    """It cannot be packed, or unpacked."""


class UnableToDispatch(UnableToMoveConsignment):
    """It cannot be sent."""


class UnableToDeliver(UnableToMoveConsignment):
    """It cannot count as delivered."""


class UnableToCancel(UnableToMoveConsignment):
    """It cannot be cancelled."""


class UnableToRefund(UnableToMoveConsignment):
    """No money goes back."""


class UnableToReview(UnableToMoveConsignment):
    """The review does not count."""
