"""A merchant's health: what each figure counts, as of a moment, and what happens below a threshold."""

from datetime import timedelta

import pytest
from django.core import mail

from mall.checkout import operations as checkout
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.models import Consignment, MerchantReview
from mall.fulfilment.requests import CancelConsignment, Dispatch
from mall.health import operations, queries
from mall.health.models import HealthFigure, HealthWarning
from mall.messages.models import Message, Thread
from payments.models import OperationsCase
from tests.factories.mall import AT, deliver_events, make_draft, make_market, make_shopper, staff

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def order(market, *, quantity=1):
    """Place an order of the first merchant and return its consignment's number."""
    placed = checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: quantity}))
    deliver_events()
    return f"{placed.number}-1"


def send(market, number, *, at):
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=number, by=staff(market.first), at=at)])
    deliver_events()


def figures(market, *, days=30):
    rows = HealthFigure.objects.filter(merchant=market.first, days=days)
    return {row.code: (row.wrong, row.counted) for row in rows}


def test_each_figure_counts_what_it_says_and_nothing_that_came_later():
    market = make_market()
    in_time, late, waiting, cancelled, unwanted = (order(market) for _ in range(5))
    send(market, in_time, at=AT + 3 * DAY)
    send(market, late, at=AT + 3 * DAY + timedelta(seconds=1))
    by = staff(market.first)
    fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=cancelled, by=by, reason="sold out", at=AT + 2 * DAY)]
    )
    buyer = by.__class__("buyer", market.shopper.pk)
    fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=unwanted, by=buyer, reason="no", at=AT + 2 * DAY)]
    )
    MerchantReview.objects.create(
        consignment=Consignment.objects.get(number=in_time),
        merchant=market.first,
        user=market.shopper,
        score=4,
        at=AT + 5 * DAY,
    )
    operations.count(at=AT + DAY)
    # Nobody has sent or cancelled anything yet, as far as that day could know.
    assert figures(market) == {"cancelled": (0, 5)}
    operations.count(at=AT + 6 * DAY)
    found = {
        row.code: (row.wrong, row.counted) for row in HealthFigure.objects.filter(day=(AT + 6 * DAY).date(), days=30)
    }
    gone = Consignment.objects.get(number=unwanted).status == "cancelled"
    assert found["late_dispatch"] == (2 if gone else 3, 3 if gone else 4)
    assert found["cancelled"] == (1, 5)
    assert found["returned"] == (0, 2)
    assert found["rating"] == (4, 1)
    assert found["late_delivery"] == (2, 2)
    behind = queries.orders_behind(merchant_id=market.first.pk, code="cancelled", days=30, at=AT + 6 * DAY)
    assert [number for _id, number, _status, _at in behind] == [cancelled]
    behind = queries.orders_behind(merchant_id=market.first.pk, code="late_dispatch", days=30, at=AT + 6 * DAY)
    assert {late, waiting} <= {number for _id, number, _status, _at in behind}
    assert in_time not in {number for _id, number, _status, _at in behind}


def test_a_buyer_waits_from_his_first_word_until_the_store_answers():
    market = make_market()
    thread = Thread.objects.create(
        merchant=market.first,
        buyer=market.shopper,
        product=market.lamp.product,
        opened_at=AT,
        last_at=AT,
        last_side="buyer",
    )
    said = [("buyer", 0), ("buyer", 1), ("store", 2), ("store", 3), ("buyer", 5), ("store", 8), ("buyer", 9)]
    for number, (side, days) in enumerate(said):
        author = market.shopper if side == "buyer" else market.first.owner
        Message.objects.create(thread=thread, key=f"m{number}", side=side, author=author, text="?", at=AT + days * DAY)
    operations.count(at=AT + 10 * DAY)
    # One answered in time, one late; the last is not late yet.
    assert figures(market)["answered_late"] == (1, 2)
    operations.count(at=AT + 12 * DAY)
    late = HealthFigure.objects.get(day=(AT + 12 * DAY).date(), days=30, code="answered_late")
    assert (late.wrong, late.counted) == (2, 3)


def test_counting_again_counts_anew_and_statements_do_not_grow_with_rows(django_assert_num_queries):
    market = make_market()
    order(market)
    operations.count(at=AT + DAY)
    once = list(HealthFigure.objects.values_list("code", "wrong", "counted"))
    with django_assert_num_queries(17):
        operations.count(at=AT + DAY)
    assert list(HealthFigure.objects.values_list("code", "wrong", "counted")) == once
    order(market)
    with django_assert_num_queries(17):
        operations.count(at=AT + DAY)


def give(merchant, *, wrong, counted, at, code="late_dispatch", days=30):
    HealthFigure.objects.update_or_create(
        merchant=merchant,
        day=at.date(),
        days=days,
        code=code,
        defaults={"wrong": wrong, "counted": counted, "counted_at": at},
    )


@pytest.mark.parametrize(
    ("code", "wrong", "counted", "expected"),
    [
        ("late_dispatch", 1, 10, False),
        ("late_dispatch", 2, 19, True),
        ("late_dispatch", 9, 9, False),
        ("cancelled", 4, 100, True),
        ("rating", 35, 10, False),
        ("rating", 34, 10, True),
    ],
)
def test_a_figure_is_below_its_threshold_only_when_enough_was_counted(code, wrong, counted, expected):
    assert queries.is_below(code=code, counted=counted, wrong=wrong) == expected


def test_below_a_threshold_comes_a_letter_then_a_case_and_it_ends_by_itself():
    market = make_market()
    for at in (AT, AT + 13 * DAY, AT + 14 * DAY, AT + 15 * DAY):
        give(market.first, wrong=5, counted=10, at=at)
        assert operations.warn(at=at) == 1
        deliver_events()
        assert OperationsCase.objects.filter(kind="merchant health").count() == (at >= AT + 14 * DAY)
    assert [letter.to for letter in mail.outbox] == [[market.first.owner.email]]
    assert "Sent late" in mail.outbox[0].body
    give(market.first, wrong=0, counted=10, at=AT + 16 * DAY)
    assert operations.warn(at=AT + 16 * DAY) == 0
    assert HealthWarning.objects.get().ended_at == AT + 16 * DAY
    give(market.first, wrong=5, counted=10, at=AT + 17 * DAY)
    operations.warn(at=AT + 17 * DAY)
    assert HealthWarning.objects.count() == 2


def test_the_page_shows_numbers_trend_and_the_orders_behind_them(client, django_assert_max_num_queries):
    market = make_market()
    number = order(market)
    operations.count(at=AT + 10 * DAY)
    give(market.first, wrong=0, counted=4, at=AT - 20 * DAY)
    client.force_login(market.first.owner)
    with django_assert_max_num_queries(15):
        text = client.get("/merchant/health/").content.decode()
    assert "1 of 1" in text and "worse" in text
    orders = client.get("/merchant/health/late_dispatch/30/").content.decode()
    assert number in orders
    assert client.get("/merchant/health/nothing/30/").status_code == 404
    client.force_login(make_shopper(money=0))
    assert client.get("/merchant/health/").status_code == 302
