"""Purchases by a merchant himself, his people or his door are known as such; reviews need a real purchase."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from mall.actors import BUYER, Actor
from mall.catalogue.operations import ListProduct, list_products
from mall.checkout import operations as checkout
from mall.customer.models import DeviceSighting
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.models import Consignment, MerchantReview
from mall.fulfilment.requests import Deliver, Dispatch, PostReview, UnableToReview, UnknownConsignment
from mall.fulfilment.reviews import post_reviews
from mall.merchants.models import Membership
from mall.partner.models import StockRecord
from mall.queries import merchants as merchant_queries
from mall.queries import order_lists, orders, packing
from mall.queries.related import related, related_reasons
from mall.search.queries import search
from tests.factories.mall import (
    AT,
    deliver_events,
    make_address,
    make_draft,
    make_market,
    make_merchant,
    make_offer,
    make_shopper,
    staff,
)

pytestmark = pytest.mark.django_db


def buy(user, offer, **others) -> str:
    """Order one piece; return the order's number."""
    draft = make_draft(user=user, quantities={offer: 1}, **others)
    assert checkout.submit_order(draft=draft).state == "confirmed"
    return draft.number


def reason(number: str) -> str:
    return related(order_number=number).get(f"{number}-1", "")


def test_a_stranger_is_not_related():
    market = make_market()
    assert reason(buy(market.shopper, market.lamp)) == ""


def test_the_owner_and_the_staff_are_related():
    owner, clerk = make_shopper(), make_shopper()
    merchant = make_merchant(owner=owner)
    Membership.objects.create(merchant=merchant, user=clerk, role="clerk", since=AT)
    offer = make_offer(merchant=merchant)

    assert reason(buy(owner, offer)) == "owner"
    assert reason(buy(clerk, offer)) == "staff"


def test_the_merchants_own_address_and_his_owners_home_are_related():
    owner = make_shopper(address=make_address(line1="Am Dobben 1"))
    merchant = make_merchant(owner=owner, address=make_address(line1="lindenweg, 4"))
    offer = make_offer(merchant=merchant)
    neighbor = make_shopper(address=make_address(line1="Am Dobben 1"))

    assert reason(buy(make_shopper(), offer)) == "address"  # sent to Lindenweg 4, as every draft of these tests
    other = make_offer(merchant=make_merchant(owner=owner))
    assert reason(buy(neighbor, other)) == "address"


def test_a_shared_device_is_related():
    owner = make_shopper(device="phone-of-the-owner")
    offer = make_offer(merchant=make_merchant(owner=owner))
    friend = make_shopper(device="phone-of-the-owner")

    assert reason(buy(make_shopper(), offer, device="phone-of-the-owner")) == "device"
    assert reason(buy(friend, offer, device="another")) == "device"
    assert reason(buy(make_shopper(), offer, device="yet-another")) == ""


def test_reasons_of_many_sales_take_a_fixed_number_of_statements():
    market = make_market(stock=100, money=10_000_000)
    for _ in range(5):
        buy(market.shopper, market.lamp)
    ids = list(Consignment.objects.values_list("pk", flat=True))

    def statements(count: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            related_reasons(consignment_ids=ids[:count])
        return len(queries)

    assert statements(1) == statements(5) <= 4


@pytest.fixture
def sent():
    """Return a market with a consignment under way, and its number."""
    market = make_market()
    number = buy(market.shopper, market.lamp)
    fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=f"{number}-1", by=staff(market.first), at=AT)]
    )
    deliver_events()
    return market, f"{number}-1"


def review(number: str, by: Actor, score: int = 4, **others) -> object:
    [result] = post_reviews(requests=[PostReview(consignment_number=number, score=score, by=by, at=AT, **others)])
    return result


def test_a_verified_buyer_reviews_merchant_and_product_once(sent):
    market, number = sent
    buyer = Actor(BUYER, user_id=market.shopper.pk)

    first = review(number, buyer, product_ids=(market.lamp.product_id,), body="Bright.")
    second = review(number, buyer, score=1, product_ids=(market.lamp.product_id,))

    assert (first.replayed, second.replayed) == (False, True)
    assert MerchantReview.objects.get().score == 4
    [hit] = search(text=market.lamp.product.title).hits
    assert (hit.rating, hit.reviews) == (4.0, 1)
    assert get_model("catalogue", "Product").objects.get(pk=market.lamp.product_id).rating == 4.0
    assert orders.order_page(number=number[:-2]).consignments[0].score == 4


def test_nobody_else_reviews_and_nothing_that_was_not_bought_or_sent(sent):
    market, number = sent
    buyer = Actor(BUYER, user_id=market.shopper.pk)
    unsent = buy(market.shopper, market.chair) + "-1"

    assert isinstance(review(number, Actor(BUYER, user_id=make_shopper().pk)), UnknownConsignment)
    assert isinstance(review(number, staff(market.first)), UnknownConsignment)
    assert isinstance(review(number, buyer, product_ids=(market.chair.product_id,)), UnableToReview)
    assert isinstance(review(number, buyer, score=6), UnableToReview)
    assert isinstance(review(unsent, buyer), UnableToReview)
    assert MerchantReview.objects.count() == 0


def test_the_buyer_says_that_it_arrived(sent):
    market, number = sent

    def receive(user_id: int) -> object:
        [result] = fulfilment.deliver_consignments(
            requests=[Deliver(consignment_number=number, said_by="buyer", at=AT, by=Actor(BUYER, user_id=user_id))]
        )
        return result

    assert isinstance(receive(make_shopper().pk), UnknownConsignment)
    assert receive(market.shopper.pk).status == "delivered"
    assert receive(market.shopper.pk).replayed


def test_pages_of_many_orders_take_a_fixed_number_of_statements():
    merchant = make_merchant()
    listed = list_products(
        requests=[
            ListProduct(
                title=f"Bulb {n}",
                merchant_id=merchant.pk,
                sku=f"B{n}",
                price_minor=100,
                currency="EUR",
                stock=50,
                at=AT,
            )
            for n in range(12)
        ]
    )
    offers = list(
        StockRecord.objects.select_related("partner__merchant").filter(pk__in=[row.stockrecord_id for row in listed])
    )
    shopper = make_shopper(money=10_000_000)
    small = make_draft(user=shopper, quantities={offers[0]: 1})
    large = make_draft(user=shopper, quantities=dict.fromkeys(offers, 2))
    many = [make_draft(user=shopper, quantities={offer: 1}) for offer in offers]
    for draft in (small, large, *many):
        checkout.submit_order(draft=draft)

    def statements(act) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert act()
        return len(queries)

    assert statements(lambda: orders.order_page(number=small.number)) == 5
    assert statements(lambda: orders.order_page(number=large.number, user_id=shopper.pk)) == 5
    assert orders.order_page(number=small.number, user_id=shopper.pk + 1) is None
    for size in (1, 14):
        assert statements(lambda size=size: order_lists.orders_of(user_id=shopper.pk, size=size)) == 3
        assert statements(lambda size=size: packing.parcels_of(merchant_id=merchant.pk, size=size)) == 4
    assert statements(lambda: merchant_queries.merchant_home(merchant_id=merchant.pk, at=AT)) == 3
    assert statements(lambda: merchant_queries.catalogue_of(merchant_id=merchant.pk)) == 2
    rows, after = order_lists.orders_of(user_id=shopper.pk)
    assert (after, len(rows), max(row.pieces for row in rows)) == ("", 14, 24)


def test_a_merchants_home_counts_what_there_is_to_do(sent):
    market, _number = sent
    buy(market.shopper, market.lamp)

    home = merchant_queries.merchant_home(merchant_id=market.first.pk, at=AT + timedelta(hours=2))

    assert (home.to_pack, home.under_way, home.orders_today, home.sold_today) == (1, 1, 2, 2 * 2_990)
    assert (home.offers, home.sold_out, home.rating) == (1, 0, None)
    late = merchant_queries.merchant_home(merchant_id=market.first.pk, at=AT + timedelta(days=9))
    assert (late.late_to_pack, late.orders_today) == (1, 0)


def test_a_signed_in_person_is_seen_with_his_device_once():
    shopper = make_shopper()
    client = Client()
    client.get("/")
    assert "device" not in client.cookies

    client.force_login(shopper, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/")
    client.get("/")

    assert DeviceSighting.objects.get().device == client.cookies["device"].value
