"""One's own money and the day of operations in a real browser, on a phone and on a desk."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client

from mall.customer.models import User
from payments import clock, operations, settlement
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

WIDTHS = [360, 1280]


def sign_in(page: object, user: User, site: str) -> None:
    """Give the page the session of a person who has signed in."""
    client = Client()
    client.force_login(user)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def live(user: User) -> str:
    account = make_shopper(user=user.pk)
    merchants = [make_merchant(merchant=1), make_merchant(merchant=2)]
    for number in range(8):
        at = AT + timedelta(days=2 * number)
        payment = record(
            tenders=[("bank_account", account, 3_000 + 77 * number)],
            parts=[(merchants[number % 2], 3_000 + 77 * number)],
            key=f"4K7T9Q2M{number}",
            payer=f"user:{user.pk}",
            at=at,
        )
        authorise(payment, at=at)
        if number == 7:
            break
        part = f"4K7T9Q2M{number}-1"
        capture(part, at=at)
        if number < 6:
            release(part, at=at)
        if number == 2:
            refund(part, 1_000, at=at)
    settlement.settle_due(until=(AT + timedelta(days=9)).date())
    settlement.pay_out_due(until=(AT + timedelta(days=9)).date())
    operations.verify_book(at=AT)
    return account


def fits(page: object) -> bool:
    """Return whether nothing makes the page wider than the screen."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_shopper_reads_balances_statement_and_how_to_pay_in(
    page_at: object, keep_picture: object, live_site: str, django_db_blocker: object, width: int
) -> None:
    with django_db_blocker.unblock():
        user = User.objects.create_user(email="ada@example.com", password="a long password")
        account = live(user)
        page = page_at(width)
        sign_in(page, user, live_site)
        page.goto("/money/")
        assert page.get_by_text("Account number (IBAN)").is_visible()
        assert fits(page)
        keep_picture(page, "money")
        page.goto(f"/money/accounts/{account}/?month=2026-03")
        assert page.get_by_text("Held for a purchase").first.is_visible()
        assert fits(page)
        keep_picture(page, "statement")


@pytest.mark.parametrize("width", WIDTHS)
def test_operations_reads_the_day_and_finds_a_payment(
    page_at: object, keep_picture: object, live_site: str, django_db_blocker: object, width: int
) -> None:
    with django_db_blocker.unblock():
        live(User.objects.create_user(email="ada@example.com", password="a long password"))
        operator = User.objects.create_user(email="ops@example.com", password="a long password")
        operator.groups.add(Group.objects.get_or_create(name="operations")[0])
        Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": "x"})
        page = page_at(width)
        sign_in(page, operator, live_site)
        page.goto("/ops/")
        assert page.get_by_text("Released, to settle").is_visible()
        assert fits(page)
        keep_picture(page, "ops")
        page.get_by_label("Payment, order or consignment").fill("4K7T9Q2M2-1")
        page.get_by_role("button", name="Find").click()
        page.get_by_text("Payment of 4K7T9Q2M2").first.wait_for()
        assert fits(page)
        keep_picture(page, "ops-payment")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_payer_confirms_a_larger_payment(
    page_at: object, keep_picture: object, live_site: str, django_db_blocker: object, settings: object, width: int
) -> None:
    settings.RIALTO_STEP_UP_ABOVE = 5_000
    with django_db_blocker.unblock():
        user = User.objects.create_user(email="ada@example.com", password="a long password")
        account = make_shopper(user=user.pk)
        now = clock.now()
        payment = record(
            tenders=[("bank_account", account, 9_900)],
            parts=[(make_merchant(), 9_900)],
            key="4K7T9Q2M",
            payer=f"user:{user.pk}",
            return_url="/money/",
            at=now,
        )
        url = authorise(payment, at=now).action_url
        page = page_at(width)
        sign_in(page, user, live_site)
        page.goto(url)
        assert fits(page)
        keep_picture(page, "confirm")
        page.get_by_label("Code from the e-mail").fill(re.search(r"\b\d{6}\b", mail.outbox[0].body).group())
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url("**/money/")
        assert balance(f"held:{payment}") == 9_900
