"""The checkout when something comes between: expiry, sign-out, a second person, odd and hostile input."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from mall import bank
from mall.actors import OPERATIONS, Actor
from mall.checkout import operations as checkout
from mall.delivery import operations as delivery
from mall.delivery import queries as plans
from mall.delivery.models import PICKUP
from mall.delivery.plans import Way
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.order.models import Order
from mall.papers import queries as papers
from mall.papers.models import InvoiceDetails, ParcelNote
from mall.taxes import operations as taxes
from payments.queries import standing
from tests.factories.mall import make_address, make_market, make_shopper

pytestmark = pytest.mark.django_db

ADDRESS = {
    "address_choice": "new",
    "name": "Ada Weber",
    "line1": "Lindenweg 4",
    "postcode": "28195",
    "city": "Bremen",
    "country": "DE",
}
HOSTILE = "\"><script>alert('x')</script>{{ 7|add:7 }}\r\nBcc: a@b.example =2+5"


@pytest.fixture(autouse=True)
def _no_code_needed(settings):
    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_SUM = 10**9


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def buyer(client, market):
    client.force_login(market.shopper)
    for offer in (market.lamp, market.chair):
        client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 1})
    return client


def form_of(response) -> dict[str, str]:
    text = response.content.decode()
    form = text[text.index('id="checkout-form"') :]
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    for tag in re.findall(r"<input[^>]*checked[^>]*>", form):
        sent[re.search(r'name="([^"]+)"', tag)[1]] = unescape(re.search(r'value="([^"]+)"', tag)[1])
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def order(client, **others: str):
    return client.post("/checkout/", form_of(client.get("/checkout/")) | ADDRESS | others)


def held(shopper) -> int:
    [account] = standing.account_balances(holder=f"user:{shopper.pk}")
    return account.balance


def deliver_as(merchant, **others: object) -> None:
    plan = replace(plans.plan_of(merchant=merchant), **others)
    delivery.set_delivery(merchant_id=merchant.pk, plan=plan, by=Actor(OPERATIONS), at=bank.now())


# --- tax, papers


def test_the_tax_a_total_includes_is_the_same_on_page_order_and_invoice(buyer, market):
    taxes.set_category_class(
        category_id=market.lamp.product.categories.get().pk, tax_class="reduced", by=Actor(OPERATIONS)
    )
    market.chair.product.categories.clear()
    shown = buyer.get("/checkout/").content.decode()
    # 25.00 and 4.90 at 7 %, 80.00 (delivered free) at 19 %.
    assert [re.sub(r"<[^>]+>", "", found) for found in re.findall(r'class="tax">(.*?)</d[td]>', shown)] == [
        "includes VAT 19 %",
        "€12.77",
        "includes VAT 7 %",
        "€1.96",
    ]
    order(buyer)
    paper = papers.invoice(number=Order.objects.get().number)
    assert paper.taxes == ((1_900, 1_277), (700, 164 + 32))
    lines = ConsignmentLine.objects.order_by("amount").values_list(
        "tax_class", "tax_rate_bps", "tax", "shipping", "shipping_tax"
    )
    assert list(lines) == [("reduced", 700, 164, 490, 32), ("standard", 1_900, 1_277, 0, 0)]
    found = Order.objects.get()
    assert (found.total_incl_tax - found.total_excl_tax) * 100 == 1_277 + 196


def test_goods_that_leave_the_union_carry_no_tax(buyer):
    order(buyer, country="US")
    assert set(ConsignmentLine.objects.values_list("tax_rate_bps", "tax")) == {(0, 0)}


def test_gift_message_note_and_invoice_are_kept_and_the_slip_names_no_price(buyer, market):
    order(
        buyer,
        **{f"gift-{market.first.pk}": "For Ada\nwith love", "note": "Ring twice"},
        company="Weber GmbH",
        vat_number="de 136 695 976",
        bill_elsewhere="on",
        bill_name="Accounts",
        bill_line1="Kaiserstrasse 1",
        bill_postcode="60311",
        bill_city="Frankfurt",
        bill_country="DE",
    )
    part = Consignment.objects.get(merchant=market.first)
    slip = papers.packing_slip(number=part.number, merchant_id=market.first.pk)
    assert (slip.gift_message, slip.note) == ("For Ada\r\nwith love".replace("\r", ""), "Ring twice")
    assert not {"price", "amount", "total"} & set(type(slip).__dataclass_fields__)
    assert not {"price", "amount", "total"} & set(type(slip.lines[0]).__dataclass_fields__)
    assert papers.packing_slip(number=part.number, merchant_id=market.second.pk) is None
    [other] = ParcelNote.objects.exclude(consignment=part)
    assert (other.gift_message, other.note) == ("", "Ring twice")
    paper = papers.invoice(number=Order.objects.get().number)
    assert paper.recipient == ("Weber GmbH", "Accounts", "Kaiserstrasse 1", "60311 Frankfurt", "DE")
    assert (paper.vat_id, paper.total) == ("DE136695976", Order.objects.get().total_minor)
    client = Client()
    client.force_login(market.first.owner)
    assert "For Ada" in client.get(f"/merchant/orders/{part.number}/").content.decode()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"vat_number": "DE136695977", "company": "Weber"}, "vat_number"),
        ({"vat_number": "12345", "company": "Weber"}, "vat_number"),
        ({"vat_number": "DE136695976"}, "company"),
        ({"bill_elsewhere": "on", "bill_name": "X"}, "bill_line1"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_a_wrong_invoice_or_note_is_told_beside_its_field(buyer, typed, field):
    response = order(buyer, **typed)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert (Order.objects.count(), InvoiceDetails.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "number", ["ATU13585627", "FR40303265045", "CHE-107.787.577 MWST", "GB980780684", "NL4495445B01"]
)
def test_vat_numbers_of_other_countries_are_taken_where_their_digits_fit(buyer, number):
    response = order(buyer, vat_number=number, company="Weber")
    assert response.status_code == 302, re.findall(r'field-error"[^>]*>([^<]*)', response.content.decode())


def test_hostile_text_in_every_field_comes_back_as_text(buyer, market):
    names = ("name", "line1", "line2", "city", "region", "phone", "company", "note", "bill_name", "bill_line1")
    hostile = dict.fromkeys((*names, f"gift-{market.first.pk}"), HOSTILE[:30]) | {"voucher_code": HOSTILE[:60]}
    response = order(buyer, **(hostile | {"postcode": ""}))
    assert response.status_code == 422
    assert "<script>alert" not in response.content.decode()
    assert "<script>alert" not in buyer.get("/checkout/").content.decode()
    response = order(buyer, **(hostile | {"voucher_code": ""}))
    for address in (response["Location"], f"/orders/{Order.objects.get().number}/"):
        assert "<script>alert" not in buyer.get(address).content.decode()


# --- where it goes


def test_goods_collected_at_the_store_need_no_address_and_are_taxed_there(client, market):
    deliver_as(
        market.first,
        ways=(Way(code=PICKUP, charge=0, free_from=None, transit_days=0),),
        pickup_place="Fondamenta 4",
    )
    client.force_login(market.shopper)
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    page = client.get("/checkout/")
    assert "Fondamenta 4" in page.content.decode() and "data-not-carried" in page.content.decode()
    response = client.post("/checkout/", form_of(page))
    assert response.status_code == 302
    found = Order.objects.get()
    assert (found.shipping_address, found.total_minor) == (None, 2_500)
    assert ConsignmentLine.objects.get().tax == 399
    assert client.get(response["Location"]).status_code == 200
    assert client.get(f"/orders/{found.number}/").status_code == 200


def test_digital_goods_alone_need_no_address_and_no_delivery(client, market):
    kind = market.lamp.product.get_product_class()
    kind.requires_shipping = False
    kind.save()
    client.force_login(market.shopper)
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    page = client.get("/checkout/")
    assert "Digital: no delivery is needed" in page.content.decode()
    assert client.post("/checkout/", form_of(page)).status_code == 302
    part = Consignment.objects.get()
    assert (part.shipping_method, part.shipping, part.order.shipping_address) == ("digital", 0, None)
    assert ConsignmentLine.objects.get().tax_class == "digital"


def test_a_country_that_a_store_does_not_serve_is_told_and_nothing_is_ordered(buyer, market):
    [usual, *_others] = plans.plan_of(merchant=market.first).ways
    deliver_as(market.first, ways=(replace(usual, countries=("DE",)),))
    response = order(buyer, country="FR")
    assert "does not deliver to this country" in response.content.decode()
    assert 'value="Lindenweg 4"' in response.content.decode()
    assert Order.objects.count() == 0
    answer = buyer.post(
        "/checkout/summary/", ADDRESS | {"country": "FR"}, headers={"HX-Request": "true", "HX-Trigger-Name": "country"}
    ).content.decode()
    assert 'id="checkout-deliveries" hx-swap-oob' in answer and "does not deliver to this country" in answer


def test_an_address_deleted_meanwhile_is_asked_for_again(client, market):
    shopper = make_shopper(address=make_address())
    client.force_login(shopper)
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    sent = form_of(client.get("/checkout/"))
    shopper.addresses.all().delete()
    response = client.post("/checkout/", sent)
    assert response.status_code == 422
    assert Order.objects.count() == 0


def test_a_new_address_can_become_the_default(client, market):
    shopper = make_shopper(address=make_address())
    client.force_login(shopper)
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    order(client, line1="Hafenstrasse 9", make_default="on")
    assert shopper.addresses.get(is_default_for_shipping=True).line1 == "Hafenstrasse 9"
    assert shopper.addresses.count() == 2
    other = shopper.addresses.get(is_default_for_shipping=False)
    client.post(f"/account/addresses/{other.pk}/default/")
    assert shopper.addresses.get(is_default_for_shipping=True) == other
    stranger = make_shopper(address=make_address(line1="Nordweg 1"))
    client.post(f"/account/addresses/{stranger.addresses.get().pk}/default/")
    assert shopper.addresses.get(is_default_for_shipping=True) == other


# --- what comes between


@pytest.mark.parametrize("himself", [True, False])
def test_who_was_signed_out_finds_what_he_typed_and_another_person_does_not(buyer, market, himself):
    sent = form_of(buyer.get("/checkout/")) | ADDRESS | {"city": "Ghent"}
    del buyer.cookies[django_settings.SESSION_COOKIE_NAME]
    response = buyer.post("/checkout/", sent)
    assert response["Location"] == f"{reverse('account_login')}?next=/checkout/"
    assert (Order.objects.count(), held(market.shopper)) == (0, 100_000)
    swapped = buyer.post("/checkout/summary/", sent, headers={"HX-Request": "true"})
    assert swapped["HX-Redirect"].startswith(reverse("account_login"))
    person = market.shopper if himself else make_shopper()
    person.set_password("a long password")
    person.save()
    buyer.post(reverse("account_login"), {"login": person.email, "password": "a long password"})
    buyer.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    assert ('value="Ghent"' in buyer.get("/checkout/").content.decode()) == himself


def test_a_form_shown_to_somebody_else_orders_nothing(buyer, market):
    sent = form_of(buyer.get("/checkout/")) | ADDRESS
    buyer.logout()
    buyer.force_login(make_shopper())
    buyer.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    assert "You signed in meanwhile" in buyer.post("/checkout/", sent).content.decode()
    assert Order.objects.count() == 0


def test_goods_are_kept_until_the_deadline_shown_and_then_everything_is_back(buyer, market, settings):
    settings.RIALTO_STEP_UP_ABOVE = 0
    place = reverse("checkout-done", args=[_waiting(buyer)])
    found = Order.objects.get()
    assert timedelta(minutes=14) < found.expires_at - bank.now() <= timedelta(minutes=15)
    assert "Your goods are kept for you until" in buyer.get(place).content.decode()
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 1
    checkout.sweep_orders(at=found.expires_at)
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 0
    text = buyer.get(place).content.decode()
    assert "Nothing was charged" in text and "what you typed is kept" in text
    text = buyer.get("/checkout/").content.decode()
    assert 'value="Lindenweg 4"' in text
    assert held(market.shopper) == 100_000


def test_an_order_that_waits_can_be_changed_and_its_goods_are_back(buyer, market, settings):
    settings.RIALTO_STEP_UP_ABOVE = 0
    number = _waiting(buyer)
    stranger = Client()
    assert stranger.post(reverse("checkout-give-up", args=[number])).status_code == 404
    response = buyer.post(reverse("checkout-give-up", args=[number]), follow=True)
    assert 'value="Lindenweg 4"' in response.content.decode()
    assert Order.objects.get().status == "Cancelled"
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 0


def test_a_guests_basket_is_back_when_his_payment_lapses(client, market):
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    sent = form_of(client.get("/checkout/")) | ADDRESS | {"email": "guest@mail.example"}
    client.post("/checkout/", sent | {"tender": "other_bank|redirect"})
    found = Order.objects.get()
    assert found.status == "Awaiting payment"
    client.get("/")
    client.get("/basket/")
    checkout.sweep_orders(at=found.expires_at)
    text = client.get("/basket/").content.decode()
    assert market.lamp.product.get_title() in text
    assert 'value="guest@mail.example"' in client.get("/checkout/").content.decode()


def _waiting(buyer) -> str:
    response = order(buyer)
    assert "/money/confirm/" in response["Location"]
    return Order.objects.get().number
