"""A merchant's file in a real browser: handed in, looked at, confirmed; the page renews itself when it is done."""

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore

from mall import bank
from mall.imports import working
from mall.imports.models import Import
from mall.partner.models import StockRecord
from tests.factories.imports import HEADINGS, as_csv, lamp
from tests.factories.mall import make_merchant, make_offer


def sign_in(page, user, site):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": site}])


@pytest.mark.parametrize("width", [360, 1280])
def test_a_file_is_handed_in_looked_at_and_applied(page_at, live_site, keep_picture, width):
    merchant = make_merchant(name="Lagoon & Oak")
    make_offer(merchant=merchant)
    page = page_at(width)
    sign_in(page, merchant.owner, live_site)
    page.goto("/merchant/catalogue/")
    page.get_by_role("link", name="Import", exact=True).click()
    content = as_csv([HEADINGS, lamp(1), lamp(2), lamp(3, price="12.345", category="Home > Lihgt")])
    page.get_by_label("File").set_input_files({"name": "lamps.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("progressbar").wait_for()
    row = Import.objects.get()
    working.work(import_id=row.pk, at=bank.now())
    page.get_by_role("button", name="Apply 2 lines").wait_for()
    assert "Did you mean “Home > Light”?" in page.content().replace("&gt;", ">")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    keep_picture(page, "import-dry-run")
    page.get_by_role("button", name="Apply 2 lines").click()
    page.get_by_role("progressbar").wait_for()
    working.work(import_id=row.pk, at=bank.now())
    page.get_by_text("Undo this import").first.wait_for()
    assert StockRecord.objects.filter(partner_sku__in=["L-1", "L-2"]).count() == 2
