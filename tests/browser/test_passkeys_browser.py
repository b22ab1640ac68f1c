"""A shopper adds a passkey, pays a little without it and more with it, and signs in with it, in a real browser."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from pytest_django.live_server_helper import LiveServer

from payments import models
from tests.factories.mall import deliver_events, make_address, make_merchant, make_offer, make_shopper

PASSWORD = "a-good-password"


@pytest.fixture
def live_site(fresh_database):
    """Browsers make passkeys for names alone, so the site is called by one here."""
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture
def market(fresh_database, settings):
    settings.RIALTO_STEP_UP_ABOVE = 3_000
    secret = make_password(PASSWORD)
    owner = make_shopper(email="owner@mail.example", money=0, password=secret)
    merchant = make_merchant(name="Lagoon & Oak", owner=owner)
    make_offer(merchant=merchant, title="Beeswax candle", price=900)
    make_offer(merchant=merchant, title="Brass desk lamp", price=8_900)
    shopper = make_shopper(email="ada@mail.example", money=100_000, password=secret, address=make_address())
    EmailAddress.objects.update_or_create(
        user=shopper, email=shopper.email, defaults={"verified": True, "primary": True}
    )
    deliver_events()
    return shopper


def add_authenticator(page):
    """Give the browser an authenticator that its owner unlocks at once."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in(page):
    page.goto("/account/login/")
    page.fill("input[name=login]", "ada@mail.example")
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(re.compile(r".*/$"))


def fits(page):
    """Tell whether nothing sticks out of the window at the side."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def order(page, words):
    page.fill("#search-text", words)
    page.press("#search-text", "Enter")
    page.locator(".product-title a").first.click()
    page.get_by_role("button", name="Put into basket").click()
    page.locator("#added .message-success").wait_for()
    page.goto("/checkout/")
    page.get_by_role("button", name="Order and pay").click()
    page.wait_for_url(re.compile("/checkout/done/|/money/confirm/"))


@pytest.mark.parametrize("width", [360, 1280])
def test_a_passkey_is_added_confirms_a_larger_payment_and_signs_in(market, page_at, keep_picture, width):
    page = page_at(width)
    add_authenticator(page)
    sign_in(page)
    page.goto("/account/2fa/")
    assert fits(page)
    keep_picture(page, "second-factor")
    page.get_by_role("link", name="Add a passkey").click()
    # What guards an account is changed by whoever knows its password now.
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url(re.compile("webauthn/add"))
    keep_picture(page, "passkey-add")
    assert fits(page)
    page.get_by_label("Name").fill("Ada's phone")
    page.locator("input[name=passwordless]").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    page.goto("/account/2fa/webauthn/")
    assert page.get_by_text("Ada's phone").is_visible()
    assert fits(page)
    keep_picture(page, "passkeys")

    order(page, "beeswax candle")
    assert "/checkout/done/" in page.url

    order(page, "brass desk lamp")
    assert "/money/confirm/" in page.url
    assert page.get_by_text("Lagoon & Oak").first.is_visible()
    assert fits(page)
    keep_picture(page, "confirm-passkey")
    page.get_by_role("button", name="Pay with your passkey").click()
    page.wait_for_url(re.compile("/checkout/done/"))
    assert models.Payment.objects.filter(state="authorised").count() == 2
    assert Authenticator.objects.get(type="webauthn").last_used_at is not None

    page.context.clear_cookies()
    page.goto("/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "login" not in url)
    page.goto("/money/")
    assert page.get_by_text("Account number (IBAN)").is_visible()
