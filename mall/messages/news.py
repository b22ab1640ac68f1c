"""Letters that tell people once that a message waits; plain text, and never more of it than its beginning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from mall import mail
from mall.merchants import roles
from mall.messages.models import BUYER, Thread
from mall.queries import staff


def send_message_letters(*, waiting: Sequence[tuple[int, str, datetime]]) -> None:
    """Tell the other side of each (thread, side that wrote, when), unless it has read it meanwhile.

    :raises OSError: the mail server did not take them; the outbox comes again.
    """
    rows = Thread.objects.select_related("merchant", "buyer").in_bulk([number for number, _side, _at in waiting])
    letters = []
    for number, side, _at in waiting:
        row = rows.get(number)
        if row is None:
            continue
        if side == BUYER and row.store_unread:
            people = staff.people_with(merchant_id=row.merchant_id, permission=roles.MESSAGES)
            letters.append(_letter(row=row, to=people, page="merchant-thread"))
        elif side != BUYER and row.buyer_unread:
            letters.append(_letter(row=row, to=[row.buyer_id], page="thread"))
    mail.send(letters=letters)


def _letter(*, row: Thread, to: Sequence[int], page: str) -> EmailMessage:
    is_for_store = page == "merchant-thread"
    context = {
        "store": row.merchant.name,
        "is_for_store": is_for_store,
        "beginning": row.last_text,
        "url": f"{settings.RIALTO_SITE}{reverse(page, args=[row.pk])}",
    }
    subject = _("A buyer has written to you") if is_for_store else _("A store has written to you")
    return EmailMessage(
        subject=subject,
        body=render_to_string("mall/email/message.txt", context),
        to=mail.addresses(users=to),
    )
