"""What a merchant gives his buyers beyond the law and the market."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from mall.actors import Actor
from mall.merchants import authority, roles
from mall.returns.models import ReturnTerms
from mall.returns.requests import UnableToReturn

MOST_DAYS = 365


def set_terms(*, merchant_id: int, days: int, pays_delivery: bool, address: str, by: Actor, at: datetime) -> None:
    """Set a store's own window in days (0: the market's), whether it always pays the way back, and where goods go.

    :raises NotAllowed: the actor does not run the store.
    :raises UnableToReturn: the days make no sense.
    """
    if not 0 <= days <= MOST_DAYS:
        raise UnableToReturn(_("A window has at most %(n)s days.") % {"n": MOST_DAYS})
    values = {"days": days, "pays_delivery": pays_delivery, "address": address.strip()[:500], "changed_at": at}
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STORE)
        ReturnTerms.objects.update_or_create(merchant_id=merchant_id, defaults=values)
