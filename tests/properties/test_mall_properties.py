"""Whatever people do in whatever order, goods, orders and money agree."""

import contextlib
import random
from datetime import timedelta

import pytest
from django.db import transaction

from mall.actors import BUYER, OPERATIONS, SYSTEM_ACTOR, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import CancelOrder, UnableToPlaceOrder
from mall.fulfilment import dividing
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.dividing import CancelPieces, DivideConsignment
from mall.fulfilment.models import Consignment, ConsignmentEvent, ConsignmentLine
from mall.fulfilment.requests import (
    CancelConsignment,
    Deliver,
    Dispatch,
    RefundConsignment,
    UnableToMoveConsignment,
)
from mall.order.models import Line, Order
from mall.partner.models import StockRecord
from payments import operations as payments
from payments.ledger import verification
from payments.models import Part, Payment, Share, Tender
from tests.factories.mall import AT, deliver_events, make_draft, make_market, make_shopper

pytestmark = pytest.mark.django_db


class Walk:
    """A random walk through everything that can be done to orders."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.market = make_market(stock=60, money=900_000)
        self.people = [self.market.shopper, make_shopper(money=90_000), make_shopper(money=0)]
        self.drafts = []
        self.at = AT
        self.number = 0

    def step(self) -> None:
        self.at += timedelta(hours=self.dice.randrange(1, 12))
        acts = {
            self.submit: 9,
            self.place: 1,
            self.again: 2,
            self.cancel: 1,
            self.give_up: 1,
            self.divide: 3,
            self.give_up_pieces: 2,
            self.dispatch: 7,
            self.deliver: 5,
            self.refund: 6,
            self.sweep: 1,
            deliver_events: 3,
        }
        [act] = self.dice.choices(list(acts), weights=list(acts.values()))
        act()

    def draft(self):
        goods = self.dice.sample([self.market.lamp, self.market.chair], self.dice.randrange(1, 3))
        draft = make_draft(
            user=self.dice.choice(self.people),
            quantities={offer: self.dice.randrange(1, 4) for offer in goods},
            at=self.at,
        )
        self.drafts.append(draft)
        return draft

    def submit(self) -> None:
        with contextlib.suppress(UnableToPlaceOrder):
            checkout.submit_order(draft=self.draft())

    def place(self) -> None:
        checkout.place_orders(drafts=[self.draft(), self.draft()])

    def again(self) -> None:
        if self.drafts:
            with contextlib.suppress(UnableToPlaceOrder):
                checkout.submit_order(draft=self.dice.choice(self.drafts))

    def some_consignment(self) -> str:
        found = Consignment.objects.order_by("pk")
        if self.dice.random() < 0.9:
            found = found.exclude(status="cancelled")
        numbers = list(found.values_list("number", flat=True))
        return self.dice.choice(numbers) if numbers else "none"

    def some_actor(self, number: str) -> Actor:
        part = Consignment.objects.select_related("order", "merchant").filter(number=number).first()
        if part is None:
            return SYSTEM_ACTOR
        return self.dice.choice(
            [
                Actor(BUYER, user_id=self.dice.choice(self.people).pk),
                Actor("merchant", user_id=part.merchant.owner_id, merchant_id=part.merchant_id),
                Actor(OPERATIONS, user_id=1),
            ]
        )

    def cancel(self) -> None:
        number = self.some_consignment()
        checkout.cancel_orders(
            requests=[CancelOrder(number.split("-")[0], "why not", self.at, by=self.some_actor(number))]
        )

    def give_up(self) -> None:
        number = self.some_consignment()
        fulfilment.cancel_consignments(
            requests=[CancelConsignment(number=number, by=self.some_actor(number), reason="why not", at=self.at)]
        )

    def some_pieces(self, number: str) -> dict[int, int]:
        lines = ConsignmentLine.objects.filter(consignment__number=number).order_by("pk")
        return {line.line_id: self.dice.randrange(line.quantity + 1) for line in lines}

    def divide(self) -> None:
        number = self.some_consignment()
        self.number += 1
        with contextlib.suppress(UnableToMoveConsignment):
            dividing.divide_consignment(
                request=DivideConsignment(
                    number=number,
                    pieces=self.some_pieces(number),
                    by=self.some_actor(number),
                    key=f"d{self.number}",
                    at=self.at,
                )
            )

    def give_up_pieces(self) -> None:
        number = self.some_consignment()
        self.number += 1
        with contextlib.suppress(UnableToMoveConsignment):
            dividing.cancel_pieces(
                request=CancelPieces(
                    number=number,
                    pieces=self.some_pieces(number),
                    by=self.some_actor(number),
                    reason="why not",
                    key=f"d{self.number}",
                    at=self.at,
                )
            )

    def dispatch(self) -> None:
        numbers = [self.some_consignment() for _ in range(3)]
        fulfilment.dispatch_consignments(
            requests=[Dispatch(consignment_number=n, by=self.some_actor(n), at=self.at) for n in numbers]
        )

    def deliver(self) -> None:
        number = self.some_consignment()
        said_by = self.dice.choice(["carrier", "buyer", "operations"])
        by = self.some_actor(number) if said_by != "carrier" else Actor("carrier")
        fulfilment.deliver_consignments(
            requests=[Deliver(consignment_number=number, said_by=said_by, at=self.at, by=by)]
        )

    def refund(self) -> None:
        number = self.some_consignment()
        self.number += 1
        fulfilment.refund_consignments(
            requests=[
                RefundConsignment(
                    number=number,
                    amount=self.dice.choice([100, 2_990, 8_490, 99_999]),
                    reason="",
                    by=self.some_actor(number),
                    key=f"{self.number}",
                    at=self.at,
                )
            ]
        )

    def sweep(self) -> None:
        payments.sweep(at=self.at)
        checkout.sweep_orders(at=self.at)
        fulfilment.release_due(at=self.at)


@pytest.mark.parametrize("seed", range(4))
def test_goods_orders_and_money_agree_after_any_walk(seed):
    walk = Walk(seed)

    for _ in range(12):
        for _ in range(6):
            walk.step()
        deliver_events()
        assert check_consignments() == []
        for stock in StockRecord.objects.all():
            assert 0 <= stock.num_allocated <= stock.num_in_stock

    # Everything that can still be sent arrives in the end.
    waiting = list(Consignment.objects.filter(status="confirmed").values_list("number", flat=True))
    fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=number, by=SYSTEM_ACTOR, at=walk.at) for number in waiting]
    )
    deliver_events()
    on_its_way = list(Consignment.objects.filter(status="dispatched").values_list("number", flat=True))
    fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=number, said_by="carrier", at=walk.at) for number in on_its_way]
    )
    deliver_events()
    ended = set(Consignment.objects.values_list("status", flat=True))
    assert ended <= {"released", "refunded", "cancelled", "awaiting_payment"}
    assert "released" in ended
    assert check_consignments() == []
    assert verification.verify().problems == []


MODELS = (Order, Line, Consignment, ConsignmentLine, ConsignmentEvent, Payment, Tender, Part, Share)


def dump() -> dict[str, list]:
    """Return every row without the keys the database gives and the times it notes."""
    hidden = {"id", "recorded_at", "journal_id", "available_at"}
    rows = {}
    for model in MODELS:
        names = [
            field.attname
            for field in model._meta.concrete_fields
            if field.attname not in hidden and not field.is_relation and field.attname != "payment_id"
        ]
        rows[model.__name__] = sorted(map(repr, model.objects.values_list(*names)))
    rows["stock"] = list(StockRecord.objects.order_by("pk").values_list("num_in_stock", "num_allocated"))
    return rows


def test_one_by_one_and_all_at_once_leave_the_same_rows():
    market = make_market(stock=6)
    drafts = [
        make_draft(
            user=market.shopper,
            quantities={market.lamp: 1 + n % 2, market.chair: 1} if n % 3 else {market.lamp: 1},
            key=f"equal-{n}",
            at=AT + timedelta(minutes=n),
        )
        for n in range(8)
    ]

    def live(batches) -> dict[str, list]:
        point = transaction.savepoint()
        for batch in batches:
            placed = [row for row in checkout.place_orders(drafts=batch) if not isinstance(row, Exception)]
            payments.authorise_payments(
                requests=[payments.Authorise(payment_id=row.payment_id, at=AT) for row in placed]
            )
            deliver_events()
        numbers = sorted(Consignment.objects.values_list("number", flat=True))[::2]
        for batch in [[number] for number in numbers] if len(batches) > 1 else [numbers]:
            fulfilment.dispatch_consignments(
                requests=[Dispatch(consignment_number=number, by=SYSTEM_ACTOR, at=AT) for number in batch]
            )
            deliver_events()
        rows = dump()
        transaction.savepoint_rollback(point)
        return rows

    single, bulk = live([[draft] for draft in drafts]), live([drafts])

    assert single == bulk
    assert len(single["Order"]) > 3
