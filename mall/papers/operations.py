"""Writing down what is printed with an order, when it is placed."""

from __future__ import annotations

from collections.abc import Sequence

from mall.papers.drafts import Papers
from mall.papers.models import InvoiceDetails, ParcelNote


def write(*, orders: Sequence[tuple[int, Papers, Sequence[tuple[int, int]]]]) -> None:
    """Write the papers of new orders, in the caller's transaction.

    `orders`: (order id, papers, (consignment id, merchant id) of each parcel).
    """
    invoices = [
        InvoiceDetails(
            order_id=order_id,
            **{name: getattr(papers.invoice, name) for name in type(papers.invoice).__dataclass_fields__},
        )
        for order_id, papers, _parcels in orders
        if papers.invoice.says_something
    ]
    notes = [
        ParcelNote(
            consignment_id=consignment_id, gift_message=papers.gift_messages.get(merchant_id, ""), note=papers.note
        )
        for _order_id, papers, parcels in orders
        for consignment_id, merchant_id in parcels
        if papers.note or papers.gift_messages.get(merchant_id)
    ]
    if invoices:
        InvoiceDetails.objects.bulk_create(invoices)
    if notes:
        ParcelNote.objects.bulk_create(notes)
