"""Letters to people of stores, sent by outbox handlers alone."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from mall.customer.models import User
from mall.merchants.models import ACTIVE, CLOSED, SUSPENDED, Invitation, Merchant
from mall.queries import staff

INVITATION_SALT = "mall.invitation"


def invitation_link(*, invitation_id: int) -> str:
    """Return the whole address by which an invitation is accepted."""
    token = signing.dumps(invitation_id, salt=INVITATION_SALT)
    return f"{settings.RIALTO_SITE}{reverse('invitation', args=[token])}"


def invitation_of(*, token: str) -> int | None:
    """Return the invitation a link leads to; nothing when it is not one of ours."""
    try:
        found = signing.loads(token, salt=INVITATION_SALT)
    except signing.BadSignature:
        return None
    return found if isinstance(found, int) else None


def send_invitations(*, invitation_ids: Sequence[int]) -> None:
    """Send each invitation that is still open its link.

    :raises OSError: the mail server did not take them; sending again is safe.
    """
    rows = Invitation.objects.filter(pk__in=invitation_ids, state=Invitation.OPEN).select_related(
        "merchant", "invited_by"
    )
    send(
        letters=[
            EmailMessage(
                subject=_("%(store)s invites you to its team") % {"store": " ".join(row.merchant.name.split())},
                body=render_to_string(
                    "mall/email/invitation.txt",
                    {
                        "store": row.merchant.name,
                        "who": row.invited_by.get_full_name() or row.invited_by.email,
                        "role": row.get_role_display(),
                        "until": row.expires_at,
                        "link": invitation_link(invitation_id=row.pk),
                    },
                ),
                to=[row.email],
            )
            for row in rows
        ]
    )


def send_status(*, changes: Sequence[tuple[int, str, str]]) -> None:
    """Tell owners what became of their stores, each (merchant, `active`, `suspended`, `closing` or `closed`, why).

    :raises OSError: the mail server did not take them; sending again is safe.
    """
    subjects = {
        ACTIVE: _("%(store)s sells again"),
        SUSPENDED: _("%(store)s is suspended"),
        "closing": _("%(store)s is being closed"),
        CLOSED: _("%(store)s is closed"),
    }
    found = []
    for merchant_id, status, reason in changes:
        store = " ".join(Merchant.objects.values_list("name", flat=True).get(pk=merchant_id).split())
        owners = User.objects.filter(pk__in=staff.owners_of(merchant_id=merchant_id)).exclude(email="")
        context = {"store": store, "status": status, "reason": reason, "link": settings.RIALTO_SITE}
        body = render_to_string("mall/email/merchant_status.txt", context)
        to = sorted(owners.values_list("email", flat=True))
        if to:
            found.append(EmailMessage(subject=subjects[status] % {"store": store}, body=body, to=to))
    send(letters=found)


def send(*, letters: Sequence[EmailMessage]) -> None:
    """Send letters over one connection.

    :raises OSError: the mail server did not take them.
    """
    if letters:
        get_connection().send_messages(list(letters))
