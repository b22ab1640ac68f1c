"""Capture: a dispatched consignment's money goes from its tenders into escrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from payments import events, journals, outbox, rows
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.ledger.journal import Transfer
from payments.models import Capture, MovementLeg, Part, Share
from payments.operations import _book, _remote
from payments.operations.errors import InProgress, KeyReused, PaymentError, UnableToCapture, UnknownPayment
from payments.states import PART, may


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturePart:
    """Capture ``amount`` minor units of a part, or all that is open when it is ``None``."""

    part_reference: str
    key: str
    at: datetime
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a capture did; ``replayed`` when its key had done it before."""

    part_reference: str
    amount: int
    journal_id: int
    replayed: bool = False


@dataclass(slots=True)
class _Plan:
    request: CapturePart
    part: Part
    takes: list[tuple[Share, int]]
    steps: list[_remote.Step | None] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return sum(amount for _, amount in self.takes)

    def count(self, sign: int) -> None:
        """Count the takes into the part, its shares and tenders, or out again."""
        self.part.captured += sign * self.amount
        for share, amount in self.takes:
            share.captured += sign * amount
            share.tender.captured += sign * amount


def capture_parts(*, requests: Sequence[CapturePart]) -> list[Captured | PaymentError]:
    """Capture parts of authorised payments, each for itself; the same key captures once.

    A result is ``Captured``, or why not: ``UnknownPayment``, ``UnableToCapture``, ``KeyReused``, or ``InProgress``
    when a provider's answer is awaited.
    """
    return _remote.run(act=lambda current: _capture(requests=requests, current=current))


def _capture(*, requests: Sequence[CapturePart], current: _remote.Round) -> list[Captured | PaymentError]:
    book = _book.Book.of_parts(references=[request.part_reference for request in requests])
    done = {row.key: row for row in Capture.objects.filter(key__in=[request.key for request in requests])}
    results: list[Captured | PaymentError | None] = [None] * len(requests)
    plans: dict[int, _Plan] = {}
    planned: set[str] = set()
    for index, request in enumerate(requests):
        outcome = _decide(request=request, book=book, done=done, planned=planned)
        if isinstance(outcome, _Plan):
            outcome.count(+1)
            plans[index] = outcome
            planned.add(request.key)
        else:
            results[index] = outcome
    _ask(plans=list(plans.values()), current=current)
    ready = {}
    for index, plan in plans.items():
        problem = _problem(plan)
        if problem is None:
            ready[index] = plan
        else:
            plan.count(-1)
            results[index] = problem
    _finish_refused(plans=[plan for index, plan in plans.items() if index not in ready], current=current)
    results_of_ready = _post(plans=ready, book=book, current=current)
    return [results_of_ready.get(index, result) for index, result in enumerate(results)]


def _decide(
    *, request: CapturePart, book: _book.Book, done: dict[str, Capture], planned: set[str]
) -> _Plan | Captured | PaymentError:
    part = book.by_reference.get(request.part_reference)
    if part is None:
        return UnknownPayment(f"There is no payment for {request.part_reference}.")
    seen = done.get(request.key)
    if seen is not None:
        if seen.part_id != part.pk or request.amount not in (None, seen.amount):
            return KeyReused(f"The key {request.key} was used before for another capture.")
        return Captured(
            part_reference=part.reference, amount=seen.amount, journal_id=seen.journal_id or 0, replayed=True
        )
    if request.key in planned:
        return KeyReused(f"The key {request.key} comes twice in one batch.")
    if not may(machine=PART, state=part.state, event="capture"):
        return UnableToCapture(f"{part.reference} is {part.state}, and only an authorised part can be captured.")
    amount = part.open_amount if request.amount is None else request.amount
    if not 0 < amount <= part.open_amount:
        return UnableToCapture(f"{part.reference} has {part.open_amount} left to capture, not {amount}.")
    shares = book.shares_of_part[part.pk]
    open_amounts = [share.amount - share.captured - share.cancelled for share in shares]
    takes = _book.allocate(amount=amount, capacities=open_amounts)
    return _Plan(request, part, [(share, taken) for share, taken in zip(shares, takes, strict=True) if taken])


def _ask(*, plans: Sequence[_Plan], current: _remote.Round) -> None:
    pairs = [(plan, share, amount) for plan in plans for share, amount in plan.takes]
    questions = [
        _remote.Question(
            share=share,
            leg=_book.leg(
                share=share,
                amount=amount,
                key=plan.request.key,
                at=plan.request.at,
                accounts=((plan.part.ledger_code, amount),),
            ),
            request={
                "part_reference": plan.request.part_reference,
                "amount": plan.request.amount,
                "key": plan.request.key,
                "at": plan.request.at.isoformat(),
            },
        )
        for plan, share, amount in pairs
    ]
    under_way = current.open_attempts(shares=[share for _, share, _ in pairs])
    answers = current.ask(action="capture", questions=questions, under_way=under_way)
    for (plan, _, _), step in zip(pairs, answers, strict=True):
        plan.steps.append(step)


def _problem(plan: _Plan) -> PaymentError | None:
    if any(step is None for step in plan.steps):
        return InProgress(f"The capture of {plan.part.reference} awaits its provider: the sweep finishes it.")
    refusals = [step.refusal for step in plan.steps if step.refusal]
    return UnableToCapture(refusals[0]) if refusals else None


def _finish_refused(*, plans: Sequence[_Plan], current: _remote.Round) -> None:
    keys = [
        f"{plan.request.key}:{share.pk}"
        for plan in plans
        if all(step is not None for step in plan.steps)
        for share, _ in plan.takes
    ]
    current.applied(keys=keys)


def _post(*, plans: dict[int, _Plan], book: _book.Book, current: _remote.Round) -> dict[int, Captured | PaymentError]:
    entries = [
        journals.part_captured(
            part=plan.part.reference,
            payment_id=plan.part.payment_id,
            currency=plan.part.currency,
            transfers=_transfers(plan),
            key=f"capture:{plan.request.key}",
            at=plan.request.at,
        )
        for plan in plans.values()
    ]
    results: dict[int, Captured | PaymentError] = {}
    posted: list[tuple[_Plan, int]] = []
    for (index, plan), outcome in zip(plans.items(), ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, ledger_errors.LedgerError):
            plan.count(-1)
            results[index] = UnableToCapture(str(outcome))
            continue
        posted.append((plan, outcome.journal_id))
        results[index] = Captured(part_reference=plan.part.reference, amount=plan.amount, journal_id=outcome.journal_id)
    _save(posted=posted, book=book)
    current.applied(keys=[f"{plan.request.key}:{share.pk}" for plan, _ in posted for share, _ in plan.takes])
    return results


def _transfers(plan: _Plan) -> tuple[Transfer, ...]:
    return tuple(transfer for step in plan.steps if step for transfer in step.transfers)


def _save(*, posted: Sequence[tuple[_Plan, int]], book: _book.Book) -> None:
    if not posted:
        return
    captures = rows.insert(
        rows=[
            Capture(key=plan.request.key, amount=plan.amount, at=plan.request.at, journal_id=journal_id, part=plan.part)
            for plan, journal_id in posted
        ]
    )
    rows.insert(
        rows=[
            MovementLeg(capture=capture, tender=share.tender, amount=amount)
            for capture, (plan, _) in zip(captures, posted, strict=True)
            for share, amount in plan.takes
        ]
    )
    for plan, _ in posted:
        book.move_part(plan.part, "capture")
        book.changes.add(plan.part, "state", "captured")
        for share, _ in plan.takes:
            book.changes.add(share, "captured")
            book.changes.add(share.tender, "captured")
        book.finish(plan.part.payment, plan.request.at)
    book.write()
    outbox.record(happened=[_event(plan) for plan, _ in posted])


def _event(plan: _Plan) -> events.PartCaptured:
    return events.PartCaptured(
        key=plan.request.key,
        at=plan.request.at,
        part_reference=plan.part.reference,
        payment_id=plan.part.payment_id,
        amount=plan.amount,
        legs=tuple((share.tender.method, share.tender_id, share.tender.source, amount) for share, amount in plan.takes),
    )
