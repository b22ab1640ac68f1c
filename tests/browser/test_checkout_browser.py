"""Basket and checkout in a real browser: three interactions, the way back, two tabs, a lost session, no script."""

import time

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.test import Client

from mall.customer.models import User
from mall.fulfilment.models import Consignment
from mall.order.models import Order
from mall.promotions.models import FREE_DELIVERY
from payments.queries import standing
from tests.factories.mall import deliver_events, make_address, make_merchant, make_offer, make_shopper
from tests.factories.promotions import make_bank_voucher, make_promotion

ORDER = "Order and pay"


def enter(page: object, user: User, site: str) -> None:
    client = Client()
    client.force_login(user)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def fits(page: object) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def order_button(page: object) -> object:
    return page.locator("aside").get_by_role("button", name=ORDER)


def held(shopper: User) -> int:
    [account] = standing.account_balances(holder=f"user:{shopper.pk}")
    return account.balance


def slowly(route: object) -> None:
    """Let an answer come late; Chromium would log the page that refuses an order as an error of ours."""
    time.sleep(0.3)
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, status=200 if answer.status == 409 else answer.status)


@pytest.fixture
def stage(live_site: str, django_db_blocker: object, settings: object):
    """Return a shopper with an address and money, and two stores' goods."""
    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_SUM = 10**9
    with django_db_blocker.unblock():
        first = make_merchant(name="Lagoon & Oak", owner=make_shopper(email="o@mail.example", money=0))
        second = make_merchant(name="Ponte Paper", owner=make_shopper(email="p@mail.example", money=0))
        lamp = make_offer(merchant=first, title="Brass desk lamp with a very long name for a small screen", price=6_900)
        book = make_offer(merchant=second, title="Sketchbook", price=1_250, stock=4)
        shopper = make_shopper(email="ada@mail.example", money=100_000, address=make_address())
        deliver_events()
        yield first, lamp, book, shopper


def put(page: object, *offers: object) -> None:
    for offer in offers:
        page.goto(f"/p/{offer.product.slug}-{offer.product_id}/?offer={offer.pk}")
        page.get_by_role("button", name="Put into basket").click()
        page.locator("#added .message-success").wait_for()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_known_shopper_needs_three_interactions(
    page_at: object, keep_picture: object, live_site: str, stage: tuple, width: int
) -> None:
    first, lamp, book, shopper = stage
    make_promotion(first, name="Ten per cent in March")
    make_promotion(first, name="Free delivery", kind=FREE_DELIVERY, value=0, minimum=20_000)
    page = page_at(width)
    enter(page, shopper, live_site)
    put(page, lamp, book)
    page.goto("/basket/")
    page.get_by_role("button", name="One piece more of Brass").click()
    page.locator("#basket-count", has_text="3").wait_for(state="attached")
    page.get_by_role("button", name="Keep for later Sketchbook").click()
    page.get_by_role("heading", name="Kept for later").wait_for()
    page.get_by_role("button", name="Into the basket Sketchbook").click()
    page.get_by_role("button", name="Take out Sketchbook").click()
    page.get_by_role("button", name="Undo").click()
    assert fits(page)
    keep_picture(page, "basket")
    page.goto("/")
    # One: the basket; two: the checkout, filled in already; three: pay.
    page.locator(".header-basket").click()
    page.get_by_role("link", name="Checkout").click()
    page.get_by_role("heading", name="Where to").wait_for()
    assert fits(page)
    keep_picture(page, "checkout")
    order_button(page).click()
    page.get_by_text("Thank you, it is ordered").wait_for()
    assert fits(page)
    keep_picture(page, "checkout-done")
    order = Order.objects.get()
    assert (order.status, order.total_minor) == ("Confirmed", 13_800 - 1_380 + 1_250 + 490)
    assert held(shopper) == 100_000 - order.total_minor
    # Back, and once more: the same order.
    page.go_back()
    page.get_by_role("heading", name="Where to").or_(page.get_by_role("heading", name="Your basket")).first.wait_for()
    if order_button(page).count():
        order_button(page).click()
        page.get_by_text("Thank you, it is ordered").wait_for()
    assert Order.objects.count() == 1


def test_two_tabs_a_double_click_and_a_slow_line_charge_what_was_shown_and_once(
    page_at: object, live_site: str, stage: tuple
) -> None:
    _first, lamp, book, shopper = stage
    page = page_at(1280)
    enter(page, shopper, live_site)
    put(page, lamp)
    page.goto("/checkout/")
    page.route("**/checkout/", slowly)
    other = page.context.new_page()
    put(other, book)
    order_button(page).click()
    page.get_by_text("The total has changed to €91.30").wait_for()
    assert (Order.objects.count(), held(shopper)) == (0, 100_000)
    order_button(page).dblclick()
    page.get_by_text("Thank you, it is ordered").wait_for()
    assert held(shopper) == 100_000 - 9_130
    assert Order.objects.count() == 1


def test_who_is_signed_out_while_he_types_signs_in_and_finds_everything(
    page_at: object, keep_picture: object, live_site: str, stage: tuple
) -> None:
    _first, lamp, _book, shopper = stage
    shopper.set_password("a long password")
    shopper.save()
    page = page_at(360)
    enter(page, shopper, live_site)
    put(page, lamp)
    page.goto("/checkout/")
    with page.expect_response("**/checkout/summary/"):
        page.get_by_role("radio", name="Another address").check()
    page.get_by_label("Full name").first.fill("Grace Hopper")
    page.get_by_label("Street and number").first.fill("Marktgasse 7")
    page.get_by_label("Postcode").first.fill("3011")
    page.get_by_label("City").first.fill("Bern")
    page.context.clear_cookies(name=django_settings.SESSION_COOKIE_NAME)
    order_button(page).click()
    page.get_by_text("You were signed out meanwhile").wait_for()
    assert Order.objects.count() == 0
    page.get_by_label("Email").or_(page.get_by_label("E-mail")).first.fill(shopper.email)
    page.get_by_label("Password").first.fill("a long password")
    page.locator("main").get_by_role("button", name="Sign in").first.click()
    page.get_by_role("heading", name="Where to").wait_for()
    assert page.get_by_role("radio", name="Another address").is_checked()
    assert page.get_by_label("City").first.input_value() == "Bern"
    keep_picture(page, "checkout-signed-in-again")
    order_button(page).click()
    page.get_by_text("Thank you, it is ordered").wait_for()
    assert Order.objects.get().shipping_address.line4 == "Bern"


@pytest.mark.parametrize("width", [360])
def test_without_script_everything_can_be_done(page_at: object, live_site: str, stage: tuple, width: int) -> None:
    _first, lamp, book, shopper = stage
    page = page_at(width, java_script_enabled=False)
    enter(page, shopper, live_site)
    for offer in (lamp, book):
        page.goto(f"/p/{offer.product.slug}-{offer.product_id}/?offer={offer.pk}")
        page.get_by_role("button", name="Put into basket").click()
    page.get_by_role("button", name="One piece more of Sketchbook").click()
    page.get_by_role("button", name="Take out Brass").click()
    page.get_by_role("link", name="Checkout").click()
    page.get_by_label("Express").check()
    page.get_by_role("button", name="Update the total").click()
    page.get_by_text("Gift message or a note").click()
    page.get_by_label("Gift message with the parcel of Ponte Paper").fill("For Ada <b>with love</b>")
    order_button(page).click()
    page.get_by_text("Thank you, it is ordered").wait_for()
    assert Order.objects.get().total_minor == 2 * 1_250 + 980
    assert Consignment.objects.get().note.gift_message == "For Ada <b>with love</b>"


@pytest.mark.parametrize("width", [360, 1280])
def test_stores_and_operations_set_delivery_promotions_vouchers_and_taxes(
    page_at: object, keep_picture: object, live_site: str, stage: tuple, width: int
) -> None:
    first, _lamp, _book, _shopper = stage
    make_promotion(first, name="Spring", code="SPRING", budget=50_000)
    make_bank_voucher(value=1_000, budget=100_000)
    page = page_at(width)
    enter(page, first.owner, live_site)
    page.goto("/merchant/store/delivery/")
    page.get_by_label("Ordered before, hour").fill("16")
    page.get_by_label("Where and when goods can be collected").fill("Fondamenta 4, ten to six")
    page.locator("#id_pickup-offered").check()
    assert fits(page)
    keep_picture(page, "store-delivery")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("New orders are promised accordingly").wait_for()
    page.goto("/merchant/promotions/")
    page.get_by_text("Make a promotion").click()
    page.get_by_label("Name, as shoppers read it").fill("Three for two")
    page.get_by_label("More pieces for the price of fewer").check()
    page.get_by_label("Pieces taken").fill("3")
    page.get_by_label("Pieces paid").fill("2")
    page.get_by_role("button", name="Preview the effect").click()
    page.get_by_text("What it would have done").wait_for()
    assert fits(page)
    keep_picture(page, "store-promotions")
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("The promotion is made").wait_for()
    operator = User.objects.create_user(email="ops@example.com", password="a long password")
    operator.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": "x"})
    enter(page, operator, live_site)
    for address, name in (("/ops/vouchers/", "ops-vouchers"), ("/ops/taxes/", "ops-taxes")):
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for()
        assert fits(page)
        keep_picture(page, name)
