"""Closing a store at its owner's wish or the bank's: wound up, its reserve kept, paid out, and closed for good."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import bank
from mall.actors import Actor, NotAllowed
from mall.customer.models import User
from mall.lifecycle import checklist, states
from mall.lifecycle.models import Closing, Suspension
from mall.lifecycle.suspending import check_staff, tell
from mall.merchants import authority, roles
from mall.merchants.models import ACTIVE, CLOSED, PAUSED, SUSPENDED, Merchant
from mall.merchants.operations import set_status


class UnableToClose(Exception):
    """The store stays as it is; the sentence says why."""


def close_own(*, merchant_id: int, reason: str, by: Actor, at: datetime) -> Closing:
    """Begin to close a store at its owner's wish; it sells nothing from now on.

    :raises NotAllowed: the actor is not an owner of this merchant.
    :raises UnableToClose: it is being closed already.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.CLOSING)
        row = _create(
            merchant_id=merchant_id, reason=reason, is_banks_wish=False, state="winding_up", by_id=by.user_id, at=at
        )
        _stop_selling(row=row, at=at)
        authority.record(
            merchant_id=merchant_id, kind="closing begun", by=authority.name_of(by=by), at=at, note=row.reason
        )
    return row


def ask_close(*, merchant_id: int, reason: str, by: User, at: datetime) -> Closing:
    """Ask to close a store at the bank's wish, which begins when a second person agrees.

    :raises NotAllowed: the person is not of the bank's operations, or works for the merchant.
    :raises UnableToClose: it is being closed already, or there is no reason.
    """
    if not reason.strip():
        raise UnableToClose(_("Say why, as the merchant will read it."))
    check_staff(merchant_id=merchant_id, by=by)
    with transaction.atomic():
        row = _create(merchant_id=merchant_id, reason=reason, is_banks_wish=True, state="asked", by_id=by.pk, at=at)
        who = bank.shopper(user_id=by.pk)
        authority.record(merchant_id=merchant_id, kind="closing asked for", by=who, at=at, note=row.reason)
    return row


def decide(*, closing_id: int, agrees: bool, by: User, at: datetime) -> Closing:
    """Agree to the bank's wish to close, as a second person, or refuse it.

    :raises NotAllowed: the person asked for it, is not of the bank's operations, or works for the merchant.
    :raises UnableToClose: nothing waits for an answer.
    """
    with transaction.atomic():
        row = _lock(closing_id=closing_id)
        check_staff(merchant_id=row.merchant_id, by=by)
        if agrees and by.pk == row.asked_by_id:
            raise NotAllowed(_("You asked for it: a second person has to agree."))
        row.state = _move(row=row, event="agree" if agrees else "refuse")
        row.decided_by, row.decided_at = by, at
        if agrees:
            _stop_selling(row=row, at=at)
        else:
            row.ended_at = at
        row.save()
        who = bank.shopper(user_id=by.pk)
        kind = "closing begun" if agrees else "closing refused"
        authority.record(merchant_id=row.merchant_id, kind=kind, by=who, at=at)
    return row


def call_off(*, closing_id: int, by: Actor, at: datetime) -> None:
    """Go on with a store after all; for its owner while it was his wish.

    :raises NotAllowed: the actor is not an owner of this merchant, or the bank closes it.
    :raises UnableToClose: it is closed, or was called off before.
    """
    with transaction.atomic():
        row = _lock(closing_id=closing_id)
        authority.require(merchant_id=row.merchant_id, by=by, permission=roles.CLOSING)
        if row.is_banks_wish:
            raise NotAllowed(_("The bank closes this store: ask it."))
        row.state, row.ended_at = _move(row=row, event="call_off"), at
        row.save()
        if not Suspension.objects.filter(merchant_id=row.merchant_id, state__in=states.IN_EFFECT).exists():
            set_status(merchant_id=row.merchant_id, was=(SUSPENDED,), status=ACTIVE, at=at)
        who = authority.name_of(by=by)
        authority.record(merchant_id=row.merchant_id, kind="closing called off", by=who, at=at)


def finish(*, closing_id: int, at: datetime) -> bool:
    """Close a store for good when nothing of it is open any more; return whether it was."""
    with transaction.atomic():
        row = _lock(closing_id=closing_id)
        if row.state != "winding_up":
            return False
        Merchant.objects.select_for_update(no_key=True).get(pk=row.merchant_id)
        if not all(item.is_done for item in checklist.items(merchant_id=row.merchant_id, at=at)):
            return False
        row.state, row.ended_at = _move(row=row, event="finish"), at
        row.save()
        set_status(merchant_id=row.merchant_id, was=(ACTIVE, PAUSED, SUSPENDED), status=CLOSED, at=at)
        authority.record(merchant_id=row.merchant_id, kind="closed", by="system", at=at, note=row.reason)
        tell(merchant_id=row.merchant_id, key=f"closing:{row.pk}:done", status=CLOSED, reason=row.reason, at=at)
    return True


def finish_due(*, at: datetime) -> int:
    """Close the stores that are wound up, each in its own transaction; return how many."""
    open_ones = Closing.objects.filter(state="winding_up").order_by("pk").values_list("pk", flat=True)
    return sum(finish(closing_id=closing_id, at=at) for closing_id in list(open_ones))


def _create(*, merchant_id: int, reason: str, is_banks_wish: bool, state: str, by_id: int, at: datetime) -> Closing:
    if not Merchant.objects.filter(pk=merchant_id, status__in=(ACTIVE, PAUSED, SUSPENDED)).exists():
        raise UnableToClose(_("There is no such open store."))
    try:
        with transaction.atomic():
            return Closing.objects.create(
                merchant_id=merchant_id,
                reason=reason.strip()[:500],
                state=state,
                is_banks_wish=is_banks_wish,
                asked_by_id=by_id,
                asked_at=at,
            )
    except IntegrityError:
        raise UnableToClose(_("It is being closed already, or somebody asked for it.")) from None


def _stop_selling(*, row: Closing, at: datetime) -> None:
    set_status(merchant_id=row.merchant_id, was=(ACTIVE, PAUSED, SUSPENDED), status=SUSPENDED, at=at)
    tell(merchant_id=row.merchant_id, key=f"closing:{row.pk}:begun", status="closing", reason=row.reason, at=at)


def _lock(*, closing_id: int) -> Closing:
    row = Closing.objects.select_for_update(no_key=True).filter(pk=closing_id).first()
    if row is None:
        raise UnableToClose(_("There is no such closing."))
    return row


def _move(*, row: Closing, event: str) -> str:
    try:
        return states.move(table=states.CLOSING, state=row.state, event=event)
    except states.ForbiddenMove:
        raise UnableToClose(_("This is not open any more: somebody has answered meanwhile.")) from None
