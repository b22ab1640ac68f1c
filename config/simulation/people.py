"""The people of the demo whose password is known: one for each role, and two where four eyes decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.utils import decrypt
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from mall.actors import OPERATIONS, Actor
from mall.customer.models import User
from mall.customer.operations import RegisterShopper, register_shoppers
from mall.merchants.models import CLERK, Membership
from mall.merchants.staffing import add_staff

PASSWORD = "rialto-demo-1587"  # noqa: S105 - the demo's, printed on its first screen; production refuses the demo
SHOPPER = "shopper@rialto.example"
OWNER = "owner@rialto.example"
CLERK_EMAIL = "clerk@rialto.example"
# role, e-mail, name; each is also the name of a group
STAFF = (
    ("credit officer", "officer@rialto.example", "Clara Officer"),
    ("senior officer", "senior@rialto.example", "Stefan Senior"),
    ("operations", "operations@rialto.example", "Olga Operations"),
    ("risk manager", "risk@rialto.example", "Rafael Risk"),
)
# New merchants need two different people of operations.
SECOND_PAIR_OF_EYES = (("operations", "operations2@rialto.example", "Omar Operations"),)
_OTHERS = (("shopper", SHOPPER), ("merchant owner", OWNER), ("merchant clerk", CLERK_EMAIL))


def sign_ins() -> list[tuple[str, str, str, str | None]]:
    """Return (role, e-mail, password, secret of the second factor or None) for each that is there."""
    staff = (*STAFF, *SECOND_PAIR_OF_EYES)
    emails = [email for _, email in _OTHERS] + [email for _, email, _ in staff]
    users = {user.email: user.pk for user in User.objects.filter(email__in=emails)}
    secrets = {
        row.user_id: decrypt(row.data["secret"])
        for row in Authenticator.objects.filter(user_id__in=users.values(), type=Authenticator.Type.TOTP)
    }
    roles = [*_OTHERS, *((role, email) for role, email, _ in staff)]
    return [(role, email, PASSWORD, secrets.get(users[email])) for role, email in roles if email in users]


def employ(*, currency: str, at: datetime) -> None:
    """Have the bank's staff, each with role, password and second factor; those who are there stay as they are."""
    _employ(STAFF, currency=currency, at=at)


def _employ(staff: Sequence[tuple[str, str, str]], *, currency: str, at: datetime) -> None:
    users = _register([(email, name) for _, email, name in staff], currency=currency, at=at)
    with transaction.atomic():
        groups = {group.name: group for group in Group.objects.filter(name__in=[role for role, _, _ in staff])}
        for (role, _, _), user in zip(staff, users, strict=True):
            user.groups.add(groups[role])
            if not user.is_staff:
                user.is_staff = True
                user.save(update_fields=["is_staff"])
            if not Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
                TOTP.activate(user, generate_totp_secret())


def open_the_store(*, currency: str, at: datetime) -> None:
    """Have a clerk in the store of the demo's owner, and let the demo's shopper and owner sign in at once.

    A second person of operations comes with it, to agree to new merchants.
    """
    [clerk] = _register([(CLERK_EMAIL, "Carla Clerk")], currency=currency, at=at)
    store = Membership.objects.filter(user__email=OWNER).order_by("pk").values_list("merchant_id", flat=True)[0]
    add_staff(merchant_id=store, email=clerk.email, role=CLERK, by=Actor(OPERATIONS), at=at)
    _employ(SECOND_PAIR_OF_EYES, currency=currency, at=at)
    EmailAddress.objects.filter(email__in=[email for _, email in _OTHERS], verified=False).update(verified=True)


def _register(people: Sequence[tuple[str, str]], *, currency: str, at: datetime) -> list[User]:
    """Register people, each (e-mail, name), with the demo's password; who is there stays as he is."""
    hashed = make_password(PASSWORD)
    users = register_shoppers(
        requests=[
            RegisterShopper(email=email, name=name, password=hashed, currency=currency, at=at) for email, name in people
        ]
    )
    EmailAddress.objects.filter(user__in=users, verified=False).update(verified=True)
    return users
