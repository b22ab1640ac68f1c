"""What the card provider tells of money that goes back: refunds that failed, disputes, its payouts to our bank."""

from __future__ import annotations

from datetime import datetime

from payments.models import ProviderEvent
from payments.operations import provider_reading
from payments.operations.disputing import note_disputes
from payments.operations.errors import PaymentError
from payments.operations.failed_refunds import RefundFailed, named_at_provider, note_failed_refunds
from payments.operations.provider_events import EventContradicts
from payments.providers import card_api, card_money


def refund_changed(*, event: ProviderEvent, at: datetime) -> None:
    """Take a refund into suspense where the provider, asked again, says that it could not deliver it.

    :raises EventContradicts: it is a refund of ours that nobody here has booked.
    """
    told = event.body["data"]["object"]
    named = named_at_provider(name=str((told.get("metadata") or {}).get("leg") or ""))
    if named is None:
        return
    why = card_api.why_refund_failed(reference=event.subject)
    if why is None:
        return
    refund_key, tender_id = named
    [result] = note_failed_refunds(
        requests=[RefundFailed(refund_key=refund_key, tender_id=tender_id, at=at, why=why[:200])]
    )
    if isinstance(result, PaymentError):
        raise EventContradicts(f"{event.subject} failed at the provider: {result}")


def dispute_changed(*, event: ProviderEvent, at: datetime) -> None:
    """Bring a dispute to where the provider, asked again, says it stands."""
    note_disputes(told=[card_money.retrieve_dispute(dispute_id=event.subject)], at=at)


def payout_changed(*, event: ProviderEvent, at: datetime) -> None:
    """Read what is new at the provider: a payout is explained by its lines."""
    provider_reading.read_provider(at=at)
