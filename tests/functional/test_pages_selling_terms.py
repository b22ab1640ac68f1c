"""Stores' pages of delivery and promotions; operations' pages of vouchers and tax rates."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from config.templatetags.rialto import weekday
from mall import bank
from mall.delivery import queries as plans
from mall.delivery.models import DeliveryMethod, DeliveryTerms
from mall.promotions.models import Promotion
from mall.taxes.models import CategoryTaxClass, TaxRate
from payments import models as bank_rows
from tests.factories.mall import make_market, make_shopper
from tests.factories.promotions import make_bank_voucher, make_operator, make_promotion

pytestmark = pytest.mark.django_db

HOSTILE = '=HYPERLINK("x")<script>alert(1)</script>'
DELIVERY = {
    "handling_days": "0",
    "cut_off_hour": "16",
    "time_zone": "Europe/Berlin",
    "working_days": ["0", "1", "5"],
    "closed_days": "2026-12-24\n2026-12-31",
    "pickup_place": "Fondamenta 4",
    "standard-offered": "on",
    "standard-charge": "3,90",
    "standard-free_from": "50",
    "standard-transit_days": "2",
    "standard-area": "named",
    "standard-countries": "de, AT",
    "express-area": "everywhere",
    "pickup-offered": "on",
}
PROMOTION = {"name": "Spring", "kind": "percentage", "percent": "10"}


@pytest.fixture
def market():
    market = make_market()
    # The owners' country decides on time zones and holidays.
    for merchant in (market.first, market.second):
        merchant.country = "DE"
        merchant.save()
    return market


@pytest.fixture
def owner(client, market):
    client.force_login(market.first.owner)
    return client


def days() -> dict[str, str]:
    today = bank.now().date()
    return {"starts_on": today.isoformat(), "ends_on": (today + timedelta(days=9)).isoformat()}


def operator_client() -> Client:
    client = Client()
    client.force_login(make_operator())
    return client


# --- delivery


def test_an_owner_says_how_the_store_delivers_and_every_page_promises_it(owner, market):
    assert owner.post("/merchant/store/delivery/", DELIVERY).status_code == 302
    plan = plans.plan_of(merchant=market.first)
    assert [(way.code, way.charge, way.free_from, way.transit_days, way.countries) for way in plan.ways] == [
        ("standard", 390, 5_000, 2, ("AT", "DE")),
        ("pickup", 0, None, 0, ()),
    ]
    assert (plan.handling_days, plan.cut_off_hour, plan.time_zone) == (0, 16, "Europe/Berlin")
    assert (plan.working_days, plan.closed_days) == ((0, 1, 5), {date(2026, 12, 24), date(2026, 12, 31)})
    [standard, _pickup] = plan.ways
    shown = weekday(plan.promised_by(way=standard, at=bank.now()))
    buyer = Client()
    buyer.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    for address in (
        reverse("product", args=[market.lamp.product.slug, market.lamp.product_id]),
        "/basket/",
        "/checkout/",
    ):
        text = buyer.get(address).content.decode()
        assert shown in text and "€3.90" in text, address
    assert plans.plan_of(merchant=market.second).ways[0].charge == 490


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"handling_days": "-1"}, "handling_days"),
        ({"handling_days": "1.5"}, "handling_days"),
        ({"cut_off_hour": "24"}, "cut_off_hour"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"working_days": []}, "working_days"),
        ({"closed_days": "Christmas"}, "closed_days"),
        ({"closed_days": HOSTILE}, "closed_days"),
        ({"standard-charge": ""}, "standard-charge"),
        ({"standard-charge": "-1"}, "standard-charge"),
        ({"standard-transit_days": "1000"}, "standard-transit_days"),
        ({"standard-countries": "Germany"}, "standard-countries"),
        ({"standard-countries": ""}, "standard-countries"),
        ({"pickup_place": " "}, "pickup_place"),
        ({"standard-offered": "", "pickup-offered": ""}, "standard-offered"),
    ],
)
def test_wrong_delivery_is_told_beside_its_field_and_changes_nothing(owner, change, field):
    response = owner.post("/merchant/store/delivery/", DELIVERY | change)
    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in text
    assert ("<script>alert" not in text and "Fondamenta 4" in text) or "pickup_place" in change
    assert (DeliveryTerms.objects.count(), DeliveryMethod.objects.count()) == (0, 0)


def test_only_people_of_the_store_reach_its_pages(client, market):
    client.force_login(make_shopper())
    for address in ("/merchant/store/delivery/", "/merchant/promotions/"):
        assert client.get(address)["Location"] == "/sell/"
    client.force_login(market.second.owner)
    promotion = make_promotion(market.first)
    client.post(f"/merchant/promotions/{promotion.pk}/end/")
    promotion.refresh_from_db()
    assert promotion.state == "in_force"


# --- promotions


def test_a_store_makes_previews_and_ends_a_promotion(owner, market):
    sku = market.lamp.partner_sku
    sent = (
        PROMOTION | days() | {"code": "spring", "products": sku, "minimum": "20", "budget": "500", "per_customer": "1"}
    )
    text = owner.post("/merchant/promotions/", sent | {"preview": "1"}).content.decode()
    assert "What it would have done" in text and 'value="spring"' in text
    assert Promotion.objects.count() == 0
    assert owner.post("/merchant/promotions/", sent).status_code == 302
    made = Promotion.objects.get()
    assert (made.code, made.value, made.minimum, made.budget, made.per_customer) == ("SPRING", 1_000, 2_000, 50_000, 1)
    assert (made.product_ids, made.merchant_id) == ([market.lamp.product_id], market.first.pk)
    text = owner.get("/merchant/promotions/").content.decode()
    assert "10 % off" in text and "running" in text
    owner.post(f"/merchant/promotions/{made.pk}/end/")
    assert "ended" in owner.get("/merchant/promotions/").content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"percent": ""}, "percent"),
        ({"percent": "0"}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"kind": "amount", "amount": "-5"}, "amount"),
        ({"kind": "pieces", "pieces": "2", "paid_for": "2"}, "paid_for"),
        ({"kind": "gold"}, "kind"),
        ({"name": ""}, "name"),
        ({"code": "a b"}, "code"),
        ({"code": "SPRING<script>"}, "code"),
        ({"category": "99999"}, "category"),
        ({"products": "NOSUCH-1"}, "products"),
        ({"budget": "0"}, "budget"),
        ({"per_customer": "0"}, "per_customer"),
        ({"starts_on": "2026-02-30"}, "starts_on"),
        ({"ends_on": "2001-01-01"}, "ends_on"),
    ],
)
def test_a_wrong_promotion_is_told_beside_its_field_and_none_is_made(owner, change, field):
    response = owner.post("/merchant/promotions/", PROMOTION | days() | change)
    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in text or field == "kind"
    assert "<script>" not in text.replace('<script src="', "").replace("<script defer", "")
    assert Promotion.objects.count() == 0


def test_another_stores_article_is_not_in_ones_own_promotion(owner, market):
    response = owner.post("/merchant/promotions/", PROMOTION | days() | {"products": market.chair.partner_sku})
    assert response.status_code == 422
    assert Promotion.objects.count() == 0


def test_the_product_page_tells_what_its_store_promotes_on_it(client, market):
    make_promotion(market.first, name="Spring", minimum=2_000)
    make_promotion(market.first, name="By code", code="SPRING")
    make_promotion(market.second, name="Elsewhere")
    text = client.get(reverse("product", args=[market.lamp.product.slug, market.lamp.product_id])).content.decode()
    assert "Spring: 10 % off from €20.00" in text
    assert "By code" not in text and "Elsewhere" not in text


def test_the_page_asks_as_little_for_many_promotions_as_for_one(owner, market, django_assert_max_num_queries):
    make_promotion(market.first)
    owner.get("/merchant/promotions/")
    with django_assert_max_num_queries(15) as few:
        owner.get("/merchant/promotions/")
    for _ in range(30):
        make_promotion(market.first)
    with django_assert_max_num_queries(15) as many:
        text = owner.get("/merchant/promotions/").content.decode()
    assert len(few) == len(many)
    following = f"before={Promotion.objects.order_by('-pk')[24].pk}"
    assert following in text
    assert owner.get(f"/merchant/promotions/?{following}").content.decode().count("<article") == 6
    assert owner.get("/merchant/promotions/?before=x").status_code == 200


# --- vouchers of the bank


def test_one_of_operations_proposes_another_agrees_and_the_bank_keeps_the_budget():
    first, second = operator_client(), operator_client()
    sent = {"name": "Welcome", "code": "welcome-10", "amount": "10", "budget": "500"} | days()
    assert first.post("/ops/vouchers/", sent).status_code == 302
    made = Promotion.objects.get()
    for client, state in ((first, "proposed"), (second, "in_force"), (second, "in_force")):
        client.post(f"/ops/vouchers/{made.pk}/agree/")
        made.refresh_from_db()
        assert made.state == state
    assert bank_rows.Voucher.objects.get().budget == 50_000
    text = first.get("/ops/vouchers/").content.decode()
    assert "WELCOME-10" in text and "€500.00" in text


def test_a_voucher_is_declined_with_a_reason_and_ended():
    client = operator_client()
    client.post("/ops/vouchers/", {"name": "W", "code": "WWW", "amount": "10", "budget": "50"} | days())
    made = Promotion.objects.get()
    client.post(f"/ops/vouchers/{made.pk}/decline/", {"reason": " "})
    made.refresh_from_db()
    assert made.state == "proposed"
    client.post(f"/ops/vouchers/{made.pk}/decline/", {"reason": HOSTILE})
    made.refresh_from_db()
    assert made.state == "declined"
    assert "<script>alert" not in client.get("/ops/vouchers/").content.decode()
    running = make_bank_voucher()
    client.post(f"/ops/vouchers/{running.pk}/end/")
    running.refresh_from_db()
    assert running.state == "ended"
    assert bank_rows.Voucher.objects.get().valid_until <= bank.now()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"code": ""}, "code"), ({"budget": ""}, "budget"), ({"budget": "5"}, "budget"), ({"amount": "x"}, "amount")],
)
def test_a_wrong_voucher_is_told_beside_its_field(change, field):
    sent = {"name": "W", "code": "WWW", "amount": "10", "budget": "50"} | days() | change
    response = operator_client().post("/ops/vouchers/", sent)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert Promotion.objects.count() == 0


@pytest.mark.parametrize("address", ["/ops/vouchers/", "/ops/taxes/"])
def test_nobody_but_operations_reads_their_pages(client, market, address):
    assert client.get(address).status_code == 302
    client.force_login(market.first.owner)
    assert client.get(address).status_code == 403
    assert client.post(address, {}).status_code in (403, 405)


# --- taxes


def test_operations_enter_a_rate_ahead_and_may_take_it_back():
    client = operator_client()
    tomorrow = bank.now().date() + timedelta(days=1)
    sent = {"country": "DE", "tax_class": "standard", "rate": "20", "starts_on": tomorrow.isoformat()}
    assert client.post("/ops/taxes/enter/", sent).status_code == 302
    row = TaxRate.objects.get(starts_on=tomorrow)
    assert (row.country, row.rate_bps) == ("DE", 2_000)
    assert "coming" in client.get("/ops/taxes/?country=DE").content.decode()
    assert client.post("/ops/taxes/enter/", sent).status_code == 422
    client.post(f"/ops/taxes/{row.pk}/take-back/", {"country": "DE"})
    assert not TaxRate.objects.filter(starts_on=tomorrow).exists()


@pytest.mark.parametrize(
    "change",
    [{"rate": "-1"}, {"rate": "51"}, {"rate": "a"}, {"rate": ""}, {"starts_on": "2020-01-01"}, {"tax_class": "x"}],
)
def test_an_impossible_rate_is_refused(change):
    before = TaxRate.objects.count()
    tomorrow = (bank.now().date() + timedelta(days=1)).isoformat()
    sent = {"country": "DE", "tax_class": "standard", "rate": "20", "starts_on": tomorrow} | change
    assert operator_client().post("/ops/taxes/enter/", sent).status_code == 422
    assert TaxRate.objects.count() == before


def test_a_rate_that_has_begun_stays():
    client = operator_client()
    row = TaxRate.objects.get(country="DE", tax_class="standard", starts_on=date(2021, 1, 1))
    client.post(f"/ops/taxes/{row.pk}/take-back/", {"country": "DE"})
    assert TaxRate.objects.filter(pk=row.pk).exists()


def test_a_category_gets_a_class_and_loses_it(market):
    client = operator_client()
    category = market.lamp.product.categories.get()
    client.post("/ops/taxes/category/", {"category": category.pk, "tax_class": "reduced"})
    assert CategoryTaxClass.objects.get().tax_class == "reduced"
    client.post("/ops/taxes/category/", {"category": category.pk, "tax_class": ""})
    assert CategoryTaxClass.objects.count() == 0
