"""Every kind of page is open to everybody: axe finds nothing on it, on a phone and on a desk; the keyboard buys."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth.models import Group

from financing.lending import products
from financing.servicing import advances
from mall.actors import CARRIER_ACTOR
from mall.checkout.operations import submit_order
from mall.fulfilment import operations
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Deliver, Dispatch
from mall.order.models import Order
from payments import clock
from tests.factories import lending as lend
from tests.factories import mall
from tests.factories import underwriting as credit
from tests.factories.visitors import visitor
from tests.factories.walking import walk

WIDTHS = (1280, 360)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What is folded away is looked at too, but for the filters, which cover a phone's page when they are open.
UNFOLD = "for (const part of document.querySelectorAll('main details:not([data-facets])')) part.open = true"


@pytest.fixture
def market(live_site):
    """A small market with something in every state that has a page of its own."""
    at = clock.now()
    credit.ready(at=at)
    products.install_products(currency="EUR", at=at)
    market = mall.make_market(money=1_000_000)
    for number in range(4):
        mall.make_offer(merchant=market.first, title=f"Brass lamp {number}, Sage", price=9_000 + number)
    me, store = f"user:{market.shopper.pk}", f"merchant:{market.first.pk}"
    credit.features(me, at=at)
    credit.features(store, at=at)
    lend.make_offer("months-12", subject=me, at=at)
    offer = lend.make_offer("advance", subject=store, limit=1_200_000, at=at)
    [asked] = advances.ask_for_advances(
        requests=[
            advances.AskAdvance(
                key="ask",
                merchant=store,
                currency="EUR",
                amount=900_000,
                offer_id=offer.pk,
                applied_by=f"user:{market.first.owner_id}",
                at=at,
            )
        ]
    )
    assert asked.state == "referred"
    lend.drawn_loan("months-6", borrower=me, at=lend.after(-130, since=at), amount=40_000)
    for pieces in (1, 2):
        draft = mall.make_draft(user=market.shopper, quantities={market.lamp: pieces, market.chair: 1})
        assert submit_order(draft=draft).state == "confirmed"
    sent, arrived, *_rest = Consignment.objects.order_by("pk")
    for part in (sent, arrived):
        by = mall.staff(part.merchant)
        request = Dispatch(consignment_number=part.number, by=by, at=mall.AT, carrier="Blue Post", tracking="RX1")
        operations.dispatch_consignments(requests=[request])
    operations.deliver_consignments(
        requests=[Deliver(consignment_number=arrived.number, by=CARRIER_ACTOR, at=mall.AT, said_by="carrier")]
    )
    mall.deliver_events()
    return market


def staff_of_bank(role):
    user = mall.make_shopper(money=0, email=f"{role.replace(' ', '.')}@bank.example")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def violations(page):
    """Return what axe finds on a page that its script was put into: each rule with the element that breaks it."""
    return page.evaluate(
        """(rules) => axe.run({ runOnly: rules, resultTypes: ["violations"], preload: false, elementRef: false })
          .then((found) => found.violations.flatMap(
            (each) => each.nodes.map((node) => [each.id, node.html.slice(0, 160)])))""",
        RULES,
    )


def look_through(page, starts, *, widths=WIDTHS, **where):
    """Return the kinds of pages walked through, having checked each at these widths."""
    kinds, wrong = [], []
    for kind in walk(page=page, starts=starts, **where):
        kinds.append(kind)
        page.evaluate(AXE_SCRIPT)
        page.evaluate(UNFOLD)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{page.url} at {width}: {rule}: {element}" for rule, element in violations(page)]
            if page.evaluate("document.scrollingElement.scrollWidth > window.innerWidth"):
                wrong.append(f"{page.url} at {width}: scrolls sideways")
    assert wrong == []
    return set(kinds)


def test_axe_is_awake(page_at):
    page = page_at(360)
    page.goto("/")
    page.evaluate("document.querySelector('main').innerHTML = '<button></button><img src=\"/static/img/favicon.svg\">'")
    page.evaluate(AXE_SCRIPT)
    assert {rule for rule, _element in violations(page)} == {"button-name", "image-alt"}


def test_nobody_is_shut_out_of_a_shoppers_pages(market, page_at):
    kinds = look_through(
        page_at(1280),
        ["/", "/search/?q=lamp", "/search/?q=zzzzqqqq", "/account/signup/", "/account/login/"],
    )
    assert {"home", "search", "category", "product", "product-picture", "store", "basket"} <= kinds
    page = visitor(page_at, market.shopper, 1280)
    page.goto(f"/p/{market.lamp.product.slug}-{market.lamp.product_id}/")
    page.get_by_role("button", name="Put into basket").click()
    page.locator("#added .message-success").wait_for()
    kinds = look_through(
        page, ["/basket/", "/checkout/", "/orders/", "/money/", "/money/plans/", "/account/details/"], seen=kinds
    )
    assert {"checkout", "orders", "order", "money", "plans", "plan", "account-home", "mfa_index"} <= kinds


def test_nobody_is_shut_out_of_a_merchants_pages(market, page_at):
    kinds = look_through(visitor(page_at, market.first.owner, 1280), ["/merchant/"], within="/merchant/")
    assert {"merchant", "merchant-orders", "merchant-order", "merchant-catalogue", "merchant-money"} <= kinds
    assert "merchant-financing" in kinds


@pytest.mark.parametrize(
    ("role", "start", "met"),
    [
        ("credit officer", "/officer/", {"officer", "officer-case"}),
        ("operations", "/ops/", {"ops", "ops-banks", "book"}),
        ("risk manager", "/officer/", {"officer", "officer-case"}),
    ],
)
def test_nobody_is_shut_out_of_the_banks_own_pages(market, page_at, role, start, met):
    page = visitor(page_at, staff_of_bank(role), 1280, mfa=True)
    assert met <= look_through(page, [start], within=start, widths=WIDTHS if start == "/officer/" else WIDTHS[:1])


def reach(page, selector, most=120):
    """Press Tab until the element has the focus; return how it shows that."""
    for _press in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return page.evaluate(
                "(() => { const style = getComputedStyle(document.activeElement);"
                " const after = getComputedStyle(document.activeElement, '::after');"
                " return style.outlineStyle === 'solid' || after.outlineStyle === 'solid'; })()"
            )
    raise AssertionError(
        f"{selector} cannot be reached on {page.url}: {page.evaluate('document.activeElement.outerHTML')}"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_keyboard_alone_buys_and_always_shows_where_it_is(market, page_at, width):
    shopper = mall.make_shopper(money=100_000, address=mall.make_address())
    page = visitor(page_at, shopper, width)
    page.goto("/")
    assert reach(page, "#search-text")
    page.keyboard.type("brass lamp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    assert reach(page, ".product-title a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/**")
    assert reach(page, "#buy-form [type=submit]")
    page.keyboard.press("Enter")
    page.locator("#added .message-success").wait_for()
    assert reach(page, "#added a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/basket/")
    assert reach(page, "a[href='/checkout/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout/")
    before = Order.objects.count()
    page.keyboard.press("Tab")
    page.evaluate("document.querySelector('main').focus()")
    for _press in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.includes('Order and pay')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/checkout/done/**")
    page.get_by_role("heading", name="Thank you, it is ordered").wait_for()
    assert Order.objects.count() == before + 1


SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 250);
})"""
# Bytes over the wire once compressed; a page's own cost beside what the browser already has.
COMPRESSED = """async () => {
  const sizes = { html: 0, css: 0, js: 0 };
  const weigh = async (address) => {
    const body = (await fetch(address)).body.pipeThrough(new CompressionStream("gzip"));
    return (await new Response(body).arrayBuffer()).byteLength;
  };
  for (const entry of performance.getEntriesByType("resource")) {
    const path = new URL(entry.name).pathname;
    if (path.endsWith(".css")) sizes.css += await weigh(entry.name);
    if (path.endsWith(".js")) sizes.js += await weigh(entry.name);
  }
  sizes.html = new Blob([document.documentElement.outerHTML]).size;
  return sizes;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_shoppers_pages_are_light_and_nothing_on_them_jumps(market, page_at, width):
    page = visitor(page_at, market.shopper, width)
    product = f"/p/{market.lamp.product.slug}-{market.lamp.product_id}/"
    page.goto(product)
    page.get_by_role("button", name="Put into basket").click()
    page.locator("#added .message-success").wait_for()
    for address in ("/", "/search/", product, "/basket/", "/checkout/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(SHIFTS) < 0.01, address
        sizes = page.evaluate(COMPRESSED)
        assert {kind: size for kind, size in sizes.items() if not 0 < size < 60_000} == {}, address
