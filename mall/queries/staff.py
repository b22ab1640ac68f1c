"""Who works for a merchant."""

from __future__ import annotations

from mall import bank
from mall.merchants import roles
from mall.merchants.models import OWNER, Membership, Merchant


def staff_of(*, merchant: str) -> frozenset[str]:
    """Return the owner and everybody on the staff of `merchant:3`, as `user:7`; nobody for a name we do not know."""
    kind, _, number = merchant.partition(":")
    if kind != "merchant" or not number.isdigit():
        return frozenset()
    members = Membership.objects.filter(merchant_id=int(number)).values_list("user_id", flat=True)
    owners = Merchant.objects.filter(pk=int(number)).values_list("owner_id", flat=True)
    return frozenset(bank.shopper(user_id=user_id) for user_id in {*members, *owners})


def owners_of(*, merchant_id: int) -> list[int]:
    """Return the owner and every member with the owner's rights, by user number."""
    members = Membership.objects.filter(merchant_id=merchant_id, role=OWNER).values_list("user_id", flat=True)
    owners = Merchant.objects.filter(pk=merchant_id).values_list("owner_id", flat=True)
    return sorted({*members, *owners})


def people_with(*, merchant_id: int, permission: str) -> list[int]:
    """Return everybody at work for a merchant whose role has a permission, by user number."""
    members = Membership.objects.filter(merchant_id=merchant_id).order_by("user_id").values_list("user_id", "role")
    return [user_id for user_id, role in members if roles.may(role=role, permission=permission)]
