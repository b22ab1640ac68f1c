"""Refund: money of a consignment goes back to the tenders it came from, the last used first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from payments import events, journals, outbox
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.models import MovementLeg, Part, PartClaim, Refund, Share
from payments.money import share as rate
from payments.operations import _book, _remote, claiming
from payments.operations.errors import InProgress, KeyReused, PaymentError, UnableToRefund, UnknownPayment
from payments.operations.releasing import commission_on

# The merchant's accounts in the order a refund after settlement takes from them.
SETTLED = ("available", "reserve")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPart:
    """Give ``amount`` minor units of a captured part back; at most what was captured and not yet given back.

    With a ``claim`` it comes out of what is kept for that, and takes no more; without one it leaves what is kept.
    """

    part_reference: str
    amount: int
    reason: str
    key: str
    at: datetime
    claim: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """What a refund did; ``before_release`` when all of it came from escrow."""

    part_reference: str
    amount: int
    before_release: bool
    journal_id: int
    replayed: bool = False


@dataclass(slots=True)
class _Plan:
    request: RefundPart
    part: Part
    takes: list[tuple[Share, int]]
    claim: PartClaim | None = None
    escrow: int = 0
    pending: int = 0
    available: int = 0
    reserve: int = 0
    receivable: int = 0
    commission: int = 0
    vat: int = 0
    steps: list[_remote.Step | None] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return sum(amount for _, amount in self.takes)

    @property
    def after_release(self) -> int:
        return self.amount - self.escrow

    def count(self, sign: int) -> None:
        """Count the refund into the part, its shares and tenders, or out again."""
        self.part.refunded_before += sign * self.escrow
        self.part.refunded_after += sign * self.after_release
        self.part.unsettled_refunded += sign * self.pending
        for share, amount in self.takes:
            share.refunded += sign * amount
            share.tender.refunded += sign * amount
        if self.claim is not None:
            self.claim.refunded += sign * self.amount

    def sources(self) -> tuple[tuple[str, int], ...]:
        return journals.refund_sources(
            part=self.part.reference,
            merchant=self.part.merchant,
            currency=self.part.currency,
            escrow=self.escrow,
            pending=self.pending,
            available=self.available,
            reserve=self.reserve,
            receivable=self.receivable,
            commission=self.commission,
            vat=self.vat,
        )


def refund_parts(*, requests: Sequence[RefundPart]) -> list[Refunded | PaymentError]:
    """Refund parts, each for itself; the same key refunds once.

    What is in escrow goes first. After release the merchant gives back his net: this part's own pending money, else
    what is available, else his reserve, else he owes it; the bank gives back its commission and the tax on it.
    A result is ``Refunded``, or why not: ``UnknownPayment``, ``UnableToRefund``, ``KeyReused``, ``InProgress``.
    """
    return _remote.run(act=lambda current: _refund(requests=requests, current=current))


def _refund(*, requests: Sequence[RefundPart], current: _remote.Round) -> list[Refunded | PaymentError]:
    book = _book.Book.of_parts(references=[request.part_reference for request in requests])
    keys = [request.key for request in requests]
    done = {row.key: row for row in Refund.objects.filter(key__in=keys)}
    balances = _balances(requests=requests, book=book)
    claims = claiming.open_claims_of(parts=book.parts)
    results: dict[int, Refunded | PaymentError] = {}
    plans: dict[int, _Plan] = {}
    planned: set[str] = set()
    for index, request in enumerate(requests):
        outcome = _decide(request=request, book=book, done=done, planned=planned, balances=balances, claims=claims)
        if isinstance(outcome, _Plan):
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
            continue
        plan.count(-1)
        results[index] = problem
        if not isinstance(problem, InProgress):
            current.applied(keys=_leg_keys(plan))
    results |= _post(plans=ready, book=book, current=current)
    return [results[index] for index in range(len(requests))]


def _balances(*, requests: Sequence[RefundPart], book: _book.Book) -> dict[str, int]:
    """Hold the settled accounts of merchants whose unsettled money may not be enough; return their balances."""
    asked: dict[str, int] = {}
    for request in requests:
        asked[request.part_reference] = asked.get(request.part_reference, 0) + request.amount
    merchants = {
        part.merchant
        for reference, amount in asked.items()
        if (part := book.by_reference.get(reference)) is not None and amount > part.escrow + part.pending
    }
    codes = [f"{merchant}:{kind}" for merchant in sorted(merchants) for kind in SETTLED]
    return ledger.lock(codes=codes) if codes else {}


def _decide(
    *,
    request: RefundPart,
    book: _book.Book,
    done: dict[str, Refund],
    planned: set[str],
    balances: dict[str, int],
    claims: dict[int, list[PartClaim]],
) -> _Plan | Refunded | PaymentError:
    part = book.by_reference.get(request.part_reference)
    if part is None:
        return UnknownPayment(f"There is no payment for {request.part_reference}.")
    seen = done.get(request.key)
    if seen is not None:
        if seen.part_id != part.pk or seen.amount != request.amount:
            return KeyReused(f"The key {request.key} was used before for another refund.")
        return Refunded(
            part_reference=part.reference,
            amount=seen.amount,
            before_release=seen.before_release,
            journal_id=seen.journal_id or 0,
            replayed=True,
        )
    if request.key in planned:
        return KeyReused(f"The key {request.key} comes twice in one batch.")
    claim, left = _left(request=request, part=part, claims=claims.get(part.pk, []))
    if not 0 < request.amount <= left:
        return UnableToRefund(f"{part.reference} has {left} left that could be refunded, not {request.amount}.")
    shares = book.shares_of_part[part.pk][::-1]
    takes = _book.allocate(amount=request.amount, capacities=[share.refundable for share in shares])
    plan = _Plan(request, part, [(share, taken) for share, taken in zip(shares, takes, strict=True) if taken], claim)
    divide(plan=plan, balances=balances)
    plan.count(+1)
    return plan


def _left(*, request: RefundPart, part: Part, claims: Sequence[PartClaim]) -> tuple[PartClaim | None, int]:
    """Return the claim a refund comes out of, if it names one, and the most it can give back, in minor units."""
    if not request.claim:
        return None, part.refundable - sum(claim.left for claim in claims)
    claim = next((claim for claim in claims if claim.key == request.claim), None)
    return claim, 0 if claim is None else min(claim.left, part.refundable)


class Taking(Protocol):
    """Money that is taken back from a part: its ``amount``, and how much of it comes from where."""

    part: Part
    escrow: int
    pending: int
    available: int
    reserve: int
    receivable: int
    commission: int
    vat: int

    @property
    def amount(self) -> int: ...


def divide(*, plan: Taking, balances: dict[str, int]) -> None:
    """Decide from where the money is taken; ``balances`` go down by what is taken."""
    part = plan.part
    plan.escrow = min(plan.amount, part.escrow)
    after = plan.amount - plan.escrow
    if not after:
        return
    plan.commission, plan.vat = _commission_back(part=part, kept=part.kept, after=after)
    owed = after - plan.commission - plan.vat
    plan.pending = min(owed, part.pending)
    owed -= plan.pending
    for kind in SETTLED:
        code = f"{part.merchant}:{kind}"
        taken = min(owed, max(0, balances.get(code, 0)))
        setattr(plan, kind, taken)
        owed -= taken
        if taken:
            balances[code] -= taken
    plan.receivable = owed


def _commission_back(*, part: Part, kept: int, after: int) -> tuple[int, int]:
    """Return commission and tax that go back when ``after`` of the ``kept`` minor units are refunded.

    By the policy the part was sold under: all, a part or none. Differences of cumulative amounts, so that refunds in
    pieces give back to the cent what one refund would; what stays with the bank is borne by the merchant.
    """
    before = commission_on(part=part, before=kept, after=part.released)
    whole = commission_on(part=part, before=kept - after, after=part.released)
    first, last = ([rate(amount, part.commission_returned_bps) for amount in pair] for pair in (before, whole))
    return last[0] - first[0], last[1] - first[1]


def _ask(*, plans: Sequence[_Plan], current: _remote.Round) -> None:
    questions: list[_remote.Question] = []
    owners: list[_Plan] = []
    for plan in plans:
        sources = [[code, amount] for code, amount in plan.sources()]
        for share, amount in plan.takes:
            leg = _book.leg(
                share=share,
                amount=amount,
                key=plan.request.key,
                at=plan.request.at,
                accounts=_draw(sources=sources, amount=amount),
            )
            request = {
                "part_reference": plan.request.part_reference,
                "amount": plan.request.amount,
                "reason": plan.request.reason,
                "key": plan.request.key,
                "at": plan.request.at.isoformat(),
                "claim": plan.request.claim,
            }
            questions.append(_remote.Question(share=share, leg=leg, request=request))
            owners.append(plan)
    under_way = current.open_attempts(shares=[question.share for question in questions])
    for plan, step in zip(
        owners, current.ask(action="refund", questions=questions, under_way=under_way), strict=True
    ):
        plan.steps.append(step)


def _draw(*, sources: list[list], amount: int) -> tuple[tuple[str, int], ...]:
    """Take ``amount`` from the sources in their order, which go down by it."""
    drawn = []
    for source in sources:
        taken = min(amount, source[1])
        if taken:
            drawn.append((source[0], taken))
            source[1] -= taken
            amount -= taken
    return tuple(drawn)


def _problem(plan: _Plan) -> PaymentError | None:
    if any(step is None for step in plan.steps):
        return InProgress(f"The refund of {plan.part.reference} awaits its provider: the sweep finishes it.")
    refusals = [step.refusal for step in plan.steps if step.refusal]
    return UnableToRefund(refusals[0]) if refusals else None


def _leg_keys(plan: _Plan) -> list[str]:
    return [f"{plan.request.key}:{share.pk}" for share, _ in plan.takes]


def _post(*, plans: dict[int, _Plan], book: _book.Book, current: _remote.Round) -> dict[int, Refunded | PaymentError]:
    entries = [
        journals.part_refunded(
            part=plan.part.reference,
            reason=plan.request.reason,
            currency=plan.part.currency,
            transfers=[transfer for step in plan.steps if step for transfer in step.transfers],
            key=f"refund:{plan.request.key}",
            at=plan.request.at,
        )
        for plan in plans.values()
    ]
    results: dict[int, Refunded | PaymentError] = {}
    posted: list[tuple[_Plan, int]] = []
    for (index, plan), outcome in zip(plans.items(), ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, ledger_errors.LedgerError):
            plan.count(-1)
            results[index] = UnableToRefund(str(outcome))
            continue
        posted.append((plan, outcome.journal_id))
        results[index] = Refunded(
            part_reference=plan.part.reference,
            amount=plan.amount,
            before_release=plan.after_release == 0,
            journal_id=outcome.journal_id,
        )
    _save(posted=posted, book=book)
    current.applied(keys=[key for plan, _ in posted for key in _leg_keys(plan)])
    return results


def _save(*, posted: Sequence[tuple[_Plan, int]], book: _book.Book) -> None:
    if not posted:
        return
    refunds = Refund.objects.bulk_create([_row(plan=plan, journal_id=journal_id) for plan, journal_id in posted])
    MovementLeg.objects.bulk_create(
        [
            MovementLeg(refund=refund, tender=share.tender, amount=amount)
            for refund, (plan, _) in zip(refunds, posted, strict=True)
            for share, amount in plan.takes
        ]
    )
    for plan, _ in posted:
        book.changes.add(plan.part, "refunded_before", "refunded_after", "unsettled_refunded")
        if plan.claim is not None:
            book.changes.add(plan.claim, "refunded")
        for share, _ in plan.takes:
            book.changes.add(share, "refunded")
            book.changes.add(share.tender, "refunded")
        book.tidy_part(plan.part)
        book.finish(plan.part.payment, plan.request.at)
    book.write()
    outbox.record(happened=[_event(plan) for plan, _ in posted])


def _row(*, plan: _Plan, journal_id: int) -> Refund:
    return Refund(
        key=plan.request.key,
        amount=plan.amount,
        at=plan.request.at,
        journal_id=journal_id,
        part=plan.part,
        reason=plan.request.reason[:200],
        from_escrow=plan.escrow,
        from_pending=plan.pending,
        from_available=plan.available,
        from_reserve=plan.reserve,
        from_receivable=plan.receivable,
        commission=plan.commission,
        vat=plan.vat,
    )


def _event(plan: _Plan) -> events.PartRefunded:
    return events.PartRefunded(
        key=plan.request.key,
        at=plan.request.at,
        part_reference=plan.part.reference,
        merchant=plan.part.merchant,
        payment_id=plan.part.payment_id,
        amount=plan.amount,
        before_release=plan.after_release == 0,
        legs=tuple((share.tender.method, share.tender_id, share.tender.source, amount) for share, amount in plan.takes),
    )
