"""The pages on which merchants sell what is known, propose what is not, and staff keep the catalogue."""

import re

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from oscar.core.loading import get_model

from mall.attributes import values
from mall.merchants.models import CLERK, Membership
from mall.offers.models import BuyBoxWeights
from mall.partner.models import StockRecord
from mall.proposals.models import Proposal, ProposalPicture
from mall.search.models import SearchEntry
from tests.factories.catalogue import category_id, make_operator, make_shoe
from tests.factories.mall import AT, deliver_events, make_merchant, make_offer, make_shopper
from tests.unit.test_uploads import encoded

pytestmark = pytest.mark.django_db

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")
HOSTILE = '<script>alert("x")</script>=cmd()'


@pytest.fixture
def merchant():
    return make_merchant(name="Lagoon & Oak")


@pytest.fixture
def at_work(client, merchant):
    client.force_login(merchant.owner)
    return client


@pytest.fixture
def operator():
    client = Client()
    client.force_login(make_operator())
    return client


def shoe_form(**changes: object) -> dict[str, object]:
    return {
        "key": "once",
        "rows": "4",
        "title": "Trail shoe",
        "category": str(category_id()),
        "a_brand": "Alto",
        "a_waterproof": "yes",
        "description": "For hills.",
        "condition": "new",
        "handling_days": "1",
        "v0-a_shoe_size": "41",
        "v0-a_colour": "Blue",
        "v0-sku": "T-1",
        "v0-price": "59,90",
        "v0-stock": "4",
        "v1-a_shoe_size": "42",
        "v1-a_colour": "Blue",
        "v1-sku": "T-2",
        "v1-price": "59.90",
        "v1-stock": "0",
    } | changes


def test_a_merchant_finds_a_product_by_number_or_name_and_offers_it_at_once(at_work, merchant):
    other = make_offer(merchant=make_merchant(), title="Globe", price=2_000)
    Product.objects.filter(pk=other.product_id).update(upc="4006381333931")
    assert "Globe" in at_work.get("/merchant/catalogue/find/", {"q": "400 6381-333931"}).content.decode()
    wrong = at_work.get("/merchant/catalogue/find/", {"q": "4006381333932"}).content.decode()
    assert "compare it with the bar code" in wrong
    assert "Globe" in at_work.get("/merchant/catalogue/find/", {"q": "glob"}).content.decode()

    url = f"/merchant/catalogue/offer/{other.product_id}/"
    typed = {"sku": "G-1", "price": "cheap", "stock": "3", "condition": "new", "handling_days": "2"}
    refused = at_work.post(url, typed)
    assert refused.status_code == 422
    assert 'value="cheap"' in refused.content.decode() and 'value="G-1"' in refused.content.decode()
    assert at_work.post(url, typed | {"price": "15.00"}).status_code == 302
    deliver_events()
    entry = SearchEntry.objects.get(product=other.product_id)
    assert (entry.offers, entry.price) == (2, 1_500)
    assert "G-1" in at_work.get("/merchant/catalogue/").content.decode()


def test_a_proposal_with_something_wrong_loses_nothing_not_even_its_pictures(at_work):
    make_shoe()
    good = SimpleUploadedFile("shoe.jpg", encoded(), content_type="image/jpeg")
    bad = SimpleUploadedFile("shoe2.jpg", b"MZ a program", content_type="image/jpeg")
    typed = shoe_form(**{"v1-price": "much", "title": HOSTILE, "pictures": [good, bad]})

    answer = at_work.post("/merchant/catalogue/propose/?class=shoes", typed)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "shoe2.jpg is no picture we can read: save it as JPEG, PNG or WebP." in text
    assert 'value="much"' in text and 'value="T-2"' in text
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    token = re.search(r'name="picture" value="([^"]+)"', text)[1]
    assert not Proposal.objects.exists()

    again = at_work.post("/merchant/catalogue/propose/?class=shoes", shoe_form(picture=token))
    assert again.status_code == 302
    proposal = Proposal.objects.get()
    assert [picture.token for picture in proposal.pictures.all()] == [token]
    assert [offer["price"] for offer in proposal.offers] == [5_990, 5_990]
    assert "Trail shoe" in at_work.get("/merchant/catalogue/proposals/").content.decode()


def test_a_picture_of_fifty_megabytes_is_refused_in_one_sentence(at_work):
    large = SimpleUploadedFile("big.jpg", b"\xff\xd8\xff" + b"x" * (50 * 1024 * 1024), content_type="image/jpeg")
    answer = at_work.post("/merchant/catalogue/propose/?class=shoes", shoe_form(pictures=[large]))
    assert answer.status_code == 422
    assert "big.jpg is larger than 8 MB: make it smaller." in answer.content.decode()
    assert not ProposalPicture.objects.exists()


def test_more_rows_keep_what_was_typed(at_work):
    answer = at_work.post("/merchant/catalogue/propose/?class=shoes", shoe_form(more="1"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="v7-sku"' in text and 'value="T-2"' in text
    assert not Proposal.objects.exists()


def test_staff_see_a_proposal_approve_it_and_shoppers_choose_a_variant(at_work, operator, client):
    at_work.post("/merchant/catalogue/propose/?class=shoes", shoe_form())
    proposal = Proposal.objects.get()
    page = operator.get(f"/ops/catalogue/{proposal.pk}/").content.decode()
    assert "Trail shoe" in page and 'value="Alto"' in page
    done = operator.post(
        f"/ops/catalogue/{proposal.pk}/",
        {
            "action": "approve",
            "version": "1",
            "title": "Trail shoe",
            "category": str(category_id()),
            "a_brand": "Alto",
            "a_waterproof": "yes",
            "description": "For hills.",
            "v0-a_shoe_size": "41",
            "v0-a_colour": "Blue",
            "v1-a_shoe_size": "42",
            "v1-a_colour": "Blue",
        },
    )
    assert done.status_code == 302
    deliver_events()
    parent = Product.objects.get(parent=None)
    shopper = Client()
    moved = shopper.get(f"/p/{parent.slug}-{parent.pk}/")
    text = shopper.get(moved["Location"]).content.decode()
    assert "Trail shoe, 41, Blue" in text
    assert 'class="option-value option-sold_out"' in text
    assert "sold out" in text


def test_a_change_is_shown_as_what_differs_and_declined_with_a_reason(at_work, operator, merchant):
    shoe = make_shoe()
    Membership.objects.create(merchant=shoe.merchant, user=merchant.owner, role=CLERK, since=AT)
    at_work.post("/merchant/choose/", {"merchant": shoe.merchant.pk})
    url = f"/merchant/catalogue/change/{shoe.product_id}/"
    page = at_work.get(url).content.decode()
    assert 'value="Alto"' in page
    typed = {
        "key": "c",
        "rows": "4",
        "title": "Trail shoe",
        "category": str(category_id()),
        "a_brand": "Alto",
        "a_waterproof": "no",
        "description": "For steep hills.",
    }
    for row, (size, colour) in enumerate(((41, "Blue"), (42, "Blue"), (42, "Red"))):
        typed |= {f"v{row}-a_shoe_size": str(size), f"v{row}-a_colour": colour}
    assert at_work.post(url, typed).status_code == 302
    proposal = Proposal.objects.get()
    text = operator.get(f"/ops/catalogue/{proposal.pk}/").content.decode()
    assert '<del class="diff-gone">For hills.</del>' in text
    assert '<ins class="diff-new">For steep hills.</ins>' in text
    empty = operator.post(f"/ops/catalogue/{proposal.pk}/", {"action": "decline", "version": "1", "reason": ""})
    assert empty.status_code == 422
    operator.post(f"/ops/catalogue/{proposal.pk}/", {"action": "decline", "version": "1", "reason": "It is dry."})
    assert "It is dry." in at_work.get("/merchant/catalogue/proposals/").content.decode()
    assert Product.objects.get(pk=shoe.product_id).description == "For hills."


def test_nobody_but_operations_opens_the_upkeep_and_no_merchant_anothers_offer(at_work):
    shoe = make_shoe()
    for url in ("", "weights/", "categories/", "classes/", "merge/", "1/"):
        assert at_work.get(f"/ops/catalogue/{url}").status_code == 403
    assert at_work.post("/ops/catalogue/categories/add/", {"name": "Mine"}).status_code == 403
    assert at_work.get(f"/merchant/catalogue/offers/{shoe.stock[0]}/").status_code == 404
    assert at_work.get(f"/merchant/catalogue/change/{shoe.product_id}/").status_code == 404
    taken = StockRecord.objects.get(pk=shoe.stock[0])
    at_work.post("/merchant/catalogue/", {f"o{taken.pk}-price": "0.01", f"o{taken.pk}-stock": "1"})
    taken.refresh_from_db()
    assert taken.price == 60


def test_a_price_set_in_another_window_is_not_set_back(at_work, merchant):
    offer = make_offer(merchant=merchant, price=2_500, stock=10)
    row = {f"o{offer.pk}-stock": "10", f"o{offer.pk}-seen": "2500:10"}
    at_work.post("/merchant/catalogue/", row | {f"o{offer.pk}-price": "20"})
    late = at_work.post("/merchant/catalogue/", row | {f"o{offer.pk}-price": "30"})
    text = late.content.decode()
    assert late.status_code == 422
    assert "The price was changed meanwhile and is €20.00 now" in text
    assert 'value="30"' in text and 'value="2000:10"' in text
    untouched = at_work.post("/merchant/catalogue/", row | {f"o{offer.pk}-price": "25.00"})
    assert untouched.status_code == 302
    offer.refresh_from_db()
    assert (offer.price, offer.num_in_stock) == (20, 10)


def test_the_catalogue_filters_and_pages_by_article_number_in_a_fixed_number_of_queries(
    at_work, merchant, django_assert_max_num_queries
):
    make_offer(merchant=merchant, title="Lamp one", stock=0)
    at_work.get("/merchant/catalogue/")
    with django_assert_max_num_queries(15) as few:
        at_work.get("/merchant/catalogue/")
    for number in range(52):
        make_offer(merchant=merchant, title=f"Lamp {number}", stock=3 if number else 50)
    at_work.get("/merchant/catalogue/")
    with django_assert_max_num_queries(15) as many:
        text = at_work.get("/merchant/catalogue/").content.decode()
    assert len(many) == len(few)
    assert text.count('scope="row"') == 50
    after = re.search(r"after=([^\"&]+)", text)[1]
    assert at_work.get("/merchant/catalogue/", {"after": after}).content.decode().count('scope="row"') == 3
    assert at_work.get("/merchant/catalogue/", {"state": "sold_out"}).content.decode().count('scope="row"') == 1
    assert at_work.get("/merchant/catalogue/", {"state": "low"}).content.decode().count('scope="row"') == 50


def test_a_variants_page_takes_as_many_queries_with_many_variants_and_offers(client, django_assert_max_num_queries):
    client.force_login(make_shopper())
    shoe = make_shoe()
    deliver_events()
    url = f"/p/{Product.objects.get(pk=shoe.red_42).slug}-{shoe.red_42}/"
    client.get(url)
    with django_assert_max_num_queries(15) as few:
        assert client.get(url).status_code == 200
    for number in range(4):
        record = StockRecord.objects.get(pk=shoe.stock[number % 3])
        StockRecord.objects.create(
            product_id=record.product_id,
            partner=make_merchant().partner,
            partner_sku="X",
            price_currency="EUR",
            price=70,
            num_in_stock=3,
        )
    client.get(url)
    with django_assert_max_num_queries(15) as many:
        client.get(url)
    assert len(many) == len(few)


def test_the_tree_is_kept_and_no_product_is_lost(operator):
    offer = make_offer(merchant=make_merchant(), title="Globe")
    ids = {category.name: category.pk for category in Category.objects.all()}

    def act(action: str, **data: object) -> None:
        assert operator.post(f"/ops/catalogue/categories/{action}/", data).status_code == 302

    act("add", name="Lamps & co", other=ids["Home"])
    lamps = Category.objects.get(name="Lamps & co")
    act("rename", category=lamps.pk, name="Lamps")
    act("merge", category=ids["Light"], other=lamps.pk)
    assert list(Product.objects.get(pk=offer.product_id).categories.values_list("name", flat=True)) == ["Lamps"]
    assert not Category.objects.filter(pk=ids["Light"]).exists()
    act("move", category=lamps.pk, other="")
    assert Category.objects.get(pk=lamps.pk).depth == 1
    act("move", category=ids["Home"], other=lamps.pk)
    act("move", category=lamps.pk, other=ids["Home"])
    assert "cannot lie in itself" in operator.get("/ops/catalogue/categories/").content.decode()
    act("hide", category=lamps.pk)
    deliver_events()
    # What forgets the kept tree runs once the change is there for good.
    cache.clear()
    assert operator.get(f"/c/{lamps.slug}/").status_code == 404
    assert "Globe" in operator.get("/search/", {"q": "globe"}).content.decode()
    assert not Category.objects.get(pk=ids["Home"]).ancestors_are_public
    act("show", category=lamps.pk)
    assert Category.objects.get(pk=ids["Home"]).ancestors_are_public
    assert Category.objects.find_problems() == ([], [], [], [], [])


def test_operations_set_other_weights_with_a_reason(operator):
    typed = {"price": "50", "quality": "30", "speed": "15", "stock": "4", "reason": "Stores", "seen": "1"}
    wrong = operator.post("/ops/catalogue/weights/", typed)
    assert wrong.status_code == 422
    assert "must make 100 % together" in wrong.content.decode()
    operator.post("/ops/catalogue/weights/", typed | {"stock": "5"})
    assert list(BuyBoxWeights.objects.filter(version=2).values_list("quality", "reason")) == [(3_000, "Stores")]


def test_a_class_and_its_attributes_are_defined_and_then_asked_for(operator, at_work):
    operator.post("/ops/catalogue/classes/", {"name": "Wine"})
    wine = ProductClass.objects.get(slug="wine")
    url = f"/ops/catalogue/classes/{wine.pk}/"
    few = operator.post(url, {"name": "Grape", "type": "option", "options": "Merlot", "filterable": "on"})
    assert few.status_code == 422
    assert "at least two options" in few.content.decode() and "Merlot" in few.content.decode()
    grape = {"name": "Grape", "type": "option", "options": "Merlot\nBarbera\n", "required": "on", "filterable": "on"}
    assert operator.post(url, grape).status_code == 302
    assert operator.post(url, grape).status_code == 422
    assert operator.post(url, {"name": "Year", "type": "integer", "least": "1900", "most": "2100"}).status_code == 302
    [asked, year] = values.asked_of(product_class_id=wine.pk)
    assert ([text for _pk, text in asked.options], asked.required, year.least) == (["Merlot", "Barbera"], True, 1900)

    operator.post(url, {"attribute": asked.attribute_id, "filterable": "on", "options": "Nebbiolo\nmerlot"})
    [asked, _year] = values.asked_of(product_class_id=wine.pk)
    assert ([text for _pk, text in asked.options], asked.required) == (["Merlot", "Barbera", "Nebbiolo"], False)
    assert "Nebbiolo" in at_work.get("/merchant/catalogue/propose/?class=wine").content.decode()
    assert at_work.post(url, grape).status_code == 403
