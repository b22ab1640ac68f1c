"""The pages where a shopper looks around and fills the basket."""

import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories.mall import close_the_shop, make_market, make_merchant, make_offer, make_shopper

pytestmark = pytest.mark.django_db


def product_url(offer) -> str:
    return reverse("product", args=[offer.product.slug, offer.product_id])


def count_queries(client, url, django_assert_max_num_queries, most=15):
    client.get(url)
    with django_assert_max_num_queries(most) as counted:
        response = client.get(url)
    assert response.status_code == 200
    return len(counted)


def test_the_home_page_leads_to_categories_products_and_stores(client):
    market = make_market()
    text = client.get("/").content.decode()
    assert reverse("category", args=["home"]) in text
    assert product_url(market.lamp) in text
    assert reverse("store", args=[market.first.slug]) in text


def test_an_empty_market_says_so_and_offers_to_open_a_store(client):
    text = client.get("/").content.decode()
    assert "The stalls are still being set up" in text
    assert 'href="/sell/"' in text


def test_a_search_forgives_a_typo_and_says_what_it_did(client):
    make_offer(merchant=make_merchant(), title="Walnut bookshelf")
    text = client.get("/search/", {"q": "walnut bokshelf"}).content.decode()
    assert "Walnut bookshelf" in text
    assert "this is for “walnut bookshelf”" in text


def test_a_search_without_results_leads_on(client):
    make_offer(merchant=make_merchant(), title="Walnut bookshelf")
    text = client.get("/search/", {"q": "zzzzqqqq"}).content.decode()
    assert "Nothing fits" in text
    assert reverse("category", args=["home"]) in text


def test_the_address_alone_is_the_state_of_a_listing(client):
    merchant = make_merchant(name="Lagoon Oak")
    make_offer(merchant=merchant, title="Cheap lamp", price=900)
    make_offer(merchant=merchant, title="Fair lamp", price=2_000)
    make_offer(merchant=make_merchant(name="Other"), title="Other lamp", price=2_100)
    query = {"q": "lamp", "merchant": merchant.pk, "from": "10", "to": "30,00", "sort": "-price"}
    text = client.get("/search/", query).content.decode()
    assert re.findall(r'class="product-title"><a [^>]*>([^<]+)<', text) == ["Fair lamp"]
    assert "Lagoon Oak" in text
    assert "from €10.00" in text


@pytest.mark.parametrize(
    "query",
    [
        {"page": "99999999999"},
        {"page": "-1"},
        {"page": "x"},
        {"from": "abc", "to": "1e999"},
        {"from": "nan"},
        {"merchant": "9" * 30},
        {"rating": "²"},
        {"q": "a\x00b"},
        {"q": "' OR 1=1 --"},
        {"q": "x" * 5_000},
        {"sort": "; DROP TABLE"},
        {"category": "../../etc"},
    ],
)
def test_a_listing_survives_any_address(client, query):
    make_market()
    assert client.get("/search/", query).status_code == 200


def test_an_unknown_category_is_not_found_in_our_own_words(client):
    response = client.get("/c/nowhere/")
    assert response.status_code == 404
    assert "We could not find this page" in response.content.decode()


def test_suggestions_are_a_fragment(client):
    make_offer(merchant=make_merchant(), title="Walnut bookshelf")
    text = client.get("/search/suggest/", {"q": "wal"}).content.decode()
    assert "Walnut bookshelf" in text
    assert "<html" not in text


def test_a_product_page_shows_each_merchants_offer_at_its_own_price(client):
    cheap = make_offer(merchant=make_merchant(name="Cheap Store"), price=2_000, title="Globe", key="globe")
    dear = make_offer(merchant=make_merchant(name="Dear Store"), price=2_500, title="Globe", key="globe")
    text = client.get(product_url(cheap)).content.decode()
    assert "€20.00" in text and "€25.00" in text
    chosen = client.get(product_url(cheap), {"offer": dear.pk}).content.decode()
    assert f'name="stockrecord" value="{dear.pk}"' in chosen


def test_a_product_under_an_old_name_moves_to_its_address(client):
    offer = make_offer(merchant=make_merchant())
    response = client.get(reverse("product", args=["old-name", offer.product_id]))
    assert (response.status_code, response["Location"]) == (301, product_url(offer))


def test_a_sold_out_product_cannot_be_put_into_the_basket(client):
    offer = make_offer(merchant=make_merchant(), stock=0)
    text = client.get(product_url(offer)).content.decode()
    assert "Sold out" in text
    assert "basket/add" not in text


def test_adding_keeps_the_chosen_merchant_and_price(client):
    make_offer(merchant=make_merchant(name="Cheap Store"), price=2_000, title="Globe", key="globe")
    dear = make_offer(merchant=make_merchant(name="Dear Store"), price=2_500, title="Globe", key="globe")
    response = client.post("/basket/add/", {"stockrecord": dear.pk, "quantity": 2}, follow=True)
    text = response.content.decode()
    assert response.redirect_chain == [("/basket/", 302)]
    assert "Dear Store" in text and "Cheap Store" not in text
    assert "€50.00" in text


def test_adding_with_htmx_answers_with_a_fragment_and_the_new_count(client):
    offer = make_offer(merchant=make_merchant())
    response = client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 3}, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert "3 pieces are in your basket" in text
    assert 'id="basket-count" hx-swap-oob="true"' in text
    assert '<span class="count">3<' in text


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        ("11", "Only 10 left"),
        ("0", "at least one piece"),
        ("many", "in digits"),
        ("", "How many"),
        ("9999", "more than"),
    ],
)
def test_a_wrong_quantity_is_refused_in_a_sentence_and_adds_nothing(client, quantity, said):
    offer = make_offer(merchant=make_merchant(), stock=10)
    data = {"stockrecord": offer.pk, "quantity": quantity}
    text = client.post("/basket/add/", data, headers={"HX-Request": "true"}).content.decode()
    assert said in text
    assert "Your basket is empty" in client.get("/basket/").content.decode()


def test_pieces_in_the_basket_count_against_what_is_left(client):
    offer = make_offer(merchant=make_merchant(), stock=3)
    client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 2})
    text = client.post(
        "/basket/add/", {"stockrecord": offer.pk, "quantity": 2}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "Only 3 left, and 2 of them lie in your basket" in text


def test_a_suspended_merchants_goods_cannot_be_added_and_block_the_checkout_with_a_reason(client):
    merchant = make_merchant()
    offer, other = make_offer(merchant=merchant), make_offer(merchant=merchant)
    client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 1})
    close_the_shop(merchant)
    refused = client.post("/basket/add/", {"stockrecord": other.pk, "quantity": 1}, headers={"HX-Request": "true"})
    assert "not sold any more" in refused.content.decode()
    text = client.get("/basket/").content.decode()
    assert "is closed at the moment: please take its goods out" in text
    assert 'href="/checkout/"' not in text


def test_goods_in_two_currencies_cannot_share_a_basket(client):
    client.post("/basket/add/", {"stockrecord": make_offer(merchant=make_merchant()).pk, "quantity": 1})
    foreign = make_offer(merchant=make_merchant(currency="BRL"))
    refused = client.post("/basket/add/", {"stockrecord": foreign.pk, "quantity": 1}, headers={"HX-Request": "true"})
    assert "order those first" in refused.content.decode()


def test_a_line_is_changed_and_taken_out(client):
    offer = make_offer(merchant=make_merchant(), price=1_000)
    client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 1})
    line = re.search(r'name="line" value="(\d+)"', client.get("/basket/").content.decode())[1]
    changed = client.post("/basket/change/", {"line": line, "quantity": 4}, follow=True).content.decode()
    assert "€40.00" in changed
    refused = client.post("/basket/change/", {"line": line, "quantity": 40}, follow=True).content.decode()
    assert "€40.00" in refused and "message-error" in refused
    emptied = client.post("/basket/change/", {"line": line, "quantity": 0}, follow=True).content.decode()
    assert "Your basket is empty" in emptied


def test_nobody_changes_a_strangers_basket(client):
    offer = make_offer(merchant=make_merchant())
    client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 1})
    line = re.search(r'name="line" value="(\d+)"', client.get("/basket/").content.decode())[1]
    Client().post("/basket/change/", {"line": line, "quantity": 0})
    assert "Your basket is empty" not in client.get("/basket/").content.decode()


def test_the_basket_survives_signing_in(client):
    shopper = make_shopper(password="a-good-password")
    client.post("/basket/add/", {"stockrecord": make_offer(merchant=make_merchant()).pk, "quantity": 2})
    client.post(reverse("account_login"), {"login": shopper.email, "password": "a-good-password"})
    text = client.get("/basket/").content.decode()
    assert shopper.email in text
    assert '<span class="count">2<' in text


def test_an_unknown_discount_code_is_answered_beside_its_field(client):
    client.post("/basket/add/", {"stockrecord": make_offer(merchant=make_merchant()).pk, "quantity": 1})
    response = client.post("/basket/code/", {"code": "NOSUCH"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "We do not know this code" in text
    assert 'value="NOSUCH"' in text


def test_a_signed_in_shopper_sees_the_same_number_of_queries_however_many_rows(client, django_assert_max_num_queries):
    shopper = make_shopper()
    client.force_login(shopper)
    merchants = [make_merchant() for _ in range(3)]
    offers = [make_offer(merchant=merchants[number % 3], key=f"p{number}") for number in range(3)]
    for offer in offers:
        client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 1})
    urls = ["/", "/search/", "/search/?q=lamp", "/c/home/", f"/store/{merchants[0].slug}/", "/basket/", "/checkout/"]
    urls.append(product_url(offers[0]))
    client.get(product_url(offers[0]))
    few = {url: count_queries(client, url, django_assert_max_num_queries) for url in urls}
    more = [make_merchant() for _ in range(4)]
    for number in range(24):
        offer = make_offer(merchant=more[number // 8], key=f"p{number % 8}")
        client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": 1})
    cache.clear()
    many = {url: count_queries(client, url, django_assert_max_num_queries) for url in urls}
    assert {url: many[url] - few[url] for url in urls if many[url] > few[url]} == {}


def test_pages_are_small_enough_for_a_phone(client):
    merchant = make_merchant()
    for number in range(24):
        make_offer(merchant=merchant, title=f"Brass lamp number {number}")
    for url in ("/", "/search/"):
        assert len(client.get(url).content) < 60_000
