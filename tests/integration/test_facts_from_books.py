"""The exporters against books that the real operations wrote."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from financing.features import engine, export, lake
from mall.actors import BUYER, OPERATIONS, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import OrderDraft
from mall.customer.models import Consent, User
from mall.fulfilment import operations as fulfilment
from mall.fulfilment import reviews
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import CancelConsignment, Deliver, Dispatch, PostReview, RefundConsignment
from payments import settlement
from payments.queries import facts
from tests.factories import mall as made

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
UNTIL = date(2026, 4, 1)


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def consent(name: str, at: datetime = made.AT) -> None:

    Consent.objects.get_or_create(subject=name, purpose="credit", defaults={"text_version": "test", "granted_at": at})


def buy(draft: OrderDraft) -> list[Consignment]:
    outcome = checkout.submit_order(draft=draft)
    made.deliver_events()
    return list(Consignment.objects.filter(order__number=outcome.number).order_by("number"))


def send(consignment: Consignment, at: datetime) -> None:
    merchant = consignment.merchant
    done = fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=consignment.number, by=made.staff(merchant), at=at)]
    )
    done += fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=consignment.number, said_by="carrier", at=at + 2 * DAY)]
    )
    assert not [one for one in done if isinstance(one, Exception)], done
    made.deliver_events()


def rows(fact: str) -> list[dict]:
    found = []
    for path in sorted((lake.root() / "facts" / fact).glob("day=*/part.parquet")):
        found += lake.read_day(fact=fact, day=date.fromisoformat(path.parent.name.removeprefix("day="))).to_pylist()
    return found


def shopper_buys_two_parcels() -> tuple[User, made.Market, list[Consignment]]:
    market = made.make_market()
    consent(f"user:{market.shopper.pk}")
    for merchant in (market.first, market.second):
        consent(merchant.reference)
    parcels = buy(made.make_draft(user=market.shopper, quantities={market.lamp: 2, market.chair: 1}))
    return market.shopper, market, parcels


def test_an_order_s_way_is_in_the_lake_at_its_own_days():
    shopper, market, [first, second] = shopper_buys_two_parcels()
    send(first, made.AT + DAY)
    [cancelled] = fulfilment.cancel_consignments(
        requests=[
            CancelConsignment(number=second.number, by=made.staff(market.second), reason="none left", at=made.AT + DAY)
        ]
    )
    assert not isinstance(cancelled, Exception), cancelled
    made.deliver_events()
    [refunded] = fulfilment.refund_consignments(
        requests=[
            RefundConsignment(
                number=first.number,
                amount=1_000,
                reason="scratched",
                by=Actor(OPERATIONS, user_id=1),
                key="r1",
                at=made.AT + 5 * DAY,
            )
        ]
    )
    assert not isinstance(refunded, Exception), refunded
    [posted] = reviews.post_reviews(
        requests=[
            PostReview(
                consignment_number=first.number, score=4, by=Actor(BUYER, user_id=shopper.pk), at=made.AT + 6 * DAY
            )
        ]
    )
    assert not isinstance(posted, Exception), posted
    settlement.settle_due(until=date(2026, 3, 20))
    settlement.pay_out_due(until=date(2026, 3, 20))
    made.deliver_events()
    export.export_facts(until=UNTIL)

    me = f"user:{shopper.pk}"
    lines = {row["merchant_id"]: row for row in rows("order_lines")}
    lamp = lines[market.first.reference]
    assert (lamp["consumer_id"], lamp["quantity"], lamp["amount"], lamp["category"]) == (me, 2, 5_000, "Home")
    assert (lamp["related"], lamp["currency"], lamp["consignment"]) == (False, "EUR", first.number)
    events = [(row["consignment"], row["event"], row["said_by"]) for row in rows("consignment_events")]
    assert Counter(events) == Counter(
        [
            (first.number, "confirmed", "system"),
            (second.number, "confirmed", "system"),
            (first.number, "dispatched", "merchant"),
            (second.number, "cancelled", "merchant"),
            (first.number, "delivered", "carrier"),
            (first.number, "released", "system"),
        ]
    )
    [tender] = [row for row in rows("tenders") if row["consumer_id"] == me]
    assert (tender["outcome"], tender["method"], tender["amount"]) == ("authorised", "bank_account", 13_980)
    [refund] = rows("refunds")
    assert (refund["consumer_id"], refund["amount"], refund["before_release"]) == (me, 1_000, False)
    [review] = rows("reviews")
    assert (review["consumer_id"], review["score"]) == (me, 4)
    mine = [row for row in rows("account_movements") if row["subject_id"] == me]
    mine.sort(key=lambda row: row["sequence"])
    moves = [(row["event"], row["amount"], row["balance_after"]) for row in mine]
    assert moves[:2] == [("received", 100_000, 100_000), ("paid", -13_980, 86_020)]
    assert ("returned", 1_000) in [(event, amount) for event, amount, _ in moves]
    assert moves[-1][2] == 100_000 - 13_980 + 8_490 + 1_000
    [payout] = rows("payouts")
    assert payout["merchant_id"] == market.first.reference
    assert payout["settled"] >= payout["paid_out"] > 0
    assert {row["merchant_id"] for row in rows("listings")} == {market.first.reference, market.second.reference}


def test_features_come_from_the_books_at_every_day():
    shopper, market, [first, _] = shopper_buys_two_parcels()
    send(first, made.AT + DAY)
    export.export_facts(until=UNTIL)
    me = f"user:{shopper.pk}"

    def as_of(kind: str, days: int) -> dict[str, dict]:
        return {row["subject_id"]: row for row in engine.compute(kind=kind, as_of=made.AT + days * DAY).to_pylist()}

    before, after = as_of("consumer", 0), as_of("consumer", 10)
    assert me not in before
    assert (after[me]["orders_365d"], after[me]["spend_365d"], after[me]["balance_last"]) == (1, 13_000, 86_020)
    seller = as_of("merchant", 10)[market.first.reference]
    assert (seller["gmv_30d"], seller["dispatch_days"], seller["late_delivery_share"]) == (5_000, 1, 0)
    assert as_of("merchant", 2)[market.first.reference]["late_delivery_share"] is None


def test_a_refused_payment_is_known_as_refused_and_its_order_is_no_trade():
    market = made.make_market(money=100)
    consent(f"user:{market.shopper.pk}")
    checkout.submit_order(draft=made.make_draft(user=market.shopper, quantities={market.lamp: 1}))
    made.deliver_events()
    export.export_facts(until=UNTIL)
    [tender] = rows("tenders")
    assert tender["outcome"] == "refused"
    assert tender["reason"] != ""
    assert rows("order_lines") == []
    assert rows("consignment_events") == []


def test_an_owner_who_buys_from_himself_is_marked():
    owner = made.make_shopper()
    merchant = made.make_merchant(owner=owner)
    consent(merchant.reference)
    offer = made.make_offer(merchant=merchant)
    friend = made.make_shopper()
    buy(made.make_draft(user=owner, quantities={offer: 1}))
    buy(replace(made.make_draft(user=friend, quantities={offer: 1}), address=made.make_address(line1="Am Wall 9")))
    export.export_facts(until=UNTIL)
    marked = {row["consumer_id"]: (row["related"], row["related_reason"]) for row in rows("order_lines")}
    assert marked[f"user:{owner.pk}"] == (True, "owner")
    assert marked[f"user:{friend.pk}"] == (False, "")
    found = engine.compute(kind="merchant", as_of=made.AT + 10 * DAY).to_pylist()
    assert found[0]["orders_365d"] == sum(1 for related, _ in marked.values() if not related)


def test_no_address_of_a_guest_is_in_the_lake():
    market = made.make_market()
    assert facts.subject("user:7") == "user:7"
    named = facts.subject("guest:Ada@Mail.example")
    assert named.startswith("guest:")
    assert "mail" not in named
    assert named == facts.subject("guest:ada@mail.example ")
    assert market.shopper.email not in str(rows("subjects"))


def test_a_second_export_of_the_same_books_gives_the_same_days():
    shopper_buys_two_parcels()
    export.export_facts(until=UNTIL)
    days = [date(2026, 3, 1) + count * DAY for count in range(20)]
    before = [export.fingerprint(day=day) for day in days]
    export.export_facts(until=UNTIL, again_from=date(2026, 3, 1))
    assert [export.fingerprint(day=day) for day in days] == before
    assert len(set(before)) > 1
