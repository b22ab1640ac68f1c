"""A return from its picture to the money on the account, one that the bank decides, and a conversation."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group
from django.test import Client

from mall import bank
from mall.returns.models import Return
from payments.queries import standing
from tests.factories.mall import deliver_events, make_market, make_shopper
from tests.factories.returns import ASKED, make_parcel, picture_file
from tests.factories.visitors import NAMELESS, WIDER


@pytest.fixture
def market(fresh_database, monkeypatch):
    monkeypatch.setattr(bank.clock, "now", lambda: ASKED)
    return make_market()


@pytest.fixture
def enter(page_at, live_site, settings):
    """Return `enter(user, width, **options)`: a page of somebody who is signed in."""

    def open_page(user, width, **options):
        page = page_at(width, **options)
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_site}])
        return page

    return open_page


@pytest.fixture
def look(keep_picture):
    """Return `look(page, name)`: keep the page's picture, and see that it fits and that its controls have names."""

    def seen(page, name):
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready.then(() => true)")
        keep_picture(page, f"returns-{name}")
        assert page.evaluate(WIDER) == 0, f"{page.url} scrolls sideways"
        assert page.evaluate(NAMELESS) == []

    return seen


def balance(user):
    [account] = standing.account_balances(holder=f"user:{user.pk}")
    return account.balance


@pytest.mark.parametrize("width", [360, 1280])
def test_a_return_goes_its_way_and_another_one_to_the_bank(market, enter, look, width):
    part = make_parcel(market=market, lamp=3)
    before = balance(market.shopper)
    files = [
        {"name": f"{color}.jpg", "mimeType": "image/jpeg", "buffer": picture_file(color=color, size=(640, 480))}
        for color in ("teal", "indianred")
    ]
    shopper = enter(market.shopper, width)
    shopper.goto(f"/orders/{part.order.number}/")
    look(shopper, "order")
    shopper.get_by_role("link", name="Return something").first.click()
    shopper.get_by_text("It is damaged or does not work").click()
    shopper.get_by_label("Tell the store more").fill("The shade has a crack from top to bottom.")
    shopper.set_input_files("input[type=file]", files)
    look(shopper, "ask")
    shopper.get_by_role("button", name="Ask for the return").click()
    shopper.wait_for_url(f"**/returns/{part.number}-R1/")
    look(shopper, "asked")

    store = enter(market.first.owner, width)
    store.goto("/merchant/returns/")
    look(store, "desk")
    store.get_by_role("link", name=f"{part.number}-R1").click()
    store.locator("summary", has_text="Offer a part").click()
    look(store, "desk-return")
    store.get_by_role("button", name="Take it back, with a label").click()
    store.locator(".message-success").wait_for()

    shopper.reload()
    with shopper.expect_download() as label:
        shopper.get_by_role("link", name="Get the label (PDF)").click()
    assert label.value.suggested_filename == f"return-{part.number}-R1.pdf"
    shopper.get_by_label("Tracking number").fill("BACK1")
    look(shopper, "accepted")
    shopper.get_by_role("button", name="I have sent it").click()
    shopper.locator(".message-success").wait_for()
    store.reload()
    store.get_by_text("As new").click()
    look(store, "desk-receive")
    store.get_by_role("button", name="We have it").click()
    store.locator(".message-success").wait_for()
    deliver_events()
    shopper.reload()
    look(shopper, "refunded")
    assert balance(market.shopper) == before + 2_500

    shopper.goto(f"/returns/new/{part.number}/")
    shopper.get_by_text("It is not as described").click()
    shopper.get_by_label("Tell the store more").fill("The picture shows brass, this is painted.")
    shopper.get_by_label("How many of").select_option("2")
    shopper.set_input_files("input[type=file]", files[:1])
    shopper.get_by_role("button", name="Ask for the return").click()
    shopper.wait_for_url(f"**/returns/{part.number}-R2/")
    store.goto(f"/merchant/returns/{part.number}-R2/")
    store.locator("summary", has_text="Decline").click()
    store.get_by_label("Why, as the buyer will read it").fill("It is brass under the lacquer.")
    store.get_by_role("button", name="Decline the return").click()
    store.locator(".message-success").wait_for()
    shopper.reload()
    shopper.locator("summary", has_text="Call the bank to decide").click()
    shopper.get_by_label("What should the bank know?").fill("A magnet sticks to it.")
    look(shopper, "declined")
    shopper.get_by_role("button", name="Call the bank").click()
    shopper.locator(".message-success").wait_for()

    clerk = make_shopper(money=0)
    clerk.groups.add(Group.objects.get_or_create(name="operations")[0])
    TOTP.activate(clerk, generate_totp_secret())
    bank_page = enter(clerk, width)
    bank_page.goto("/ops/returns/")
    look(bank_page, "ops")
    bank_page.get_by_role("link", name=f"{part.number}-R2").click()
    bank_page.get_by_text("All of it goes back").click()
    bank_page.get_by_label("Reason, as both sides will read it").fill("The picture promises more than came.")
    look(bank_page, "ops-return")
    bank_page.get_by_role("button", name="Decide", exact=True).click()
    bank_page.locator(".message-success").wait_for()
    deliver_events()
    assert Return.objects.get(number=f"{part.number}-R2").state == "refunded"
    assert balance(market.shopper) == before + 7_500 + 490
    shopper.goto("/returns/")
    look(shopper, "list")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_a_buyer_and_a_store_write_to_each_other(market, enter, look, width, scheme):
    deliver_events()
    shopper = enter(market.shopper, width, color_scheme=scheme)
    shopper.goto(f"/p/lamp-{market.lamp.product_id}/")
    shopper.get_by_role("link", name="Ask the store a question").click()
    shopper.get_by_label("Message").fill("Is it bright enough to read by?")
    shopper.get_by_role("button", name="Send", exact=True).click()
    shopper.locator(".message-success").wait_for()
    store = enter(market.first.owner, width, color_scheme=scheme)
    store.goto("/merchant/messages/")
    look(store, f"messages-desk-{scheme}")
    store.locator(".thread-link").click()
    store.get_by_label("Message").fill("Yes: 900 lumens, and it turns to the book.\nHere it is on a desk.")
    picture = {"name": "desk.jpg", "mimeType": "image/jpeg", "buffer": picture_file(color="olive", size=(640, 480))}
    store.set_input_files("input[type=file]", [picture])
    store.get_by_role("button", name="Send", exact=True).click()
    store.locator(".bubble-mine").wait_for()
    look(store, f"messages-desk-thread-{scheme}")
    store.goto("/merchant/")
    look(store, f"home-{scheme}")
    shopper.goto("/messages/")
    look(shopper, f"messages-{scheme}")
    shopper.locator(".thread-link").click()
    shopper.get_by_text("900 lumens").wait_for()
    look(shopper, f"message-thread-{scheme}")
    store.goto("/merchant/returns/terms/")
    look(store, f"terms-{scheme}")
