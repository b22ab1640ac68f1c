"""What a notice can be about, and by which way it goes unless the person chose otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ORDERS, MESSAGES, ALERTS, REVIEWS, MARKETING = "orders", "messages", "alerts", "reviews", "marketing"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice: its name, what it covers, and its ways unless something else was chosen.

    ``always_here``: it cannot be switched off on the site. ``waits``: its mail keeps the quiet hours.
    """

    code: str
    name: str | Promise
    covers: str | Promise
    mail: bool
    site: bool
    always_here: bool = False
    waits: bool = True


KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind(
            ORDERS,
            _("Orders"),
            _("What happens to what you bought: payment, parcels, money back."),
            mail=True,
            site=True,
            always_here=True,
            waits=False,
        ),
        Kind(MESSAGES, _("Messages"), _("A store or the bank has written to you."), mail=True, site=True),
        Kind(ALERTS, _("Price and stock alerts"), _("What you asked us to tell you about."), mail=True, site=True),
        # Asking for a review by mail is advertising in law, so nobody gets such mail unasked.
        Kind(REVIEWS, _("Reviews"), _("Replies to your reviews, and what you could review."), mail=False, site=True),
        Kind(MARKETING, _("Offers and news"), _("Only with your consent."), mail=True, site=True),
    )
}
