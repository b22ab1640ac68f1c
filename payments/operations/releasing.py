"""Release: delivered, so escrow goes to the merchant, less the bank's commission and the tax on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from payments import events, journals, methods, outbox
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.ledger.journal import Transfer
from payments.models import Part, Release, Share
from payments.money import share as rate
from payments.operations import _book, _remote, claiming
from payments.operations.errors import KeyReused, PaymentError, UnableToRelease, UnknownPayment
from payments.rows import insert
from payments.states import PART, may


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePart:
    """Release ``amount`` minor units of a part's escrow, or all of it when it is ``None``."""

    part_reference: str
    key: str
    at: datetime
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a release did: ``net`` to the merchant after commission, its tax and what a method deducted."""

    part_reference: str
    amount: int
    net: int
    commission: int
    vat: int
    journal_id: int
    replayed: bool = False


@dataclass(slots=True)
class _Plan:
    request: ReleasePart
    part: Part
    amount: int
    commission: int
    vat: int
    takes: list[tuple[Share, int]]
    extra: tuple[Transfer, ...] = ()

    @property
    def deducted(self) -> int:
        pending = f"{self.part.merchant}:pending"
        return sum(transfer.amount for transfer in self.extra if transfer.debit == pending)

    @property
    def net(self) -> int:
        return self.amount - self.commission - self.vat - self.deducted

    def count(self, sign: int) -> None:
        """Count the release into the part and its shares, or out again."""
        self.part.released += sign * self.amount
        for share, amount in self.takes:
            share.released += sign * amount


def release_parts(*, requests: Sequence[ReleasePart]) -> list[Released | PaymentError]:
    """Release parts' escrow to their merchants, each for itself; the same key releases once.

    A result is ``Released``, or why not: ``UnknownPayment``, ``UnableToRelease`` or ``KeyReused``.
    """
    return _remote.run(act=lambda _: _release(requests=requests))


def _release(*, requests: Sequence[ReleasePart]) -> list[Released | PaymentError]:
    book = _book.Book.of_parts(references=[request.part_reference for request in requests])
    keys = [request.key for request in requests]
    done = {row.key: row for row in Release.objects.filter(key__in=keys)}
    results: dict[int, Released | PaymentError] = {}
    plans: dict[int, _Plan] = {}
    planned: set[str] = set()
    claimed = claiming.open_claims_of(parts=book.parts)
    for index, request in enumerate(requests):
        outcome = _decide(request=request, book=book, done=done, planned=planned, claimed=claimed)
        if isinstance(outcome, _Plan):
            outcome.count(+1)
            plans[index] = outcome
            planned.add(request.key)
        else:
            results[index] = outcome
    _deduct(plans=list(plans.values()))
    results |= _post(plans=plans, book=book)
    return [results[index] for index in range(len(requests))]


def _decide(
    *, request: ReleasePart, book: _book.Book, done: dict[str, Release], planned: set[str], claimed: Collection[int]
) -> _Plan | Released | PaymentError:
    part = book.by_reference.get(request.part_reference)
    if part is None:
        return UnknownPayment(f"There is no payment for {request.part_reference}.")
    seen = done.get(request.key)
    if seen is not None:
        if seen.part_id != part.pk or request.amount not in (None, seen.amount):
            return KeyReused(f"The key {request.key} was used before for another release.")
        return _result(part=part, row=seen)
    if request.key in planned:
        return KeyReused(f"The key {request.key} comes twice in one batch.")
    if part.pk in claimed:
        return UnableToRelease(f"Some of {part.reference} is asked back: its escrow stays until that is over.")
    if part.open_disputes:
        return UnableToRelease(f"{part.reference} is disputed: its escrow stays until the dispute is over.")
    amount = part.escrow if request.amount is None else request.amount
    if not may(machine=PART, state=part.state, event="release") or not 0 < amount <= part.escrow:
        return UnableToRelease(f"{part.reference} is {part.state} with {part.escrow} in escrow: {amount} cannot go.")
    commission, vat = commission_on(part=part, before=part.kept, after=part.kept + amount)
    shares = book.shares_of_part[part.pk]
    in_escrow = [share.refundable - share.released for share in shares]
    taken = zip(shares, _book.allocate(amount=amount, capacities=in_escrow), strict=True)
    takes = [(share, minor) for share, minor in taken if minor]
    return _Plan(request, part, amount, commission, vat, takes)


def commission_on(*, part: Part, before: int, after: int) -> tuple[int, int]:
    """Return commission and tax for going from ``before`` to ``after`` minor units released and not given back.

    Both are differences of cumulative amounts, so that parts of a release cost to the cent what the whole costs.
    """
    first = rate(before, part.commission_bps)
    last = rate(after, part.commission_bps)
    return last - first, rate(last, part.commission_vat_bps) - rate(first, part.commission_vat_bps)


def _deduct(*, plans: Sequence[_Plan]) -> None:
    """Ask each method what it adds to a release, such as the merchant's subsidy of a 0 % plan."""
    by_method: dict[str, list[tuple[_Plan, Share, int]]] = {}
    for plan in plans:
        for share, amount in plan.takes:
            by_method.setdefault(share.tender.method, []).append((plan, share, amount))
    for code, rows in by_method.items():
        legs = [
            _book.leg(
                share=share,
                amount=amount,
                key=plan.request.key,
                at=plan.request.at,
                accounts=((f"{plan.part.merchant}:pending", amount),),
            )
            for plan, share, amount in rows
        ]
        for (plan, _, _), step in zip(rows, methods.get(code=code).release(legs=legs), strict=True):
            plan.extra += step.transfers


def _post(*, plans: dict[int, _Plan], book: _book.Book) -> dict[int, Released | PaymentError]:
    entries = [
        journals.part_released(
            part=plan.part.reference,
            merchant=plan.part.merchant,
            net=plan.net + plan.deducted,
            commission=plan.commission,
            vat=plan.vat,
            currency=plan.part.currency,
            extra=plan.extra,
            key=f"release:{plan.request.key}",
            at=plan.request.at,
        )
        for plan in plans.values()
    ]
    results: dict[int, Released | PaymentError] = {}
    rows: list[Release] = []
    for (index, plan), outcome in zip(plans.items(), ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, ledger_errors.LedgerError):
            plan.count(-1)
            results[index] = UnableToRelease(str(outcome))
            continue
        row = _row(plan=plan, journal_id=outcome.journal_id)
        rows.append(row)
        results[index] = _result(part=plan.part, row=row, replayed=False)
        _count_as_pending(plan=plan, book=book)
    insert(rows=rows)
    book.write()
    outbox.record(happened=[_event(row) for row in rows])
    return results


def _count_as_pending(*, plan: _Plan, book: _book.Book) -> None:
    part = plan.part
    if part.escrow == 0 and part.open_amount == 0 and may(machine=PART, state=part.state, event="release"):
        book.move_part(part, "release")
    part.unsettled_released += plan.net
    settle_on = plan.request.at.date() + timedelta(days=part.settle_days)
    part.settle_on = max(settle_on, part.settle_on or settle_on)
    book.changes.add(part, "state", "released", "unsettled_released", "settle_on")
    for share, _ in plan.takes:
        book.changes.add(share, "released")


def _row(*, plan: _Plan, journal_id: int) -> Release:
    return Release(
        key=plan.request.key,
        amount=plan.amount,
        at=plan.request.at,
        journal_id=journal_id,
        part=plan.part,
        commission=plan.commission,
        vat=plan.vat,
        deducted=plan.deducted,
        net=plan.net,
    )


def _result(*, part: Part, row: Release, replayed: bool = True) -> Released:
    return Released(
        part_reference=part.reference,
        amount=row.amount,
        net=row.net,
        commission=row.commission,
        vat=row.vat,
        journal_id=row.journal_id or 0,
        replayed=replayed,
    )


def _event(row: Release) -> events.PartReleased:
    return events.PartReleased(
        key=row.key,
        at=row.at,
        part_reference=row.part.reference,
        merchant=row.part.merchant,
        amount=row.amount,
        net=row.net,
        commission=row.commission,
        vat=row.vat,
    )
