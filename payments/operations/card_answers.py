"""The payer's answer to his card's bank, where the stand-in plays that bank."""

from __future__ import annotations

from datetime import datetime

from payments import queries
from payments.models import Share
from payments.operations.authorising import Authorise, PaymentOutcome, authorise_payments
from payments.operations.errors import UnknownPayment
from payments.operations.renewing import replace_hold
from payments.providers import card_api


def cards_are_played() -> bool:
    """Return whether the stand-in answers for cards and their banks."""
    return card_api.is_stand_in()


def answer_for_card(*, reference: str, agreed: bool, at: datetime) -> PaymentOutcome:
    """Tell the stand-in what the payer answered, for every part of the card's tender, and go on with the payment.

    :raises UnknownPayment: no tender has that reference at the provider.
    """
    first = Share.objects.filter(provider_reference=reference).exclude(provider_reference="").first()
    question_id = queries.answering(reference=reference)
    if first is None and question_id is not None:
        card_api.confirm_at_stand_in(reference=reference, agreed=agreed)
        standing = replace_hold(question_id=question_id, source="", at=at)
        return PaymentOutcome(
            payment_id=standing.payment_id,
            state=standing.state,
            refusal=standing.refusal,
            action_url=standing.action_url,
        )
    if first is None:
        raise UnknownPayment("There is no card payment with that reference.")
    shares = Share.objects.filter(tender_id=first.tender_id).select_related("tender").order_by("pk")
    for share in shares:
        if share.provider_reference:
            card_api.confirm_at_stand_in(reference=share.provider_reference, agreed=agreed)
    payment_id = first.tender.payment_id
    [outcome] = authorise_payments(requests=[Authorise(payment_id=payment_id, at=at)])
    return outcome
