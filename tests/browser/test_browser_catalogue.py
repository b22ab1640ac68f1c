"""A merchant proposes a shoe, staff agree, a shopper chooses a variant and buys: in a real browser, small and large."""

import re

import pytest
from django.contrib.auth.hashers import make_password

from mall.proposals.models import Proposal
from tests.browser.test_browser_shop import PASSWORD, fits, sign_in
from tests.factories.catalogue import category_id, make_operator, make_shoe
from tests.factories.mall import deliver_events, make_merchant, make_offer, make_shopper
from tests.unit.test_uploads import encoded


@pytest.fixture
def market(fresh_database, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    secret = make_password(PASSWORD)
    owner = make_shopper(email="owner@mail.example", money=0, password=secret)
    merchant = make_merchant(name="Lagoon & Oak", owner=owner)
    make_offer(merchant=merchant, title="Brass desk lamp", price=8_900)
    make_shoe()
    operator = make_operator(email="ops@mail.example")
    operator.password = secret
    operator.save()
    deliver_events()
    category_id("Fashion", "Boots")
    return merchant


@pytest.mark.parametrize("width", [360, 1280])
def test_a_proposed_product_goes_on_sale_and_its_variant_into_a_basket(market, page_at, keep_picture, tmp_path, width):
    page = page_at(width)
    sign_in(page, "owner@mail.example")
    page.goto("/merchant/catalogue/")
    assert fits(page)
    keep_picture(page, "catalogue-shelf")
    page.get_by_role("link", name="Sell a product").click()
    page.fill("main input[name=q]", "trail shoe")
    page.locator("main form[role=search] button").click()
    page.get_by_role("heading", name="Yours is not among them?").wait_for()
    assert fits(page)
    keep_picture(page, "catalogue-find")
    page.get_by_role("link", name="Shoes", exact=True).click()
    page.fill("input[name=title]", "Alpine boot")
    page.select_option("select[name=category]", label="– Boots")
    for row, (size, colour) in enumerate((("41", "Brown"), ("42", "Brown"), ("42", "Black"))):
        page.fill(f"input[name=v{row}-a_shoe_size]", size)
        page.select_option(f"select[name=v{row}-a_colour]", colour)
        page.fill(f"input[name=v{row}-sku]", f"B-{row}")
        page.fill(f"input[name=v{row}-price]", "129.00" if row else "119.00")
        page.fill(f"input[name=v{row}-stock]", "3")
    picture = tmp_path / "boot.jpg"
    picture.write_bytes(encoded(size=(900, 700)))
    page.set_input_files("input[name=pictures]", str(picture))
    page.get_by_role("button", name="Upload and go on").click()
    page.locator("input[name=picture]").wait_for(state="attached")
    assert fits(page)
    keep_picture(page, "catalogue-propose")
    page.get_by_role("button", name="Propose it").click()
    page.get_by_text("Thank you. The bank's staff look at it").wait_for()
    assert fits(page)

    staff = page_at(width)
    sign_in(staff, "ops@mail.example")
    staff.goto("/ops/catalogue/")
    keep_picture(staff, "ops-catalogue")
    staff.get_by_role("link", name="Alpine boot").click()
    assert fits(staff)
    keep_picture(staff, "ops-proposal")
    staff.get_by_role("button", name="Approve").click()
    staff.get_by_text("Approved: it is in the catalogue.").wait_for()
    for name in ("categories", "classes", "weights", "merge"):
        staff.goto(f"/ops/catalogue/{name}/")
        assert fits(staff), name
        keep_picture(staff, f"ops-{name}")
    deliver_events()
    parent = Proposal.objects.get().product

    page.goto("/search/?q=alpine+boot")
    page.get_by_text("from €119.00").wait_for()
    keep_picture(page, "catalogue-listing")
    page.locator(".product-title a").first.click()
    page.get_by_role("heading", name="Alpine boot, 41, Brown").wait_for()
    page.locator(".option-value", has_text="42").click()
    page.get_by_role("heading", name="Alpine boot, 42, Brown").wait_for()
    assert re.search(r"/p/alpine-boot-42-brown-\d+/$", page.url)
    assert fits(page)
    keep_picture(page, "catalogue-variant")
    page.emulate_media(color_scheme="dark")
    keep_picture(page, "catalogue-variant-dark")
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Put into basket").click()
    page.locator("#added .message-success").wait_for()
    page.goto("/basket/")
    page.get_by_role("link", name="Alpine boot, 42, Brown").first.wait_for()
    assert parent.title == "Alpine boot"
