"""Division: a part that nothing was captured of yet becomes two, so that each can be captured when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from payments import chart, methods
from payments.ledger import operations as ledger
from payments.models import Part, PartDivision, Share
from payments.operations import _book, _remote
from payments.operations.errors import InProgress, KeyReused, PaymentError, UnableToDivide, UnknownPayment

_TERMS = (
    "payment",
    "merchant",
    "currency",
    "commission_bps",
    "commission_vat_bps",
    "commission_returned_bps",
    "settle_days",
    "state",
    "created_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DividePart:
    """Move ``goods`` and ``shipping`` (minor units) of a part into a new one.

    The first tenders stay with the part as far as they are needed there, the rest pays for the new one. A hold that
    can be captured only once and pays for both is made anew for the new part, its payer absent; not when the new part
    is ``given_up``, to be cancelled at once: then what the first capture leaves of the hold falls free with it.
    """

    part_reference: str
    new_reference: str
    goods: int
    shipping: int
    key: str
    at: datetime
    given_up: bool = False

    @property
    def amount(self) -> int:
        """Return what moves, in minor units."""
        return self.goods + self.shipping


@dataclass(frozen=True, slots=True, kw_only=True)
class Divided:
    """A part that is two; ``amount`` is the new one's."""

    part_reference: str
    new_reference: str
    amount: int
    replayed: bool = False


@dataclass(slots=True)
class _Plan:
    request: DividePart
    part: Part
    # Each share, with what of it goes to the new part.
    moves: list[tuple[Share, int]]
    held: dict[int, str] = field(default_factory=dict)

    def needs_hold(self, share: Share, amount: int) -> bool:
        """Return whether the new part needs a hold of its own for what it gets of this share."""
        asks = hasattr(methods.get(code=share.tender.method), "divide")
        return asks and amount < share.amount and not self.request.given_up


def divide_parts(*, requests: Sequence[DividePart]) -> list[Divided | PaymentError]:
    """Divide parts of which nothing was captured or given back, each for itself; the same key divides once.

    Nothing is posted: what is held stays held. A result is ``Divided``, or why not: ``UnknownPayment``,
    ``UnableToDivide``, ``KeyReused``, or ``InProgress`` when a provider's answer is awaited.
    """
    return _remote.run(act=lambda current: _divide(requests=requests, current=current))


def _divide(*, requests: Sequence[DividePart], current: _remote.Round) -> list[Divided | PaymentError]:
    book = _book.Book.of_parts(references=[request.part_reference for request in requests])
    done = {
        row.key: row
        for row in PartDivision.objects.filter(key__in=[request.key for request in requests]).select_related(
            "part", "new_part"
        )
    }
    taken = set(
        Part.objects.filter(reference__in=[request.new_reference for request in requests]).values_list(
            "reference", flat=True
        )
    )
    results: list[Divided | PaymentError] = []
    touched: set[int] = set()
    for request in requests:
        outcome = _decide(request=request, book=book, done=done, taken=taken, touched=touched)
        if isinstance(outcome, _Plan):
            touched.add(outcome.part.pk)
            taken.add(request.new_reference)
            outcome = _carry_out(plan=outcome, book=book, current=current)
        results.append(outcome)
    return results


def _decide(
    *,
    request: DividePart,
    book: _book.Book,
    done: dict[str, PartDivision],
    taken: set[str],
    touched: set[int],
) -> _Plan | Divided | PaymentError:
    part = book.by_reference.get(request.part_reference)
    if part is None:
        return UnknownPayment(f"There is no payment for {request.part_reference}.")
    seen = done.get(request.key)
    if seen is not None:
        same = (seen.part_id, seen.new_part.reference, seen.goods, seen.shipping)
        if same != (part.pk, request.new_reference, request.goods, request.shipping):
            return KeyReused(f"The key {request.key} was used before for another division.")
        return Divided(
            part_reference=part.reference, new_reference=request.new_reference, amount=request.amount, replayed=True
        )
    if request.new_reference in taken:
        return KeyReused(f"There is a part {request.new_reference} already.")
    if part.state != "authorised" or part.captured or part.cancelled or part.pk in touched:
        return UnableToDivide(f"{part.reference} is {part.state}: only what is held and not taken can be divided.")
    fits = 0 <= request.goods <= part.goods and 0 <= request.shipping <= part.shipping
    if not fits or not 0 < request.amount < part.amount:
        return UnableToDivide(f"{part.reference} is {part.amount} minor units: {request.amount} cannot be taken out.")
    shares = book.shares_of_part[part.pk]
    stays = _book.allocate(amount=part.amount - request.amount, capacities=[share.amount for share in shares])
    moves = [(share, share.amount - kept) for share, kept in zip(shares, stays, strict=True)]
    return _Plan(request, part, [(share, amount) for share, amount in moves if amount])


def _carry_out(*, plan: _Plan, book: _book.Book, current: _remote.Round) -> Divided | PaymentError:
    request, part = plan.request, plan.part
    problem = _ask(plan=plan, shares=book.shares_of_part[part.pk], current=current)
    if problem is not None:
        return problem
    new = Part(**{name: getattr(part, name) for name in _TERMS})
    new.position = max(other.position for other in book.parts_of_payment[part.payment_id]) + 1
    new.reference, new.goods, new.shipping, new.amount = (
        request.new_reference,
        request.goods,
        request.shipping,
        request.amount,
    )
    new.save(force_insert=True)
    part.goods -= request.goods
    part.shipping -= request.shipping
    part.amount -= request.amount
    book.changes.add(part, "goods", "shipping", "amount")
    _move_shares(plan=plan, new=new, book=book)
    PartDivision.objects.create(
        key=request.key, part=part, new_part=new, goods=request.goods, shipping=request.shipping, at=request.at
    )
    ledger.open_accounts(specs=[chart.escrow(new.reference, new.currency, new.merchant)], at=request.at)
    book.write()
    current.applied(keys=[f"{request.key}:{pk}" for pk in plan.held])
    return Divided(part_reference=part.reference, new_reference=new.reference, amount=request.amount)


def _ask(*, plan: _Plan, shares: Sequence[Share], current: _remote.Round) -> PaymentError | None:
    """Have new holds made where they are needed; return why the part stays whole, or that an answer is awaited."""
    request = plan.request
    cut = [(share, amount) for share, amount in plan.moves if plan.needs_hold(share, amount)]
    under_way = current.open_attempts(shares=shares)
    ours = {f"{request.key}:{share.pk}" for share, _ in cut}
    if any(attempt.key not in ours for attempt in under_way.values()):
        return InProgress(f"Something else is being done about {plan.part.reference}: try again in a minute.")
    questions = [
        _remote.Question(
            share=share,
            leg=replace(
                _book.leg(share=share, amount=amount, key=request.key, at=request.at),
                part_reference=request.new_reference,
            ),
            request={
                "part_reference": request.part_reference,
                "new_reference": request.new_reference,
                "goods": request.goods,
                "shipping": request.shipping,
                "key": request.key,
                "at": request.at.isoformat(),
            },
        )
        for share, amount in cut
    ]
    steps = current.ask(action="divide", questions=questions, under_way=under_way)
    if any(step is None for step in steps):
        return InProgress(f"The division of {plan.part.reference} awaits its provider: the sweep finishes it.")
    refusals = [step.refusal for step in steps if step and step.refusal]
    if refusals:
        current.applied(keys=sorted(ours))
        return UnableToDivide(refusals[0])
    plan.held = {share.pk: step.provider_reference for (share, _), step in zip(cut, steps, strict=True) if step}
    return None


def _move_shares(*, plan: _Plan, new: Part, book: _book.Book) -> None:
    for share, amount in plan.moves:
        if amount == share.amount:
            share.part = new
            book.changes.add(share, "part")
            continue
        share.amount -= amount
        book.changes.add(share, "amount")
        own_hold = hasattr(methods.get(code=share.tender.method), "divide")
        Share.objects.create(
            part=new,
            tender=share.tender,
            amount=amount,
            # Of a hold that pays for the other part alone nothing is promised to this one.
            authorised=share.authorised and (not own_hold or share.pk in plan.held),
            provider_reference=plan.held.get(share.pk, "") if own_hold else share.provider_reference,
        )
