"""Cards of other banks, through Stripe: one PaymentIntent for each consignment, captured by hand when it is sent.

Without a key of Stripe the stand-in answers, to the same client over HTTP. A call whose answer never came is asked
about again with the same key, after looking for what the first one may have left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.utils.module_loading import import_string

from payments import journals
from payments.ledger.journal import Transfer
from payments.methods import Leg, Step, TenderOption
from payments.models import Share

logger = logging.getLogger(__name__)

STAND_IN_KEY = "sk_test_stand_in"
SECONDS = 10
# A card's bank keeps a hold for a week; ours ends before that.
HELD_FOR = timedelta(days=6, hours=12)
# How far apart our clock and the provider's may be when a lost PaymentIntent is looked for.
CLOCKS_APART = timedelta(hours=1)
ONCE = "A card is captured once for each consignment, and this one has been."
DECLINED = "The card was declined."

# Stripe's own names for cards that exist for tests alone; no card number ever reaches this server.
TEST_CARDS = (
    ("pm_card_visa", "Test card that pays", "Visa •••• 4242"),
    ("pm_card_authenticationRequired", "Test card that asks its bank first", "Visa •••• 3155"),
    ("pm_card_chargeCustomerFail", "Test card that is declined", "Visa •••• 0341"),
)


class CardMethod:
    """A card; its ``source`` is the provider's token for it."""

    code = "card"
    label = "Card"
    remote = True

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
        """Return the test cards, unless this is the real thing."""
        if settings.STRIPE_API_KEY.startswith(("sk_live", "rk_live")):
            return []
        return [
            TenderOption(method=self.code, source=token, label=label, detail=detail)
            for token, label, detail in TEST_CARDS
        ]

    def transfers(self, *, action: str, leg: Leg) -> tuple[Transfer, ...]:
        """Return what an act that succeeded posts; a hold and its end post nothing."""
        if action == "capture":
            return tuple(
                transfer
                for escrow, amount in leg.accounts
                for transfer in journals.capture_from_card(escrow=escrow, amount=amount, currency=leg.currency)
            )
        if action == "refund":
            destination = journals.card_destination(currency=leg.currency)
            return journals.refund_to(sources=leg.accounts, destination=destination)
        return ()

    def authorise(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold each leg's amount on its card."""
        return [_answered(act=self._authorise, leg=leg) for leg in legs]

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Take what is held."""
        return [_answered(act=self._capture, leg=leg) for leg in legs]

    def void(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Let go of what is held."""
        return [_answered(act=self._void, leg=leg) for leg in legs]

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Give captured money back to the card."""
        return [_answered(act=self._refund, leg=leg) for leg in legs]

    def release(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Add nothing."""
        return [Step() for _ in legs]

    def _authorise(self, api: Any, leg: Leg) -> Step:
        intent = None
        if leg.provider_reference:
            intent = api.payment_intents.retrieve(leg.provider_reference)
        elif leg.retry:
            intent = _find_intent(api=api, leg=leg)
        if intent is None:
            intent = api.payment_intents.create(
                {
                    "amount": leg.amount,
                    "currency": leg.currency.lower(),
                    "payment_method": leg.source,
                    "payment_method_types": ["card"],
                    "capture_method": "manual",
                    "confirm": True,
                    "metadata": {"leg": _name(leg), "part": leg.part_reference or "", "order": leg.payment_reference},
                },
                {"idempotency_key": _name(leg)},
            )
        return _held(intent=intent, leg=leg)

    def _capture(self, api: Any, leg: Leg) -> Step:
        if Share.objects.filter(
            tender_id=leg.tender_id, part__reference=leg.part_reference, captured__gt=0
        ).exists():
            return Step(refusal=ONCE)
        if leg.retry and api.payment_intents.retrieve(leg.provider_reference).status == "succeeded":
            return Step()
        intent = api.payment_intents.capture(
            leg.provider_reference, {"amount_to_capture": leg.amount}, {"idempotency_key": _name(leg)}
        )
        return Step() if intent.status == "succeeded" else Step(refusal=f"The card provider says {intent.status}.")

    def _void(self, api: Any, leg: Leg) -> Step:
        intent = api.payment_intents.retrieve(leg.provider_reference)
        # What a capture left over is let go of by the card's bank itself.
        if intent.status not in ("canceled", "succeeded"):
            api.payment_intents.cancel(leg.provider_reference, {}, {"idempotency_key": _name(leg)})
        return Step()

    def _refund(self, api: Any, leg: Leg) -> Step:
        if leg.retry:
            made = api.refunds.list({"payment_intent": leg.provider_reference, "limit": 100})
            if any(_plain(refund.metadata).get("leg") == _name(leg) for refund in made.auto_paging_iter()):
                return Step()
        refund = api.refunds.create(
            {"payment_intent": leg.provider_reference, "amount": leg.amount, "metadata": {"leg": _name(leg)}},
            {"idempotency_key": _name(leg)},
        )
        if refund.status in ("failed", "canceled"):
            return Step(refusal="The card provider could not refund this card.")
        return Step()


def is_stand_in() -> bool:
    """Return whether the stand-in answers instead of Stripe."""
    return not settings.STRIPE_API_KEY


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


def _answered(*, act: Callable[[Any, Leg], Step], leg: Leg) -> Step:
    """Return the act's step; a refusal of the card is one, and silence of the provider is told as such."""
    try:
        return act(api(), leg)
    except stripe.CardError as declined:
        return Step(refusal=str(declined.user_message or DECLINED))
    except stripe.InvalidRequestError as refused:
        logger.warning("The card provider refused a request", extra={"leg": leg.key, "problem": str(refused)})
        return Step(refusal=f"The card provider refused: {refused.user_message or 'the request is not valid'}.")
    except (stripe.StripeError, OSError) as silent:
        logger.warning("The card provider did not answer", extra={"leg": leg.key, "problem": str(silent)})
        return Step(answered=False)


def _name(leg: Leg) -> str:
    """Return the leg's name at the provider, which other installations may share: the order makes it unique."""
    return f"{leg.payment_reference}:{leg.key}"


def _held(*, intent: Any, leg: Leg) -> Step:
    if intent.status == "requires_capture":
        return Step(provider_reference=intent.id, expires_at=leg.at + HELD_FOR)
    if intent.status == "requires_action":
        redirect = _plain(intent.next_action).get("redirect_to_url") or {}
        return Step(provider_reference=intent.id, action_url=redirect.get("url") or f"/money/card/{intent.id}/")
    if intent.status == "processing":
        return Step(answered=False)
    problem = _plain(intent.last_payment_error)
    return Step(refusal=str(problem.get("message") or DECLINED))


def _find_intent(*, api: Any, leg: Leg) -> Any | None:
    """Return the PaymentIntent that an earlier call with this leg's key made, if it made one."""
    query: dict[str, Any] = {"limit": 100}
    if not is_stand_in():
        query["created"] = {"gte": int((leg.at - CLOCKS_APART).timestamp())}
    for intent in api.payment_intents.list(query).auto_paging_iter():
        if _plain(intent.metadata).get("leg") == _name(leg):
            return intent
    return None


def _plain(part: Any) -> dict[str, Any]:
    """Return a part of the provider's answer as a dictionary, empty where there is none."""
    return part.to_dict() if part is not None else {}


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
        max_network_retries=0,
    )
