"""What a price means by month, from whoever is connected to say so (`RIALTO_PRICE_HINTS`)."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from mall import bank


def monthly(*, request: HttpRequest, amount: int, currency: str, at: datetime) -> str:
    """Return the first hint for paying this amount over time, in the reader's words; empty when nobody has one.

    Each connected `hint(*, payer, amount, currency, at) -> str` gets `payer` as `user:<pk>`, empty for a guest.
    """
    payer = bank.shopper(user_id=request.user.pk) if request.user.is_authenticated else ""
    for path in getattr(settings, "RIALTO_PRICE_HINTS", ()):
        text = import_string(path)(payer=payer, amount=amount, currency=currency, at=at)
        if text:
            return text
    return ""
