"""What is known of a consignment, for who has to answer a dispute about it."""

from __future__ import annotations

from django.utils import formats
from django.utils.translation import gettext as _

from mall.bank import Story
from mall.fulfilment.models import Consignment


def story(*, reference: str) -> Story | None:
    """Return the order, its buyer, goods and way of a consignment, and the texts evidence can begin with."""
    found = Consignment.objects.select_related("order__user", "order__shipping_address__country", "merchant")
    row = found.filter(number=reference).first()
    if row is None:
        return None
    order, to = row.order, row.order.shipping_address
    buyer = (order.user.get_full_name() if order.user else "") or (to.name if to else "")
    email = order.user.email if order.user else order.guest_email
    lines = tuple(f"{line.quantity} × {line.title}" for line in row.lines.order_by("pk"))
    address = tuple(field for field in (to.active_address_fields() if to else ()) if field)
    texts = {
        "product_description": "; ".join(lines),
        "customer_name": buyer,
        "customer_email_address": email or "",
        "shipping_carrier": row.carrier,
        "shipping_tracking_number": row.tracking,
        "shipping_date": formats.date_format(row.dispatched_at, "Y-m-d") if row.dispatched_at else "",
        "shipping_address": ", ".join(address),
    }
    said = {
        "carrier": _("said by the carrier"),
        "buyer": _("said by the buyer"),
        "operations": _("said by the bank"),
        "time": _("nobody said otherwise"),
    }
    return Story(
        order=order.number,
        buyer=", ".join(filter(None, (buyer, email))),
        lines=lines,
        address=address,
        carrier=row.carrier,
        tracking=row.tracking,
        dispatched_at=row.dispatched_at,
        delivered_at=row.delivered_at,
        delivered_said_by=said.get(row.delivered_said_by, ""),
        texts=tuple((name, text) for name, text in texts.items() if text),
    )
