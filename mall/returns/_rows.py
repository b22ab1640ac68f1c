"""Returns under lock, and the one way in which they move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from mall import actors, bank, events
from mall.actors import Actor
from mall.merchants import roles
from mall.returns import states
from mall.returns.models import BY_BUYER, BY_STORE, Return, ReturnEvent, ReturnRefund
from mall.returns.requests import UnableToReturn, UnknownReturn
from payments import rows

FIELDS = (
    "state",
    "outcome",
    "awarded",
    "refunded",
    "offer",
    "offers",
    "carrier",
    "tracking",
    "condition",
    "decision",
    "decision_reason",
    "proposed_by",
    "decided_by",
    "due_at",
    "sent_at",
    "arrived_at",
    "received_at",
    "escalated_at",
    "closed_at",
    "steps",
)


@dataclass(slots=True)
class Step:
    """One event of a locked return: who, when, in which words, about how much (minor units).

    `awards` is what of the claim is to go back from now on.
    """

    row: Return
    event: str
    by: Actor
    at: datetime
    text: str = ""
    amount: int | None = None
    awards: int = 0
    outcome: str = ""


def claim_key(*, number: str) -> str:
    """Return the name by which the bank keeps money for a return."""
    return f"return:{number}"


def lock(*, numbers: Iterable[str]) -> dict[str, Return]:
    """Lock returns in the order of their ids; return them by number."""
    wanted = Return.objects.filter(number__in=set(numbers)).select_related("consignment").order_by("pk")
    wanted = wanted.select_for_update(of=("self",), no_key=True)
    return {row.number: row for row in wanted}


def lock_one(*, number: str, by: Actor) -> Return:
    """Lock a return that is this actor's business.

    :raises UnknownReturn: it is not, or there is none; the answer does not tell which.
    """
    row = lock(numbers=[number]).get(number)
    if (
        row is None
        or not by.may_touch(merchant_id=row.merchant_id, buyer_id=row.buyer_id)
        or actors.without_permission(actors={by}, permission=roles.RETURNS)
    ):
        raise UnknownReturn(f"There is no return {number} for you.")
    return row


def check(*, row: Return, event: str, sentence: str) -> None:
    """Check that an event can happen to a return.

    :raises UnableToReturn: it cannot; `sentence` says what that means.
    """
    if not states.may(state=row.state, event=event):
        raise UnableToReturn(sentence)


def side(*, by: Actor) -> str:
    """Return whose pictures those of an actor are."""
    return BY_STORE if by.kind == actors.MERCHANT else BY_BUYER


def take(*, steps: Sequence[Step]) -> None:
    """Move locked returns, each by its step; write history, refunds and events: a fixed number of statements."""
    if not steps:
        return
    done: list[Step] = []
    for step in steps:
        _move(step)
        done.append(step)
        if step.row.state == states.REFUNDING and step.row.awarded == step.row.refunded:
            # All of it went back before.
            done.append(_move(Step(step.row, "pay", actors.SYSTEM_ACTOR, step.at, outcome=step.row.outcome)))
    write(steps=done)


def _move(step: Step) -> Step:
    row = step.row
    row.state = states.move(state=row.state, event=step.event)
    row.outcome = step.outcome or row.outcome
    row.due_at = deadline(state=row.state, at=step.at)
    row.awarded += step.awards
    if row.state in states.OVER:
        row.closed_at = step.at
    return step


def deadline(*, state: str, at: datetime) -> datetime | None:
    """Return until when a return may stay in a state: the end of a day, nothing where it may stay."""
    rule = bank.policy().RETURN_DEADLINES.get(state)
    if rule is None:
        return None
    kind, days = rule
    if kind == "bank days":
        day = bank.bank_days_after(at=at, days=days)
    else:
        day = at.astimezone(UTC).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def write(*, steps: Sequence[Step]) -> None:
    """Write locked returns as they stand, with what was said and done in these steps."""
    if not steps:
        return
    history, refunds, happened = [], [], []
    for step in steps:
        row = step.row
        row.steps += 1
        key = f"{row.number}:{row.steps}"
        history.append(
            ReturnEvent(
                key=key,
                of=row,
                event=step.event,
                state=row.state,
                at=step.at,
                by=str(step.by),
                text=step.text,
                amount=step.amount,
            )
        )
        happened.append(events.ReturnMoved(key=key, at=step.at, number=row.number, event=step.event))
        if step.awards:
            refund = ReturnRefund(
                of=row,
                key=f"return:{row.number}:{row.steps}",
                amount=step.awards,
                reason=f"Return {row.number}",
                at=step.at,
            )
            refunds.append(refund)
            happened.append(events.ReturnRefundDue(key=refund.key, at=step.at, number=row.number))
    touched = list({step.row.pk: step.row for step in steps}.values())
    Return.objects.bulk_update(touched, FIELDS)
    rows.insert(rows=history)
    rows.insert(rows=refunds)
    _close(steps=[step for step in steps if step.row.state in states.OVER and step.row.closed_at == step.at])
    bank.publish(happened=happened)


def _close(*, steps: Sequence[Step]) -> None:
    ended = {step.row.pk: step for step in steps}.values()
    if not ended:
        return
    bank.close_claims(claims=[(claim_key(number=step.row.number), step.at) for step in ended])
    bank.publish(
        happened=[
            events.ReturnClosed(
                key=step.row.number,
                at=step.at,
                number=step.row.number,
                consignment=step.row.consignment.number,
                merchant=bank.merchant(merchant_id=step.row.merchant_id),
                buyer=bank.shopper(user_id=step.row.buyer_id),
                outcome=step.row.outcome,
                refunded=step.row.refunded,
                currency=step.row.currency,
            )
            for step in ended
        ]
    )
