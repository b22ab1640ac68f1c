"""What buyers are told, and which papers are issued, when something happened to a parcel; an event may come twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mall import bank, events
from mall.invoices import operations as invoices
from mall.order import letters
from mall.order.letters import News


class PartRefunded(Protocol):
    """Money of a consignment that went back, as the bank tells it."""

    part_reference: str
    amount: int
    key: str
    at: datetime


# Later than this it is no news; so an imported history sends none.
NEWS_FOR = timedelta(days=3)


def issue_invoices(happened: Sequence[events.ConsignmentDispatched]) -> None:
    """Issue the invoices of consignments that were sent."""
    invoices.issue_invoices(sent=[(event.number, event.at) for event in happened])


def issue_credits(happened: Sequence[PartRefunded]) -> None:
    """Issue credit notes for what went back."""
    invoices.issue_credits(
        credits=[
            invoices.Credit(
                consignment_number=event.part_reference, amount=event.amount, reason="", key=event.key, at=event.at
            )
            for event in happened
        ]
    )


def mail_dispatched(happened: Sequence[events.ConsignmentDispatched]) -> None:
    """Write that a parcel is on its way."""
    _send([News(event.number, letters.SENT, event.at) for event in happened])


def mail_delivered(happened: Sequence[events.ConsignmentDelivered]) -> None:
    """Write that a parcel has arrived, unless the buyer said so himself."""
    _send([News(event.number, letters.ARRIVED, event.at) for event in happened if event.said_by != "buyer"])


def mail_cancelled(happened: Sequence[events.ConsignmentCancelled]) -> None:
    """Write that a parcel will not come."""
    _send([News(event.number, letters.CANCELLED, event.at, reason=event.reason) for event in happened])


def mail_refunded(happened: Sequence[PartRefunded]) -> None:
    """Write that money went back."""
    _send([News(event.part_reference, letters.PAID_BACK, event.at, amount=event.amount) for event in happened])


def _send(news: Sequence[News]) -> None:
    since = bank.now() - NEWS_FOR
    if fresh := [one for one in news if one.at >= since]:
        letters.send_news(news=fresh)
