"""Cards of other banks, through Stripe: one PaymentIntent for each consignment, captured by hand when it is sent.

Without a key of Stripe the stand-in answers, to the same client over HTTP. A call whose answer never came is asked
about again with the same key, after looking for what the first one may have left.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import stripe
from django.conf import settings

from payments import journals
from payments.ledger.journal import Transfer
from payments.methods import Leg, Step, TenderOption
from payments.models import ProviderAttempt, Share
from payments.providers import card_customers
from payments.providers.card_api import DECLINED, CardRefused, answered, api, is_stand_in, plain, told_apart

# A card's bank keeps a hold for a week; ours ends before that.
HELD_FOR = timedelta(days=6, hours=12)
# How far apart our clock and the provider's may be when a lost PaymentIntent is looked for.
CLOCKS_APART = timedelta(hours=1)
ONCE = "A card is captured once for each consignment, and this one has been."
# A source that stands for the token the browser got from the provider's own fields.
NEW_CARD = "new"
# The provider's word for a bank that will not do without its customer.
ASKS_AGAIN = "authentication_required"

# Stripe's own names for cards that exist for tests alone; no card number ever reaches this server.
TEST_CARDS = (
    ("pm_card_visa", "Test card that pays", "Visa •••• 4242"),
    ("pm_card_authenticationRequiredOnSetup", "Test card that asks its bank first", "Visa •••• 3155"),
    ("pm_card_authenticationRequired", "Test card that asks its bank each time", "Visa •••• 3184"),
    ("pm_card_chargeCustomerFail", "Test card that is declined", "Visa •••• 0341"),
)


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
        return [answered(act=self._authorise, leg=leg) for leg in legs]

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Take what is held."""
        return [answered(act=self._capture, leg=leg) for leg in legs]

    def void(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Let go of what is held."""
        return [answered(act=self._void, leg=leg) for leg in legs]

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Give captured money back to the card."""
        return [answered(act=self._refund, leg=leg) for leg in legs]

    def release(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Add nothing."""
        return [Step() for _ in legs]

    def renew(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold anew, its payer absent, what a hold that ends soon holds; then let go of the old one."""
        return [answered(act=self._renew, leg=leg) for leg in legs]

    def divide(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold a part of what is held once more, its payer absent, so that each can be captured for itself."""
        return [answered(act=self._divide, leg=leg) for leg in legs]

    def replace(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold on another card, its payer present, what an earlier one holds; then let go of that."""
        return [answered(act=self._replace, leg=leg) for leg in legs]

    def _authorise(self, api: Any, leg: Leg) -> Step:
        """Hold a leg's amount; one question of the card's bank is for all legs of a tender.

        The first leg's payment is made with the payer present and sets the card up; the others follow without him.
        While his bank asks him about the first, the others name that one as theirs and wait for it.
        """
        intent = None
        if leg.provider_reference:
            intent = api.payment_intents.retrieve(leg.provider_reference)
            if plain(intent.metadata).get("part") != leg.part_reference:
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
        if not leg.promised and plain(intent.metadata).get("part") != leg.part_reference:
            # Another leg's payment, whose question this one was waiting for.
            return Step()
        # What a capture left over is let go of by the card's bank itself.
        if intent.status not in ("canceled", "succeeded"):
            api.payment_intents.cancel(leg.provider_reference, {}, {"idempotency_key": _name(leg)})
        return Step()

    def _refund(self, api: Any, leg: Leg) -> Step:
        if leg.retry:
            made = api.refunds.list({"payment_intent": leg.provider_reference, "limit": 100})
            if any(plain(refund.metadata).get("leg") == _name(leg) for refund in made.auto_paging_iter()):
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


def attach(*, payer: str, token: str, at: datetime) -> None:
    """Keep a card, set up by the provider's own fields or a test card, for a payer.

    :raises CardRefused: its bank, or the provider, will not have it.
    :raises ProviderSilent: there was no answer.
    """
    with told_apart():
        provider = api()
        customer = card_customers.customer_of(api=provider, payer=payer)
        method = provider.payment_methods.attach(token, {"customer": customer})
        card_customers.keep(api=provider, payer=payer, reference=method.id, at=at)


def detach(*, reference: str) -> None:
    """Have the provider forget a card.

    :raises ProviderSilent: there was no answer.
    """
    with told_apart(), suppress(CardRefused):
        api().payment_methods.detach(reference)


def _name(leg: Leg) -> str:
    """Return the leg's name at the provider, which other installations may share: the order makes it unique."""
    return f"{leg.payment_reference}:{leg.key}"


def _held(*, intent: Any, leg: Leg) -> Step:
    if intent.status == "requires_capture":
        return Step(provider_reference=intent.id, expires_at=leg.at + HELD_FOR)
    if intent.status == "requires_action":
        redirect = plain(intent.next_action).get("redirect_to_url") or {}
        return Step(provider_reference=intent.id, action_url=redirect.get("url") or f"/money/card/{intent.id}/")
    if intent.status == "processing":
        return Step(answered=False)
    problem = plain(intent.last_payment_error)
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
    found = [intent for intent in listed if plain(intent.metadata).get("leg") == _name(leg)]
    return min(found, key=lambda intent: intent.status == "requires_payment_method", default=None)
