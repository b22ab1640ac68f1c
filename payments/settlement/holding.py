"""Keeping money of merchants back, and letting it go again: each takes two people.

What is held stays where it is in the book: released sales stay pending and are settled on the first day after the hold
ends; of a merchant held as a whole nothing is paid out either. Refunds and disputes go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from payments.models import MerchantTerms, MoneyHold, Part, PartClaim, Settlement
from payments.operations.errors import PaymentError
from payments.settlement import _days
from payments.states import HOLD, may, move

HOLDING = ("held", "release_asked")


class UnableToHold(PaymentError):
    """Nothing was held or let go; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskHold:
    """A person of operations (``by``) asks to hold a consignment, or without one all of a merchant's money."""

    merchant: str
    part_reference: str
    reason: str
    by: str
    at: datetime


def ask(*, request: AskHold) -> int:
    """Ask for a hold, which begins when a second person agrees; return its number.

    :raises UnableToHold: there is no such merchant or consignment, it is held already, or no reason is given.
    """
    if not request.reason.strip():
        raise UnableToHold("Say why in a few words: the second person has to understand it.")
    merchant = request.merchant
    if request.part_reference:
        found = Part.objects.filter(reference=request.part_reference).values_list("merchant", flat=True).first()
        if found is None or merchant not in ("", found):
            raise UnableToHold(f"There is no consignment {request.part_reference} of this merchant.")
        merchant = found
    if not MerchantTerms.objects.filter(merchant=merchant).exists():
        raise UnableToHold(f"There is no merchant {merchant or 'without a name'}: write it as merchant:3.")
    row = MoneyHold(
        merchant=merchant,
        part_reference=request.part_reference,
        reason=request.reason[:500],
        asked_by=request.by,
        asked_at=request.at,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise UnableToHold(f"{request.part_reference or merchant} is held already, or somebody asked for it.") from None
    return row.pk


def agree(*, hold_id: int, by: str, at: datetime) -> str:
    """Agree, as a second person, to a hold or to its end; return its state.

    :raises UnableToHold: nothing waits for an answer, or the same person asked.
    """

    def act(row: MoneyHold) -> None:
        asked_by = row.release_asked_by if row.state == "release_asked" else row.asked_by
        if asked_by == by:
            raise UnableToHold("You asked for it: a second person has to agree.")
        if row.state == "release_asked":
            row.released_by, row.released_at = by, at
        else:
            row.decided_by, row.decided_at = by, at
        row.state = move(machine=HOLD, state=row.state, event="agree")

    return _change(hold_id=hold_id, event="agree", act=act)


def decline(*, hold_id: int, by: str, at: datetime) -> str:
    """Say no to a hold or to its end, also to one's own wish; return its state.

    :raises UnableToHold: nothing waits for an answer.
    """

    def act(row: MoneyHold) -> None:
        if row.state == "release_asked":
            row.release_asked_by, row.release_asked_at, row.release_reason = "", None, ""
        row.state = move(machine=HOLD, state=row.state, event="decline")

    return _change(hold_id=hold_id, event="decline", act=act)


def ask_release(*, hold_id: int, reason: str, by: str, at: datetime) -> str:
    """Ask to let held money go, which happens when a second person agrees; return the hold's state.

    :raises UnableToHold: it is not held, or no reason is given.
    """
    if not reason.strip():
        raise UnableToHold("Say why in a few words: the second person has to understand it.")

    def act(row: MoneyHold) -> None:
        row.release_asked_by, row.release_asked_at, row.release_reason = by, at, reason[:500]
        row.state = move(machine=HOLD, state=row.state, event="ask_release")

    return _change(hold_id=hold_id, event="ask_release", act=act)


def _change(*, hold_id: int, event: str, act: Callable[[MoneyHold], None]) -> str:
    with transaction.atomic():
        # A run of settlement that has begun comes to its end first: afterwards the hold counts for all there is.
        _days.one_at_a_time()
        row = MoneyHold.objects.select_for_update().filter(pk=hold_id).first()
        if row is None or not may(machine=HOLD, state=row.state, event=event):
            raise UnableToHold("This is not open any more: somebody has answered meanwhile.")
        act(row)
        row.save()
    return row.state


def without_held_parts(*, parts: QuerySet[Part]) -> QuerySet[Part]:
    """Return the parts that may be settled: not held themselves, nor their merchant, and nothing asked back."""
    parts = parts.exclude(Exists(PartClaim.objects.filter(part=OuterRef("pk"), closed_at__isnull=True)))
    held = MoneyHold.objects.filter(merchant=OuterRef("merchant"), state__in=HOLDING)
    return parts.exclude(Exists(held.filter(Q(part_reference="") | Q(part_reference=OuterRef("reference")))))


def without_held_merchants(*, settlements: QuerySet[Settlement]) -> QuerySet[Settlement]:
    """Return the settlements that may be paid out: those of merchants who are not held as a whole."""
    held = MoneyHold.objects.filter(merchant=OuterRef("merchant"), part_reference="", state__in=HOLDING)
    return settlements.exclude(Exists(held))


def held_merchants() -> set[str]:
    """Return the merchants of whom nothing is paid out."""
    return set(MoneyHold.objects.filter(part_reference="", state__in=HOLDING).values_list("merchant", flat=True))
