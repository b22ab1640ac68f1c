"""The rows of a batch of orders: address, order, consignments and their lines."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from oscar.core.loading import get_model

from mall import bank
from mall.checkout._checking import Placing
from mall.checkout.drafts import DraftLine, OrderDraft
from mall.fulfilment import states
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.order.models import AWAITING_PAYMENT, Line, Order
from mall.taxes.computing import LineTax, included
from payments import rows

ShippingAddress = get_model("order", "ShippingAddress")


def address(*, draft: OrderDraft) -> ShippingAddress | None:
    """Return the address the order goes to, not yet written; nothing where nothing is carried."""
    given = draft.address
    if not given.line1 and not draft.prices_agreed:
        return None
    first, _, last = given.name.rpartition(" ")
    row = ShippingAddress(
        first_name=first,
        last_name=last,
        line1=given.line1,
        line2=given.line2,
        line4=given.city,
        state=given.region,
        postcode=given.postcode,
        country_id=given.country,
        phone_number=given.phone,
    )
    row.search_text = " ".join(
        part for part in (given.name, given.line1, given.line2, given.city, given.region, given.postcode) if part
    )
    return row


def order(*, placing: Placing, payment_id: int | None) -> Order:
    """Return the order as it awaits its payment, not yet written."""
    draft = placing.draft
    total = bank.decimal(amount=draft.total, currency=draft.currency)
    shipping = bank.decimal(
        amount=sum(choice.charge_minor for choice in draft.deliveries.values()), currency=draft.currency
    )
    return Order(
        key=draft.key,
        input_hash=draft.input_hash,
        number=draft.number,
        payment_id=payment_id,
        site_id=settings.SITE_ID,
        basket_id=draft.basket_id,
        user_id=draft.user_id,
        guest_email="" if draft.user_id is not None else draft.email,
        currency=draft.currency,
        total_minor=draft.total,
        total_incl_tax=total,
        total_excl_tax=bank.decimal(amount=draft.total - placing.tax, currency=draft.currency),
        shipping_incl_tax=shipping,
        shipping_excl_tax=shipping - bank.decimal(amount=_shipping_tax(placing=placing), currency=draft.currency),
        shipping_address=placing.address,
        shipping_method=", ".join(sorted({choice.method_code for choice in draft.deliveries.values()}))[:128],
        shipping_code="per-merchant",
        status=AWAITING_PAYMENT,
        date_placed=draft.at,
        expires_at=expires_at(draft=draft),
        device=draft.device[:64],
        address_fingerprint=draft.address.fingerprint,
    )


def _shipping_tax(*, placing: Placing) -> int:
    return sum(line.shipping_tax for lines in placing.taxes.values() for line in lines)


def expires_at(*, draft: OrderDraft) -> datetime:
    """Return when the order lapses unless it is paid."""
    return draft.expires_at or draft.at + bank.policy().PAYMENT_EXPIRES_AFTER


def write_consignments(*, placings: list[Placing]) -> None:
    """Write the consignments of orders that are written, with their lines."""
    lines: list[Line] = []
    consignment_lines: list[ConsignmentLine] = []
    for placing in placings:
        for consignment in placing.consignments:
            consignment.order = placing.order
            ordered = placing.merchants[consignment.merchant_id]
            for line, tax in zip(ordered, placing.taxes[consignment.merchant_id], strict=True):
                written = _line(placing=placing, line=line, tax=tax)
                lines.append(written)
                consignment_lines.append(
                    _consignment_line(consignment=consignment, written=written, line=line, tax=tax)
                )
    rows.insert(rows=lines)
    rows.insert(rows=[consignment for placing in placings for consignment in placing.consignments])
    for consignment_line, line in zip(consignment_lines, lines, strict=True):
        consignment_line.line_id = line.pk
        consignment_line.consignment_id = consignment_line.consignment.pk
    rows.insert(rows=consignment_lines)


def consignment(*, draft: OrderDraft, merchant_id: int, lines: list[DraftLine], position: int) -> Consignment:
    """Return one merchant's part of the order, not yet written."""
    choice = draft.deliveries[merchant_id]
    return Consignment(
        number=f"{draft.number}-{position}",
        merchant_id=merchant_id,
        status=states.AWAITING_PAYMENT,
        currency=draft.currency,
        goods=sum(line.amount for line in lines),
        shipping=choice.charge_minor,
        shipping_method=choice.method_code,
        placed_at=draft.at,
        promised_by=choice.promised_by,
    )


def _line(*, placing: Placing, line: DraftLine, tax: LineTax) -> Line:
    record = placing.stock[line.stockrecord_id]
    currency = placing.draft.currency
    amount = bank.decimal(amount=line.amount, currency=currency)
    before = bank.decimal(amount=line.quantity * line.unit_price_minor, currency=currency)
    unit = bank.decimal(amount=line.unit_price_minor, currency=currency)
    return Line(
        order=placing.order,
        partner_id=record.partner_id,
        partner_name=record.merchant_name,
        partner_sku=record.sku,
        stockrecord_id=record.id,
        product_id=record.product_id,
        title=record.title[:255],
        upc=record.upc,
        quantity=line.quantity,
        line_price_incl_tax=amount,
        line_price_excl_tax=bank.decimal(amount=line.amount - tax.tax, currency=currency),
        line_price_before_discounts_incl_tax=before,
        line_price_before_discounts_excl_tax=bank.decimal(
            amount=_net(amount=line.quantity * line.unit_price_minor, tax=tax), currency=currency
        ),
        unit_price_incl_tax=unit,
        unit_price_excl_tax=bank.decimal(amount=_net(amount=line.unit_price_minor, tax=tax), currency=currency),
        tax_code=record.tax_class,
        status=AWAITING_PAYMENT,
        num_allocated=line.quantity,
    )


def _net(*, amount: int, tax: LineTax) -> int:
    return amount - included(amount=amount, rate_bps=tax.rate_bps)


def _consignment_line(*, consignment: Consignment, written: Line, line: DraftLine, tax: LineTax) -> ConsignmentLine:
    return ConsignmentLine(
        consignment=consignment,
        product_id=written.product_id,
        stockrecord_id=written.stockrecord_id,
        quantity=line.quantity,
        unit_price=line.unit_price_minor,
        amount=line.amount,
        title=written.title,
        tax_class=written.tax_code,
        tax_rate_bps=tax.rate_bps,
        tax=tax.tax,
        shipping=tax.shipping,
        shipping_tax=tax.shipping_tax,
    )
