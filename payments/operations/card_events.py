"""What the card provider tells of a PaymentIntent, held against what we know of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from payments import queries
from payments.models import ProviderEvent, Share
from payments.operations.authorising import Authorise, authorise_payments
from payments.operations.provider_events import EventContradicts
from payments.operations.renewing import UnableToReplace, replace_hold


def intent_changed(*, event: ProviderEvent, at: datetime) -> None:
    """Go on with a payment that waited for its payer at his card's bank; anything else is only compared.

    The event decides nothing: the provider is asked how the intent stands now.

    :raises EventContradicts: amount or currency are not ours, or it was captured without us.
    """
    intent = event.body["data"]["object"]
    share = (
        Share.objects.filter(provider_reference=event.subject).exclude(provider_reference="")
        .select_related("part__payment", "tender")
        .first()
    )  # fmt: skip
    question_id = queries.answering(reference=event.subject) if share is None else None
    if question_id is not None and event.kind != "payment_intent.requires_action":
        with suppress(UnableToReplace):
            replace_hold(question_id=question_id, source="", at=at)
        return
    if share is None:
        # Of another installation at the same provider, or of a call whose answer is not written down yet: the sweep
        # asks for that by the call's own key.
        return
    _compare(share=share, intent=intent, kind=event.kind)
    if share.part.payment.state == "action_required" and event.kind != "payment_intent.requires_action":
        authorise_payments(requests=[Authorise(payment_id=share.part.payment_id, at=at)])


def _compare(*, share: Share, intent: dict[str, Any], kind: str) -> None:
    currency = share.part.currency
    told = str(intent.get("currency") or "").upper()
    if told != currency:
        raise EventContradicts(f"{intent['id']} is in {told or 'no currency'} and the payment in {currency}.")
    amount = intent.get("amount")
    if not isinstance(amount, int) or not share.amount - share.cancelled <= amount <= share.amount:
        raise EventContradicts(f"{intent['id']} is over {amount} and the payment over {share.amount} {currency}.")
    if kind == "payment_intent.succeeded" and not _capture_known(share):
        raise EventContradicts(f"{intent['id']} was captured at the provider and nobody here asked for it.")


def _capture_known(share: Share) -> bool:
    return share.captured > 0 or share.attempts.filter(action="capture").exists()
