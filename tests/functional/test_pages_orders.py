"""A buyer's orders, and what a merchant's staff see and do."""

import pytest
from django.urls import reverse

from mall.actors import CARRIER_ACTOR
from mall.checkout.operations import submit_order
from mall.fulfilment import operations
from mall.fulfilment.models import Consignment, MerchantReview
from mall.fulfilment.requests import Deliver, Dispatch
from mall.merchants.models import CLERK, Membership
from payments.queries import standing
from tests.factories.mall import (
    AT,
    deliver_events,
    make_draft,
    make_market,
    make_merchant,
    make_offer,
    make_shopper,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    return make_market(money=1_000_000)


def place(market, **quantities) -> list[Consignment]:
    wanted = {market.lamp: quantities.get("lamps", 1), market.chair: quantities.get("chairs", 1)}
    outcome = submit_order(draft=make_draft(user=market.shopper, quantities=wanted))
    assert outcome.state == "confirmed", outcome
    return list(Consignment.objects.filter(order__number=outcome.number).order_by("pk"))


def dispatch(part: Consignment) -> None:
    [result] = operations.dispatch_consignments(
        requests=[
            Dispatch(
                consignment_number=part.number, by=staff(part.merchant), at=AT, carrier="Blue Post", tracking="RX1"
            )
        ]
    )
    assert not isinstance(result, Exception), result
    deliver_events()


def of_first(market, parts):
    return next(part for part in parts if part.merchant_id == market.first.pk)


def balance(shopper) -> int:
    [account] = standing.account_balances(holder=f"user:{shopper.pk}")
    return account.balance


def test_an_order_page_follows_each_parcel(client, market):
    parts = place(market)
    dispatch(of_first(market, parts))
    client.force_login(market.shopper)
    text = client.get(reverse("order", args=[parts[0].order.number])).content.decode()
    assert "Blue Post" in text and "RX1" in text
    assert "On its way" in text and "To be packed" in text
    assert market.first.name in text and market.second.name in text


def test_an_order_is_its_buyers_alone(client, market):
    number = place(market)[0].order.number
    assert client.get(reverse("order", args=[number])).status_code == 302
    client.force_login(make_shopper())
    assert client.get(reverse("order", args=[number])).status_code == 404
    assert client.post(reverse("order-cancel", args=[number])).status_code == 404


def test_the_buyer_says_that_it_arrived_and_the_store_gets_its_money(client, market):
    part = of_first(market, place(market))
    dispatch(part)
    client.force_login(market.shopper)
    url = reverse("order-received", args=[part.order.number, part.number])
    assert client.get(url).status_code == 405
    client.post(url)
    deliver_events()
    part.refresh_from_db()
    assert (part.status, part.delivered_said_by) == ("released", "buyer")


def test_a_whole_order_is_cancelled_before_anything_was_sent(client, market):
    number = place(market)[0].order.number
    before = balance(market.shopper)
    client.force_login(market.shopper)
    text = client.post(reverse("order-cancel", args=[number]), follow=True).content.decode()
    deliver_events()
    assert "is yours again" in text
    assert balance(market.shopper) == 1_000_000 > before


def test_what_was_sent_is_not_cancelled_by_the_buyer(client, market):
    parts = place(market)
    dispatch(parts[0])
    client.force_login(market.shopper)
    text = client.post(reverse("order-cancel", args=[parts[0].order.number]), follow=True).content.decode()
    assert "message-error" in text
    assert set(Consignment.objects.values_list("status", flat=True)) == {"dispatched", "confirmed"}


def test_a_buyer_reviews_what_was_sent_once(client, market):
    part = of_first(market, place(market))
    dispatch(part)
    client.force_login(market.shopper)
    url = reverse("order-review", args=[part.order.number, part.number])
    wrong = client.post(url, {f"{part.number}-score": "", f"{part.number}-body": "Lovely light"})
    assert wrong.status_code == 422
    assert "one to five stars" in wrong.content.decode() and "Lovely light" in wrong.content.decode()
    for _ in range(2):
        client.post(url, {f"{part.number}-score": "4", f"{part.number}-body": "Lovely light"})
    assert MerchantReview.objects.get().score == 4
    assert (
        "Lovely light"
        in client.get(reverse("product", args=[market.lamp.product.slug, market.lamp.product_id])).content.decode()
    )


def test_what_was_bought_is_put_into_the_basket_again(client, market):
    number = place(market, lamps=2)[0].order.number
    client.force_login(market.shopper)
    client.post(reverse("order-again", args=[number]))
    assert '<span class="count">3<' in client.get("/basket/").content.decode()


def test_order_pages_need_the_same_queries_however_many_orders(client, market, django_assert_max_num_queries):
    client.force_login(market.shopper)
    place(market)
    client.get("/orders/")
    with django_assert_max_num_queries(15) as few:
        client.get("/orders/")
    for _ in range(6):
        parts = place(market, lamps=1)
    with django_assert_max_num_queries(15) as many:
        client.get("/orders/")
    with django_assert_max_num_queries(15):
        client.get(reverse("order", args=[parts[0].order.number]))
    assert len(many) == len(few)


@pytest.fixture
def owner(client, market):
    client.force_login(market.first.owner)
    return client


def test_a_person_without_a_store_is_led_to_open_one(client):
    client.force_login(make_shopper())
    assert client.get("/merchant/")["Location"] == "/sell/"


def test_staff_see_their_own_parcels_alone(owner, market):
    parts = place(market)
    mine, others = of_first(market, parts), next(part for part in parts if part.merchant_id == market.second.pk)
    text = owner.get("/merchant/orders/").content.decode()
    assert mine.number in text and others.number not in text
    assert owner.get(reverse("merchant-order", args=[mine.number])).status_code == 200
    assert owner.get(reverse("merchant-order", args=[others.number])).status_code == 404
    for name in ("merchant-dispatch", "merchant-cancel", "merchant-refund"):
        data = {"reason": "x", "amount": "1.00", "key": "k"}
        assert owner.post(reverse(name, args=[others.number]), data).status_code == 404
    others.refresh_from_db()
    assert (others.status, others.refunded) == ("confirmed", 0)


def test_staff_send_a_parcel(owner, market):
    part = of_first(market, place(market))
    data = {"carrier": "Blue Post", "tracking": "RX 99"}
    owner.post(reverse("merchant-dispatch", args=[part.number]), data)
    part.refresh_from_db()
    assert (part.status, part.tracking) == ("dispatched", "RX 99")


def test_a_cancellation_needs_a_reason_and_gives_the_money_back(owner, market):
    part = of_first(market, place(market))
    before = balance(market.shopper)
    url = reverse("merchant-cancel", args=[part.number])
    assert "Please tell the buyer why" in owner.post(url, {"reason": " "}).content.decode()
    owner.post(url, {"reason": "Broken in the store"})
    deliver_events()
    part.refresh_from_db()
    assert part.status == "cancelled"
    assert balance(market.shopper) == before + part.amount


@pytest.mark.parametrize("amount", ["", "0", "-5", "abc", "9999.99", "30.00"])
def test_a_refund_of_any_other_amount_than_what_is_left_is_refused_beside_the_field(owner, market, amount):
    part = of_first(market, place(market))
    dispatch(part)
    before = balance(market.shopper)
    data = {"amount": amount, "reason": "Scratched", "key": "once"}
    response = owner.post(reverse("merchant-refund", args=[part.number]), data)
    assert response.status_code == 422
    assert 'id="id_amount_error"' in response.content.decode()
    assert "Scratched" in response.content.decode()
    assert balance(market.shopper) == before


def test_a_refund_sent_twice_is_one_refund(owner, market):
    part = of_first(market, place(market))
    dispatch(part)
    before = balance(market.shopper)
    data = {"amount": "5,50", "reason": "Scratched", "key": "once"}
    for _ in range(2):
        owner.post(reverse("merchant-refund", args=[part.number]), data)
    deliver_events()
    part.refresh_from_db()
    assert part.refunded == 550
    assert balance(market.shopper) == before + 550


def test_a_clerk_packs_but_sees_no_money_staff_or_store_settings(client, market):
    clerk = make_shopper()
    Membership.objects.create(merchant=market.first, user=clerk, role=CLERK, since=AT)
    client.force_login(clerk)
    assert client.get("/merchant/").status_code == 200
    assert client.get("/merchant/orders/").status_code == 200
    for url in ("/merchant/money/", "/merchant/staff/", "/merchant/store/"):
        assert client.get(url).status_code == 403
        assert url not in client.get("/merchant/").content.decode()


def test_prices_and_stock_of_a_page_are_saved_at_once_and_only_ones_own(owner, market):
    lamp, chair = market.lamp, market.chair
    url = "/merchant/catalogue/"
    data = {
        f"o{lamp.pk}-price": "19,90",
        f"o{lamp.pk}-stock": "7",
        f"o{chair.pk}-price": "0.01",
        f"o{chair.pk}-stock": "1",
    }
    owner.post(url, data)
    lamp.refresh_from_db()
    chair.refresh_from_db()
    assert (str(lamp.price), lamp.num_in_stock) == ("19.90", 7)
    assert (str(chair.price), chair.num_in_stock) == ("80.00", 10)
    wrong = owner.post(url, {f"o{lamp.pk}-price": "cheap", f"o{lamp.pk}-stock": "3"})
    assert wrong.status_code == 422
    assert 'value="cheap"' in wrong.content.decode() and "in digits" in wrong.content.decode()
    lamp.refresh_from_db()
    assert (str(lamp.price), lamp.num_in_stock) == ("19.90", 7)


def test_staff_are_let_go_and_the_last_owner_stays(owner, market):
    friend = make_shopper()
    Membership.objects.create(merchant=market.first, user=friend, role=CLERK, since=AT)
    owner.post(reverse("merchant-staff-remove", args=[market.first.owner_id]))
    assert Membership.objects.filter(merchant=market.first, user=market.first.owner).exists()
    owner.post(reverse("merchant-staff-remove", args=[friend.pk]))
    assert not Membership.objects.filter(merchant=market.first, user=friend).exists()


def test_the_money_page_follows_a_parcel_from_held_to_pending(owner, market):
    part = of_first(market, place(market))
    dispatch(part)
    assert "€29.90" in owner.get("/merchant/money/").content.decode()
    [result] = operations.deliver_consignments(
        requests=[Deliver(consignment_number=part.number, said_by="carrier", at=AT, by=CARRIER_ACTOR)]
    )
    assert not isinstance(result, Exception)
    deliver_events()
    assert "settled on" in owner.get("/merchant/money/").content.decode()


def test_merchant_pages_need_the_same_queries_however_many_rows(owner, market, django_assert_max_num_queries):
    place(market)
    urls = ["/merchant/", "/merchant/orders/", "/merchant/catalogue/", "/merchant/money/", "/merchant/staff/"]
    counts = {}
    for url in urls:
        owner.get(url)
        with django_assert_max_num_queries(15) as counted:
            owner.get(url)
        counts[url] = len(counted)
    for _ in range(5):
        place(market)
        make_offer(merchant=market.first)
    owner.get("/")
    for url in urls:
        with django_assert_max_num_queries(15) as counted:
            owner.get(url)
        assert len(counted) <= counts[url], url


def test_one_chooses_among_ones_stores_and_no_others(client, market):
    other = make_merchant(owner=market.first.owner)
    client.force_login(market.first.owner)
    client.post("/merchant/choose/", {"merchant": other.pk})
    assert other.name in client.get("/merchant/orders/").content.decode()
    client.post("/merchant/choose/", {"merchant": market.second.pk})
    assert f"<strong>{other.name}</strong>" in client.get("/merchant/orders/").content.decode()
