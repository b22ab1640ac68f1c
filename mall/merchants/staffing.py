"""Who works for a merchant: invited by mail, given a role, let go; and who owns it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import bank, events
from mall.actors import Actor
from mall.customer.models import User
from mall.merchants import authority, roles
from mall.merchants.models import OWNER, Invitation, Membership, Merchant, MerchantEvent

INVITED_FOR = timedelta(days=7)
INVITABLE = (roles.MANAGER, roles.CLERK, roles.ACCOUNTANT)


class UnableToChangeStaff(Exception):
    """Who works for the merchant stays as it is."""


def add_staff(*, merchant_id: int, email: str, role: str, by: Actor, at: datetime) -> Membership:
    """Let a registered person work for a merchant at once, or change the role; for those who keep the team.

    :raises NotAllowed: the actor may not change this merchant's team.
    :raises UnableToChangeStaff: nobody is registered with that address, or the role does not exist.
    """
    if role not in roles.NAMES:
        raise UnableToChangeStaff(_("There is no such role: choose one of those listed."))
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STAFF)
        user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
        if user is None:
            raise UnableToChangeStaff(_("Nobody is registered here as %(email)s.") % {"email": email})
        return _employ(merchant_id=merchant_id, user=user, role=role, by=authority.name_of(by=by), at=at)


def invite(*, merchant_id: int, email: str, role: str, by: Actor, at: datetime) -> Invitation:
    """Ask a person by mail to work for a merchant; an open invitation to the same address is asked anew.

    :raises NotAllowed: the actor may not change this merchant's team.
    :raises UnableToChangeStaff: the person works there already, or the role cannot be given by invitation.
    """
    if role not in INVITABLE:
        raise UnableToChangeStaff(_("Nobody is invited as owner: hand the store over to somebody of the team."))
    email = email.strip()
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STAFF)
        if Membership.objects.filter(merchant_id=merchant_id, user__email__iexact=email).exists():
            raise UnableToChangeStaff(
                _("%(email)s works here already: change the role in the list.") % {"email": email}
            )
        Invitation.objects.filter(merchant_id=merchant_id, email__iexact=email, state=Invitation.OPEN).update(
            state=Invitation.WITHDRAWN, answered_at=at
        )
        row = Invitation.objects.create(
            merchant_id=merchant_id,
            email=email,
            role=role,
            invited_by_id=by.user_id,
            invited_at=at,
            expires_at=at + INVITED_FOR,
        )
        who = authority.name_of(by=by)
        authority.record(merchant_id=merchant_id, kind="invited", by=who, at=at, note=f"{email}: {role}")
        bank.publish(happened=[events.StaffInvited(key=f"invitation:{row.pk}", at=at, invitation_id=row.pk)])
    return row


def withdraw(*, merchant_id: int, invitation_id: int, by: Actor, at: datetime) -> None:
    """Take an invitation back; one that was answered stays as it is.

    :raises NotAllowed: the actor may not change this merchant's team.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STAFF)
        row = Invitation.objects.filter(merchant_id=merchant_id, pk=invitation_id, state=Invitation.OPEN).first()
        if row is not None:
            row.state, row.answered_at = Invitation.WITHDRAWN, at
            row.save(update_fields=["state", "answered_at"])
            who = authority.name_of(by=by)
            authority.record(merchant_id=merchant_id, kind="invitation withdrawn", by=who, at=at, note=row.email)


def accept(*, invitation_id: int, user: User, at: datetime) -> Membership:
    """Let an invited person begin to work; the invitation is good once.

    :raises UnableToChangeStaff: it expired, was answered or taken back, or was sent to another address.
    """
    with transaction.atomic():
        found = Invitation.objects.filter(pk=invitation_id).values_list("merchant_id", flat=True).first()
        if found is not None:
            Merchant.objects.select_for_update(no_key=True).get(pk=found)
        row = Invitation.objects.select_for_update(no_key=True).filter(pk=invitation_id).first()
        if row is None or row.state != Invitation.OPEN or row.expires_at <= at:
            raise UnableToChangeStaff(_("This invitation is no longer good: ask the store for a new one."))
        if row.email.casefold() != user.email.casefold():
            words = _("This invitation is for %(email)s: sign in with that address to accept it.")
            raise UnableToChangeStaff(words % {"email": row.email})
        row.state, row.accepted_by, row.answered_at = Invitation.ACCEPTED, user, at
        row.save(update_fields=["state", "accepted_by", "answered_at"])
        who = bank.shopper(user_id=user.pk)
        return _employ(merchant_id=row.merchant_id, user=user, role=row.role, by=who, at=at)


def change_role(*, merchant_id: int, user_id: int, role: str, by: Actor, at: datetime) -> None:
    """Give somebody of the team another role; ownership is handed over, not given like a role.

    :raises NotAllowed: the actor may not change this merchant's team.
    :raises UnableToChangeStaff: the person does not work there, is the last owner, or there is no such role.
    """
    if role not in roles.NAMES:
        raise UnableToChangeStaff(_("There is no such role: choose one of those listed."))
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STAFF)
        member = Membership.objects.filter(merchant_id=merchant_id, user_id=user_id).select_related("user").first()
        if member is None:
            raise UnableToChangeStaff(_("This person does not work here."))
        if role == OWNER and member.role != OWNER:
            raise UnableToChangeStaff(_("Ownership is handed over with a second factor: use “Hand over the store”."))
        _employ(merchant_id=merchant_id, user=member.user, role=role, by=authority.name_of(by=by), at=at)


def remove_staff(*, merchant_id: int, user_id: int, by: Actor, at: datetime) -> None:
    """Let a person work for a merchant no more.

    :raises NotAllowed: the actor may not change this merchant's team.
    :raises UnableToChangeStaff: the person is the last owner.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STAFF)
        member = Membership.objects.filter(merchant_id=merchant_id, user_id=user_id).select_related("user").first()
        if member is not None:
            _keep_an_owner(merchant_id=merchant_id, leaving=member, staying_as="")
            member.delete()
            who = authority.name_of(by=by)
            authority.record(merchant_id=merchant_id, kind="removed", by=who, at=at, note=member.user.email)


def handing_over(*, merchant: Merchant, user_id: int, heir: User) -> bank.operations.Act:
    """Return the act an owner confirms with a second factor before the store is somebody else's."""
    # An act counts once for ever; a store may be handed to and fro.
    before = MerchantEvent.objects.filter(merchant=merchant, kind="handed over").count()
    return bank.operations.Act(
        key=f"store-owner:{merchant.pk}:{user_id}:{heir.pk}:{before}",
        holder=bank.shopper(user_id=user_id),
        words=_("Make %(heir)s the owner of %(store)s") % {"heir": heir.email, "store": merchant.name},
        return_url=f"/merchant/staff/{heir.pk}/hand-over/",
    )


def hand_over(*, merchant_id: int, heir_id: int, by: Actor, at: datetime) -> None:
    """Make somebody of the team the owner, confirmed by the present owner's second factor; he stays as manager.

    :raises NotAllowed: the actor is not an owner of this merchant.
    :raises UnableToChangeStaff: the heir does not work there or is the owner, or nothing was confirmed.
    """
    with transaction.atomic():
        merchant = authority.require(merchant_id=merchant_id, by=by, permission=roles.STAFF)
        heir = Membership.objects.filter(merchant_id=merchant_id, user_id=heir_id).select_related("user").first()
        if heir is None or by.user_id == heir_id:
            raise UnableToChangeStaff(_("The store is handed over to somebody else who works here."))
        try:
            act = handing_over(merchant=merchant, user_id=by.user_id, heir=heir.user)
            bank.operations.take_confirmation(act=act, at=at)
        except bank.operations.NotConfirmed as problem:
            raise UnableToChangeStaff(str(problem)) from problem
        heir.role = OWNER
        heir.save(update_fields=["role"])
        Membership.objects.filter(merchant_id=merchant_id, user_id=by.user_id).update(role=roles.MANAGER)
        merchant.owner_id = heir_id
        merchant.save(update_fields=["owner"])
        who = authority.name_of(by=by)
        authority.record(merchant_id=merchant_id, kind="handed over", by=who, at=at, note=heir.user.email)


def _employ(*, merchant_id: int, user: User, role: str, by: str, at: datetime) -> Membership:
    """Write the membership under the merchant's lock; what is so already stays unrecorded."""
    try:
        with transaction.atomic():
            member, created = Membership.objects.get_or_create(
                merchant_id=merchant_id, user=user, defaults={"role": role, "since": at}
            )
    except IntegrityError as problem:
        raise UnableToChangeStaff(_("There is no such role: choose one of those listed.")) from problem
    if not created and member.role != role:
        _keep_an_owner(merchant_id=merchant_id, leaving=member, staying_as=role)
        member.role = role
        member.save(update_fields=["role"])
    elif not created:
        return member
    kind = "joined" if created else "role changed"
    authority.record(merchant_id=merchant_id, kind=kind, by=by, at=at, note=f"{user.email}: {role}")
    return member


def _keep_an_owner(*, merchant_id: int, leaving: Membership, staying_as: str) -> None:
    others = Membership.objects.filter(merchant_id=merchant_id, role=OWNER).exclude(pk=leaving.pk)
    if leaving.role == OWNER and staying_as != OWNER and not others.exists():
        raise UnableToChangeStaff(_("A store needs an owner: hand it over to somebody else first."))
