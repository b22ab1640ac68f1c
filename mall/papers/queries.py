"""What to print: a packing slip without prices, and an invoice with the tax of every line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mall import bank
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.order.models import Order
from mall.papers.models import InvoiceDetails, ParcelNote
from mall.taxes.computing import LineTax, by_rate


@dataclass(frozen=True, slots=True)
class SlipLine:
    """What lies in the parcel."""

    quantity: int
    title: str
    sku: str


@dataclass(frozen=True, slots=True)
class PackingSlip:
    """The paper in a parcel; it names no price, so that it may lie in a gift."""

    number: str
    merchant: str
    placed_at: datetime
    address: tuple[str, ...]
    lines: tuple[SlipLine, ...]
    gift_message: str
    note: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the buyer said with a parcel."""

    gift_message: str
    note: str


def packing_slip(*, number: str, merchant_id: int) -> PackingSlip | None:
    """Return what is printed for one of a merchant's own consignments. Three statements."""
    row = (
        Consignment.objects.select_related("merchant", "order__shipping_address__country")
        .filter(number=number, merchant_id=merchant_id)
        .first()
    )
    if row is None:
        return None
    note = note_of(consignment_id=row.pk)
    lines = ConsignmentLine.objects.filter(consignment=row).select_related("line").order_by("pk")
    return PackingSlip(
        number=row.number,
        merchant=row.merchant.name,
        placed_at=row.placed_at,
        address=tuple(row.order.shipping_address.active_address_fields()) if row.order.shipping_address else (),
        lines=tuple(SlipLine(line.quantity, line.title, line.line.partner_sku) for line in lines),
        gift_message=note.gift_message if note else "",
        note=note.note if note else "",
    )


def note_of(*, consignment_id: int) -> Note | None:
    """Return what the buyer said with a parcel, if anything."""
    row = ParcelNote.objects.filter(consignment_id=consignment_id).first()
    return Note(row.gift_message, row.note) if row else None


def note_by_number(*, number: str) -> Note | None:
    """Return what the buyer said with the parcel of that number, if anything."""
    row = ParcelNote.objects.filter(consignment__number=number).first()
    return Note(row.gift_message, row.note) if row else None


def notes_of(*, numbers: Sequence[str]) -> dict[str, Note]:
    """Return what the buyers said with these parcels, by number. One statement."""
    rows = ParcelNote.objects.filter(consignment__number__in=numbers)
    said = rows.values_list("consignment__number", "gift_message", "note")
    return {number: Note(gift_message, note) for number, gift_message, note in said}


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of an invoice; amounts are minor units and include the tax named beside them."""

    merchant: str
    quantity: int
    title: str
    amount: int
    shipping: int
    rate_bps: int
    tax: int
    shipping_tax: int


@dataclass(frozen=True, slots=True)
class Invoice:
    """What an order's invoice says; `taxes`: (basis points, tax) of each rate."""

    number: str
    placed_at: datetime
    currency: str
    recipient: tuple[str, ...]
    vat_id: str
    lines: tuple[InvoiceLine, ...]
    goods: int
    shipping: int
    total: int
    taxes: tuple[tuple[int, int], ...]


def invoice(*, number: str) -> Invoice | None:
    """Return what the invoice of an order says. Three statements."""
    order = Order.objects.select_related("shipping_address__country", "user").filter(number=number).first()
    if order is None:
        return None
    details = InvoiceDetails.objects.filter(order=order).first()
    rows = ConsignmentLine.objects.filter(consignment__order=order).select_related("consignment__merchant")
    lines = tuple(
        InvoiceLine(
            merchant=row.consignment.merchant.name,
            quantity=row.quantity,
            title=row.title,
            amount=row.amount,
            shipping=row.shipping,
            rate_bps=row.tax_rate_bps,
            tax=row.tax,
            shipping_tax=row.shipping_tax,
        )
        for row in rows.order_by("consignment__number", "pk")
    )
    taxes = [LineTax(line.rate_bps, line.tax, line.shipping, line.shipping_tax) for line in lines]
    return Invoice(
        number=order.number,
        placed_at=order.date_placed,
        currency=order.currency,
        recipient=recipient(order=order, details=details),
        vat_id=details.vat_id if details else "",
        lines=lines,
        goods=sum(line.amount for line in lines),
        shipping=bank.minor(amount=order.shipping_incl_tax, currency=order.currency),
        total=order.total_minor,
        taxes=by_rate(taxes=taxes),
    )


def taxes_of(*, number: str) -> tuple[tuple[int, int], ...]:
    """Return (basis points, tax) of each rate an order's total includes. One statement."""
    rows = ConsignmentLine.objects.filter(consignment__order__number=number)
    return by_rate(taxes=[LineTax(*row) for row in rows.values_list("tax_rate_bps", "tax", "shipping", "shipping_tax")])


def recipient(*, order: Order, details: InvoiceDetails | None) -> tuple[str, ...]:
    """Return whom an order's invoice is made out to, line by line."""
    company = (details.company,) if details and details.company else ()
    if details and details.line1:
        place = " ".join(part for part in (details.postcode, details.city) if part)
        parts = (*company, details.name, details.line1, details.line2, place, details.country)
        return tuple(part for part in parts if part)
    sent = tuple(order.shipping_address.active_address_fields()) if order.shipping_address else ()
    return (*company, *sent) or ((order.user.email,) if order.user else (order.guest_email,))
