"""What an invoice says, read from the order, its lines and its parties at the moment it is issued."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mall import bank
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.invoices import taxes
from mall.invoices.models import Paper
from mall.invoices.taxes import RateSum
from mall.merchants.models import Merchant
from mall.papers.queries import recipient

Said = tuple[Consignment, list[RateSum], dict[str, Any]]


def read(*, numbers: Sequence[str]) -> list[Consignment]:
    """Return the consignments with all their invoices need but the lines."""
    found = Consignment.objects.filter(number__in=numbers).select_related(
        "merchant__application", "order__shipping_address__country", "order__user", "order__invoice_details"
    )
    return list(found.order_by("pk"))


def invoices(*, consignments: Sequence[Consignment]) -> list[Said]:
    """Return what the invoice of each consignment says, and its sums by rate."""
    lines: dict[int, list[ConsignmentLine]] = {row.pk: [] for row in consignments}
    for line in ConsignmentLine.objects.filter(consignment__in=consignments).select_related("line").order_by("pk"):
        lines[line.consignment_id].append(line)
    return [_invoice(row=row, lines=lines[row.pk]) for row in consignments]


def _invoice(*, row: Consignment, lines: Sequence[ConsignmentLine]) -> Said:
    if all(line.tax_class for line in lines):
        # To the cent what the buyer was shown.
        rates = taxes.of_lines(
            lines=[(line.tax_rate_bps, line.amount + line.shipping, line.tax + line.shipping_tax) for line in lines]
        )
    else:
        rates = taxes.by_rate(amounts=[(line.amount, rate_of(line)) for line in lines], delivery=row.shipping)
    facts = {
        "seller": _seller(merchant=row.merchant),
        "buyer": _buyer(row=row),
        "order": row.order.number,
        "ordered_on": _day(row.placed_at),
        "consignment": row.number,
        "sent_on": _day(row.dispatched_at),
        "currency": row.currency,
        "lines": [
            [line.title, line.line.partner_sku, line.quantity, line.unit_price, line.amount, rate_of(line)]
            for line in lines
        ],
        "delivery": row.shipping,
        "rates": [[rate.rate_bps, rate.gross, rate.tax] for rate in rates],
        "total": row.amount,
    }
    return row, rates, facts


def credit(*, invoice: Paper, rates: Sequence[RateSum], reason: str, at: datetime) -> dict[str, Any]:
    """Return what a credit note on an invoice says."""
    said = invoice.facts
    return {
        **{name: said[name] for name in ("seller", "buyer", "order", "ordered_on", "consignment", "currency")},
        "corrects": invoice.number,
        "corrects_of": _day(invoice.issued_at),
        "reason": reason,
        "given_on": _day(at),
        "rates": [[rate.rate_bps, rate.gross, rate.tax] for rate in rates],
        "total": sum(rate.gross for rate in rates),
    }


def rate_of(line: ConsignmentLine) -> int:
    """Return the rate of tax in a line's price, in basis points."""
    return line.tax_rate_bps if line.tax_class else bank.policy().GOODS_VAT_BPS


def _seller(*, merchant: Merchant) -> dict[str, Any]:
    application = getattr(merchant, "application", None)
    company = application.company if application else merchant.name
    place = " ".join(part for part in (merchant.postcode, merchant.city) if part)
    lines = [merchant.line1, merchant.line2, place, merchant.region, merchant.country]
    return {
        "name": company,
        "store": merchant.name,
        "address": [line for line in lines if line],
        "tax_id": application.tax_id if application else "",
        "registration": application.registration_number if application else "",
    }


def _buyer(*, row: Consignment) -> dict[str, Any]:
    details = getattr(row.order, "invoice_details", None)
    to = recipient(order=row.order, details=details)
    return {"address": list(to), "tax_id": details.vat_id if details else ""}


def _day(moment: datetime | None) -> str:
    return moment.astimezone(UTC).date().isoformat() if moment else ""
