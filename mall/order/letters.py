"""Letters to buyers about their parcels: what happened, what happens next, and the way to the order. Text and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from mall import bank
from mall.fulfilment.carriers import tracking_link
from mall.fulfilment.models import Consignment
from mall.order import access
from mall.queries.orders import ConsignmentView, views_of

SENT, ARRIVED, CANCELLED, PAID_BACK = "sent", "arrived", "cancelled", "paid_back"


@dataclass(frozen=True, slots=True)
class News:
    """What happened to a parcel; `amount` in minor units, where it is of money, `reason` as the buyer reads it."""

    number: str
    kind: str
    at: datetime
    amount: int = 0
    reason: str = ""


def send_news(*, news: Sequence[News]) -> None:
    """Write to the buyers of parcels something happened to, over one connection.

    :raises OSError: the mail server did not take them; sending again is safe for the orders.
    """
    found = {
        row.number: row
        for row in Consignment.objects.filter(number__in={one.number for one in news}).select_related(
            "merchant", "order__user"
        )
    }
    parts = {part.number: part for part in views_of(rows=list(found.values()))}
    letters = []
    for one in news:
        row = found.get(one.number)
        if row is None:
            continue
        order = row.order
        email = order.user.email if order.user else order.guest_email
        if email:
            name = order.user.get_full_name() if order.user else ""
            url = order_url(number=order.number, is_guests=order.user_id is None)
            letters.append(_letter(one=one, part=parts[one.number], email=email, name=name, url=url))
    if letters:
        get_connection().send_messages(letters)


def order_url(*, number: str, is_guests: bool) -> str:
    """Return the address at which a buyer finds his order; a guest's opens it with the order's e-mail."""
    path = (
        reverse("guest-order", args=[access.token_of(number=number)]) if is_guests else reverse("order", args=[number])
    )
    return f"{settings.RIALTO_SITE}{path}"


def compose(*, template: str, subject: str, to: str, context: Mapping[str, object]) -> EmailMultiAlternatives:
    """Return a letter as plain text and as HTML, from the two templates of a name."""
    values = {**context, "subject": subject, "site": settings.RIALTO_SITE}
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()), body=render_to_string(f"mall/email/{template}.txt", values), to=[to]
    )
    message.attach_alternative(render_to_string(f"mall/email/{template}.html", values), "text/html")
    return message


def _letter(*, one: News, part: ConsignmentView, email: str, name: str, url: str) -> EmailMultiAlternatives:
    subject, sentences = _say(one=one, part=part)
    lines = [(line.quantity, line.title, bank.text(amount=line.amount, currency=part.currency)) for line in part.lines]
    context = {
        "name": name,
        "sentences": sentences,
        "lines": lines,
        "store": part.merchant,
        "number": part.number,
        "url": url,
        "tracking": part.tracking if one.kind == SENT else "",
        "carrier": part.carrier if one.kind == SENT else "",
        "link": tracking_link(carrier=part.carrier, tracking=part.tracking) if one.kind == SENT else "",
    }
    return compose(template="parcel", subject=subject, to=email, context=context)


def _say(*, one: News, part: ConsignmentView) -> tuple[str, list[str]]:
    """Return the subject and the sentences of a letter."""
    store, money = part.merchant, bank.text(amount=part.amount - part.refunded, currency=part.currency)
    if one.kind == SENT:
        told = [_("%(store)s has sent your parcel.") % {"store": store}]
        if part.promised_by:
            told.append(_("It was promised by %(day)s.") % {"day": _day(part.promised_by)})
        if part.amount and part.release_due:
            values = {"sum": money, "day": _day(part.release_due)}
            told.append(
                _(
                    "You pay %(sum)s for it now. The bank keeps the money until you say that the parcel arrived, or "
                    "until %(day)s if nobody says otherwise."
                )
                % values
            )
        return _("Your parcel from %(store)s is on its way") % {"store": store}, told
    if one.kind == ARRIVED:
        told = [_("Your parcel from %(store)s has arrived.") % {"store": store}]
        if part.amount:
            told.append(
                _("The bank hands the money to the store. Is something wrong with it? Your order says what to do.")
            )
        return _("Your parcel from %(store)s has arrived") % {"store": store}, told
    if one.kind == CANCELLED:
        told = [_("A parcel from %(store)s was cancelled and will not come.") % {"store": store}]
        if one.reason:
            told.append(_("The reason: %(reason)s") % {"reason": one.reason})
        told.append(_("What the bank held for it is yours again; a card shows it within a few days."))
        return _("A parcel from %(store)s was cancelled") % {"store": store}, told
    sum_back = bank.text(amount=one.amount, currency=part.currency)
    told = [_("%(sum)s of your parcel from %(store)s went back to you.") % {"sum": sum_back, "store": store}]
    told.append(_("It goes the way it came: to your account at once, to a card within a few days."))
    return _("%(sum)s was paid back to you") % {"sum": sum_back}, told


def _day(moment: datetime) -> str:
    return date_format(localtime(moment), "WEEKDAY_FORMAT")
