"""Letters to owners whose store is below a threshold."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from mall import bank
from mall.customer.models import User
from mall.health import queries
from mall.merchants import letters
from mall.merchants.models import Merchant
from mall.queries import staff


def send_warned(*, warned: Sequence[tuple[int, str]]) -> None:
    """Tell owners which figure is below its threshold, each (merchant, figure).

    :raises OSError: the mail server did not take them; sending again is safe.
    """
    found = []
    for merchant_id, code in warned:
        store = " ".join(Merchant.objects.values_list("name", flat=True).get(pk=merchant_id).split())
        owners = User.objects.filter(pk__in=staff.owners_of(merchant_id=merchant_id)).exclude(email="")
        context = {
            "store": store,
            "figure": queries.name_of(code=code),
            "link": f"{settings.RIALTO_SITE}{reverse('merchant-health')}",
            "days": bank.policy().HEALTH_CASE_AFTER.days,
        }
        body = render_to_string("mall/email/health_warned.txt", context)
        to = sorted(owners.values_list("email", flat=True))
        if to:
            subject = _("%(store)s is below a threshold") % {"store": store}
            found.append(EmailMessage(subject=subject, body=body, to=to))
    letters.send(letters=found)
