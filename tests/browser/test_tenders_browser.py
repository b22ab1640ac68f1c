"""One order paid by a voucher, an account and another bank, through that bank's own pages; and operations' page."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.test import Client

from config import env, services
from mall.customer.models import User
from mall.order.models import Order
from payments import clock, models, operations
from tests.factories.mall import deliver_events, make_address, make_merchant, make_offer, make_shopper
from tests.factories.payments import make_shopper as make_account


def enter(page: object, user: object, site: str) -> None:
    client = Client()
    client.force_login(user)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def fits(page: object) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def issue_voucher() -> None:
    now = clock.now()
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code="WELCOME-10",
                label="Welcome",
                currency="EUR",
                budget=1_000,
                valid_from=now - timedelta(days=1),
                valid_until=now + timedelta(days=1),
            )
        ]
    )


@pytest.mark.parametrize("width", [360, 1280])
def test_one_order_is_paid_by_a_voucher_an_account_and_another_bank(
    page_at: object, keep_picture: object, live_site: str, django_db_blocker: object, settings: object, width: int
) -> None:
    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_SUM = 10**9
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        merchant = make_merchant(name="Lagoon & Oak", owner=make_shopper(email="o@mail.example", money=0))
        make_offer(merchant=merchant, title="Brass desk lamp", price=8_900)
        shopper = make_shopper(email="ada@mail.example", money=100_000, address=make_address())
        deliver_events()
        issue_voucher()
        page = page_at(width)
        enter(page, shopper, live_site)
        page.goto("/")
        put_into_basket(page)
        page.goto("/checkout/")
        keep_picture(page, "tenders-checkout-empty")
        page.get_by_text("Use a voucher, or pay with more than one").click()
        page.get_by_label("Voucher code").fill("welcome-10")
        page.get_by_label("Voucher code").press("Tab")
        page.get_by_text("by voucher WELCOME-10").wait_for()
        page.get_by_label("From your Rialto account").fill("20.00")
        page.get_by_label("From your Rialto account").press("Tab")
        page.get_by_text("from your account").wait_for()
        page.get_by_label("Another bank").check()
        page.get_by_text("by Another bank").wait_for()
        assert fits(page)
        keep_picture(page, "tenders-checkout")
        page.get_by_role("button", name="Order and pay").click()
        page.wait_for_url(re.compile("/money/bank/"))
        assert fits(page)
        keep_picture(page, "tenders-bank")
        # The bank's own pages are another site's: that they answer is seen without leaving ours.
        at_bank = page.get_by_role("link", name="Continue to your bank").get_attribute("href")
        back = page.request.post(at_bank, form={"answer": "agree"}, max_redirects=0).headers["location"]
        page.goto(back)
        page.get_by_text(re.compile("Thank you|confirmed", re.IGNORECASE)).first.wait_for()
        keep_picture(page, "tenders-done")
        assert Order.objects.get().status not in ("Awaiting payment", "Cancelled")
        assert [row.authorised for row in models.Tender.objects.order_by("position")][:2] == [1_000, 2_000]
    holding.release()


def put_into_basket(page: object) -> None:
    page.fill("#search-text", "lamp")
    page.press("#search-text", "Enter")
    page.locator(".product-title a").first.click()
    page.get_by_role("button", name="Put into basket").click()
    page.locator("#added .message-success").wait_for()


@pytest.mark.parametrize("width", [360, 1280])
def test_operations_reads_refunds_that_failed_and_goodwill(
    page_at: object, keep_picture: object, live_site: str, django_db_blocker: object, width: int
) -> None:
    with django_db_blocker.unblock():
        operator = User.objects.create_user(email="ops@example.com", password="a long password")
        operator.groups.add(Group.objects.get_or_create(name="operations")[0])
        Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": "x"})
        account = make_account(user=operator.pk, money=0)
        for number, amount in enumerate((1_500, 9_000)):
            operations.give_goodwill(
                request=operations.GiveGoodwill(
                    account=account,
                    amount=amount,
                    reason="Parcel came a week late",
                    by="user:1",
                    key=f"g{number}",
                    at=clock.now(),
                )
            )
        page = page_at(width)
        enter(page, operator, live_site)
        page.goto("/ops/refunds/")
        assert page.get_by_role("heading", name="Refunds and goodwill").is_visible()
        assert fits(page)
        keep_picture(page, "ops-refunds")
