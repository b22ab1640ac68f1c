"""Disputes as operations and merchants read them: lists by deadline, and one with all that was said and moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.module_loading import import_string

from payments.models import Dispute


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRow:
    """A dispute in a list; ``amount`` is minor units, ``due_by`` is when the card's bank stops taking evidence."""

    dispute_id: int
    provider_id: str
    part_reference: str
    merchant: str
    amount: int
    currency: str
    reason: str
    state: str
    opened_at: datetime
    due_by: datetime | None
    merchant_due_by: datetime | None
    answer: str
    is_open: bool

    @property
    def can_be_answered(self) -> bool:
        """Return whether evidence can still be sent."""
        return self.state in ("needs_response", "inquiry")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperView:
    """A paper of the evidence."""

    file_id: int
    kind: str
    name: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """An entry of the history: what happened, or what somebody wrote."""

    kind: str
    by: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementView:
    """A journal of the dispute; ``amount`` at the provider, ``held`` kept from the merchant, below zero: given back."""

    kind: str
    amount: int
    held: int
    at: datetime
    journal_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the app above knows of a consignment: for the eyes of who answers, and to begin the evidence with."""

    order: str
    buyer: str
    lines: tuple[str, ...]
    address: tuple[str, ...]
    carrier: str
    tracking: str
    dispatched_at: datetime | None
    delivered_at: datetime | None
    delivered_said_by: str
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputePage:
    """A dispute with its evidence, history and money."""

    row: DisputeRow
    taken: int
    held: int
    fee: int
    texts: dict[str, str]
    papers: tuple[PaperView, ...]
    events: tuple[EventView, ...]
    movements: tuple[MovementView, ...]
    under_way: str
    story: Story | None


def disputes(*, is_open: bool, merchant: str | None = None) -> QuerySet[Dispute]:
    """Return disputes: the open by their deadlines, those that are over by when they ended."""
    rows = Dispute.objects.select_related("part").filter(closed_at__isnull=is_open)
    if merchant is not None:
        rows = rows.filter(merchant=merchant)
    return rows.order_by(F("due_by").asc(nulls_last=True), "pk") if is_open else rows.order_by("-closed_at", "-pk")


def rows(*, found: QuerySet[Dispute]) -> list[DisputeRow]:
    """Return disputes as they are listed."""
    return [_row(each) for each in found]


def dispute(*, dispute_id: int, merchant: str | None = None) -> DisputePage | None:
    """Return a dispute; with ``merchant`` only one of his."""
    found = Dispute.objects.select_related("part").filter(pk=dispute_id)
    row = (found if merchant is None else found.filter(merchant=merchant)).first()
    if row is None:
        return None
    evidence = getattr(row, "evidence", None)
    call = row.calls.filter(state="asked").first()
    return DisputePage(
        row=_row(row),
        taken=row.taken,
        held=row.held,
        fee=row.fee,
        texts=evidence.texts if evidence else {},
        papers=tuple(
            PaperView(file_id=file.pk, kind=file.kind, name=file.name, size=file.size, at=file.at)
            for file in row.files.filter(removed_at__isnull=True).order_by("pk")
        ),
        events=tuple(
            EventView(kind=event.kind, by=event.by, text=event.text, at=event.at)
            for event in row.events.order_by("at", "pk")
        ),
        movements=tuple(
            MovementView(kind=move.kind, amount=move.amount, held=move.held, at=move.at, journal_id=move.journal_id)
            for move in row.movements.order_by("pk")
        ),
        under_way=call.action if call else "",
        story=import_string(settings.RIALTO_PART_STORY)(reference=row.part.reference) if row.part else None,
    )


def _row(row: Dispute) -> DisputeRow:
    return DisputeRow(
        dispute_id=row.pk,
        provider_id=row.provider_id,
        part_reference=row.part.reference if row.part else "",
        merchant=row.merchant,
        amount=row.amount,
        currency=row.currency,
        reason=row.reason,
        state=row.state,
        opened_at=row.opened_at,
        due_by=row.due_by,
        merchant_due_by=row.merchant_due_by,
        answer=row.answer,
        is_open=row.closed_at is None,
    )
