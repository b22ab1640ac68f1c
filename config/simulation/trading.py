"""What happens to purchases, asked of the real operations in batches: placed, paid, sent, delivered, given back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

from config.simulation.acts import Act, chunks
from config.simulation.founding import Known, address_data
from config.simulation.history import History, Purchase
from config.simulation.roles import Credit, Tally
from mall.actors import CARRIER_ACTOR, SYSTEM_ACTOR, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import (
    CancelOrder,
    DeliveryChoice,
    DraftLine,
    OrderDraft,
    TenderChoice,
    order_number,
)
from mall.fulfilment import operations as fulfilment
from mall.fulfilment import requests as asks
from mall.fulfilment import reviews
from mall.order.models import Order
from mall.queries.orders import products_of
from payments import operations as bank
from payments.operations import publishing

AT_ONCE = 500
_DELIVERY_PATIENCE_SECONDS = 30
ACCOUNT = "bank_account"


class Trade:
    """Lives what happens to purchases of ``history``; each batch delivers the events it brought about."""

    def __init__(self, *, history: History, known: Known, credit: Credit) -> None:
        self.history, self.known, self.credit = history, known, credit
        self.tally = Tally()
        self.people = {person.key: person for person in history.founding().shoppers}

    # --- paying

    def receive(self, authorised: Sequence[Act]) -> None:
        source = self.history.name
        requests = [
            bank.Deposit(
                account_number=self.known.accounts[act.purchase.shopper],
                amount=amount,
                key=f"{source}:money:{act.purchase.key}",
                reference=self.number(act.purchase),
                at=act.at - timedelta(seconds=1),
            )
            for act in authorised
            if (amount := self._needs(act.purchase))
        ]
        for batch in chunks(requests, AT_ONCE):
            must(bank.receive_money(requests=batch))

    def _needs(self, purchase: Purchase) -> int:
        """Return what arrives just before a purchase is paid; who gets no plan brings the whole price."""
        if purchase.short:
            return 0
        planned = sum(tender.amount for tender in purchase.tenders if tender.method == "plan")
        return purchase.money_in + (planned if planned and not self._is_planned(purchase) else 0)

    def _is_planned(self, purchase: Purchase) -> bool:
        wants = any(tender.method == "plan" for tender in purchase.tenders)
        return wants and self.credit.product_for(purchase) is not None

    def pay(self, placed: Sequence[Act], authorised: Sequence[Act]) -> None:
        for batch in chunks(list(placed), AT_ONCE):
            self._issue_vouchers(batch)
            results = checkout.place_orders(drafts=[self._draft(act.purchase) for act in batch])
            self.tally.count("placed", batch, results)
        # Payments that go alike are asked together: their events are then delivered together too.
        planned = {act.purchase.key for act in authorised if self._is_planned(act.purchase)}
        for alike in (
            [act for act in authorised if act.purchase.key not in planned],
            [act for act in authorised if act.purchase.key in planned],
        ):
            for batch in chunks(alike, AT_ONCE):
                self._authorise(batch)
        deliver_events()

    def _authorise(self, batch: Sequence[Act]) -> None:
        keys = [self.key(act.purchase) for act in batch]
        payments = dict(Order.objects.filter(key__in=keys).values_list("key", "payment_id"))
        asked = [act for act in batch if self.key(act.purchase) in payments]
        outcomes = self._ask(asked, payments)
        waiting = [
            (act.purchase, outcome, act.at)
            for act, outcome in zip(asked, outcomes, strict=True)
            if outcome.state == "action_required"
        ]
        if waiting:
            self.credit.sign(waiting)
            outcomes = self._ask(asked, payments)
        refused = []
        for act, outcome in zip(asked, outcomes, strict=True):
            self.tally.done[f"payment {outcome.state.replace('_', ' ')}"] += 1
            if outcome.state not in ("authorised", "captured"):
                reason = outcome.refusal or "The buyer did not sign."
                refused.append(CancelOrder(number=self.number(act.purchase), reason=reason, at=act.at))
        if refused:
            checkout.cancel_orders(requests=refused)

    def _ask(self, asked: Sequence[Act], payments: dict[str, int]) -> list[bank.PaymentOutcome]:
        return bank.authorise_payments(
            requests=[bank.Authorise(payment_id=payments[self.key(act.purchase)], at=act.at) for act in asked]
        )

    def give_up(self, unpaid: Sequence[Act]) -> None:
        if unpaid:
            results = checkout.cancel_orders(
                requests=[
                    CancelOrder(number=self.number(act.purchase), reason="The payment was not made in time.", at=act.at)
                    for act in unpaid
                ]
            )
            self.tally.count("given up unpaid", unpaid, results)
            deliver_events()

    def _issue_vouchers(self, batch: Sequence[Act]) -> None:
        requests = [
            bank.IssueVoucher(
                code=self.voucher(act.purchase, position),
                label="Rialto voucher",
                holder=f"user:{self.known.users[act.purchase.shopper]}",
                currency=self.history.currency,
                budget=tender.amount,
                valid_from=act.at - timedelta(days=1),
                valid_until=act.at + timedelta(days=365),
            )
            for act in batch
            for position, tender in enumerate(act.purchase.tenders)
            if tender.method == "voucher"
        ]
        if requests:
            must(bank.issue_vouchers(requests=requests))

    # --- goods

    def dispatch(self, sent: Sequence[Act]) -> None:
        for batch in chunks(list(sent), AT_ONCE):
            results = fulfilment.dispatch_consignments(
                requests=[
                    asks.Dispatch(
                        consignment_number=self.consignment(act),
                        carrier="Carrier",
                        tracking=f"T{self.consignment(act)}",
                        by=Actor("merchant", merchant_id=self.known.merchants[act.about.shop]),
                        at=act.at,
                    )
                    for act in batch
                ]
            )
            self.tally.count("dispatched", batch, results)
        if sent:
            deliver_events()

    def deliver(self, arrived: Sequence[Act]) -> None:
        for batch in chunks(list(arrived), AT_ONCE):
            results = fulfilment.deliver_consignments(
                requests=[
                    asks.Deliver(
                        consignment_number=self.consignment(act),
                        said_by=act.about.delivered_said_by,
                        by=self._buyer(act) if act.about.delivered_said_by == "buyer" else CARRIER_ACTOR,
                        at=act.at,
                    )
                    for act in batch
                ]
            )
            self.tally.count("delivered", batch, results)
        if arrived:
            deliver_events()

    def time_out(self, silent: Sequence[Act]) -> None:
        for batch in chunks(list(silent), AT_ONCE):
            results = fulfilment.deliver_consignments(
                requests=[
                    asks.Deliver(consignment_number=self.consignment(act), said_by="time", by=SYSTEM_ACTOR, at=act.at)
                    for act in batch
                ]
            )
            self.tally.count("delivered by silence", batch, results)
        if silent:
            deliver_events()

    def cancel(self, cancelled: Sequence[Act]) -> None:
        for batch in chunks(list(cancelled), AT_ONCE):
            results = fulfilment.cancel_consignments(
                requests=[
                    asks.CancelConsignment(
                        number=self.consignment(act), by=SYSTEM_ACTOR, reason=act.about.cancel_reason, at=act.at
                    )
                    for act in batch
                ]
            )
            self.tally.count("cancelled", batch, results)
        if cancelled:
            deliver_events()

    def refund(self, refunded: Sequence[Act]) -> None:
        for batch in chunks(list(refunded), AT_ONCE):
            results = fulfilment.refund_consignments(
                requests=[
                    asks.RefundConsignment(
                        number=self.consignment(act),
                        amount=act.about.refund.amount,
                        reason=act.about.refund.reason,
                        by=Actor("merchant", merchant_id=self.known.merchants[act.about.shop]),
                        key=f"{self.history.name}:refund:{act.purchase.key}:{act.parcel}",
                        at=act.at,
                    )
                    for act in batch
                ]
            )
            self.tally.count("refunded", batch, results)
        if refunded:
            deliver_events()

    def review(self, reviewed: Sequence[Act]) -> None:
        for batch in chunks(list(reviewed), AT_ONCE):
            products = products_of(numbers=[self.consignment(act) for act in batch])
            results = reviews.post_reviews(
                requests=[
                    asks.PostReview(
                        consignment_number=self.consignment(act),
                        product_ids=products.get(self.consignment(act), ()),
                        score=act.about.review.score,
                        body=act.about.review.body,
                        by=self._buyer(act),
                        at=act.at,
                    )
                    for act in batch
                ]
            )
            self.tally.count("reviewed", batch, results)

    # --- names

    def key(self, purchase: Purchase) -> str:
        """Return the key of a purchase's order."""
        return f"{self.history.name}:{purchase.key}"

    def number(self, purchase: Purchase) -> str:
        """Return the number of a purchase's order."""
        return order_number(key=self.key(purchase))

    def voucher(self, purchase: Purchase, position: int) -> str:
        """Return the code of the voucher that pays tender ``position`` of a purchase."""
        return f"V-{self.number(purchase)}-{position}"

    def consignment(self, act: Act) -> str:
        """Return the number of the consignment an act is about: they are counted in the order of merchants."""
        merchants = sorted(self.known.merchants[parcel.shop] for parcel in act.purchase.parcels)
        place = merchants.index(self.known.merchants[act.about.shop]) + 1
        return f"{self.number(act.purchase)}-{place}"

    def _buyer(self, act: Act) -> Actor:
        return Actor("buyer", user_id=self.known.users[act.purchase.shopper])

    def _draft(self, purchase: Purchase) -> OrderDraft:
        person = self.people[purchase.shopper]
        return OrderDraft(
            key=self.key(purchase),
            user_id=self.known.users[purchase.shopper],
            email=person.email,
            currency=self.history.currency,
            lines=tuple(
                DraftLine(self.known.stock[line.article], line.quantity, line.unit_price)
                for parcel in purchase.parcels
                for line in parcel.lines
            ),
            address=address_data(person.address),
            deliveries={
                self.known.merchants[parcel.shop]: DeliveryChoice("standard", parcel.shipping, parcel.promised_by)
                for parcel in purchase.parcels
            },
            tenders=self._tenders(purchase),
            device=purchase.device,
            at=purchase.placed_at,
            expires_at=(purchase.authorised_at or purchase.placed_at) + timedelta(days=1),
            prices_agreed=True,
        )

    def _tenders(self, purchase: Purchase) -> tuple[TenderChoice, ...]:
        choices = []
        for position, tender in enumerate(purchase.tenders):
            if tender.method == "voucher":
                choices.append(TenderChoice("voucher", self.voucher(purchase, position), tender.amount))
            elif tender.method == "card":
                choices.append(TenderChoice("card", "pm_card_visa", tender.amount))
            elif tender.method == "plan" and (product := self.credit.product_for(purchase)):
                choices.append(TenderChoice("installments", f"plan:{product}", tender.amount))
            else:
                choices.append(TenderChoice(ACCOUNT, self.known.accounts[purchase.shopper], tender.amount))
        return tuple(choices)


def deliver_events() -> None:
    """Deliver what waits in the outbox; somebody else may be delivering too, and is waited for."""
    publishing.deliver()
    if publishing.in_lane():
        return
    give_up = time.monotonic() + _DELIVERY_PATIENCE_SECONDS
    pause = 0.01
    while publishing.undelivered() and time.monotonic() < give_up:
        time.sleep(pause)
        pause = min(pause * 2, 1.0)
        publishing.deliver()


def must(results: Sequence[object]) -> None:
    """Raise the first error among ``results``."""
    for result in results:
        if isinstance(result, Exception):
            raise result
