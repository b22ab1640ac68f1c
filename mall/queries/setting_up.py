"""What a new store still has to do before it sells, as a checklist of its home page."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from mall import bank
from mall.merchants import roles
from mall.merchants.models import Invitation, Membership
from mall.partner.models import StockRecord
from mall.storefront.models import StoreVersion


@dataclass(frozen=True, slots=True)
class Task:
    """Something a new store does; `url` leads where it is done."""

    name: str
    told: str
    url: str
    is_done: bool


def tasks(*, merchant_id: int, role: str) -> list[Task]:
    """Return what a new store does, as far as the role may do it; nothing when all is done. Five statements."""
    found = [
        Task(
            _("List your first product"),
            _("It is in the search at once."),
            reverse("merchant-find"),
            StockRecord.objects.filter(partner__merchant=merchant_id).exists(),
        )
    ]
    if roles.may(role=role, permission=roles.STORE):
        found.append(
            Task(
                _("Say who you are"),
                _("Logo, returns, delivery and contact on your store page."),
                reverse("merchant-store"),
                StoreVersion.objects.filter(merchant_id=merchant_id, state=StoreVersion.PUBLISHED).exists(),
            )
        )
    if roles.may(role=role, permission=roles.PAYOUTS):
        found.append(
            Task(
                _("Say where payouts go"),
                _("To your account here, or to one at another bank."),
                reverse("merchant-payout-account"),
                bool(bank.payout_accounts(merchant_id=merchant_id)),
            )
        )
    if roles.may(role=role, permission=roles.STAFF):
        has_team = Membership.objects.filter(merchant_id=merchant_id).count() > 1
        found.append(
            Task(
                _("Invite your team"),
                _("Managers, clerks and accountants see what they need."),
                reverse("merchant-staff"),
                has_team or Invitation.objects.filter(merchant_id=merchant_id).exists(),
            )
        )
    return [] if found[0].is_done and sum(task.is_done for task in found) >= len(found) - 1 else found
