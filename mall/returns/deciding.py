"""The bank's decision when buyer and merchant do not agree; above a limit two people make it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from mall import actors, bank
from mall.actors import Actor
from mall.returns import _rows, states
from mall.returns._rows import Step
from mall.returns.models import Return
from mall.returns.requests import DecideReturn, SayReturn, UnableToReturn, UnknownReturn


def decide(*, request: DecideReturn) -> Return:
    """Decide, as a person of operations: all, a part or nothing of what is still asked for goes back.

    When more than the policy's amount is at stake it becomes a proposal, and a second person decides.

    :raises UnableToReturn: nothing waits for a decision, or it cannot be made so.
    """
    with transaction.atomic():
        row = _for_operations(number=request.number, by=request.by)
        over = _("This return does not wait for a decision any more: somebody was quicker.")
        _rows.check(row=row, event="propose", sentence=over)
        reason = request.reason.strip()[:500]
        if not reason:
            raise UnableToReturn(_("Please give the reason: buyer and store both read it."))
        if not 0 <= request.amount <= row.open_amount:
            most = bank.text(amount=row.open_amount, currency=row.currency)
            raise UnableToReturn(_("Between nothing and %(most)s can go back.") % {"most": most})
        row.decision, row.decision_reason = request.amount, reason
        if row.open_amount > bank.policy().RETURN_SECOND_ABOVE:
            row.proposed_by_id = request.by.user_id
            step = Step(row, "propose", request.by, request.at, reason, request.amount)
        else:
            row.decided_by_id = request.by.user_id
            step = _final(row=row, by=request.by, at=request.at)
        _rows.take(steps=[step])
    return row


def agree_to_decision(*, request: SayReturn) -> Return:
    """Agree, as a second person, to what was proposed: it is done.

    :raises UnableToReturn: nothing is proposed, or the same person proposed it.
    """
    with transaction.atomic():
        row = _proposed(request=request)
        if row.proposed_by_id == request.by.user_id:
            raise UnableToReturn(_("You proposed it: a second person has to agree."))
        row.decided_by_id = request.by.user_id
        _rows.take(steps=[_final(row=row, by=request.by, at=request.at)])
    return row


def object_to_decision(*, request: SayReturn) -> Return:
    """Object to what was proposed, also to one's own proposal: it waits for a new one.

    :raises UnableToReturn: nothing is proposed, or no reason is given.
    """
    with transaction.atomic():
        row = _proposed(request=request)
        text = request.text.strip()[:500]
        if not text:
            raise UnableToReturn(_("Please say what speaks against it."))
        row.decision, row.decision_reason, row.proposed_by = None, "", None
        _rows.take(steps=[Step(row, "object", request.by, request.at, text)])
    return row


def _proposed(*, request: SayReturn) -> Return:
    row = _for_operations(number=request.number, by=request.by)
    _rows.check(row=row, event="object", sentence=_("Nothing is proposed any more: somebody was quicker."))
    return row


def _for_operations(*, number: str, by: Actor) -> Return:
    if by.kind != actors.OPERATIONS or by.user_id is None:
        raise UnknownReturn(f"There is no return {number} for you to decide.")
    row = _rows.lock_one(number=number, by=by)
    if by.user_id == row.buyer_id or is_of_store(user_id=by.user_id, merchant_id=row.merchant_id):
        raise UnableToReturn(_("You are a side of this return: somebody else decides."))
    return row


def is_of_store(*, user_id: int, merchant_id: int) -> bool:
    """Tell whether a person works for a merchant."""
    return actors.Membership.objects.filter(user_id=user_id, merchant_id=merchant_id).exists()


def _final(*, row: Return, by: Actor, at: datetime) -> Step:
    amount = row.decision or 0
    if not amount and row.awarded == row.refunded:
        return Step(row, "refuse", by, at, row.decision_reason, 0, outcome=states.DECIDED_AGAINST)
    # What the store gave back before may still be on its way: it is paid either way.
    outcome = states.MONEY_BACK if amount == row.open_amount else states.PART
    return Step(row, "award", by, at, row.decision_reason, amount, amount, outcome)
