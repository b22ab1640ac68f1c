"""Refunds that failed and goodwill, as operations sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from payments.models import FailedRefund, Goodwill

LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRefundView:
    """A refund that its provider could not deliver; ``amount`` is minor units."""

    failed_id: int
    part_reference: str
    payer: str
    method: str
    amount: int
    currency: str
    why: str
    state: str
    failed_at: datetime
    failed_journal_id: int
    paid_to: str
    paid_journal_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodwillView:
    """Goodwill asked for; ``amount`` is minor units."""

    goodwill_id: int
    account: str
    holder: str
    amount: int
    currency: str
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    journal_id: int | None


def failed_refunds() -> list[FailedRefundView]:
    """Return the failed refunds that wait, the oldest first, and the latest that were paid."""
    rows = FailedRefund.objects.select_related("leg__tender", "leg__refund__part")
    waiting = rows.filter(state="waiting").order_by("failed_at", "pk")
    paid = rows.filter(state="paid").order_by("-paid_at", "-pk")[:LATEST]
    return [
        FailedRefundView(
            failed_id=row.pk,
            part_reference=row.leg.refund.part.reference,
            payer=row.payer,
            method=row.leg.tender.method,
            amount=row.amount,
            currency=row.currency,
            why=row.why,
            state=row.state,
            failed_at=row.failed_at,
            failed_journal_id=row.failed_journal_id,
            paid_to=row.paid_to,
            paid_journal_id=row.paid_journal_id,
        )
        for row in (*waiting, *paid)
    ]


def goodwill() -> list[GoodwillView]:
    """Return the goodwill that waits for a second person, the oldest first, and the latest that is decided."""
    waiting = Goodwill.objects.filter(state="proposed").order_by("asked_at", "pk")
    decided = Goodwill.objects.exclude(state="proposed").order_by("-asked_at", "-pk")[:LATEST]
    return [
        GoodwillView(
            goodwill_id=row.pk,
            account=row.account,
            holder=row.holder,
            amount=row.amount,
            currency=row.currency,
            reason=row.reason,
            state=row.state,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            journal_id=row.journal_id,
        )
        for row in (*waiting, *decided)
    ]
