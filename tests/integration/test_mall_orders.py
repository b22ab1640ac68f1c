"""An order's way from the basket to the merchants' money."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mall.actors import BUYER, CARRIER_ACTOR, SYSTEM_ACTOR, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import (
    CancelOrder,
    MerchantNotSelling,
    OrderKeyReused,
    OutOfStock,
    PriceChanged,
    TenderChoice,
    UnableToPlaceOrder,
    WrongAmounts,
    order_number,
)
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import CancelConsignment, Deliver, Dispatch, RefundConsignment, UnableToDispatch
from mall.order.models import Order
from mall.taxes import queries as taxes
from payments import operations as payments
from payments.ledger import queries as ledger
from tests.factories.mall import (
    AT,
    account_of,
    close_the_shop,
    deliver_events,
    make_draft,
    make_market,
    make_merchant,
    make_offer,
    make_shopper,
    staff,
)

pytestmark = pytest.mark.django_db


def balance(code: str) -> int:
    return ledger.balance(code=code)


def allocated(offer) -> tuple[int, int]:
    offer.refresh_from_db()
    return offer.num_in_stock, offer.num_allocated


def test_an_order_of_two_merchants_is_paid_sent_delivered_and_released():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 2, market.chair: 1})

    outcome = checkout.submit_order(draft=draft)

    assert (outcome.state, outcome.number) == ("confirmed", draft.number)
    order = Order.objects.get(number=draft.number)
    assert (order.status, order.total_minor) == ("Confirmed", 5_000 + 8_000 + 2 * 490)
    parts = list(Consignment.objects.filter(order=order).order_by("number"))
    assert [part.number for part in parts] == [f"{draft.number}-1", f"{draft.number}-2"]
    assert [(part.merchant_id, part.goods, part.shipping) for part in parts] == [
        (market.first.pk, 5_000, 490),
        (market.second.pk, 8_000, 490),
    ]
    assert balance(f"held:{order.payment_id}") == order.total_minor
    assert allocated(market.lamp) == (10, 2)

    deliver_events()
    fulfilment.dispatch_consignments(
        requests=[
            Dispatch(consignment_number=part.number, by=staff(part.merchant), at=AT + timedelta(days=1), carrier="DHL")
            for part in parts
        ]
    )
    deliver_events()
    assert allocated(market.lamp) == (8, 0)
    assert balance(f"escrow:{parts[0].number}") == 5_490
    assert balance(f"held:{order.payment_id}") == 0

    fulfilment.deliver_consignments(
        requests=[
            Deliver(consignment_number=part.number, said_by="carrier", at=AT + timedelta(days=3)) for part in parts
        ]
    )
    deliver_events()
    assert balance(f"escrow:{parts[0].number}") == 0
    assert balance(f"merchant:{market.first.pk}:pending") > 0
    order.refresh_from_db()
    assert order.status == "Completed"
    assert {part.status for part in Consignment.objects.filter(order=order)} == {"released"}
    assert check_consignments() == []


def test_the_same_key_is_the_same_order_and_holds_money_once():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})

    first, second = checkout.submit_order(draft=draft), checkout.submit_order(draft=draft)

    assert first == second
    assert Order.objects.count() == 1
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000 - 2_990
    assert allocated(market.lamp) == (10, 1)


def test_the_same_key_for_another_order_is_refused():
    market = make_market()
    checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: 1}, key="once"))

    with pytest.raises(OrderKeyReused) as refused:
        checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: 2}, key="once"))

    assert refused.value.number == order_number(key="once")
    assert Order.objects.count() == 1
    assert allocated(market.lamp) == (10, 1)


def test_a_refused_payment_gives_the_stock_back_and_holds_nothing():
    market = make_market(money=1_000)
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})

    outcome = checkout.submit_order(draft=draft)
    deliver_events()

    assert outcome.state == "refused"
    assert outcome.message
    assert Order.objects.get(number=draft.number).status == "Cancelled"
    assert allocated(market.lamp) == (10, 0)
    assert balance(f"deposit:{account_of(market.shopper)}") == 1_000
    assert checkout.submit_order(draft=draft).state == "refused"
    assert check_consignments() == []


@pytest.mark.parametrize("count", [1, 40])
def test_placing_takes_the_same_few_statements_for_one_order_and_for_many(count):
    market = make_market(stock=1_000, money=10_000_000)
    drafts = [make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1}) for _ in range(count)]
    # Read once in some minutes, by whoever is first.
    taxes.table()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        placed = checkout.place_orders(drafts=drafts)

    assert all(not result.replayed for result in placed)
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 15, "\n".join(statement[:90] for statement in statements)


def test_a_batch_answers_each_draft_and_counts_stock_in_order():
    market = make_market(stock=3)
    drafts = [
        make_draft(user=market.shopper, quantities={market.lamp: 2}),
        make_draft(user=market.shopper, quantities={market.lamp: 2}),
        make_draft(user=market.shopper, quantities={market.lamp: 1}),
    ]

    first, second, third = checkout.place_orders(drafts=drafts)

    assert first.number and third.number
    assert isinstance(second, OutOfStock)
    assert (second.free, second.stockrecord_id) == (1, market.lamp.pk)
    assert allocated(market.lamp) == (3, 3)


def test_a_changed_price_is_told_before_anything_is_reserved():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    market.lamp.price += 1
    market.lamp.save()

    [refused] = checkout.place_orders(drafts=[draft])

    assert isinstance(refused, PriceChanged)
    assert refused.price == 2_600
    assert Order.objects.count() == 0
    assert allocated(market.lamp) == (10, 0)


def test_a_suspended_merchant_sells_nothing_and_his_neighbors_go_on():
    market = make_market()
    close_the_shop(market.first)

    refused, placed = checkout.place_orders(
        drafts=[
            make_draft(user=market.shopper, quantities={market.lamp: 1}),
            make_draft(user=market.shopper, quantities={market.chair: 1}),
        ]
    )

    assert isinstance(refused, MerchantNotSelling)
    assert placed.number


def test_tenders_must_pay_the_total():
    market = make_market()
    short = (TenderChoice("bank_account", account_of(market.shopper), 100),)

    [refused] = checkout.place_orders(
        drafts=[make_draft(user=market.shopper, quantities={market.lamp: 1}, tenders=short)]
    )

    assert isinstance(refused, WrongAmounts)
    assert Order.objects.count() == 0


def test_an_unknown_way_to_pay_refuses_that_order_alone():
    market = make_market()
    strange = (TenderChoice("shells", "beach", 2_990),)

    refused, placed = checkout.place_orders(
        drafts=[
            make_draft(user=market.shopper, quantities={market.lamp: 1}, tenders=strange),
            make_draft(user=market.shopper, quantities={market.lamp: 1}),
        ]
    )

    assert type(refused) is UnableToPlaceOrder
    assert placed.number
    assert allocated(market.lamp) == (10, 1)


def test_an_order_that_costs_nothing_needs_no_payment():
    shopper, merchant = make_shopper(), make_merchant()
    sample = make_offer(merchant=merchant, price=0)
    draft = make_draft(user=shopper, quantities={sample: 1}, charge=0)

    assert checkout.submit_order(draft=draft).state == "confirmed"

    part = Consignment.objects.get()
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=part.number, by=staff(merchant), at=AT)])
    fulfilment.deliver_consignments(requests=[Deliver(consignment_number=part.number, said_by="carrier", at=AT)])
    deliver_events()
    part.refresh_from_db()
    assert part.status == "released"
    assert check_consignments() == []


def test_a_buyer_cancels_his_order_before_anything_was_sent_and_gets_his_money_back():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    checkout.submit_order(draft=draft)
    stranger = make_shopper(money=0)

    [refused] = checkout.cancel_orders(
        requests=[CancelOrder(draft.number, "mine now", AT, by=Actor(BUYER, user_id=stranger.pk))]
    )
    assert isinstance(refused, Exception)
    assert Order.objects.get().status == "Confirmed"

    checkout.cancel_orders(
        requests=[CancelOrder(draft.number, "changed my mind", AT, by=Actor(BUYER, user_id=market.shopper.pk))]
    )
    deliver_events()

    assert Order.objects.get().status == "Cancelled"
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000
    assert allocated(market.lamp) == (10, 0)
    assert check_consignments() == []


def test_nothing_is_cancelled_once_something_was_sent():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1})
    checkout.submit_order(draft=draft)
    number = f"{draft.number}-1"
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT)])

    [refused] = checkout.cancel_orders(requests=[CancelOrder(draft.number, "too late", AT)])
    [part] = fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=number, by=staff(market.first), reason="too late", at=AT)]
    )

    assert isinstance(refused, Exception)
    assert isinstance(part, Exception)
    deliver_events()
    assert balance(f"escrow:{number}") == 2_990


def test_a_cancelled_consignment_gives_its_part_back_and_the_rest_goes_on():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1})
    checkout.submit_order(draft=draft)
    first, second = f"{draft.number}-1", f"{draft.number}-2"

    fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=first, by=staff(market.first), reason="broken", at=AT)]
    )
    deliver_events()

    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000 - 8_490
    assert allocated(market.lamp) == (10, 0)
    assert Order.objects.get().status == "Confirmed"
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=second, by=staff(market.second), at=AT)])
    fulfilment.deliver_consignments(requests=[Deliver(consignment_number=second, said_by="carrier", at=AT)])
    deliver_events()
    assert Order.objects.get().status == "Completed"
    assert check_consignments() == []


def test_an_order_is_cancelled_with_its_last_consignment():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    checkout.submit_order(draft=draft)

    fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=f"{draft.number}-1", by=staff(market.first), reason="lost", at=AT)]
    )
    deliver_events()

    assert Order.objects.get().status == "Cancelled"
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000
    assert check_consignments() == []


def test_without_a_word_goods_count_as_delivered_after_the_waiting_time():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    checkout.submit_order(draft=draft)
    number = f"{draft.number}-1"
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT)])
    deliver_events()

    assert fulfilment.release_due(at=AT + timedelta(days=14) - timedelta(seconds=1)) == 0
    assert fulfilment.release_due(at=AT + timedelta(days=20)) == 1
    assert fulfilment.release_due(at=AT + timedelta(days=20)) == 0
    deliver_events()

    part = Consignment.objects.get()
    assert (part.status, part.delivered_said_by, part.delivered_at) == ("released", "time", AT + timedelta(days=14))


def test_an_unpaid_order_is_given_up_when_its_time_is_over():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    checkout.place_order(draft=draft)

    assert checkout.sweep_orders(at=AT + timedelta(minutes=14)) == 0
    assert checkout.sweep_orders(at=AT + timedelta(minutes=16)) == 1
    deliver_events()

    assert Order.objects.get().status == "Cancelled"
    assert allocated(market.lamp) == (10, 0)
    assert check_consignments() == []


def test_a_payment_that_comes_after_the_order_was_given_up_goes_back():
    from mall import bank

    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    placed = checkout.place_order(draft=draft)
    bank.authorise(payment_id=placed.payment_id, at=AT)
    checkout.cancel_orders(requests=[CancelOrder(draft.number, "too slow", AT, by=SYSTEM_ACTOR)])

    deliver_events()

    assert Order.objects.get().status == "Cancelled"
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000
    assert check_consignments() == []


def test_a_refund_counts_once_and_a_whole_one_ends_the_consignment():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    checkout.submit_order(draft=draft)
    number = f"{draft.number}-1"
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT)])
    deliver_events()

    def refund(amount: int, key: str) -> object:
        [result] = fulfilment.refund_consignments(
            requests=[
                RefundConsignment(
                    number=number, amount=amount, reason="scratched", by=staff(market.first), key=key, at=AT
                )
            ]
        )
        deliver_events()
        return result

    refund(1_000, "a")
    refund(1_000, "a")
    part = Consignment.objects.get()
    assert (part.status, part.refunded) == ("dispatched", 1_000)
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000 - 1_990
    refund(1_990, "b")
    part.refresh_from_db()
    assert (part.status, part.refunded) == ("refunded", 2_990)
    assert Order.objects.get().status == "Completed"
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000
    assert check_consignments() == []


def test_numbers_say_nothing_and_cannot_be_guessed():
    numbers = {order_number(key=f"{index}") for index in range(1_000)}

    assert len(numbers) == 1_000
    assert all(len(number) == 12 and set(number) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") for number in numbers)
    assert order_number(key="1") == order_number(key="1")


def test_delivery_is_said_by_carrier_buyer_or_operations_and_never_by_the_merchant():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    checkout.submit_order(draft=draft)
    number = f"{draft.number}-1"
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT)])

    for said_by in ("carrier", "buyer", "operations", "time", "merchant"):
        [refused] = fulfilment.deliver_consignments(
            requests=[Deliver(consignment_number=number, said_by=said_by, at=AT, by=staff(market.first))]
        )
        assert isinstance(refused, Exception)
    assert Consignment.objects.get().status == "dispatched"

    [moved] = fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=number, said_by="carrier", at=AT, by=CARRIER_ACTOR)]
    )
    assert moved.status == "delivered"


def test_what_was_not_sent_before_the_hold_ended_is_given_up_and_the_rest_goes_on():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1})
    checkout.submit_order(draft=draft)
    first, second = f"{draft.number}-1", f"{draft.number}-2"
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=first, by=staff(market.first), at=AT)])
    deliver_events()
    late = AT + timedelta(days=50)

    payments.sweep(at=late)
    [refused] = fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=second, by=staff(market.second), at=late)]
    )
    deliver_events()

    assert isinstance(refused, UnableToDispatch)
    assert dict(Consignment.objects.values_list("number", "status")) == {first: "dispatched", second: "cancelled"}
    assert balance(f"deposit:{account_of(market.shopper)}") == 100_000 - 2_990
    assert allocated(market.chair) == (10, 0)
    fulfilment.deliver_consignments(requests=[Deliver(consignment_number=first, said_by="carrier", at=late)])
    deliver_events()
    assert Order.objects.get().status == "Completed"
    assert check_consignments() == []
