"""The checkout: one page, one key, one order."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from mall import bank
from mall.order.models import Order
from payments import clock, models, operations, queries
from payments.operations import reviewing
from payments.queries import standing
from tests.factories.mall import deliver_events, make_address, make_market, make_shopper

pytestmark = pytest.mark.django_db

NEW_ADDRESS = {
    "address_choice": "new",
    "name": "Ada Weber",
    "line1": "Lindenweg 4",
    "postcode": "28195",
    "city": "Bremen",
    "country": "DE",
}


def fill_basket(client, market, lamps=1, chairs=1):
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": lamps})
    if chairs:
        client.post("/basket/add/", {"stockrecord": market.chair.pk, "quantity": chairs})


def form_of(response) -> dict[str, str]:
    """Return what a browser would send back when nothing but the defaults is chosen."""
    text = response.content.decode()
    form = text[text.index('id="checkout-form"') :]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    for tag in re.findall(r"<input[^>]*checked[^>]*>", form):
        sent[re.search(r'name="([^"]+)"', tag)[1]] = unescape(re.search(r'value="([^"]+)"', tag)[1])
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def send(client, sent):
    """Send the form, then the code that the bank asks for, and follow the way back to the order's page."""
    response = client.post("/checkout/", sent)
    if response.status_code == 302 and "/money/confirm/" in response["Location"]:
        question = response["Location"]
        client.get(question)
        response = client.post(question, {"code": mailed_code()})
        response["Location"] = urlsplit(response["Location"]).path
        client.get(response["Location"])
    return response


def mailed_code() -> str:
    return re.search(r"\b\d{6}\b", mail.outbox[-1].body)[0]


def held(shopper) -> int:
    [account] = standing.account_balances(holder=f"user:{shopper.pk}")
    return account.balance


@pytest.fixture(autouse=True)
def _larger_payments_need_a_code(settings):
    settings.RIALTO_STEP_UP_ABOVE = 5_000
    settings.RIALTO_STEP_UP_FREE_SUM = 15_000


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def buyer(client, market):
    client.force_login(market.shopper)
    fill_basket(client, market)
    return client


def test_three_interactions_lead_to_an_order(buyer, market):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS
    response = send(buyer, sent)
    order = Order.objects.get()
    assert response["Location"] == reverse("checkout-done", args=[order.number])
    assert (order.status, order.total_minor) == ("Confirmed", 2_500 + 490 + 8_000)
    assert held(market.shopper) == 100_000 - order.total_minor
    text = buyer.get(response["Location"]).content.decode()
    assert "Thank you, it is ordered" in text
    assert "2 parcels" in text


@pytest.mark.parametrize(("act", "subject"), [("approve", "goes on"), ("refuse", "was not placed")])
def test_a_held_payment_is_told_of_on_the_page_and_by_mail_when_it_was_looked_at(buyer, settings, act, subject):
    settings.RIALTO_VELOCITY_RULES = (
        {"code": "very-large", "by": "payer", "within": timedelta(days=1), "amount": 1, "then": "hold"},
    )
    response = send(buyer, form_of(buyer.get("/checkout/")) | NEW_ADDRESS)
    assert "We are looking at your payment" in buyer.get(response["Location"]).content.decode()
    order = Order.objects.get()
    decision = reviewing.Review(payment_id=order.payment_id, by="user:9", note="known", at=bank.now())
    getattr(reviewing, act)(review=decision)
    deliver_events()
    [letter] = mail.outbox
    assert subject in letter.subject
    assert response["Location"] in letter.body
    order.refresh_from_db()
    assert order.status == {"approve": "Awaiting payment", "refuse": "Cancelled"}[act]


def test_a_double_click_a_retry_and_the_back_button_give_the_same_order(buyer, market):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS
    places = {send(buyer, sent)["Location"] for _ in range(3)}
    assert len(places) == 1
    assert Order.objects.count() == 1
    assert held(market.shopper) == 100_000 - Order.objects.get().total_minor


def test_two_tabs_of_one_basket_give_one_order(buyer):
    first = form_of(buyer.get("/checkout/")) | NEW_ADDRESS
    second = form_of(buyer.get("/checkout/")) | NEW_ADDRESS
    assert first["key"] != second["key"]
    send(buyer, first)
    response = send(buyer, second)
    assert response.status_code == 302
    assert Order.objects.count() == 1


def test_a_key_of_somebody_elses_making_is_not_taken(buyer):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS | {"key": "made-up:signature"}
    assert "too old" in send(buyer, sent).content.decode()
    assert Order.objects.count() == 0


def test_an_address_of_the_book_is_used_as_it_is(client):
    market = make_market()
    shopper = make_shopper(address=make_address(line1="Hafenstrasse 1"))
    client.force_login(shopper)
    fill_basket(client, market)
    response = send(client, form_of(client.get("/checkout/")))
    assert response.status_code == 302
    assert Order.objects.get().shipping_address.line1 == "Hafenstrasse 1"


def test_somebody_elses_address_cannot_be_chosen(buyer):
    stranger = make_shopper(address=make_address(line1="Hafenstrasse 1"))
    sent = form_of(buyer.get("/checkout/")) | {"address_choice": str(stranger.addresses.get().pk)}
    assert send(buyer, sent).status_code == 422
    assert Order.objects.count() == 0


def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(buyer):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS | {"postcode": "", "city": "Ghent"}
    response = send(buyer, sent)
    text = response.content.decode()
    assert response.status_code == 422
    assert 'id="id_postcode_error"' in text
    assert 'href="#id_postcode"' in text
    assert 'value="Ghent"' in text and 'value="Lindenweg 4"' in text
    assert sent["key"] in unescape(text)
    assert Order.objects.count() == 0


def test_the_charge_never_differs_from_the_summary_the_shopper_saw(buyer, market):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS
    market.lamp.price = 26
    market.lamp.save()
    text = send(buyer, sent).content.decode()
    assert "The total has changed to €110.90" in text
    assert Order.objects.count() == 0


def test_express_delivery_of_one_parcel_is_charged_for_that_parcel(buyer, market):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS | {f"delivery-{market.first.pk}": "express"}
    summary = buyer.post("/checkout/summary/", sent).content.decode()
    total = re.search(r'name="total" value="(\d+)"', summary)[1]
    assert total == str(2_500 + 980 + 8_000)
    send(buyer, sent | {"total": total})
    order = Order.objects.get()
    assert order.total_minor == int(total)
    assert sorted(order.consignments.values_list("shipping", flat=True)) == [0, 980]


def test_without_script_a_button_updates_the_total_and_complains_of_nothing(buyer, market):
    sent = form_of(buyer.get("/checkout/")) | {f"delivery-{market.first.pk}": "express", "update": "1", "city": ""}
    response = send(buyer, sent)
    text = response.content.decode()
    assert response.status_code == 200
    assert "€114.80" in text
    assert "field-error" not in text


def test_too_little_money_after_the_code_is_said_on_the_order_page_and_the_basket_is_back(client):
    market = make_market(money=100)
    client.force_login(market.shopper)
    fill_basket(client, market)
    place = send(client, form_of(client.get("/checkout/")) | NEW_ADDRESS)["Location"]
    text = client.get(place).content.decode()
    assert "The order was not placed" in text and "Nothing was charged" in text
    assert held(market.shopper) == 100
    assert '<span class="count">2<' in client.get("/basket/").content.decode()


def test_too_little_money_is_said_and_the_basket_stays(client, settings):
    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_SUM = 10**9
    market = make_market(money=100)
    client.force_login(market.shopper)
    fill_basket(client, market)
    sent = form_of(client.get("/checkout/")) | NEW_ADDRESS
    response = send(client, sent)
    text = response.content.decode()
    assert "The order was not placed" in text
    assert 'value="Lindenweg 4"' in text
    assert held(market.shopper) == 100
    again = form_of(response)
    assert again["key"] != sent["key"]
    assert '<span class="count">2<' in client.get("/basket/").content.decode()


def test_the_last_piece_sold_meanwhile_is_said_before_anything_is_charged(client):
    market = make_market(stock=1)
    client.force_login(market.shopper)
    fill_basket(client, market)
    sent = form_of(client.get("/checkout/")) | NEW_ADDRESS
    other = Client()
    rival = make_shopper()
    other.force_login(rival)
    fill_basket(other, market, chairs=0)
    assert send(other, form_of(other.get("/checkout/")) | NEW_ADDRESS).status_code == 302
    response = client.post("/checkout/", sent, follow=True)
    assert "Sold out" in response.content.decode()
    assert Order.objects.count() == 1
    assert held(market.shopper) == 100_000


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"voucher_code": "NOSUCH"}, "voucher_code"),
        ({"account_amount": "ten"}, "account_amount"),
        ({"account_amount": "-1"}, "account_amount"),
        ({"account_amount": "99999"}, "account_amount"),
        ({"tender": "gold|bar"}, "tender"),
    ],
)
def test_a_wrong_way_to_pay_is_said_beside_it_and_nothing_typed_is_lost(buyer, market, part, field):
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS | part
    response = send(buyer, sent)
    assert response.status_code == 422
    text = response.content.decode()
    assert f'id="id_{field}_error"' in text
    assert field == "tender" or f'value="{part[field]}"' in text
    assert 'value="Lindenweg 4"' in text
    assert (Order.objects.count(), held(market.shopper)) == (0, 100_000)


@pytest.fixture
def voucher(market):
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code="GIFT",
                label="Gift",
                currency="EUR",
                budget=1_500,
                valid_from=clock.now() - timedelta(days=1),
                valid_until=clock.now() + timedelta(days=1),
            )
        ]
    )


def test_a_voucher_a_part_from_the_account_and_a_card_pay_one_order_in_that_order(buyer, market, voucher, settings):
    settings.RIALTO_STEP_UP_ABOVE = 10**9
    divided = {"voucher_code": " gift ", "account_amount": "20.00", "tender": "other_bank|redirect"}
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS | divided
    shown = buyer.post("/checkout/summary/", sent).content.decode()
    assert "by voucher GIFT" in shown and "from your account" in shown and "by Another bank" in shown
    assert 'id="checkout-ways" hx-swap-oob="true"' in shown
    without_script = buyer.post("/checkout/", sent | {"update": "1"}).content.decode()
    assert "by voucher GIFT" in without_script and 'value="20.00"' in without_script
    total = int(sent["total"])
    response = buyer.post("/checkout/", sent)
    assert response["Location"].startswith("/money/bank/")
    [order] = Order.objects.all()
    paid = queries.payment(payment_id=order.payment_id)
    assert [(tender.method, tender.amount) for tender in paid.tenders] == [
        ("voucher", 1_500),
        ("bank_account", 2_000),
        ("other_bank", total - 3_500),
    ]
    assert held(market.shopper) == 100_000 - 2_000
    assert "Continue to your bank" in buyer.get(response["Location"]).content.decode()


def test_an_account_chosen_for_a_part_and_for_the_rest_is_one_tender(buyer, voucher, settings):
    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_SUM = 10**9
    sent = form_of(buyer.get("/checkout/")) | NEW_ADDRESS | {"voucher_code": "GIFT", "account_amount": "5"}
    buyer.post("/checkout/", sent)
    paid = queries.payment(payment_id=Order.objects.get().payment_id)
    assert [(tender.method, tender.amount) for tender in paid.tenders] == [
        ("voucher", 1_500),
        ("bank_account", int(sent["total"]) - 1_500),
    ]


def test_a_voucher_that_pays_everything_needs_no_other_way(client, market, voucher):
    client.force_login(market.shopper)
    fill_basket(client, market, chairs=0)
    models.Voucher.objects.update(budget=10**7)
    sent = form_of(client.get("/checkout/")) | NEW_ADDRESS | {"voucher_code": "GIFT"}
    sent.pop("tender")
    assert client.post("/checkout/", sent).status_code == 302
    [tender] = queries.payment(payment_id=Order.objects.get().payment_id).tenders
    assert (tender.method, tender.amount) == ("voucher", int(sent["total"]))


def test_a_way_to_pay_that_does_not_answer_is_left_out_with_a_sentence(buyer):
    at = clock.now()
    models.ProviderHealth.objects.create(
        method="card", failures=3, down_since=at, probe_at=at + timedelta(minutes=1)
    )
    text = buyer.get("/checkout/").content.decode()
    assert "Card does not answer at the moment" in text
    assert 'value="card|' not in text and 'value="other_bank|redirect"' in text


def test_an_empty_basket_has_no_checkout(client):
    assert client.get("/checkout/")["Location"] == "/basket/"


def test_a_stranger_does_not_see_what_became_of_an_order(buyer):
    place = send(buyer, form_of(buyer.get("/checkout/")) | NEW_ADDRESS)["Location"]
    assert Client().get(place).status_code == 404
    stranger = Client()
    stranger.force_login(make_shopper())
    assert stranger.get(place).status_code == 404


def test_a_guest_reaches_the_checkout_and_is_asked_for_an_email(client):
    fill_basket(client, make_market())
    text = client.get("/checkout/").content.decode()
    assert 'name="email"' in text
    assert "address_choice" not in text


def test_a_larger_payment_waits_for_a_code_and_the_order_page_says_so(buyer, market):
    response = buyer.post("/checkout/", form_of(buyer.get("/checkout/")) | NEW_ADDRESS)
    assert "/money/confirm/" in response["Location"]
    order = Order.objects.get()
    assert (order.status, held(market.shopper)) == ("Awaiting payment", 100_000)
    done = buyer.get(reverse("checkout-done", args=[order.number])).content.decode()
    assert "One step is left" in done and response["Location"] in done


def test_a_small_payment_needs_no_code(client, market):
    client.force_login(market.shopper)
    fill_basket(client, market, chairs=0)
    assert client.post("/checkout/", form_of(client.get("/checkout/")) | NEW_ADDRESS).status_code == 302
    assert mail.outbox == []


def test_who_comes_back_to_the_checkout_finds_the_order_that_waits_for_its_payment(buyer):
    buyer.post("/checkout/", form_of(buyer.get("/checkout/")) | NEW_ADDRESS)
    assert buyer.get("/checkout/")["Location"] == reverse("checkout-done", args=[Order.objects.get().number])
