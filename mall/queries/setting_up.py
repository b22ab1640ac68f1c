"""What a new store still has to do before it sells, as a checklist of its home page."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from mall import bank
from mall.delivery.models import DeliveryTerms
from mall.merchants import roles
from mall.merchants.models import Invitation, Membership, Merchant
from mall.storefront.models import StoreVersion


@dataclass(frozen=True, slots=True)
class Task:
    """Something a new store does; `url` leads where it is done."""

    name: str
    told: str
    url: str
    is_done: bool


def tasks(*, merchant_id: int, role: str, has_product: bool) -> list[Task]:
    """Return what a new store does, as far as the role may do it; nothing when all is done. Two statements."""
    page = StoreVersion.objects.filter(merchant=OuterRef("pk"), state=StoreVersion.PUBLISHED)
    colleagues = Membership.objects.filter(merchant=OuterRef("pk")).exclude(user=OuterRef("owner"))
    terms = DeliveryTerms.objects.filter(merchant=OuterRef("pk"))
    invited = Invitation.objects.filter(merchant=OuterRef("pk"))
    rows = Merchant.objects.annotate(
        page=Exists(page), terms=Exists(terms), team=Exists(colleagues), invited=Exists(invited)
    )
    columns = rows.values_list("page", "terms", "team", "invited")
    has_page, delivers, has_team, has_invited = columns.get(pk=merchant_id)
    found = [
        Task(_("List your first product"), _("It is in the search at once."), reverse("merchant-find"), has_product)
    ]
    if roles.may(role=role, permission=roles.STORE):
        told = _("Logo, returns, delivery and contact on your store page.")
        found.append(Task(_("Say who you are"), told, reverse("merchant-store"), has_page))
    if roles.may(role=role, permission=roles.DELIVERY):
        told = _("What sending costs, and from when it is free.")
        found.append(Task(_("Set up delivery"), told, reverse("merchant-delivery"), delivers))
    if roles.may(role=role, permission=roles.PAYOUTS):
        told = _("To your account here, or to one at another bank.")
        has_account = bool(bank.payout_accounts(merchant_id=merchant_id))
        found.append(Task(_("Say where payouts go"), told, reverse("merchant-payout-account"), has_account))
    if roles.may(role=role, permission=roles.STAFF):
        told = _("Managers, clerks and accountants see what they need.")
        found.append(Task(_("Invite your team"), told, reverse("merchant-staff"), has_team or has_invited))
    return [] if all(task.is_done for task in found) else found
