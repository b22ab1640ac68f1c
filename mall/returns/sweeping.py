"""What becomes of returns whose time is up: silence has a meaning in every state."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mall import actors
from mall.returns import _rows, states
from mall.returns._rows import Step
from mall.returns.models import Return

BATCH = 500


def sweep_returns(*, at: datetime) -> int:
    """Move every return whose deadline has passed by `at`; return how many.

    Safe to run twice and beside people: who holds a row acts, and the sweep looks at it the next time.
    """
    moved = 0
    while True:
        with transaction.atomic():
            due = Return.objects.filter(due_at__lt=at).select_related("consignment").order_by("due_at", "pk")
            rows = list(due.select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH])
            _rows.take(steps=[_silence(row=row, at=at) for row in rows])
        moved += len(rows)
        if len(rows) < BATCH:
            return moved


def _silence(*, row: Return, at: datetime) -> Step:
    """Return what silence means: the merchant's accepts, the buyer's gives up or agrees, and tracking decides."""
    step = Step(row, "time out", actors.SYSTEM_ACTOR, at)
    match row.state:
        case states.ACCEPTED:
            step.outcome = states.NOT_SENT
        case states.DECLINED:
            step.outcome = states.DENIED
        case states.REDUCED:
            step.outcome = states.PART
        case states.SENT if row.arrived_at is None:
            step.event, step.outcome = "get lost", states.NOT_ARRIVED
        case states.SENT:
            step.amount = step.awards = row.open_amount
            step.outcome = states.MONEY_BACK
    return step
