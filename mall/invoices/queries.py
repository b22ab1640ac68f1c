"""Invoices as their readers find them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mall.invoices.models import INVOICE, Paper


@dataclass(frozen=True, slots=True)
class PaperView:
    """An invoice or a credit note; `total` in minor units of `currency`."""

    number: str
    is_invoice: bool
    total: int
    currency: str
    issued_at: datetime


def papers_of(*, numbers: Sequence[str]) -> dict[str, tuple[PaperView, ...]]:
    """Return the papers of each of these consignments, the oldest first; one statement."""
    found: dict[str, list[PaperView]] = defaultdict(list)
    rows = Paper.objects.filter(consignment__number__in=numbers).order_by("pk")
    for consignment, number, kind, total, currency, issued_at in rows.values_list(
        "consignment__number", "number", "kind", "total", "currency", "issued_at"
    ):
        found[consignment].append(PaperView(number, kind == INVOICE, total, currency, issued_at))
    return {consignment: tuple(papers) for consignment, papers in found.items()}


def paper_of(*, number: str, order_number: str = "", merchant_id: int | None = None) -> Paper | None:
    """Return a paper of this order or of this merchant; another's is as unknown as one that does not exist."""
    found = Paper.objects.filter(number=number)
    if merchant_id is not None:
        return found.filter(merchant_id=merchant_id).first()
    return found.filter(consignment__order__number=order_number).first()
