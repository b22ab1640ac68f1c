"""The basket: what goes in and out, what is kept for later, what has changed, and what is typed wrongly."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from mall import bank
from mall.basket import operations
from mall.order.models import Order
from mall.promotions.models import AMOUNT, PIECES
from mall.saved.models import SavedItem
from tests.factories.mall import close_the_shop, make_market, make_merchant, make_offer, make_shopper
from tests.factories.promotions import make_bank_voucher, make_promotion

pytestmark = pytest.mark.django_db

Basket = get_model("basket", "Basket")
Line = get_model("basket", "Line")
HOSTILE = '"><script>alert(1)</script>{{7*7}}=HYPERLINK("x")'


@pytest.fixture
def market():
    return make_market()


def put(client, offer, quantity=1):
    return client.post("/basket/add/", {"stockrecord": offer.pk, "quantity": quantity})


def page(client) -> str:
    return unescape(client.get("/basket/").content.decode())


def line() -> int:
    return Line.objects.latest("pk").pk


def held() -> dict[int, int]:
    """Return the pieces in open baskets, by stock record."""
    return dict(Line.objects.filter(basket__status="Open").values_list("stockrecord_id", "quantity"))


@pytest.mark.parametrize("quantity", ["0", "-1", "1000000000", "1.5", "two", "", "1e3", "９９９９", HOSTILE])
def test_an_impossible_number_of_pieces_is_answered_with_a_sentence_and_changes_nothing(client, market, quantity):
    put(client, market.lamp, 2)
    for address, name, value in (
        ("/basket/add/", "stockrecord", market.lamp.pk),
        ("/basket/change/", "line", line()),
    ):
        if quantity == "0" and address == "/basket/change/":
            continue
        answer = client.post(address, {name: value, "quantity": quantity}, follow=True)
        assert answer.status_code == 200
        assert "message-error" in answer.content.decode()
        assert "<script>alert" not in answer.content.decode()
    assert held() == {market.lamp.pk: 2}


@pytest.mark.parametrize("stockrecord", ["0", "-3", "x", "99999999999999999999", "1.5", ""])
def test_a_product_that_is_none_is_answered_with_a_sentence(client, stockrecord):
    answer = client.post("/basket/add/", {"stockrecord": stockrecord, "quantity": 1}, follow=True)
    assert "Please choose a product." in answer.content.decode()
    assert Line.objects.count() == 0


def test_another_persons_line_is_out_of_reach(client, market):
    put(Client(), market.lamp)
    theirs = line()
    put(client, market.chair)
    for address in ("/basket/change/", "/basket/later/"):
        client.post(address, {"line": theirs, "quantity": 5})
    assert held() == {market.lamp.pk: 1, market.chair.pk: 1}
    assert SavedItem.objects.count() == 0


def test_buttons_count_up_and_down_and_stop_at_the_stock(client):
    offer = make_offer(merchant=make_merchant(), stock=2)
    put(client, offer)
    client.post("/basket/change/", {"line": line(), "quantity": 1, "step": 1})
    assert held() == {offer.pk: 2}
    answer = client.post("/basket/change/", {"line": line(), "quantity": 2, "step": 1}, follow=True)
    assert "Only 2 left" in answer.content.decode()
    client.post("/basket/change/", {"line": line(), "quantity": 2, "step": -1})
    assert held() == {offer.pk: 1}


def test_what_is_taken_out_can_be_put_back_once(client, market):
    put(client, market.lamp, 3)
    answer = client.post("/basket/change/", {"line": line(), "quantity": 0}, follow=True)
    text = answer.content.decode()
    assert "was taken out" in text
    form = text[text.index("was taken out") :]
    sent = dict(re.findall(r'<input type="hidden" name="(stockrecord|quantity)" value="(\d+)"', form)[:2])
    assert held() == {}
    client.post("/basket/add/", sent)
    assert held() == {market.lamp.pk: 3}
    assert "was taken out" not in page(client)


def test_things_are_kept_for_later_and_come_back_as_many_as_there_are(client, market):
    put(client, market.lamp, 4)
    client.post("/basket/later/", {"line": line()})
    text = page(client)
    assert "Kept for later" in text and "Your basket is empty" in text
    market.lamp.num_in_stock = 3
    market.lamp.price = Decimal(20)
    market.lamp.save()
    assert "cheaper: was" in page(client)
    [item] = SavedItem.objects.all()
    answer = client.post(f"/basket/later/{item.pk}/", follow=True)
    assert "only 3 could be had" in answer.content.decode()
    assert held() == {market.lamp.pk: 3}
    assert SavedItem.objects.count() == 0


def test_what_a_guest_kept_is_his_when_he_signs_in_and_nobody_elses(client, market):
    put(client, market.lamp)
    client.post("/basket/later/", {"line": line()})
    stranger = Client()
    put(stranger, market.chair)
    assert "Kept for later" not in page(stranger)
    [item] = SavedItem.objects.all()
    stranger.post(f"/basket/later/{item.pk}/", {"remove": 1})
    market.shopper.set_password("a long password")
    market.shopper.save()
    client.post(reverse("account_login"), {"login": market.shopper.email, "password": "a long password"})
    assert "Kept for later" in page(client)
    assert SavedItem.objects.get().holder == f"user:{market.shopper.pk}"


def test_what_is_sold_out_or_withdrawn_stays_on_the_list_and_says_so(client, market):
    put(client, market.lamp)
    client.post("/basket/later/", {"line": line()})
    close_the_shop(market.first)
    assert "Not sold any more" in page(client)
    [item] = SavedItem.objects.all()
    client.post(f"/basket/later/{item.pk}/")
    assert (held(), SavedItem.objects.count()) == ({}, 1)


def test_signing_in_pours_the_guests_basket_into_ones_own_as_far_as_stock_goes(client):
    market = make_market(stock=5)
    own = Client()
    own.force_login(market.shopper)
    put(own, market.lamp, 3)
    put(client, market.lamp, 4)
    put(client, market.chair, 1)
    client.force_login(market.shopper)
    text = page(client)
    assert "only 5 are left: your basket holds as many" in text
    assert "5 pieces you chose before you signed in" in text
    assert held() == {market.lamp.pk: 5, market.chair.pk: 1}
    assert "you chose before you signed in" not in page(client)


def test_a_changed_price_is_told_until_the_shopper_says_all_right(client, market):
    put(client, market.lamp)
    market.lamp.price = Decimal("26.50")
    market.lamp.save()
    text = re.sub(r"<[^>]+>", "", page(client))
    assert "was €25.00, now €26.50" in text
    client.post("/basket/accept/")
    assert "now €26.50" not in re.sub(r"<[^>]+>", "", page(client))


def test_a_changed_price_is_told_in_the_checkout_too_and_charged_only_once_it_was_shown(client, market):
    client.force_login(market.shopper)
    put(client, market.lamp)
    market.lamp.price = Decimal("26.50")
    market.lamp.save()
    text = re.sub(r"<[^>]+>", "", unescape(client.get("/checkout/").content.decode()))
    assert "was €25.00, now €26.50" in text and "by ordering you agree" in text


def test_too_few_pieces_are_solved_by_one_button(client, market):
    put(client, market.lamp, 5)
    market.lamp.num_in_stock = 2
    market.lamp.save()
    text = page(client)
    assert "Only 2 left" in text and 'name="quantity" value="2"><button' in text
    assert 'href="/checkout/"' not in text
    client.post("/basket/change/", {"line": line(), "quantity": 2})
    assert 'href="/checkout/"' in page(client)


@pytest.mark.parametrize("what", ["withdrawn", "suspended"])
def test_a_product_withdrawn_or_a_store_suspended_meanwhile_is_told_before_paying(client, market, what):
    client.force_login(market.shopper)
    put(client, market.lamp)
    form = client.get("/checkout/").content.decode()
    sent = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[form.index('id="checkout-form"') :])
    )
    if what == "withdrawn":
        market.lamp.product.is_public = False
        market.lamp.product.save()
    else:
        close_the_shop(market.first)
    answer = client.post("/checkout/", sent, follow=True)
    text = answer.content.decode()
    assert "Something in your basket has changed" in text
    assert {"withdrawn": "not sold any more", "suspended": "is closed at the moment"}[what] in text
    assert Order.objects.count() == 0


# --- codes


def test_a_stores_code_counts_at_once_and_is_taken_out_again(client, market):
    promotion = make_promotion(market.first, code="SPRING", name="Spring cleaning")
    put(client, market.lamp)
    text = client.post("/basket/code/", {"code": "spring"}, follow=True).content.decode()
    assert "Spring cleaning" in text and "€22.50" in text
    client.post(f"/basket/code/{promotion.pk}/remove/")
    assert "€22.50" not in page(client)


def test_a_code_that_gives_less_than_another_promotion_says_so(client, market):
    make_promotion(market.first, code="SMALL", value=100)
    make_promotion(market.first, name="Two for one", kind=PIECES, value=2, paid_for=1)
    put(client, market.lamp, 2)
    client.post("/basket/code/", {"code": "SMALL"})
    assert "SMALL is not used: “Two for one” gives you more" in page(client)


def test_a_code_says_what_is_missing_and_of_which_store_it_is_not(client, market):
    make_promotion(market.first, code="BIG", minimum=3_000)
    make_promotion(market.second, code="CHAIRS", kind=AMOUNT, value=500)
    put(client, market.lamp)
    for code in ("BIG", "CHAIRS"):
        client.post("/basket/code/", {"code": code})
    text = page(client)
    assert "BIG counts once you add goods for €5.00" in text
    assert "CHAIRS gives nothing off what is in your basket" in text


@pytest.mark.parametrize("code", ["NOSUCH", "", HOSTILE, "x" * 65, "%", "SPRING' OR 1=1"])
def test_an_unknown_code_is_answered_beside_its_field(client, market, code):
    put(client, market.lamp)
    answer = client.post("/basket/code/", {"code": code})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'id="id_code_error"' in text and "<script>alert" not in text


@pytest.mark.parametrize("change", ["over", "ended"])
def test_an_expired_or_ended_code_is_not_taken(client, market, change):
    promotion = make_promotion(market.first, code="SPRING")
    if change == "over":
        promotion.ends_at = bank.now()
    else:
        promotion.state = "ended"
    promotion.save()
    put(client, market.lamp)
    assert client.post("/basket/code/", {"code": "SPRING"}).status_code == 422


def test_a_voucher_of_the_bank_entered_in_the_basket_is_in_the_checkout(client, market):
    make_bank_voucher(value=1_000)
    client.force_login(market.shopper)
    put(client, market.lamp)
    text = client.post("/basket/code/", {"code": "welcome"}, follow=True).content.decode()
    assert "The voucher WELCOME pays up to €10.00 when you order" in text
    checkout = client.get("/checkout/").content.decode()
    assert 'value="WELCOME"' in checkout and "by voucher WELCOME" in checkout


# --- how much is asked of the database


def test_a_basket_of_eight_lines_and_ten_promotions_asks_as_little_as_one(client, django_assert_max_num_queries):
    merchants = [make_merchant() for _ in range(4)]
    offers = [make_offer(merchant=merchant) for merchant in merchants for _ in range(2)]
    client.force_login(make_shopper())
    put(client, offers[0])
    category = get_model("catalogue", "Category").objects.get(name="Light")
    make_promotion(merchants[0], category_id=category.pk)
    for address in ("/basket/", "/checkout/"):
        client.get(address)
    with django_assert_max_num_queries(15) as one:
        client.get("/basket/")
    with django_assert_max_num_queries(15) as one_checkout:
        client.get("/checkout/")
    for offer in offers[1:]:
        put(client, offer)
    for number in range(9):
        make_promotion(merchants[number % 4], category_id=category.pk, value=100 + number)
    # How each store delivers is kept for some minutes.
    client.get("/basket/")
    with django_assert_max_num_queries(15) as many:
        client.get("/basket/")
    with django_assert_max_num_queries(15) as many_checkout:
        client.get("/checkout/")
    assert len(many) == len(one)
    assert len(many_checkout) == len(one_checkout)


def test_a_full_basket_takes_no_more_lines(monkeypatch, client, market):
    monkeypatch.setattr(operations, "MOST_LINES", 1)
    put(client, market.lamp)
    answer = client.post("/basket/add/", {"stockrecord": market.chair.pk, "quantity": 1}, follow=True)
    assert "Your basket is full" in answer.content.decode()
    assert held() == {market.lamp.pk: 1}
