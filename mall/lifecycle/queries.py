"""Merchants as the bank's operations look after them; a fixed number of statements a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mall.fulfilment import states as fulfilment
from mall.fulfilment.models import Consignment
from mall.lifecycle import states
from mall.lifecycle.models import Closing, Suspension
from mall.merchants.models import Merchant

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """A merchant in the list."""

    merchant_id: int
    name: str
    status: str
    status_name: str
    country: str
    joined_at: datetime


def merchants(*, text: str = "", status: str = "", after: int = 0) -> list[MerchantRow]:
    """Return a page of merchants by number, of a status or whose name begins so, in one statement."""
    rows = Merchant.objects.filter(pk__gt=after).order_by("pk")
    if status in dict(Merchant.STATUSES):
        rows = rows.filter(status=status)
    if text.strip():
        rows = rows.filter(name__icontains=text.strip())
    return [
        MerchantRow(row.pk, row.name, row.status, row.get_status_display(), row.country, row.joined_at)
        for row in rows[: PAGE_SIZE + 1]
    ]


def open_suspension(*, merchant_id: int) -> Suspension | None:
    """Return the suspension of a merchant that is not over, if there is one."""
    rows = Suspension.objects.filter(merchant_id=merchant_id).exclude(state__in=states.SUSPENSION_ENDED)
    return rows.select_related("asked_by", "decided_by", "lift_asked_by").first()


def open_closing(*, merchant_id: int) -> Closing | None:
    """Return the closing of a merchant that is not over, if there is one."""
    rows = Closing.objects.filter(merchant_id=merchant_id).exclude(state__in=states.CLOSING_ENDED)
    return rows.select_related("asked_by").first()


def orders_to_finish(*, merchant_id: int, limit: int = 50) -> list[tuple[str, str, datetime]]:
    """Return the orders nobody has sent yet, the oldest first: number, status, when it was placed."""
    rows = Consignment.objects.filter(merchant_id=merchant_id, status=fulfilment.CONFIRMED).order_by("placed_at", "pk")
    return list(rows.values_list("number", "status", "placed_at")[:limit])
