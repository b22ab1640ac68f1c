"""The card provider's client, or the stand-in's: how it is asked, and how a refusal is told from silence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.utils.module_loading import import_string

from payments.methods import Leg, Step

logger = logging.getLogger(__name__)

STAND_IN_KEY = "sk_test_stand_in"
SECONDS = 6
# Twice more, with a growing pause and the same key; what has no answer then is for the sweep.
RETRIES = 2
PROVIDER = "stripe"
# The provider's answer while the first request with a key is still being worked on.
UNDER_WAY = 409
KEY_TAKEN = "The card provider did not take this request: please try again, or choose another way to pay."
DECLINED = "The card was declined."


class ProviderSilent(Exception):
    """The card provider did not answer, or not with what was asked for."""


class CardRefused(Exception):
    """The provider, or the card's bank, will not have this card; a sentence for its holder."""


def api() -> Any:
    """Return the provider's client, or the stand-in's."""
    if is_stand_in():
        return _client(STAND_IN_KEY, import_string(settings.RIALTO_CARD_STAND_IN)()).v1
    return _client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE).v1


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base, "files": base} if base else {},
        http_client=stripe.RequestsClient(timeout=SECONDS),
        max_network_retries=RETRIES,
    )


def is_stand_in() -> bool:
    """Return whether the stand-in answers instead of Stripe."""
    return not settings.STRIPE_API_KEY


@contextmanager
def told_apart() -> Iterator[None]:
    """Tell a refusal from silence."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as refused:
        raise CardRefused(str(refused.user_message or DECLINED)) from refused
    except (stripe.StripeError, OSError) as silent:
        raise ProviderSilent("The card provider does not answer: please try again in a minute.") from silent


def answered(*, act: Callable[[Any, Leg], Step], leg: Leg) -> Step:
    """Return the act's step; a refusal of the card is one, and silence of the provider is told as such.

    A key the provider knows from another request is silence the first time: what that request left is looked for then.
    Nothing of it found, the act was never done and never will be under this key, which is a refusal.
    """
    try:
        return act(api(), leg)
    except stripe.CardError as declined:
        return Step(refusal=str(declined.user_message or DECLINED))
    except stripe.InvalidRequestError as refused:
        logger.warning("The card provider refused a request", extra={"leg": leg.key, "problem": str(refused)})
        return Step(refusal=f"The card provider refused: {refused.user_message or 'the request is not valid'}.")
    except stripe.IdempotencyError as taken:
        if taken.http_status == UNDER_WAY or not leg.retry:
            return Step(answered=False)
        logger.error("The card provider knows a key from another request", extra={"leg": leg.key})
        return Step(refusal=KEY_TAKEN)
    except (stripe.StripeError, OSError) as silent:
        logger.warning("The card provider did not answer", extra={"leg": leg.key, "problem": str(silent)})
        return Step(answered=False)


def plain(part: Any) -> dict[str, Any]:
    """Return a part of the provider's answer as a dictionary, empty where there is none."""
    return part.to_dict() if part is not None else {}


def moment(*, seconds: int) -> datetime:
    """Return a moment as the provider writes it."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def events_since(*, moment: datetime) -> Iterator[dict[str, Any]]:
    """Return the provider's own list of events from a moment of its clock on, in no order.

    :raises ProviderSilent: it did not answer.
    """
    try:
        listed = api().events.list({"limit": 100, "created": {"gte": int(moment.timestamp())}})
        yield from (event.to_dict() for event in listed.auto_paging_iter())
    except (stripe.StripeError, OSError) as problem:
        raise ProviderSilent(f"The card provider's events could not be read: {problem}") from problem


def why_refund_failed(*, reference: str) -> str | None:
    """Ask how a refund stands; return why it could not be delivered, or nothing when it was or still may be.

    :raises ProviderSilent: the provider did not answer.
    """
    try:
        refund = api().refunds.retrieve(reference)
    except (stripe.StripeError, OSError) as problem:
        raise ProviderSilent(f"The card provider could not be asked for {reference}: {problem}") from problem
    if refund.status not in ("failed", "canceled"):
        return None
    return str(getattr(refund, "failure_reason", None) or refund.status)


def confirm_at_stand_in(*, reference: str, agreed: bool) -> None:
    """Answer the stand-in's question for the card's bank, as the payer would on his bank's page."""
    client = _client(STAND_IN_KEY, import_string(settings.RIALTO_CARD_STAND_IN)())
    intent = client.v1.payment_intents.retrieve(reference)
    if intent.status == "requires_action":
        client.raw_request(
            "post",
            f"/v1/payment_intents/{reference}/_authenticate",
            client_secret=intent.client_secret,
            success="true" if agreed else "false",
        )
