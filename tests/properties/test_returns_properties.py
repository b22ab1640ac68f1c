"""Whatever people do about returns in whatever order, pieces, claims and money agree."""

import contextlib
import random
from datetime import timedelta

import pytest
from django.db.models import Sum

from mall.actors import BUYER, OPERATIONS, Actor
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.fulfilment.requests import Deliver, RefundConsignment
from mall.returns import operations, states
from mall.returns.checks import check_returns
from mall.returns.models import Return, ReturnLine, ReturnRefund
from mall.returns.reasons import CODES, CONDITIONS
from mall.returns.requests import AnswerOffer, AnswerReturn, ReceiveReturn, SendReturn, UnableToReturn
from payments.ledger import verification
from payments.models import Part, PartClaim
from payments.settlement import settling
from tests.factories.mall import deliver_events, make_market, make_shopper, staff
from tests.factories.returns import ASKED, ask, buyer, decision, make_parcel, say

pytestmark = pytest.mark.django_db


class Walk:
    """A random walk through everything that can be done about four parcels."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.market = make_market(stock=100, money=1_000_000)
        self.parts = [
            make_parcel(market=self.market, delivered=bool(number), lamp=self.dice.randrange(2, 7))
            for number in range(4)
        ]
        self.clerks = [Actor(OPERATIONS, user_id=make_shopper(money=0).pk) for _ in range(2)]
        self.at = ASKED
        self.done = 0

    def step(self) -> None:
        self.at += timedelta(hours=self.dice.randrange(1, 12))
        acts = [
            (self.ask, 9),
            (self.answer, 8),
            (self.offer, 3),
            (self.send, 5),
            (self.receive, 5),
            (self.say, 6),
            (self.decide, 5),
            (self.refund, 2),
            (self.arrive, 2),
            (self.settle, 1),
            (lambda: operations.sweep_returns(at=self.at), 1),
            (deliver_events, 5),
        ]
        [act] = self.dice.choices([act for act, _ in acts], weights=[weight for _, weight in acts])
        with contextlib.suppress(UnableToReturn):
            act()
            self.done += 1

    def row(self, *wanted: str) -> Return:
        rows = Return.objects.order_by("pk")
        rows = list(rows.filter(state__in=wanted) if wanted and self.dice.random() < 0.95 else rows)
        if not rows:
            raise UnableToReturn("There is none yet.")
        return self.dice.choice(rows)

    def ask(self) -> None:
        part = self.dice.choice(self.parts)
        ask(part, self.dice.choice([1, 1, 2, 3]), reason=self.dice.choice(CODES), text="So it is.", at=self.at)

    def answer(self) -> None:
        row = self.row(states.ASKED)
        amount = self.dice.randrange(0, row.claimed + 100)
        what = self.dice.choice(["accept", "accept", "accept", "let keep", "offer", "decline"])
        operations.answer_return(
            request=AnswerReturn(
                number=row.number, answer=what, by=staff(row.merchant), at=self.at, text="Hm.", amount=amount
            )
        )

    def offer(self) -> None:
        row = self.row(states.OFFERED)
        takes = self.dice.random() < 0.5
        by = Actor(BUYER, user_id=row.buyer_id)
        operations.answer_offer(request=AnswerOffer(number=row.number, takes=takes, by=by, at=self.at))

    def send(self) -> None:
        row = self.row(states.ACCEPTED)
        by = Actor(BUYER, user_id=row.buyer_id)
        operations.send_return(request=SendReturn(number=row.number, carrier="", tracking="T", by=by, at=self.at))
        if self.dice.random() < 0.5:
            operations.note_arrivals(numbers=[row.number], by=Actor("carrier"), at=self.at)

    def receive(self) -> None:
        row = self.row(states.SENT, states.ACCEPTED)
        amount = self.dice.choice([None, None, self.dice.randrange(0, row.claimed + 100)])
        operations.receive_return(
            request=ReceiveReturn(
                number=row.number,
                condition=self.dice.choice(CONDITIONS),
                by=staff(row.merchant),
                at=self.at,
                amount=amount,
                text="Worn.",
            )
        )

    def say(self) -> None:
        row = self.row(states.DECLINED, states.REDUCED, states.SENT)
        by = self.dice.choice([buyer(self.parts[0]), staff(row.merchant)])
        act = self.dice.choice([operations.escalate, operations.escalate, operations.agree, operations.withdraw])
        act(request=say(row, by, at=self.at))

    def decide(self) -> None:
        row = self.row(states.ESCALATED)
        amount = self.dice.choice([0, row.open_amount, self.dice.randrange(0, row.claimed + 1)])
        operations.decide(request=decision(row, self.dice.choice(self.clerks), amount, at=self.at))

    def refund(self) -> None:
        part = self.dice.choice(self.parts)
        asked = RefundConsignment(
            number=part.number,
            amount=self.dice.randrange(1, 3_000),
            reason="kind",
            by=staff(part.merchant),
            key=f"own-{self.at.isoformat()}",
            at=self.at,
        )
        fulfilment.refund_consignments(requests=[asked])

    def arrive(self) -> None:
        part = self.dice.choice(self.parts)
        fulfilment.deliver_consignments(
            requests=[Deliver(consignment_number=part.number, said_by="carrier", at=self.at)]
        )

    def settle(self) -> None:
        settling.settle_due(until=self.at.date())


def hold() -> None:
    """Check what holds after every step."""
    for line in ConsignmentLine.objects.all():
        back = ReturnLine.objects.filter(line=line).exclude(of__outcome__in=states.GIVEN_UP)
        sums = back.aggregate(pieces=Sum("quantity"), paid=Sum("amount"))
        assert (sums["pieces"] or 0) <= line.quantity and (sums["paid"] or 0) <= line.amount
    for part in Part.objects.all():
        claims = PartClaim.objects.filter(part=part, closed_at__isnull=True)
        kept = sum(claim.left for claim in claims)
        assert 0 <= kept <= part.refundable <= part.captured <= part.amount
    for row in Return.objects.all():
        assert row.refunded <= row.awarded <= row.claimed
        assert sum(ReturnRefund.objects.filter(of=row).values_list("amount", flat=True)) == row.awarded


@pytest.mark.parametrize("seed", [1, 2])
def test_pieces_claims_and_money_agree_after_every_step(seed, tell):
    walk = Walk(seed)
    for number in range(75):
        walk.step()
        hold()
        if number % 25 == 24:
            deliver_events()
            assert check_returns() == []
    for _ in range(8):
        walk.at += timedelta(days=30)
        operations.sweep_returns(at=walk.at)
        deliver_events()
    hold()
    assert set(Return.objects.filter(state__in=states.OPEN).values_list("state", flat=True)) <= {"escalated"}
    assert check_returns() == check_consignments() == []
    assert verification.verify().problems == []
    over = Consignment.objects.filter(returns__isnull=False).distinct()
    assert over.exists()
    tell(f"{walk.done} acts, {Return.objects.count()} returns, {ReturnRefund.objects.count()} refunds")
