"""Whether somebody may do something for a merchant, asked under lock; and the record that he did."""

from __future__ import annotations

from datetime import datetime

from mall import actors, bank
from mall.actors import Actor, NotAllowed
from mall.merchants.models import Merchant, MerchantEvent


def require(*, merchant_id: int, by: Actor, permission: str) -> Merchant:
    """Lock the merchant, so that changes of it wait for each other, and check who asks, by his role now.

    :raises NotAllowed: the actor is neither the bank's operations nor of this merchant's staff with the permission.
    """
    merchant = Merchant.objects.select_for_update(no_key=True).filter(pk=merchant_id).first()
    if merchant is None:
        raise NotAllowed("There is no such store.")
    if by.kind in (actors.OPERATIONS, actors.SYSTEM):
        return merchant
    if by.kind != actors.MERCHANT or by.merchant_id != merchant_id or by.user_id is None:
        raise NotAllowed("Only the people of the store may do this.")
    if actors.without_permission(actors={by}, permission=permission):
        raise NotAllowed("Your role in this store does not allow this: ask one of its owners.")
    return merchant


def record(*, merchant_id: int, kind: str, by: str, at: datetime, note: str = "") -> None:
    """Write a line of the merchant's history."""
    MerchantEvent.objects.create(merchant_id=merchant_id, kind=kind, by=by, at=at, note=note[:1000])


def name_of(*, by: Actor) -> str:
    """Return an actor as histories name him: a person by his number."""
    return bank.shopper(user_id=by.user_id) if by.user_id else str(by)
