"""Tenders by their ids, for methods of payment that ask the payer for something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from payments.models import Tender


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderStanding:
    """A tender and the payment it belongs to; ``amount`` is minor units."""

    tender_id: int
    payment_id: int
    reference: str
    payer: str
    method: str
    source: str
    amount: int
    currency: str
    state: str
    payment_state: str
    return_url: str
    expires_at: datetime


def tenders(*, tender_ids: Sequence[int]) -> dict[int, TenderStanding]:
    """Return tenders by id, in one statement; unknown ids are left out."""
    rows = Tender.objects.filter(pk__in=tender_ids).select_related("payment")
    return {
        row.pk: TenderStanding(
            tender_id=row.pk,
            payment_id=row.payment_id,
            reference=row.payment.reference,
            payer=row.payment.payer,
            method=row.method,
            source=row.source,
            amount=row.amount,
            currency=row.payment.currency,
            state=row.state,
            payment_state=row.payment.state,
            return_url=row.payment.return_url,
            expires_at=row.payment.expires_at,
        )
        for row in rows
    }


def tenders_of(*, payment_ids: Sequence[int], method: str) -> list[TenderStanding]:
    """Return the tenders of payments that use one method, in two statements."""
    found = Tender.objects.filter(payment_id__in=payment_ids, method=method).order_by("pk")
    return list(tenders(tender_ids=list(found.values_list("pk", flat=True))).values())
