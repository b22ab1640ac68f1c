"""The ledger's pages in a real browser: from the balance sheet by links down to the order, on a phone and on a desk."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.conf import settings as django_settings
from django.test import Client

from payments import operations, settlement
from payments.ledger import operations as ledger
from tests.factories.payments import AT, authorise, capture, make_merchant, make_shopper, record, refund, release
from tests.factories.reading import make_operator

WIDTHS = [360, 1280]
DAYS = 6


def live() -> None:
    """Let a shopper buy of two merchants for some days: held, captured, released, refunded, settled, paid out."""
    account = make_shopper()
    merchants = [make_merchant(merchant=1), make_merchant(merchant=2)]
    for number in range(2 * DAYS):
        at = AT + timedelta(hours=12 * number)
        order, amount = f"4K7T9Q2M{number}", 3_000 + 77 * number
        payment = record(
            tenders=[("bank_account", account, amount)], parts=[(merchants[number % 2], amount)], key=order, at=at
        )
        authorise(payment, at=at)
        if number < 2 * DAYS - 2:
            capture(f"{order}-1", at=at)
        if number < 2 * DAYS - 4:
            release(f"{order}-1", at=at)
        if number == 2:
            refund(f"{order}-1", 1_000, at=at)
    settlement.settle_due(until=(AT + timedelta(days=DAYS)).date())
    settlement.pay_out_due(until=(AT + timedelta(days=DAYS)).date())
    ledger.seal()
    operations.verify_book(at=AT + timedelta(days=DAYS))


def sign_in_as_operations(page: object, site: str) -> None:
    client = Client()
    client.force_login(make_operator())
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def check(page: object) -> None:
    """Fail when the page is wider than the screen, a field has no label, or headings skip a level."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate(
        "[...document.querySelectorAll('main input:not([type=hidden]), main select')].filter(f => !f.labels.length)"
        ".map(f => f.outerHTML)"
    ) == []  # fmt: skip
    levels = page.evaluate("[...document.querySelectorAll('main h1, main h2, main h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("width", WIDTHS)
def test_operations_follows_a_number_of_the_balance_sheet_down_to_the_order(
    page_at: object,
    keep_picture: object,
    live_site: str,
    django_db_blocker: object,
    settings: object,
    tmp_path: object,
    width: int,
) -> None:
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    with django_db_blocker.unblock():
        live()
        page = page_at(width, java_script_enabled=False) if width == 360 else page_at(width)
        sign_in_as_operations(page, live_site)
        page.goto("/ops/")
        page.get_by_role("link", name="Open the ledger").click()
        page.get_by_role("heading", name="Chart of accounts").wait_for()
        check(page)
        keep_picture(page, "ledger-chart")

        page.get_by_role("link", name="Balance sheet").click()
        page.get_by_label("At the end of").fill("2026-03-05")
        page.get_by_role("button", name="Show").click()
        page.get_by_text("Agrees:").wait_for()
        check(page)
        keep_picture(page, "ledger-balance-sheet")
        page.get_by_role("link", name="Merchants: released, not yet settled").click()
        page.get_by_role("heading", name="merchant:*:pending").wait_for()
        check(page)
        keep_picture(page, "ledger-accounts")

        page.get_by_role("link", name="merchant:1:pending").click()
        page.get_by_role("heading", name="Statement of merchant:1:pending").wait_for()
        assert page.get_by_text("At the end of 5 Mar 2026").is_visible()
        check(page)
        keep_picture(page, "ledger-statement")

        page.get_by_role("row").filter(has_text="4K7T9Q2M0-1").get_by_role("link").first.click()
        page.get_by_role("heading", name="Journal").wait_for()
        assert page.get_by_role("link", name="number 1").is_visible()
        check(page)
        keep_picture(page, "ledger-journal")

        page.get_by_role("link", name="Consignment 4K7T9Q2M0-1 of order 4K7T9Q2M0").click()
        page.get_by_role("heading", name="Payment of 4K7T9Q2M0").wait_for()
        check(page)
        keep_picture(page, "ledger-order")


@pytest.mark.parametrize("width", WIDTHS)
def test_operations_reads_reports_seals_and_searches(
    page_at: object,
    keep_picture: object,
    live_site: str,
    django_db_blocker: object,
    settings: object,
    tmp_path: object,
    width: int,
) -> None:
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    with django_db_blocker.unblock():
        live()
        page = page_at(width)
        sign_in_as_operations(page, live_site)
        page.goto("/ops/ledger/profit-and-loss/?since=2026-03-01&until=2026-03-31")
        page.get_by_text("Agrees:").wait_for()
        check(page)
        keep_picture(page, "ledger-profit-and-loss")
        page.emulate_media(media="print")
        assert not page.get_by_role("button", name="Show").is_visible()
        assert page.get_by_text("Result in EUR").is_visible()
        keep_picture(page, "ledger-printed")
        page.emulate_media(media="screen")

        page.get_by_role("link", name="Trial balance").click()
        page.get_by_text("Agrees:").wait_for()
        check(page)
        keep_picture(page, "ledger-trial-balance")

        page.get_by_role("link", name="Seals and checks").click()
        page.get_by_text("Every balance is the sum of its transfers").wait_for()
        check(page)
        keep_picture(page, "ledger-seals")

        search = page.get_by_label("Account, journal, reference or key")
        search.fill("merchant:")
        search.press("Enter")
        page.get_by_role("link", name="merchant:2:reserve").wait_for()
        check(page)
        keep_picture(page, "ledger-search")
        search.fill("merchant:2@2026-03-06")
        search.press("Enter")
        page.get_by_role("link", name="Settlement of merchant:2 on 6 Mar 2026").click()
        page.get_by_role("heading", name="Settlement of merchant:2 on 6 Mar 2026").wait_for()
        check(page)
        keep_picture(page, "ledger-settlement")
        page.goto("/ops/ledger/account/?code=income:commission&event=part_released&since=2026-03-01")
        page.get_by_text("Only the lines asked for").wait_for()
        check(page)
        keep_picture(page, "ledger-filtered")
        with page.expect_download() as download:
            page.get_by_role("link", name="XLSX").click()
        assert download.value.suggested_filename == "statement-income-commission-2026-03-01.xlsx"
