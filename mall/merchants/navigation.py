"""The pages of a store's staff, in the order they are shown: a new page is one line here."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mall.merchants import roles


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the store: the name of its address, its word, and the permission it asks for."""

    page: str
    label: str | Promise
    permission: str


ENTRIES = (
    Entry("merchant", _("Today"), roles.WORK),
    Entry("merchant-orders", _("Orders"), roles.ORDERS_READ),
    Entry("merchant-returns", _("Returns"), roles.RETURNS),
    Entry("merchant-messages", _("Messages"), roles.MESSAGES),
    Entry("merchant-catalogue", _("Catalogue"), roles.CATALOGUE),
    Entry("merchant-promotions", _("Promotions"), roles.PROMOTIONS),
    Entry("merchant-money", _("Money"), roles.MONEY),
    Entry("merchant-disputes", _("Disputes"), roles.DISPUTES),
    Entry("merchant-financing", _("Financing"), roles.FINANCING),
    Entry("merchant-health", _("Health"), roles.HEALTH),
    Entry("merchant-staff", _("Team"), roles.STAFF),
    Entry("merchant-keys", _("Programs"), roles.KEYS),
    Entry("merchant-store", _("Store page"), roles.STORE),
    Entry("merchant-delivery", _("Delivery"), roles.DELIVERY),
)


def subnav(*, role: str, here: str) -> list[tuple[str, str, bool]]:
    """Return the pages a role may open, each (label, address, whether it is this one)."""
    found = []
    for entry in ENTRIES:
        if not roles.may(role=role, permission=entry.permission):
            continue
        try:
            found.append((str(entry.label), reverse(entry.page), entry.page == here))
        except NoReverseMatch:
            # An installation without this page, as without financing.
            continue
    return found
