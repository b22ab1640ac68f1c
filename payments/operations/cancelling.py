"""Giving back what will not be captured: a cancelled consignment, a voided, expired or refused payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from payments import events, journals, outbox
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.ledger.journal import Journal
from payments.models import Cancellation, Part, Payment, Screening, Share
from payments.operations import _book, _remote
from payments.operations.errors import InProgress, KeyReused, PaymentError, UnableToCancel, UnknownPayment
from payments.states import PAYMENT

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPart:
    """Give back all that is not captured of a part."""

    part_reference: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What a cancellation gave back."""

    part_reference: str
    amount: int
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidPayment:
    """Give up all of a payment that is not captured."""

    payment_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a payment that was given up stands now."""

    payment_id: int
    state: str


@dataclass(slots=True)
class Plan:
    """A part to cancel, under ``key``; ``ending`` says what becomes of a payment that is empty afterwards."""

    part: Part
    key: str
    at: datetime
    takes: list[tuple[Share, int]]
    ending: str = "void"
    replayed: bool = False
    steps: list[_remote.Step | None] = field(default_factory=list)

    @property
    def amount(self) -> int:
        """Return what goes back, in minor units."""
        return sum(amount for _, amount in self.takes)


def cancel_parts(*, requests: Sequence[CancelPart]) -> list[Cancelled | PaymentError]:
    """Give back what is not captured of parts, each for itself; the same key cancels once.

    A result is ``Cancelled``, or why not: ``UnknownPayment``, ``UnableToCancel``, ``KeyReused``, ``InProgress``.
    """
    return _remote.run(act=lambda current: _cancel(requests=requests, current=current))


def void_payments(*, requests: Sequence[VoidPayment]) -> list[Ended | PaymentError]:
    """Give up payments, keeping what was captured; one that is given up already stays as it is."""
    return _remote.run(act=lambda current: _void(requests=requests, current=current))


def expire_payments(*, at: datetime) -> list[int]:
    """End payments whose time ran out by ``at``, giving back what they hold; return their ids."""
    expired: list[int] = []
    waiting = ("recorded", "in_review", "action_required", "authorised")
    while True:
        ids = list(
            Payment.objects.filter(state__in=waiting, expires_at__lte=at)
            .exclude(pk__in=expired)
            .order_by("expires_at", "pk")
            .values_list("pk", flat=True)[:BATCH]
        )
        if not ids:
            return expired
        _remote.run(act=lambda current, ids=ids: _expire(ids=ids, at=at, current=current))
        expired += ids


def _cancel(*, requests: Sequence[CancelPart], current: _remote.Round) -> list[Cancelled | PaymentError]:
    book = _book.Book.of_parts(references=[request.part_reference for request in requests])
    keys = [request.key for request in requests]
    done = {row.key: row for row in Cancellation.objects.filter(key__in=keys)}
    results: list[Cancelled | PaymentError | None] = [None] * len(requests)
    plans: dict[int, Plan] = {}
    planned: set[int] = set()
    for index, request in enumerate(requests):
        part = book.by_reference.get(request.part_reference)
        seen = done.get(request.key)
        if part is None:
            results[index] = UnknownPayment(f"There is no payment for {request.part_reference}.")
        elif seen is not None and seen.part_id != part.pk:
            results[index] = KeyReused(f"The key {request.key} was used before for another cancellation.")
        elif seen is not None:
            results[index] = Cancelled(part_reference=part.reference, amount=seen.amount, replayed=True)
        elif part.payment.state == "authorising":
            results[index] = InProgress(f"{part.reference} is being authorised: the sweep finishes it.")
        elif part.open_amount == 0 or part.pk in planned:
            results[index] = UnableToCancel(f"{part.reference} is {part.state}: nothing of it is left to give back.")
        else:
            planned.add(part.pk)
            plans[index] = plan_part(book=book, part=part, key=request.key, at=request.at, ending="void")
    outcomes = give_back(book=book, plans=list(plans.values()), current=current)
    for index, plan in plans.items():
        results[index] = outcomes[plan.part.pk]
    return results


def _void(*, requests: Sequence[VoidPayment], current: _remote.Round) -> list[Ended | PaymentError]:
    book = _book.Book.of_payments(ids=[request.payment_id for request in requests])
    at_of = {request.payment_id: request.at for request in requests}
    plans = []
    for payment in book.payments.values():
        if payment.state != "authorising":
            plans += plan_payment(book=book, payment=payment, at=at_of[payment.pk], ending="void")
    give_back(book=book, plans=plans, current=current)
    results: list[Ended | PaymentError] = []
    for request in requests:
        payment = book.payments.get(request.payment_id)
        if payment is None:
            results.append(UnknownPayment(f"There is no payment {request.payment_id}."))
        elif payment.state == "authorising":
            results.append(InProgress(f"Payment {payment.pk} awaits its provider: the sweep finishes it."))
        else:
            results.append(Ended(payment_id=payment.pk, state=payment.state))
    return results


def _expire(*, ids: Sequence[int], at: datetime, current: _remote.Round) -> list[int]:
    book = _book.Book.of_payments(ids=ids)
    plans = []
    for payment in book.payments.values():
        if payment.state != "authorising" and payment.expires_at <= at:
            plans += plan_payment(book=book, payment=payment, at=at, ending="expire")
    give_back(book=book, plans=plans, current=current)
    return list(ids)


def plan_payment(*, book: _book.Book, payment: Payment, at: datetime, ending: str) -> list[Plan]:
    """Return plans that give back all that is open of a payment."""
    return [
        plan_part(book=book, part=part, key=f"{ending}:{payment.pk}:{part.pk}", at=at, ending=ending)
        for part in book.parts_of_payment[payment.pk]
        if part.open_amount
    ]


def plan_part(*, book: _book.Book, part: Part, key: str, at: datetime, ending: str) -> Plan:
    """Return the plan that gives back all that is open of a part."""
    takes = [(share, share.amount - share.captured - share.cancelled) for share in book.shares_of_part[part.pk]]
    return Plan(part=part, key=key, at=at, takes=[(share, amount) for share, amount in takes if amount], ending=ending)


def give_back(
    *, book: _book.Book, plans: Sequence[Plan], current: _remote.Round
) -> dict[int, Cancelled | PaymentError]:
    """Carry plans out in the caller's transaction; return the outcome of each by part id."""
    before = {payment.pk: payment.state for payment in book.payments.values()}
    _ask(plans=plans, current=current)
    results: dict[int, Cancelled | PaymentError] = {}
    ready: list[Plan] = []
    for plan in plans:
        refusals = [step.refusal for step in plan.steps if step is not None and step.refusal]
        if any(step is None for step in plan.steps):
            results[plan.part.pk] = InProgress(f"{plan.part.reference} awaits its provider: the sweep finishes it.")
        elif refusals:
            results[plan.part.pk] = UnableToCancel(refusals[0])
            current.applied(keys=_leg_keys(plan))
        else:
            ready.append(plan)
    for plan, outcome in zip(ready, _post(plans=ready), strict=True):
        results[plan.part.pk] = outcome if isinstance(outcome, PaymentError) else Cancelled(
            part_reference=plan.part.reference, amount=plan.amount
        )
    done = [plan for plan in ready if isinstance(results[plan.part.pk], Cancelled)]
    _save(plans=done, book=book, before=before)
    current.applied(keys=[key for plan in done for key in _leg_keys(plan)])
    return results


def _promised(share: Share) -> bool:
    """Tell whether a method has something to give back: a promise, or a remote one's beginning of it."""
    return share.authorised or bool(share.provider_reference)


def _leg_keys(plan: Plan) -> list[str]:
    return [f"{plan.key}:{share.pk}" for share, _ in plan.takes]


def _ask(*, plans: Sequence[Plan], current: _remote.Round) -> None:
    pairs = [(plan, share, amount) for plan in plans for share, amount in plan.takes if _promised(share)]
    questions = [
        _remote.Question(
            share=share,
            leg=_book.leg(share=share, amount=amount, key=plan.key, at=plan.at),
            request={
                "part_reference": plan.part.reference,
                "payment_id": plan.part.payment_id,
                "key": plan.key,
                "ending": plan.ending,
                "at": plan.at.isoformat(),
            },
        )
        for plan, share, amount in pairs
    ]
    under_way = current.open_attempts(shares=[share for plan in plans for share, _ in plan.takes])
    answers = current.ask(action="void", questions=questions, under_way=under_way)
    for (plan, _, _), step in zip(pairs, answers, strict=True):
        plan.steps.append(step)


def _post(*, plans: Sequence[Plan]) -> list[int | PaymentError]:
    """Post what goes back; a plan that posts nothing answers 0, like a card's."""
    entries: list[Journal] = []
    posting: list[int] = []
    for index, plan in enumerate(plans):
        transfers = tuple(transfer for step in plan.steps if step for transfer in step.transfers)
        if transfers:
            posting.append(index)
            entries.append(
                journals.hold_released(
                    payment_id=plan.part.payment_id,
                    reference=plan.part.reference,
                    currency=plan.part.currency,
                    transfers=transfers,
                    key=f"cancel:{plan.key}",
                    at=plan.at,
                )
            )
    results: list[int | PaymentError] = [0] * len(plans)
    for index, outcome in zip(posting, ledger.post_many(journals=entries), strict=True):
        refused = isinstance(outcome, ledger_errors.LedgerError)
        results[index] = UnableToCancel(str(outcome)) if refused else outcome.journal_id
    return results


def _save(*, plans: Sequence[Plan], book: _book.Book, before: dict[int, str]) -> None:
    for plan in plans:
        plan.part.cancelled += plan.amount
        for share, amount in plan.takes:
            share.cancelled += amount
            book.changes.add(share, "cancelled")
        if plan.part.captured == 0:
            book.move_part(plan.part, "cancel")
        book.changes.add(plan.part, "cancelled", "state")
        book.tidy_part(plan.part)
        book.finish(plan.part.payment, plan.at, ending=plan.ending)
    Cancellation.objects.bulk_create(
        [Cancellation(key=plan.key, amount=plan.amount, at=plan.at, part=plan.part) for plan in plans]
    )
    book.write()
    happened: list[events.Event] = [
        events.PartCancelled(
            key=plan.key,
            at=plan.at,
            part_reference=plan.part.reference,
            payment_id=plan.part.payment_id,
            amount=plan.amount,
        )
        for plan in plans
    ]
    last = {plan.part.payment_id: plan for plan in plans}
    for identifier, plan in last.items():
        ended = _ended(payment=book.payments[identifier], at=plan.at, before=before[identifier])
        happened += [ended] if ended else []
    looked_at = [
        identifier
        for identifier in last
        if before[identifier] == "in_review" and book.payments[identifier].state in PAYMENT.final
    ]
    happened += [
        events.PaymentReviewed(
            key=f"review:{identifier}",
            at=last[identifier].at,
            payment_id=identifier,
            reference=book.payments[identifier].reference,
            approved=False,
            url=book.payments[identifier].return_url,
        )
        for identifier in looked_at
        if book.payments[identifier].state in ("refused", "expired")
    ]
    outbox.record(happened=happened)
    if looked_at:
        Screening.objects.filter(payment_id__in=looked_at, state__in=("held", "seconded")).update(state="expired")


def _ended(*, payment: Payment, at: datetime, before: str) -> events.Event | None:
    if payment.state == before:
        return None
    key, reference = str(payment.pk), payment.reference
    match payment.state:
        case "voided":
            return events.PaymentVoided(key=key, at=at, payment_id=payment.pk, reference=reference)
        case "expired":
            return events.PaymentExpired(key=key, at=at, payment_id=payment.pk, reference=reference)
        case "refused":
            return events.PaymentRefused(
                key=key, at=at, payment_id=payment.pk, reference=reference, reason=payment.refusal
            )
    return None
