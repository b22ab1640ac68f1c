"""A company becomes a merchant in a real browser: steps, papers, checks, a question, two people, a first product."""

import re

import pytest
from django.conf import settings as django_settings
from django.test import Client

from mall.health import operations as health
from mall.health.models import HealthFigure
from mall.lifecycle import closing
from mall.merchants.models import Membership, Merchant, MerchantApplication
from payments import clock
from tests.factories.mall import deliver_events, make_merchant, make_offer, make_shopper, staff
from tests.factories.onboarding import PDF, make_operations, picture

WIDTHS = [360, 1280]


def sign_in(page, user, site):
    client = Client()
    client.force_login(user)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site}])


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def go_on(page, name="Save and go on"):
    page.get_by_role("button", name=name).click()


def shown(page, keep_picture, name):
    assert fits(page), page.url
    keep_picture(page, name)


def fill_in(page, keep_picture):
    page.goto("/sell/")
    shown(page, keep_picture, "sell")
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("Company with limited liability").click()
    for name, value in {
        "company": "Nordlicht Leuchten GmbH",
        "registration_number": "HRB 12345",
        "tax_id": "DE136695976",
        "line1": "Lindenweg 4",
        "postcode": "28195",
        "city": "Bremen",
    }.items():
        page.fill(f"[name={name}]", value)
    shown(page, keep_picture, "sell-company")
    go_on(page)
    page.fill("[name=name]", "Ada Weber")
    page.fill("[name=born_on]", "1980-05-01")
    page.fill("[name=share]", "100")
    page.check("[name=is_director]")
    page.get_by_text("No", exact=True).click()
    page.get_by_role("button", name="Add to the list").click()
    shown(page, keep_picture, "sell-people")
    go_on(page)
    page.fill("[name=account_holder]", "Nordlicht Leuchten GmbH")
    page.fill("[name=iban]", "DE89 3704 0044 0532 0130 00")
    go_on(page)
    papers = {"registration": PDF, "ownership": PDF + b"2", "identity": picture(), "bank": PDF + b"3"}
    for kind, content in papers.items():
        page.select_option("[name=kind]", kind)
        file = {"name": f"{kind}.{'png' if kind == 'identity' else 'pdf'}", "mimeType": "", "buffer": content}
        page.set_input_files("[name=file]", file)
        if kind == "identity":
            page.fill("[name=expires_on]", "2099-01-01")
        page.get_by_role("button", name="Add it").click()
        page.get_by_text("is kept, encrypted").wait_for()
    shown(page, keep_picture, "sell-documents")
    page.get_by_role("link", name="Go on").click()
    page.fill("[name=signed_as]", "Ada Weber")
    page.check("[name=agrees]")
    shown(page, keep_picture, "sell-terms")
    go_on(page, "Sign and go on")
    shown(page, keep_picture, "sell-review")
    go_on(page, "Send the application")
    page.get_by_text("Being looked at").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_company_applies_answers_is_opened_and_lists_its_first_product(
    fresh_database, page_at, keep_picture, live_site, settings, tmp_path, width
):
    settings.RIALTO_HOME = tmp_path
    lamp = make_offer(merchant=make_merchant(name="Casa Lino"), title="Brass desk lamp")
    applicant, first, second = make_shopper(money=0), make_operations(), make_operations()
    page = page_at(width)
    site = live_site
    sign_in(page, applicant, site)
    fill_in(page, keep_picture)
    row = MerchantApplication.objects.get()

    sign_in(page, first, site)
    page.goto("/ops/applications/")
    shown(page, keep_picture, "applications")
    page.get_by_role("link", name="Nordlicht Leuchten GmbH").click()
    shown(page, keep_picture, "application")
    page.fill("#ask-text", "Which lamps do you make?")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("Asked. The applicant gets a letter.").wait_for()

    sign_in(page, applicant, site)
    page.goto("/sell/")
    page.get_by_role("link", name="Answer").click()
    page.locator("textarea").fill("Desk lamps of brass.")
    shown(page, keep_picture, "sell-answer")
    page.get_by_role("button", name="Give it back to the bank").click()
    page.get_by_text("The bank goes on").wait_for()

    for person in (first, second):
        sign_in(page, person, site)
        page.goto(f"/ops/applications/{row.pk}/")
        page.get_by_role("button", name=re.compile("^Agree")).click()
        page.locator(".message-success").wait_for()

    sign_in(page, applicant, site)
    page.goto("/merchant/")
    shown(page, keep_picture, "merchant-new")
    page.get_by_role("link", name="List your first product").click()
    page.wait_for_url(re.compile("/merchant/catalogue/find/"))
    page.goto(f"/merchant/catalogue/offer/{lamp.product_id}/")
    page.fill("[name=price]", "19")
    page.fill("[name=stock]", "3")
    page.fill("[name=sku]", "L-1")
    page.get_by_role("button", name="Offer it").click()
    page.wait_for_load_state()
    deliver_events()
    page.goto("/store/nordlicht-leuchten-gmbh/")
    page.get_by_text("Brass desk lamp").first.wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_a_store_and_of_those_who_look_after_it_fit_and_read_well(
    fresh_database, page_at, keep_picture, live_site, settings, tmp_path, width
):
    settings.RIALTO_HOME = tmp_path
    merchant = make_merchant(name="Lagoon & Oak")
    make_offer(merchant=merchant)
    clerk = make_shopper(money=0)
    Membership.objects.create(merchant=merchant, user=clerk, role="clerk", since=clock.now())
    at = clock.now()
    health.count(at=at)
    for code, wrong in (("late_dispatch", 3), ("rating", 46), ("cancelled", 0), ("returned", 1)):
        HealthFigure.objects.create(
            merchant=merchant, day=at.date(), days=30, code=code, counted=12, wrong=wrong, counted_at=at
        )
    page = page_at(width)
    sign_in(page, merchant.owner, live_site)
    for url, name in (
        ("/merchant/", "merchant-home"),
        ("/merchant/staff/", "merchant-team"),
        ("/merchant/health/", "merchant-health"),
        ("/merchant/store/", "merchant-store"),
        ("/merchant/close/", "merchant-close"),
    ):
        page.goto(url)
        shown(page, keep_picture, name)
    page.goto("/merchant/store/")
    page.set_input_files("[name=banner]", {"name": "b.png", "mimeType": "", "buffer": wide()})
    page.fill("[name=about]", "Lamps made by hand in a small workshop by the sea.")
    page.get_by_role("button", name="Save and preview").click()
    page.get_by_role("button", name="Publish").wait_for()
    shown(page, keep_picture, "merchant-preview")
    page.get_by_role("button", name="Publish").click()
    page.goto(f"/store/{merchant.slug}/")
    shown(page, keep_picture, "store")
    closing.close_own(merchant_id=merchant.pk, reason="Retiring", by=staff(merchant), at=at)
    sign_in(page, make_operations(), live_site)
    page.goto("/ops/merchants/")
    shown(page, keep_picture, "ops-merchants")
    page.goto(f"/ops/merchants/{Merchant.objects.get(pk=merchant.pk).pk}/")
    shown(page, keep_picture, "ops-merchant")


def wide():
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.linear_gradient("L").resize((1600, 400)).convert("RGB").save(file, "PNG")
    return file.getvalue()
