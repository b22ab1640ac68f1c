"""The bank's staff: called into a thread they read it, on record; they keep those from writing who abuse it."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import actors
from mall.actors import Actor
from mall.messages.models import StaffCall, StaffReading, Thread, WritingBlock
from mall.messages.requests import UnableToWrite, UnknownThread
from mall.messages.writing import check_side


def call_staff(*, thread_id: int, reason: str, by: Actor, at: datetime) -> StaffCall:
    """Call the bank's staff into a thread, as one of its sides: from now on they may read it.

    :raises UnableToWrite: they are called already, or no reason is given.
    """
    reason = reason.strip()[:500]
    if not reason:
        raise UnableToWrite(_("Please tell the bank what is wrong."))
    side = check_side(thread=Thread.objects.filter(pk=thread_id).first(), by=by)
    try:
        with transaction.atomic():
            return StaffCall.objects.create(thread_id=thread_id, side=side, by_id=by.user_id, reason=reason, at=at)
    except IntegrityError:
        raise UnableToWrite(_("The bank is called already: somebody will look at it.")) from None


def read_called(*, call_id: int, by: Actor, at: datetime) -> StaffCall:
    """Let a member of the staff read a thread somebody called him into; each reading is put on record.

    :raises UnknownThread: there is no open call of that number.
    """
    _staff_only(by=by)
    call = StaffCall.objects.select_related("thread").filter(pk=call_id, closed_at__isnull=True).first()
    if call is None:
        raise UnknownThread(_("Nobody calls the bank there."))
    StaffReading.objects.create(call=call, by_id=by.user_id, at=at)
    return call


def close_call(*, call_id: int, note: str, by: Actor, at: datetime) -> None:
    """Close a call with a note: its thread is its sides' own again.

    :raises UnableToWrite: it is closed already, or there is no note.
    """
    _staff_only(by=by)
    if not note.strip():
        raise UnableToWrite(_("Please note what was done."))
    closed = StaffCall.objects.filter(pk=call_id, closed_at__isnull=True).update(
        closed_at=at, closed_by=by.user_id, note=note.strip()[:500]
    )
    if not closed:
        raise UnableToWrite(_("This call is closed already."))


def block_buyer(*, call_id: int, everywhere: bool, reason: str, by: Actor, at: datetime) -> WritingBlock:
    """Keep the buyer of a called thread from writing to its store, or to any.

    :raises UnableToWrite: he is kept from it already, or no reason is given.
    """
    call = read_called(call_id=call_id, by=by, at=at)
    if not reason.strip():
        raise UnableToWrite(_("Please give the reason: it is kept with the block."))
    try:
        with transaction.atomic():
            return WritingBlock.objects.create(
                buyer_id=call.thread.buyer_id,
                merchant_id=None if everywhere else call.thread.merchant_id,
                reason=reason.strip()[:500],
                by_id=by.user_id,
                at=at,
            )
    except IntegrityError:
        raise UnableToWrite(_("This buyer is kept from writing already.")) from None


def lift_block(*, block_id: int, by: Actor, at: datetime) -> None:
    """Let a buyer write again.

    :raises UnableToWrite: he may already.
    """
    _staff_only(by=by)
    if not WritingBlock.objects.filter(pk=block_id, lifted_at__isnull=True).update(lifted_at=at, lifted_by=by.user_id):
        raise UnableToWrite(_("This buyer may write already."))


def _staff_only(*, by: Actor) -> None:
    if by.kind != actors.OPERATIONS or by.user_id is None:
        raise UnknownThread(_("There is no such conversation of yours."))
