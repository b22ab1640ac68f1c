"""Who works for a merchant."""

from __future__ import annotations

from mall import bank
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
