"""Suspending a merchant and lifting it again: by two people, or at once by one whom a second confirms in time."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import bank, events
from mall.actors import NotAllowed
from mall.customer.models import User
from mall.lifecycle import states
from mall.lifecycle.models import Closing, Suspension
from mall.merchants import authority
from mall.merchants.applications import is_operations
from mall.merchants.models import ACTIVE, CLOSED, PAUSED, SUSPENDED, Membership, Merchant
from mall.merchants.operations import set_status


class UnableToSuspend(Exception):
    """The merchant sells, or does not sell, as before; the sentence says why."""


def suspend(*, merchant_id: int, reason: str, urgent: bool, by: User, at: datetime) -> Suspension:
    """Ask to suspend a merchant; an urgent suspension is in force at once, and a second person confirms it in time.

    :raises NotAllowed: the person is not of the bank's operations, or works for the merchant.
    :raises UnableToSuspend: it is suspended, closed or asked for already, or there is no reason.
    """
    if not reason.strip():
        raise UnableToSuspend(_("Say why, as the merchant will read it."))
    check_staff(merchant_id=merchant_id, by=by)
    with transaction.atomic():
        row = Suspension(
            merchant_id=merchant_id,
            reason=reason.strip()[:500],
            state="urgent" if urgent else "asked",
            asked_by=by,
            asked_at=at,
            confirm_by=at + bank.policy().SUSPENSION_CONFIRMED_WITHIN if urgent else None,
        )
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise UnableToSuspend(
                _("It is suspended already, or somebody asked for it: look at the page again.")
            ) from None
        if urgent:
            _take_effect(row=row, by=by, agreed_by=f"suspension:{row.pk}", at=at)
        elif not Merchant.objects.filter(pk=merchant_id).exclude(status=CLOSED).exists():
            raise UnableToSuspend(_("There is no such open store."))
        _record(row=row, kind="suspended at once" if urgent else "suspension asked for", by=by, at=at, note=row.reason)
    return row


def agree(*, suspension_id: int, by: User, at: datetime) -> Suspension:
    """Agree, as a second person, to a suspension, or to its end.

    :raises NotAllowed: the person asked for it, is not of the bank's operations, or works for the merchant.
    :raises UnableToSuspend: nothing waits for an answer.
    """
    with transaction.atomic():
        row = _lock(suspension_id=suspension_id, by=by)
        lifting = row.state == "lifting"
        if by.pk == (row.lift_asked_by_id if lifting else row.asked_by_id):
            raise NotAllowed(_("You asked for it: a second person has to agree."))
        was = row.state
        row.state = _move(row=row, event="agree")
        if lifting:
            row.ended_by, row.ended_at = by, at
            _end_effect(
                row=row, reason=row.lift_reason, by=row.lift_asked_by, agreed_by=bank.shopper(user_id=by.pk), at=at
            )
        else:
            row.decided_by, row.decided_at = by, at
            if was == "asked":
                _take_effect(row=row, by=row.asked_by, agreed_by=bank.shopper(user_id=by.pk), at=at)
        row.save()
        _record(row=row, kind="suspension lifted" if lifting else "suspended", by=by, at=at)
    return row


def refuse(*, suspension_id: int, by: User, at: datetime) -> Suspension:
    """Say no to a suspension or to its end; an urgent one is over with that.

    :raises NotAllowed: the person is not of the bank's operations, or works for the merchant.
    :raises UnableToSuspend: nothing waits for an answer.
    """
    with transaction.atomic():
        row = _lock(suspension_id=suspension_id, by=by)
        was = row.state
        row.state = _move(row=row, event="refuse")
        if was == "lifting":
            row.lift_asked_by = row.lift_asked_at = None
            row.lift_reason = ""
        else:
            row.ended_by, row.ended_at = by, at
        if was == "urgent":
            _end_effect(row=row, reason="refused", by=by, agreed_by=f"suspension:{row.pk}", at=at)
        row.save()
        _record(row=row, kind="suspension goes on" if was == "lifting" else "suspension refused", by=by, at=at)
    return row


def ask_lift(*, suspension_id: int, reason: str, by: User, at: datetime) -> Suspension:
    """Ask to let the merchant sell again, which happens when a second person agrees.

    :raises NotAllowed: the person is not of the bank's operations, or works for the merchant.
    :raises UnableToSuspend: it is not in force, or there is no reason.
    """
    if not reason.strip():
        raise UnableToSuspend(_("Say why it may sell again: the second person has to understand it."))
    with transaction.atomic():
        row = _lock(suspension_id=suspension_id, by=by)
        row.state = _move(row=row, event="ask_lift")
        row.lift_reason, row.lift_asked_by, row.lift_asked_at = reason.strip()[:500], by, at
        row.save()
        _record(row=row, kind="lifting asked for", by=by, at=at, note=row.lift_reason)
    return row


def lapse_unconfirmed(*, at: datetime) -> int:
    """End the urgent suspensions that nobody confirmed in time; return how many."""
    due = Suspension.objects.filter(state="urgent", confirm_by__lte=at).order_by("pk")
    ended = 0
    for suspension_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            row = Suspension.objects.select_for_update(no_key=True).get(pk=suspension_id)
            if row.state != "urgent":
                continue
            row.state, row.ended_at = _move(row=row, event="lapse"), at
            _end_effect(row=row, reason="nobody confirmed it", by=row.asked_by, agreed_by=f"suspension:{row.pk}", at=at)
            row.save()
            authority.record(merchant_id=row.merchant_id, kind="suspension lapsed", by="system", at=at)
            ended += 1
    return ended


def _take_effect(*, row: Suspension, by: User, agreed_by: str, at: datetime) -> None:
    """Hold the money first, which may have to wait for a settlement, and then stop the selling."""
    row.hold_id = bank.hold_money(
        merchant_id=row.merchant_id,
        reason=_("Suspended: %s") % row.reason,
        by=bank.shopper(user_id=by.pk),
        agreed_by=agreed_by,
        at=at,
    )
    if not set_status(merchant_id=row.merchant_id, was=(ACTIVE, PAUSED, SUSPENDED), status=SUSPENDED, at=at):
        raise UnableToSuspend(_("This store is closed."))
    row.save(update_fields=["hold_id"])
    tell(merchant_id=row.merchant_id, key=f"suspension:{row.pk}:on", status=SUSPENDED, reason=row.reason, at=at)


def _end_effect(*, row: Suspension, reason: str, by: User, agreed_by: str, at: datetime) -> None:
    if row.hold_id is not None:
        bank.let_money_go(
            hold_id=row.hold_id, reason=reason, by=bank.shopper(user_id=by.pk), agreed_by=agreed_by, at=at
        )
    # A store that is being closed does not begin to sell again.
    if Closing.objects.filter(merchant_id=row.merchant_id, state="winding_up").exists():
        return
    if set_status(merchant_id=row.merchant_id, was=(SUSPENDED,), status=ACTIVE, at=at):
        tell(merchant_id=row.merchant_id, key=f"suspension:{row.pk}:off", status=ACTIVE, reason=reason, at=at)


def check_staff(*, merchant_id: int, by: User) -> None:
    """Check that a person of the bank may decide about a merchant.

    :raises NotAllowed: the person is not of the bank's operations, or works for the merchant.
    """
    if not is_operations(user=by):
        raise NotAllowed(_("Only the bank's operations may do this."))
    if Membership.objects.filter(merchant_id=merchant_id, user=by).exists():
        raise NotAllowed(_("Nobody decides about a store he works for."))


def tell(*, merchant_id: int, key: str, status: str, reason: str, at: datetime) -> None:
    """Tell everybody who waits for it that a merchant sells, sells no more, or is closed."""
    bank.publish(
        happened=[
            events.MerchantStatusChanged(key=key, at=at, merchant_id=merchant_id, status=status, reason=reason[:500])
        ]
    )


def _lock(*, suspension_id: int, by: User) -> Suspension:
    row = Suspension.objects.select_for_update(no_key=True).filter(pk=suspension_id).first()
    if row is None:
        raise UnableToSuspend(_("There is no such suspension."))
    check_staff(merchant_id=row.merchant_id, by=by)
    return row


def _move(*, row: Suspension, event: str) -> str:
    try:
        return states.move(table=states.SUSPENSION, state=row.state, event=event)
    except states.ForbiddenMove:
        raise UnableToSuspend(_("This is not open any more: somebody has answered meanwhile.")) from None


def _record(*, row: Suspension, kind: str, by: User, at: datetime, note: str = "") -> None:
    who = bank.shopper(user_id=by.pk)
    authority.record(merchant_id=row.merchant_id, kind=kind, by=who, at=at, note=note)
