"""What is posted beside the ordinary way of a refund: refunds that failed, and goodwill."""

from __future__ import annotations

from datetime import datetime

from payments import chart
from payments.ledger.journal import Journal, Transfer


def refund_failed(*, refund: str, source: str, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """A provider could not give a refund to its card or account: the money waits to be paid another way."""
    return Journal(
        key=key,
        event="refund_failed",
        reference=refund,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(source, chart.suspense("refunds", currency).code, amount),),
    )


def refund_paid_another_way(
    *, refund: str, account: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """A refund that failed is paid into an account here; one to another bank is ordered like any payment there."""
    return Journal(
        key=key,
        event="refund_paid_another_way",
        reference=refund,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(chart.suspense("refunds", currency).code, f"deposit:{account}", amount),),
    )


def goodwill_given(*, account: str, amount: int, currency: str, reason: str, key: str, at: datetime) -> Journal:
    """The bank makes up for something at its own expense."""
    return Journal(
        key=key,
        event="goodwill_given",
        reference=account,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(chart.expense("goodwill", currency).code, f"deposit:{account}", amount),),
        metadata={"reason": reason},
    )
