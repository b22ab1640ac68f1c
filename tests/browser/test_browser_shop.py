"""A shopper and two merchants, in a real browser, on a phone and on a desk."""

import re

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail

from mall.order.models import Order
from tests.factories.mall import deliver_events, make_address, make_merchant, make_offer, make_shopper

PASSWORD = "a-good-password"


@pytest.fixture
def market(fresh_database, settings):
    settings.RIALTO_STEP_UP_ABOVE = 5_000
    settings.RIALTO_STEP_UP_FREE_SUM = 15_000
    secret = make_password(PASSWORD)
    first_owner = make_shopper(email="owner1@mail.example", money=0, password=secret)
    second_owner = make_shopper(email="owner2@mail.example", money=0, password=secret)
    first = make_merchant(name="Lagoon & Oak", owner=first_owner)
    second = make_merchant(name="Casa Lino", owner=second_owner)
    make_offer(merchant=first, title="Brass desk lamp", price=8_900)
    make_offer(merchant=second, title="Linen armchair", price=14_900)
    shopper = make_shopper(email="ada@mail.example", money=100_000, password=secret, address=make_address())
    deliver_events()
    return shopper


def sign_in(page, email):
    page.goto("/account/login/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile(r".*/$"))


def fits(page):
    """Tell whether nothing sticks out of the window at the side."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def put_into_basket(page, words):
    page.fill("#search-text", words)
    page.press("#search-text", "Enter")
    page.locator(".product-title a").first.click()
    page.get_by_role("button", name="Put into basket").click()
    page.locator("#added .message-success").wait_for()


def pay(page):
    page.get_by_role("button", name="Order and pay").click()
    page.wait_for_url(re.compile("/checkout/done/|/money/confirm/"))
    if "/money/confirm/" in page.url:
        code = re.search(r"\b\d{6}\b", mail.outbox[-1].body)[0]
        page.fill("input[name=code]", code)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(re.compile("/checkout/done/"))


@pytest.mark.parametrize("width", [360, 1280])
def test_a_shopper_buys_of_two_merchants_and_follows_both_parcels(market, page_at, keep_picture, width):
    page = page_at(width)
    sign_in(page, "ada@mail.example")
    keep_picture(page, "shop-home")
    put_into_basket(page, "brass lmap")
    keep_picture(page, "shop-product")
    put_into_basket(page, "linen")
    assert page.locator(".count").first.inner_text().startswith("2")
    page.goto("/basket/")
    assert fits(page)
    keep_picture(page, "shop-basket")
    page.get_by_role("link", name="Checkout").click()
    express = page.locator("input[value=express]").first
    with page.expect_response("**/checkout/summary/"):
        express.check()
    page.locator("[data-total]", has_text="€247.80").wait_for()
    assert fits(page)
    keep_picture(page, "shop-checkout")
    pay(page)
    page.get_by_role("heading", name="Thank you, it is ordered").wait_for()
    keep_picture(page, "shop-done")
    order = Order.objects.get()
    assert (order.status, order.total_minor) == ("Confirmed", 8_900 + 14_900 + 980)
    for number in (1, 2):
        send_parcel(page_at(width), f"owner{number}@mail.example", keep_picture)
    deliver_events()
    page.goto(f"/orders/{order.number}/")
    page.get_by_text("It has arrived").first.click()
    page.get_by_role("button", name="Yes, all is well").first.click()
    page.locator(".message-success").wait_for()
    deliver_events()
    page.reload()
    page.get_by_text("Delivered and paid out").wait_for()
    assert fits(page)
    keep_picture(page, "shop-order")
    assert sorted(order.consignments.values_list("status", flat=True)) == ["dispatched", "released"]


def send_parcel(page, email, keep_picture):
    sign_in(page, email)
    page.goto("/merchant/")
    assert fits(page)
    keep_picture(page, "merchant-home")
    page.locator(".order-row a").first.click()
    page.fill("input[name=carrier]", "Blue Post")
    page.fill("input[name=tracking]", "RX 12")
    page.get_by_role("button", name="It is on its way").click()
    page.locator(".message-success").wait_for()
    keep_picture(page, "merchant-order")
    page.goto("/merchant/catalogue/")
    assert fits(page)


def test_a_double_click_places_one_order(market, page_at):
    page = page_at(1280)
    sign_in(page, "ada@mail.example")
    put_into_basket(page, "brass")
    page.goto("/checkout/")
    page.get_by_role("button", name="Order and pay").dblclick()
    page.wait_for_url(re.compile("/checkout/done/|/money/confirm/"))
    assert Order.objects.count() == 1
    page.go_back()
    page.goto("/checkout/")
    page.wait_for_url(re.compile("/checkout/done/"))
    page.get_by_role("heading", name="One step is left").wait_for()
    assert Order.objects.count() == 1


def test_everything_works_without_script(market, page_at):
    page = page_at(360, java_script_enabled=False)
    sign_in(page, "ada@mail.example")
    page.goto("/search/?q=brass")
    page.locator(".product-title a").first.click()
    page.get_by_role("button", name="Put into basket").click()
    page.wait_for_url("**/basket/")
    page.fill("input[name=quantity]", "2")
    page.get_by_role("button", name="Change").click()
    page.get_by_role("link", name="Checkout").click()
    page.locator("input[value=express]").first.check()
    page.get_by_role("button", name="Update the total").click()
    assert page.locator("[data-total]").inner_text() == "€187.80"
    pay(page)
    page.get_by_role("heading", name="Thank you, it is ordered").wait_for()
    assert Order.objects.get().total_minor == 18_780


def test_the_keyboard_alone_reaches_a_suggestion(market, page_at):
    page = page_at(1280)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.focus("#search-text")
    page.keyboard.type("brass")
    page.locator("[data-suggestions] a").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('[data-suggestions]') !== null")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Brass desk lamp").wait_for()


CONTRAST = """() => {
  const curve = (part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const channel = (value) => curve(value / 255);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const ground = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("main *, header *, footer *")) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!words || !element.checkVisibility() || element.closest(":disabled, .visually-hidden, .skip-link")) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(parse(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) weak.push(`${element.tagName}.${element.className}: ${ratio.toFixed(2)}`);
  }
  return weak;
}"""

SMALL = """() => [...document.querySelectorAll("button, summary, select, input:not([type=hidden]), .button")]
  .filter((element) => element.checkVisibility() && !element.closest(".visually-hidden, label"))
  .filter((element) => { const box = element.getBoundingClientRect(); return box.height < 24 || box.width < 24; })
  .map((element) => element.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_and_controls_can_be_hit(market, page_at, scheme):
    page = page_at(360, color_scheme=scheme)
    sign_in(page, "ada@mail.example")
    put_into_basket(page, "brass")
    for url in ("/", "/search/?stock=1", "/basket/", "/checkout/", "/orders/", "/account/details/", "/sell/"):
        page.goto(url)
        assert page.evaluate(CONTRAST) == [], url
        assert page.evaluate(SMALL) == [], url
        assert fits(page), url
