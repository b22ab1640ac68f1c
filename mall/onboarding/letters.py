"""Letters to applicants: what the bank asks, and what it has decided."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from mall.merchants import letters
from mall.merchants.models import MerchantApplication

_TOLD = (MerchantApplication.ASKED, MerchantApplication.APPROVED, MerchantApplication.DECLINED)


def send_moved(*, moves: Sequence[tuple[int, str, str]]) -> None:
    """Tell applicants what happened, each (application, its state then, the words of the bank).

    :raises OSError: the mail server did not take them; sending again is safe.
    """
    told = [move for move in moves if move[1] in _TOLD]
    rows = MerchantApplication.objects.select_related("applicant").in_bulk([move[0] for move in told])
    subjects = {
        MerchantApplication.ASKED: _("The bank asks about your application"),
        MerchantApplication.APPROVED: _("Your store is open"),
        MerchantApplication.DECLINED: _("Your application was declined"),
    }
    letters.send(
        letters=[
            EmailMessage(
                subject=subjects[state],
                body=render_to_string(
                    "mall/email/application_moved.txt",
                    {
                        "company": rows[application_id].company,
                        "state": state,
                        "note": note,
                        "link": f"{settings.RIALTO_SITE}{reverse('sell')}",
                    },
                ),
                to=[rows[application_id].applicant.email],
            )
            for application_id, state, note in told
            if application_id in rows
        ]
    )
