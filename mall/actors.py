"""Who asks for something to be done, as facts an operation can check."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from mall.merchants import roles
from mall.merchants.models import Membership

BUYER, MERCHANT, OPERATIONS, CARRIER, SYSTEM = "buyer", "merchant", "operations", "carrier", "system"
KINDS = (BUYER, MERCHANT, OPERATIONS, CARRIER, SYSTEM)


class NotAllowed(Exception):
    """The actor may not do this to that."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a machine that acts: `buyer`, `merchant` (staff of one), `operations`, `carrier` or `system`.

    A buyer without an account is known by the order whose link and address he has.
    """

    kind: str
    user_id: int | None = None
    merchant_id: int | None = None
    role: str = ""
    order: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of actor: use one of {', '.join(KINDS)}.")
        if self.kind == MERCHANT and self.merchant_id is None:
            raise ValueError("An actor of a merchant names the merchant.")
        if self.kind == BUYER and self.user_id is None and not self.order:
            raise ValueError("A buyer is a person: name the user, or a guest's order.")

    def __str__(self) -> str:
        if self.kind == MERCHANT:
            return f"merchant:{self.merchant_id}" + (f"/user:{self.user_id}" if self.user_id else "")
        return f"{self.kind}:{self.user_id}" if self.user_id else self.kind

    def may_touch(self, *, merchant_id: int, buyer_id: int | None, order: str = "") -> bool:
        """Tell whether a consignment of that merchant, that buyer and that order is any business of this actor."""
        if self.kind == MERCHANT:
            return self.merchant_id == merchant_id
        if self.kind == BUYER:
            return self.is_buyer_of(buyer_id=buyer_id, order=order)
        return True

    def is_buyer_of(self, *, buyer_id: int | None, order: str) -> bool:
        """Tell whether this is who bought that; a guest's order has no buyer's number."""
        if self.user_id is not None:
            return self.user_id == buyer_id
        return buyer_id is None and self.order != "" and self.order == order


CARRIER_ACTOR = Actor(CARRIER)
SYSTEM_ACTOR = Actor(SYSTEM)


def merchant_staff(*, user_id: int, merchant_id: int) -> Actor:
    """Return the actor for a person at work for a merchant.

    :raises NotAllowed: the person does not work there.
    """
    role = Membership.objects.filter(user_id=user_id, merchant_id=merchant_id).values_list("role", flat=True).first()
    if role is None:
        raise NotAllowed("You do not work for this merchant.")
    return Actor(MERCHANT, user_id=user_id, merchant_id=merchant_id, role=role)


# Held until the transaction ends: who takes the role away meanwhile waits until the act is done.
_ROLES_NOW = """
SELECT m.user_id, m.merchant_id, m.role
FROM merchants_membership m
JOIN unnest(%s::bigint[], %s::bigint[]) AS asked (user_id, merchant_id) USING (user_id, merchant_id)
ORDER BY m.id FOR SHARE OF m
"""


def without_permission(*, actors: set[Actor], permission: str) -> set[Actor]:
    """Return those merchant actors whose person may not do this for the merchant, by his role now; in one query."""
    people = {actor for actor in actors if actor.kind == MERCHANT and actor.user_id is not None}
    if not people:
        return set()
    asked = list(people)
    with connection.cursor() as cursor:
        cursor.execute(_ROLES_NOW, [[one.user_id for one in asked], [one.merchant_id for one in asked]])
        now = {(user_id, merchant_id): role for user_id, merchant_id, role in cursor.fetchall()}
    return {
        actor
        for actor in people
        if not (role := now.get((actor.user_id, actor.merchant_id))) or not roles.may(role=role, permission=permission)
    }


def former_staff(*, actors: set[Actor]) -> set[Actor]:
    """Return those merchant actors whose person may not deal with the merchant's orders any more, in one query."""
    return without_permission(actors=actors, permission=roles.ORDERS)
