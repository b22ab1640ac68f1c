"""What programs read: offers and orders in pages, each beginning behind the last of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mall import bank
from mall.api.models import SCOPES, ApiKey
from mall.fulfilment import states
from mall.fulfilment.models import Consignment
from mall.imports import offers

OFFERS, ORDERS = 500, 100


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as its owner sees it; never its text."""

    key_id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    made_at: datetime
    made_by: str
    last_used_at: datetime | None
    revoked_at: datetime | None


def keys_of(*, merchant_id: int) -> list[KeyRow]:
    """Return a merchant's keys, those that count first, the newest first."""
    called = dict(SCOPES)
    rows = ApiKey.objects.filter(merchant_id=merchant_id).select_related("made_by").order_by("-pk")[:100]
    found = [
        KeyRow(
            row.pk, row.name, row.prefix, tuple(str(called[scope]) for scope in row.scopes), row.made_at,
            row.made_by.email, row.last_used_at, row.revoked_at,
        )
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda row: row.revoked_at is not None)


def offer_page(*, merchant_id: int, after: int, size: int) -> tuple[list[offers.Offer], int | None]:
    """Return offers behind an id, and the id to go on behind, if there are more."""
    found = offers.page(merchant_id=merchant_id, after=after, size=size + 1)
    return found[:size], (found[size - 1].stockrecord_id if len(found) > size else None)


def order_page(
    *, merchant_id: int, after: int, size: int, statuses: Sequence[str]
) -> tuple[list[dict[str, object]], int | None]:
    """Return a merchant's paid parcels behind an id as plain values, the oldest first, and the id to go on behind."""
    found = Consignment.objects.filter(merchant_id=merchant_id, pk__gt=after).exclude(status=states.AWAITING_PAYMENT)
    if statuses:
        found = found.filter(status__in=statuses)
    rows = found.select_related("order__shipping_address").prefetch_related("lines__line").order_by("pk")
    page = list(rows[: size + 1])
    return [_order(row) for row in page[:size]], (page[size - 1].pk if len(page) > size else None)


def _order(row: Consignment) -> dict[str, object]:
    return {
        "order": row.order.number,
        "parcel": row.number,
        "status": row.status,
        "placed_at": _moment(row.placed_at),
        "promised_by": _moment(row.promised_by),
        "dispatched_at": _moment(row.dispatched_at),
        "currency": row.currency,
        "goods": _amount(row.goods, row.currency),
        "delivery": _amount(row.shipping, row.currency),
        "refunded": _amount(row.refunded, row.currency),
        "carrier": row.carrier,
        "tracking": row.tracking,
        "deliver_to": _address(row),
        "lines": [
            {
                "sku": line.line.partner_sku,
                "title": line.title,
                "quantity": line.quantity,
                "unit_price": _amount(line.unit_price, row.currency),
                "amount": _amount(line.amount, row.currency),
            }
            for line in sorted(row.lines.all(), key=lambda line: line.pk)
        ],
    }


def _address(row: Consignment) -> dict[str, str] | None:
    address = row.order.shipping_address
    if address is None:
        return None
    return {
        "name": address.name,
        "line1": address.line1,
        "line2": address.line2,
        "postcode": address.postcode,
        "city": address.line4,
        "region": address.state,
        "country": address.country_id,
        "phone": str(address.phone_number or ""),
    }


def _amount(minor: int, currency: str) -> str:
    return f"{bank.decimal(amount=minor, currency=currency):f}"


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
