"""Cards that their holders asked us to keep: by the provider's names alone."""

from __future__ import annotations

from datetime import datetime

from payments import methods
from payments.methods import TenderOption
from payments.models import SavedCard
from payments.operations.errors import PaymentError, UnknownPayment
from payments.providers import card, card_api


class UnableToSave(PaymentError):
    """The card was not kept, or could not be removed; nothing has changed."""


def save_card(*, payer: str, token: str, at: datetime) -> None:
    """Keep a card for a payer; ``token`` is the provider's name of it, never its number.

    :raises UnableToSave: it is not a token, its bank will not have it, or the provider is silent.
    """
    if not token.startswith("pm_"):
        raise UnableToSave("This is not a card of the card provider: please enter it in the provider's own fields.")
    try:
        card.attach(payer=payer, token=token, at=at)
    except (card_api.CardRefused, card_api.ProviderSilent) as problem:
        raise UnableToSave(str(problem)) from problem


def remove_card(*, payer: str, card_id: int, at: datetime) -> None:
    """Remove a payer's card: hidden here at once, then forgotten by the provider; again is no error.

    What is held on it for open orders stays held.

    :raises UnknownPayment: he has no such card.
    :raises UnableToSave: the provider is silent; the card is hidden, and removing it again finishes the work.
    """
    reference = SavedCard.objects.filter(pk=card_id, payer=payer).values_list("reference", flat=True).first()
    if reference is None:
        raise UnknownPayment("You have no such card.")
    SavedCard.objects.filter(pk=card_id, removed_at__isnull=True).update(removed_at=at)
    try:
        card.detach(reference=reference)
    except card_api.ProviderSilent as problem:
        raise UnableToSave(str(problem)) from problem


def test_cards() -> tuple[tuple[str, str, str], ...]:
    """Return token, label and detail of the cards that exist for tests alone; none where cards are real."""
    return card.test_cards()


def card_options(*, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
    """Return the cards a payer could choose; amounts are minor units."""
    return methods.get(code=card.CardMethod.code).options(payer=payer, amount=amount, currency=currency, at=at)
