"""Held payments as operations look at them: the queue, and the story of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from payments.models import Payment, Screening, Sighting

OPEN = ("held", "seconded")
MOST = 200
EARLIER = 20


@dataclass(frozen=True, slots=True)
class HeldPayment:
    """One line of the queue; amounts are minor units."""

    payment_id: int
    reference: str
    payer: str
    amount: int
    currency: str
    reasons: tuple[str, ...]
    state: str
    at: datetime
    due_at: datetime | None
    taken_by: str
    first_by: str
    decided_by: str
    decided_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class EarlierPayment:
    """A payment that shares something with the held one: ``by`` says what."""

    payment_id: int
    reference: str
    payer: str
    amount: int
    currency: str
    state: str
    at: datetime
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Everything one needs to decide about a held payment."""

    held: HeldPayment
    facts: dict[str, int]
    tenders: tuple[tuple[str, str, int], ...]
    merchants: tuple[tuple[str, str, int], ...]
    earlier: tuple[EarlierPayment, ...]
    first_seen: datetime
    paid_before: int


def held_payments(*, which: str = "open", by: str = "") -> list[HeldPayment]:
    """Return the queue, the most urgent first: `open` ones, `mine` (taken by ``by``), or what was `decided`."""
    rows = Screening.objects.filter(outcome="hold").select_related("payment")
    if which == "decided":
        rows = rows.exclude(state__in=OPEN).order_by("-at")
    else:
        rows = rows.filter(state__in=OPEN).order_by("due_at", "pk")
        if which == "mine":
            rows = rows.filter(taken_by=by)
    return [_held(row) for row in rows[:MOST]]


def held_count() -> int:
    """Return how many payments wait for people."""
    return Screening.objects.filter(state__in=OPEN).count()


def story(*, payment_id: int) -> Story | None:
    """Return what is known of a payment that was held, in a fixed number of statements; none when it never was."""
    row = Screening.objects.filter(payment_id=payment_id, outcome="hold").select_related("payment").first()
    if row is None:
        return None
    payment = row.payment
    subjects = list(payment.sightings.values_list("kind", "subject"))
    before = Payment.objects.filter(payer=payment.payer).order_by("created_at")
    return Story(
        held=_held(row),
        facts=row.facts,
        tenders=tuple(payment.tenders.order_by("position").values_list("method", "source", "amount")),
        merchants=tuple(payment.parts.order_by("position").values_list("merchant", "reference", "amount")),
        earlier=_earlier(payment=payment, subjects=subjects),
        first_seen=before.values_list("created_at", flat=True)[0],
        paid_before=before.filter(state__in=("authorised", "captured")).count(),
    )


def _earlier(*, payment: Payment, subjects: Sequence[tuple[str, str]]) -> tuple[EarlierPayment, ...]:
    shared = Q()
    for kind, subject in subjects:
        shared |= Q(kind=kind, subject=subject)
    if not subjects:
        return ()
    rows = Sighting.objects.filter(shared).exclude(payment=payment).select_related("payment").order_by("-at", "-pk")
    found: dict[int, tuple[Payment, datetime, list[str]]] = {}
    for row in rows[: EARLIER * len(subjects)]:
        found.setdefault(row.payment_id, (row.payment, row.at, []))[2].append(row.kind)
    return tuple(
        EarlierPayment(
            payment_id=other.pk, reference=other.reference, payer=other.payer, amount=other.amount,
            currency=other.currency, state=other.state, at=at, by=tuple(sorted(kinds)),
        )
        for other, at, kinds in list(found.values())[:EARLIER]
    )  # fmt: skip


def _held(row: Screening) -> HeldPayment:
    return HeldPayment(
        payment_id=row.payment_id, reference=row.payment.reference, payer=row.payment.payer, amount=row.payment.amount,
        currency=row.payment.currency, reasons=tuple(row.reasons), state=row.state, at=row.at, due_at=row.due_at,
        taken_by=row.taken_by, first_by=row.first_by, decided_by=row.decided_by, decided_at=row.decided_at,
        note=row.note,
    )  # fmt: skip
