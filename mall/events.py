"""What happens in the mall, as records that travel through the outbox."""

from __future__ import annotations

from dataclasses import dataclass

from mall.bank import Event


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    """An order was placed and its stock reserved; it awaits its payment."""

    name = "mall.order_placed"
    number: str
    payment_id: int | None
    buyer: str
    total: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderConfirmed(Event):
    """An order's payment is promised in full; its merchants may pack."""

    name = "mall.order_confirmed"
    number: str
    payment_id: int | None
    buyer: str
    total: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Event):
    """An order was given up before anything was sent; what was held for it is to be given back."""

    name = "mall.order_cancelled"
    number: str
    payment_id: int | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class ConsignmentDispatched(Event):
    """A merchant handed a consignment to the carrier; its money is to be captured."""

    name = "mall.consignment_dispatched"
    number: str
    order: str
    merchant: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class ConsignmentDelivered(Event):
    """Goods arrived, or nobody spoke for long enough; the merchant's money is to be released."""

    name = "mall.consignment_delivered"
    number: str
    order: str
    merchant: str
    amount: int
    said_by: str


@dataclass(frozen=True, kw_only=True)
class ConsignmentCancelled(Event):
    """A consignment will not be sent; its part of the payment is to be given back."""

    name = "mall.consignment_cancelled"
    number: str
    order: str
    merchant: str
    amount: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DivisionAsked(Event):
    """A consignment is to become two; its money is to be divided first."""

    name = "mall.division_asked"
    division_key: str


@dataclass(frozen=True, kw_only=True)
class ReviewPosted(Event):
    """A verified buyer said what he thinks."""

    name = "mall.review_posted"
    consignment: str
    merchant: str
    buyer: str
    score: int


@dataclass(frozen=True, kw_only=True)
class ConsentChanged(Event):
    """A subject allowed a use of data, or withdrew that."""

    name = "mall.consent_changed"
    subject: str
    purpose: str
    granted: bool


@dataclass(frozen=True, kw_only=True)
class OffersChanged(Event):
    """What is offered of some products has changed, or of everything a merchant sells: price, stock, whether at all."""

    name = "mall.offers_changed"
    product_ids: tuple[int, ...] = ()
    merchant_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class BuyBoxChanged(Event):
    """Other weights decide from now on which of several offers is shown first."""

    name = "mall.buy_box_changed"
    version: int


@dataclass(frozen=True, kw_only=True)
class MerchantOpened(Event):
    """A merchant may sell from now on."""

    name = "mall.merchant_opened"
    merchant: str
    owner: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class NoticesMade(Event):
    """Notices were made whose letters are to be sent."""

    name = "mall.notices_made"


@dataclass(frozen=True, kw_only=True)
class OpinionsChanged(Event):
    """What buyers say of some products or merchants has changed; their stars are to be counted anew."""

    name = "mall.opinions_changed"
    product_ids: tuple[int, ...] = ()
    merchant_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReturnOpened(Event):
    """A buyer asks money back for goods; so many minor units are kept, and the consignment's other money waits."""

    name = "mall.return_opened"
    number: str
    consignment: str
    order: str
    merchant: str
    buyer: str
    claimed: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class ReturnMoved(Event):
    """A return went on by one event of its table."""

    name = "mall.return_moved"
    number: str
    event: str


@dataclass(frozen=True, kw_only=True)
class ReturnRefundDue(Event):
    """Money of a return is to go back now; the key names the refund."""

    name = "mall.return_refund_due"
    number: str


@dataclass(frozen=True, kw_only=True)
class ReturnClosed(Event):
    """A return is over: so many minor units went back, and nothing is kept for it any more."""

    name = "mall.return_closed"
    number: str
    consignment: str
    merchant: str
    buyer: str
    outcome: str
    refunded: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class MessagePosted(Event):
    """Somebody wrote into a thread between a buyer and a merchant."""

    name = "mall.message_posted"
    thread: int
    side: str


@dataclass(frozen=True, kw_only=True)
class StaffInvited(Event):
    """A person was asked to work for a merchant; the letter with the link is to be sent."""

    name = "mall.staff_invited"
    invitation_id: int


@dataclass(frozen=True, kw_only=True)
class ApplicationMoved(Event):
    """A company's application to sell went on: sent in, asked about, answered, agreed to, decided."""

    name = "mall.application_moved"
    application_id: int
    state: str
    note: str


@dataclass(frozen=True, kw_only=True)
class MerchantStatusChanged(Event):
    """A merchant sells again (`active`), sells no more (`suspended`), is being closed (`closing`), or is `closed`."""

    name = "mall.merchant_status_changed"
    merchant_id: int
    status: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class HealthWarned(Event):
    """A figure of a merchant's health passed its threshold."""

    name = "mall.health_warned"
    merchant_id: int
    code: str
