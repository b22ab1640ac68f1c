"""Claims: money of a part is kept where it is while its buyer asks it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from payments.models import PartClaim
from payments.operations import _book
from payments.operations.errors import KeyReused, PaymentError, UnableToClaim, UnknownPayment
from payments.rows import insert


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPart:
    """Keep up to ``most`` minor units of a part for a buyer; less where less is left. The key names it for ever."""

    part_reference: str
    most: int
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseClaim:
    """Nothing more is kept for the claim of this key."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is kept for a claim, in minor units."""

    key: str
    amount: int
    replayed: bool = False


def open_claims(*, requests: Sequence[ClaimPart]) -> list[Claimed | PaymentError]:
    """Keep money of captured parts for their buyers, each for itself, in the caller's transaction.

    A result is ``Claimed``, or why not: ``UnknownPayment``, ``UnableToClaim``, ``KeyReused``.
    """
    with transaction.atomic():
        book = _book.Book.of_parts(references=[request.part_reference for request in requests])
        done = {row.key: row for row in PartClaim.objects.filter(key__in=[request.key for request in requests])}
        claims = open_claims_of(parts=book.parts)
        fresh: dict[str, PartClaim] = {}
        results: list[Claimed | PaymentError] = []
        for request in requests:
            outcome = _decide(request=request, book=book, done=done | fresh, claims=claims)
            if isinstance(outcome, PartClaim):
                claims.setdefault(outcome.part_id, []).append(outcome)
                fresh[request.key] = outcome
                outcome = Claimed(request.key, outcome.amount)
            results.append(outcome)
        insert(rows=list(fresh.values()))
    return results


def _decide(
    *, request: ClaimPart, book: _book.Book, done: dict[str, PartClaim], claims: dict[int, list[PartClaim]]
) -> PartClaim | Claimed | PaymentError:
    part = book.by_reference.get(request.part_reference)
    if part is None:
        return UnknownPayment(f"There is no payment for {request.part_reference}.")
    seen = done.get(request.key)
    if seen is not None:
        if seen.part_id != part.pk:
            return KeyReused(f"The key {request.key} was used before for another claim.")
        return Claimed(request.key, seen.amount, replayed=True)
    if part.open_disputes:
        return UnableToClaim(f"{part.reference} is disputed at the card's bank: its decision comes first.")
    left = part.refundable - sum(claim.left for claim in claims.get(part.pk, []))
    amount = min(request.most, left)
    if amount <= 0:
        return UnableToClaim(f"{part.reference} has nothing left that could be asked back.")
    return PartClaim(key=request.key, part=part, amount=amount, opened_at=request.at)


def close_claims(*, requests: Sequence[CloseClaim]) -> None:
    """Let go what is kept for these claims, in the caller's transaction; what is closed stays closed."""
    moments = {request.key: request.at for request in requests}
    with transaction.atomic():
        references = PartClaim.objects.filter(key__in=moments).values_list("part__reference", flat=True)
        _book.Book.of_parts(references=list(references))
        rows = list(PartClaim.objects.filter(key__in=moments, closed_at__isnull=True).order_by("pk"))
        for row in rows:
            row.closed_at = moments[row.key]
        PartClaim.objects.bulk_update(rows, ["closed_at"])


def open_claims_of(*, parts: Iterable[int]) -> dict[int, list[PartClaim]]:
    """Return the open claims on parts whose payments are locked, by part."""
    found: dict[int, list[PartClaim]] = {}
    for row in PartClaim.objects.filter(part_id__in=list(parts), closed_at__isnull=True).order_by("pk"):
        found.setdefault(row.part_id, []).append(row)
    return found
