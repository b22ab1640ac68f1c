"""What a merchant gives his buyers beyond the law and the market."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from mall import actors
from mall.actors import Actor
from mall.merchants.models import OWNER
from mall.returns.models import ReturnTerms
from mall.returns.requests import UnableToReturn, UnknownReturn

MOST_DAYS = 365


def set_terms(*, merchant_id: int, days: int, pays_delivery: bool, address: str, by: Actor, at: datetime) -> None:
    """Set a store's own window in days (0: the market's), whether it always pays the way back, and where goods go.

    :raises UnableToReturn: the actor does not own the store, or the days make no sense.
    """
    if by.kind != actors.MERCHANT or by.merchant_id != merchant_id or actors.former_staff(actors={by}):
        raise UnknownReturn("You do not work for this merchant.")
    if by.role != OWNER:
        raise UnableToReturn(_("What a store promises is for its owner to say."))
    if not 0 <= days <= MOST_DAYS:
        raise UnableToReturn(_("A window has at most %(n)s days.") % {"n": MOST_DAYS})
    values = {"days": days, "pays_delivery": pays_delivery, "address": address.strip()[:500], "changed_at": at}
    ReturnTerms.objects.update_or_create(merchant_id=merchant_id, defaults=values)
