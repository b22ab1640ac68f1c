"""Cards of other banks, through Stripe: one PaymentIntent for each consignment, captured by hand when it is sent.

Without a key of Stripe the stand-in answers, to the same client over HTTP. A call whose answer never came is asked
about again with the same key, after looking for what the first one may have left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.utils.module_loading import import_string

from payments import journals
from payments.ledger.journal import Transfer
from payments.methods import Leg, Step, TenderOption
from payments.models import ProviderAttempt, Share
from payments.providers import card_customers

logger = logging.getLogger(__name__)

STAND_IN_KEY = "sk_test_stand_in"
SECONDS = 6
# Twice more, with a growing pause and the same key; what has no answer then is for the sweep.
RETRIES = 2
# A card's bank keeps a hold for a week; ours ends before that.
HELD_FOR = timedelta(days=6, hours=12)
# How far apart our clock and the provider's may be when a lost PaymentIntent is looked for.
CLOCKS_APART = timedelta(hours=1)
PROVIDER = "stripe"
ONCE = "A card is captured once for each consignment, and this one has been."
# A source that stands for the token the browser got from the provider's own fields.
NEW_CARD = "new"
DECLINED = "The card was declined."
# The provider's word for a bank that will not do without its customer.
ASKS_AGAIN = "authentication_required"

# Stripe's own names for cards that exist for tests alone; no card number ever reaches this server.
TEST_CARDS = (
    ("pm_card_visa", "Test card that pays", "Visa •••• 4242"),
    ("pm_card_authenticationRequiredOnSetup", "Test card that asks its bank first", "Visa •••• 3155"),
    ("pm_card_authenticationRequired", "Test card that asks its bank each time", "Visa •••• 3184"),
    ("pm_card_chargeCustomerFail", "Test card that is declined", "Visa •••• 0341"),
)


class ProviderSilent(Exception):
    """The card provider did not answer, or not with what was asked for."""


class CardRefused(Exception):
    """The provider, or the card's bank, will not have this card; a sentence for its holder."""


class CardMethod:
    """A card; its ``source`` is the provider's token for it."""

    code = "card"
    label = "Card"
    remote = True

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
        """Return the payer's saved cards, and the test cards unless this is the real thing."""
        kept = [
            TenderOption(
                method=self.code,
                source=row.reference,
                label=f"{row.brand.capitalize()} •••• {row.last4}",
                detail="Saved card",
            )
            for row in card_customers.kept_by(payer=payer, at=at)
        ]
        return [*kept, *_new_card(payer=payer)] + [
            TenderOption(
                method=self.code,
                source=token,
                label=label,
                detail=detail,
                keep_as=card_customers.KEEP + token if card_customers.may_keep(payer) else "",
            )
            for token, label, detail in test_cards()
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

    def renew(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold anew, its payer absent, what a hold that ends soon holds; then let go of the old one."""
        return [_answered(act=self._renew, leg=leg) for leg in legs]

    def divide(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold a part of what is held once more, its payer absent, so that each can be captured for itself."""
        return [_answered(act=self._divide, leg=leg) for leg in legs]

    def replace(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold on another card, its payer present, what an earlier one holds; then let go of that."""
        return [_answered(act=self._replace, leg=leg) for leg in legs]

    def _authorise(self, api: Any, leg: Leg) -> Step:
        """Hold a leg's amount; one question of the card's bank is for all legs of a tender.

        The first leg's payment is made with the payer present and sets the card up; the others follow without him.
        While his bank asks him about the first, the others name that one as theirs and wait for it.
        """
        intent = None
        if leg.provider_reference:
            intent = api.payment_intents.retrieve(leg.provider_reference)
            if _plain(intent.metadata).get("part") != leg.part_reference:
                return self._follow(api, leg, first=intent)
        elif leg.retry:
            intent = _find_intent(api=api, leg=leg)
        if intent is None:
            first = _first_of_tender(leg)
            if first and first["refusal"]:
                return Step(refusal=first["refusal"])
            if first:
                return self._follow(api, leg, first=api.payment_intents.retrieve(first["provider_reference"]))
            intent = self._create(api, leg)
        return self._done(api, leg, intent)

    def _follow(self, api: Any, leg: Leg, *, first: Any) -> Step:
        """Act on how the first leg's payment stands: wait for it, do as it did, or ask the payer after all."""
        if first.status == "requires_action":
            return _held(intent=first, leg=leg)
        intent = _find_intent(api=api, leg=leg) if leg.retry else None
        if intent is None and first.status in ("requires_capture", "succeeded"):
            try:
                intent = self._create(api, leg, source=first.payment_method, present=False)
            except stripe.CardError as declined:
                if declined.code != ASKS_AGAIN:
                    raise
                intent = self._create(api, leg, source=first.payment_method, suffix=":present")
        elif intent is None and first.status == "canceled":
            intent = self._create(api, leg)
        elif intent is None:
            return _held(intent=first, leg=leg)
        return self._done(api, leg, intent)

    def _create(
        self, api: Any, leg: Leg, *, source: str = "", present: bool = True, suffix: str = "", customer: str = ""
    ) -> Any:
        request: dict[str, Any] = {
            "amount": leg.amount,
            "currency": leg.currency.lower(),
            "customer": customer or card_customers.customer_of(api=api, payer=leg.payer),
            "payment_method": source or leg.source.removeprefix(card_customers.KEEP),
            "payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "metadata": {"leg": _name(leg), "part": leg.part_reference or "", "order": leg.payment_reference},
        }
        if present:
            request["setup_future_usage"] = "off_session"
            if leg.return_url.startswith("http"):
                request["return_url"] = leg.return_url
        else:
            request["off_session"] = True
        return api.payment_intents.create(request, {"idempotency_key": _name(leg) + suffix})

    def _done(self, api: Any, leg: Leg, intent: Any) -> Step:
        step = _held(intent=intent, leg=leg)
        if step.expires_at and leg.source.startswith(card_customers.KEEP) and card_customers.may_keep(leg.payer):
            card_customers.keep(api=api, payer=leg.payer, reference=intent.payment_method, at=leg.at)
        return step

    def _renew(self, api: Any, leg: Leg) -> Step:
        step = self._divide(api, leg)
        if step.expires_at:
            self._let_go(api, leg, reference=leg.provider_reference)
        return step

    def _divide(self, api: Any, leg: Leg) -> Step:
        intent = _find_intent(api=api, leg=leg) if leg.retry else None
        if intent is None:
            before = api.payment_intents.retrieve(leg.provider_reference)
            intent = self._create(api, leg, source=before.payment_method, present=False, customer=before.customer or "")
        step = _held(intent=intent, leg=leg)
        if not step.expires_at:
            # Nobody is there to be asked.
            if intent.status == "requires_action":
                api.payment_intents.cancel(intent.id, {}, {"idempotency_key": f"{_name(leg)}:unasked"})
            return Step(refusal=step.refusal or DECLINED, answered=step.answered)
        return step

    def _replace(self, api: Any, leg: Leg) -> Step:
        step = self._authorise(api, leg)
        if step.expires_at:
            share = Share.objects.get(tender_id=leg.tender_id, part__reference=leg.part_reference)
            if share.provider_reference != step.provider_reference:
                self._let_go(api, leg, reference=share.provider_reference)
        return step

    def _let_go(self, api: Any, leg: Leg, *, reference: str) -> None:
        """End the hold that a new one stands for; the new one is there already, so there is always one."""
        if api.payment_intents.retrieve(reference).status == "requires_capture":
            api.payment_intents.cancel(reference, {}, {"idempotency_key": f"{_name(leg)}:before"})

    def _capture(self, api: Any, leg: Leg) -> Step:
        if Share.objects.filter(tender_id=leg.tender_id, part__reference=leg.part_reference, captured__gt=0).exists():
            return Step(refusal=ONCE)
        if leg.retry and api.payment_intents.retrieve(leg.provider_reference).status == "succeeded":
            return Step()
        intent = api.payment_intents.capture(
            leg.provider_reference, {"amount_to_capture": leg.amount}, {"idempotency_key": _name(leg)}
        )
        return Step() if intent.status == "succeeded" else Step(refusal=f"The card provider says {intent.status}.")

    def _void(self, api: Any, leg: Leg) -> Step:
        intent = api.payment_intents.retrieve(leg.provider_reference)
        if not leg.promised and _plain(intent.metadata).get("part") != leg.part_reference:
            # Another leg's payment, whose question this one was waiting for.
            return Step()
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


def _new_card(*, payer: str) -> list[TenderOption]:
    """Return the choice of a card typed into the provider's own fields, where there is a key for them."""
    if not settings.STRIPE_PUBLISHABLE_KEY:
        return []
    may_keep = card_customers.may_keep(payer)
    return [
        TenderOption(
            method=CardMethod.code,
            source=NEW_CARD,
            label="New card",
            detail="Typed below; it goes to the card provider alone",
            keep_as=card_customers.KEEP + NEW_CARD if may_keep else "",
        )
    ]


def test_cards() -> tuple[tuple[str, str, str], ...]:
    """Return token, label and detail of each test card; none where cards are real."""
    return () if settings.STRIPE_API_KEY.startswith(("sk_live", "rk_live")) else TEST_CARDS


def is_stand_in() -> bool:
    """Return whether the stand-in answers instead of Stripe."""
    return not settings.STRIPE_API_KEY


def attach(*, payer: str, token: str, at: datetime) -> None:
    """Keep a card, set up by the provider's own fields or a test card, for a payer.

    :raises CardRefused: its bank, or the provider, will not have it.
    :raises ProviderSilent: there was no answer.
    """
    with _told_apart():
        provider = api()
        customer = card_customers.customer_of(api=provider, payer=payer)
        method = provider.payment_methods.attach(token, {"customer": customer})
        card_customers.keep(api=provider, payer=payer, reference=method.id, at=at)


def detach(*, reference: str) -> None:
    """Have the provider forget a card.

    :raises ProviderSilent: there was no answer.
    """
    with _told_apart(), suppress(CardRefused):
        api().payment_methods.detach(reference)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Tell a refusal from silence."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError) as refused:
        raise CardRefused(str(refused.user_message or DECLINED)) from refused
    except (stripe.StripeError, OSError) as silent:
        raise ProviderSilent("The card provider does not answer: please try again in a minute.") from silent


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


def _first_of_tender(leg: Leg) -> dict[str, Any] | None:
    """Return what was answered for an earlier part of the same tender by the same act; often nothing was asked."""
    act, _, share = leg.key.rpartition(":")
    earlier = ProviderAttempt.objects.filter(
        tender_id=leg.tender_id, share_id__lt=int(share), key__startswith=f"{act}:", state="answered"
    )
    return earlier.order_by("share_id").values_list("answer", flat=True).first()


def _find_intent(*, api: Any, leg: Leg) -> Any | None:
    """Return the PaymentIntent that earlier calls with this leg's key made; of several the one that went furthest."""
    query: dict[str, Any] = {"limit": 100}
    if not is_stand_in():
        query["created"] = {"gte": int((leg.at - CLOCKS_APART).timestamp())}
    listed = api.payment_intents.list(query).auto_paging_iter()
    found = [intent for intent in listed if _plain(intent.metadata).get("leg") == _name(leg)]
    return min(found, key=lambda intent: intent.status == "requires_payment_method", default=None)


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
        max_network_retries=RETRIES,
    )
