"""Live a history through the real operations, window by window, delivering the outbox as it goes.

Nothing here writes a table of the mall, the bank or the lenders: everything goes through the operations' batch
forms, keyed, so that a window cut short is simply lived again. The order of things within a window (money in,
orders, payments, sending, arriving, settling, closing) is the order in which they depend on each other, and what
depends on balances happens at sittings, where windows begin: so long windows leave the rows that single days leave.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db import connection

from config.simulation import acts as what
from config.simulation.acts import Act, Calendar, chunks, windows
from config.simulation.founding import Known, address_data
from config.simulation.history import History, MoneyIn, Purchase
from config.simulation.models import Run
from config.simulation.progress import Progress
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
from payments import settlement
from payments.operations import publishing

_AT_ONCE = 500
_DELIVERY_PATIENCE_SECONDS = 30
ACCOUNT = "bank_account"


class Credit(Protocol):
    """What lenders add to a history; :class:`NoCredit` adds nothing."""

    # Whether something happens at the ends of months, so that windows end there.
    by_month: bool

    def product_for(self, purchase: Purchase) -> str | None:
        """Return the plan that pays this purchase, or None when it is paid at once."""

    def sign(self, waiting: Sequence[tuple[Purchase, bank.PaymentOutcome, datetime]]) -> None:
        """Sign the plans of (purchase, what its payment waits for, moment)."""

    def refresh(self) -> None:
        """Look at the loans again, for somebody who does not close the days."""

    def before(self, first: date, last: date) -> None:
        """Bring in what borrowers pay in these days."""

    def after(self, first: date, last: date) -> None:
        """Close these days, and at a month's end make offers and take advances."""


class NoCredit:
    """A history without lending."""

    by_month = False

    def product_for(self, purchase: Purchase) -> str | None:
        """Return that everything is paid at once."""

    def sign(self, waiting: Sequence[tuple[Purchase, bank.PaymentOutcome, datetime]]) -> None:
        """Sign nothing."""

    def before(self, first: date, last: date) -> None:
        """Bring in nothing."""

    def after(self, first: date, last: date) -> None:
        """Close nothing."""


class Share(Protocol):
    """A helper that lives a share of every window beside this process."""

    def is_theirs(self, purchase: Purchase) -> bool:
        """Tell whether the helper lives a purchase."""

    def start(self, first: date, last: date) -> None:
        """Have the helper live its share of these days."""

    def join(self) -> Tally:
        """Wait for the helper and return what it did."""


@dataclass(slots=True)
class Tally:
    """What was done, and what the operations would not do, by reason."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def count(self, kind: str, asked: Sequence[Act], results: Sequence[object]) -> None:
        """Count one result per act."""
        for act, result in zip(asked, results, strict=True):
            if isinstance(result, Exception):
                reason = f"{kind}: {type(result).__name__}"
                self.refused[reason] += 1
                self.examples.setdefault(reason, f"{act.purchase.key}: {result}")
            else:
                self.done[kind] += 1


class Driver:
    """Lives ``history`` from where ``run`` stands, in windows of ``window_days``."""

    def __init__(
        self,
        *,
        history: History,
        run: Run,
        known: Known,
        window_days: int,
        credit: Credit | None = None,
        progress: Progress,
        rhythm_days: int = what.RHYTHM_DAYS,
        share: Share | None = None,
        lived: Callable[[date], None] = lambda day: None,
    ) -> None:
        """``rhythm_days``: how often reserves mature and what else is available is paid out; ``share``: the helper;
        ``lived`` is told of the last day of each window.
        """
        self.history, self.run, self.known = history, run, known
        self.window_days, self.progress, self.rhythm_days = window_days, progress, rhythm_days
        self.credit = credit or NoCredit()
        self.tally = Tally()
        self.timings: Counter[str] = Counter()
        self.people = {person.key: person for person in history.founding().shoppers}
        self.share, self._lived = share, lived
        self._merchants = [f"merchant:{merchant}" for merchant in known.merchants.values()]
        self._policy = settings.RIALTO_POLICY

    # --- the course of time

    def live(self, *, until: date | None = None) -> Tally:
        """Live every window through ``until`` (the history's last day) that was not lived before."""
        last = min(until or self.history.last_day, self.history.last_day)
        calendar = self.calendar()
        coming, arriving = iter(self.history.purchases()), iter(self.history.money_in())
        purchase, arrival = next(coming, None), next(arriving, None)
        days = (last - self.history.first_day).days + 1
        self.progress.start("living the history", days)
        with publishing.held():
            # A life that was killed had events in hand; they come first, or what follows would overtake them.
            publishing.take_back()
            write_behind()
            for start, end in windows(self.history.first_day, last, self.window_days, by_month=self.credit.by_month):
                while purchase is not None and purchase.placed_at.date() <= end:
                    calendar.add(purchase, only=self._is_mine if self.share else None)
                    purchase = next(coming, None)
                savings = []
                while arrival is not None and arrival.at.date() <= end:
                    savings.append(arrival)
                    arrival = next(arriving, None)
                if self.run.lived_until is None or end > self.run.lived_until:
                    self._live_window(start, end, calendar.take(start, end), savings)
                self.progress.advance((end - start).days + 1, f"{end:%d %b %Y}")
        self.progress.finish()
        return self.tally

    def calendar(self) -> Calendar:
        """Return an empty calendar that leaves out what was lived before."""
        return Calendar(
            lived_until=self.run.lived_until,
            unpaid_after=self._policy.PAYMENT_EXPIRES_AFTER,
            silence=timedelta(days=self._policy.RELEASE_AFTER_DAYS),
        )

    def _live_window(self, first: date, last: date, acts: dict[str, list[Act]], savings: Sequence[MoneyIn]) -> None:
        short = [act for act in acts[what.PLACE] if act.purchase.short]
        tries = [act for act in acts[what.AUTHORISE] if act.purchase.short]
        self._timed("pay", self._pay, short, tries)
        self._timed("refund", self._refund, acts[what.REFUND])
        self._timed("money in", self._save, savings)
        self._timed("credit", self.credit.before, first, last)
        self._outbox()
        if self.share:
            self.share.start(first, last)
        self.live_share(acts)
        if self.share:
            self._timed("waiting for the helper", self._join)
        self._timed("settle", self._settle, last)
        self._timed("credit", self.credit.after, first, last)
        self._timed("outbox", self._outbox)
        self.run.lived_until = last
        self.run.save(update_fields=["lived_until"])
        self._lived(last)

    def live_share(self, acts: dict[str, list[Act]]) -> None:
        """Live what has nothing to do with other merchants' purchases, delivering its own events."""
        with publishing.lane():
            self._live_share(acts)

    def _live_share(self, acts: dict[str, list[Act]]) -> None:
        self._timed("money in", self._receive, acts[what.AUTHORISE])
        others = [act for act in acts[what.PLACE] if not act.purchase.short]
        self._timed("pay", self._pay, others, [act for act in acts[what.AUTHORISE] if not act.purchase.short])
        self._timed("give up", self._give_up, acts[what.UNPAID])
        self._timed("dispatch", self._dispatch, acts[what.DISPATCH])
        self._timed("cancel", self._cancel, acts[what.CANCEL])
        self._timed("deliver", self._deliver, acts[what.DELIVER])
        self._timed("deliver", self._time_out, acts[what.SILENCE])
        self._timed("review", self._review, acts[what.REVIEW])

    def _join(self) -> None:
        tally = self.share.join()
        self.tally.done.update(tally.done)
        self.tally.refused.update(tally.refused)
        self.tally.examples.update(tally.examples)

    def _is_mine(self, act: Act) -> bool:
        """Tell whether this process does an act: its own merchants', and whatever depends on balances."""
        return act.kind == what.REFUND or act.purchase.short or not self.share.is_theirs(act.purchase)

    def _timed(self, name: str, function, *arguments) -> None:
        began = time.monotonic()
        function(*arguments)
        self.timings[name] += time.monotonic() - began

    # --- paying

    def _receive(self, authorised: Sequence[Act]) -> None:
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
        for batch in chunks(requests, _AT_ONCE):
            must(bank.receive_money(requests=batch))

    def _save(self, savings: Sequence[MoneyIn]) -> None:
        requests = [
            bank.Deposit(
                account_number=self.known.accounts[arrival.shopper],
                amount=arrival.amount,
                key=f"{self.history.name}:{arrival.key}",
                reference="standing order",
                at=arrival.at,
            )
            for arrival in savings
        ]
        for batch in chunks(requests, _AT_ONCE):
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

    def _pay(self, placed: Sequence[Act], authorised: Sequence[Act]) -> None:
        for batch in chunks(list(placed), _AT_ONCE):
            self._issue_vouchers(batch)
            results = checkout.place_orders(drafts=[self._draft(act.purchase) for act in batch])
            self.tally.count("placed", batch, results)
        # Payments that go alike are asked together: their events are then delivered together too.
        planned = {act.purchase.key for act in authorised if self._is_planned(act.purchase)}
        for alike in (
            [act for act in authorised if act.purchase.key not in planned],
            [act for act in authorised if act.purchase.key in planned],
        ):
            for batch in chunks(alike, _AT_ONCE):
                self._authorise(batch)
        self._outbox()

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

    def _give_up(self, unpaid: Sequence[Act]) -> None:
        if unpaid:
            results = checkout.cancel_orders(
                requests=[
                    CancelOrder(number=self.number(act.purchase), reason="The payment was not made in time.", at=act.at)
                    for act in unpaid
                ]
            )
            self.tally.count("given up unpaid", unpaid, results)
            self._outbox()

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

    def _dispatch(self, sent: Sequence[Act]) -> None:
        for batch in chunks(list(sent), _AT_ONCE):
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
            self._outbox()

    def _deliver(self, arrived: Sequence[Act]) -> None:
        for batch in chunks(list(arrived), _AT_ONCE):
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
            self._outbox()

    def _time_out(self, silent: Sequence[Act]) -> None:
        for batch in chunks(list(silent), _AT_ONCE):
            results = fulfilment.deliver_consignments(
                requests=[
                    asks.Deliver(consignment_number=self.consignment(act), said_by="time", by=SYSTEM_ACTOR, at=act.at)
                    for act in batch
                ]
            )
            self.tally.count("delivered by silence", batch, results)
        if silent:
            self._outbox()

    def _cancel(self, cancelled: Sequence[Act]) -> None:
        for batch in chunks(list(cancelled), _AT_ONCE):
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
            self._outbox()

    def _refund(self, refunded: Sequence[Act]) -> None:
        for batch in chunks(list(refunded), _AT_ONCE):
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
            self._outbox()

    def _review(self, reviewed: Sequence[Act]) -> None:
        for batch in chunks(list(reviewed), _AT_ONCE):
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

    # --- the bank's evening

    def _settle(self, last: date) -> None:
        settlement.settle_due(until=last)
        settlement.pay_out_due(until=last)
        if last.toordinal() % self.rhythm_days == 0:
            settlement.mature_reserves(until=last)
            settlement.pay_out_due(until=last, merchants=self._merchants)

    def _outbox(self) -> None:
        """Deliver what waits; somebody else may be delivering too, and is waited for."""
        publishing.deliver()
        if publishing.in_lane():
            return
        give_up = time.monotonic() + _DELIVERY_PATIENCE_SECONDS
        pause = 0.01
        while publishing.undelivered() and time.monotonic() < give_up:
            time.sleep(pause)
            pause = min(pause * 2, 1.0)
            publishing.deliver()

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


def must(results: Sequence[object]) -> None:
    """Raise the first error among ``results``."""
    for result in results:
        if isinstance(result, Exception):
            raise result


def end_of(day: date) -> datetime:
    """Return the last second of ``day``."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)


def write_behind() -> None:
    """Let commits of this connection return before they are on disk.

    What a crash of the machine could lose is the latest windows as a whole, and those are lived again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
