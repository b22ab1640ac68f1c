"""Products with variants and typed attributes: written, found, shown and ordered."""

from dataclasses import replace

import pytest
from oscar.core.loading import get_model

from mall.attributes import values
from mall.catalogue import writing
from mall.catalogue.details import details
from mall.catalogue.drafts import VariantDraft
from mall.catalogue.writing import UnableToWrite
from mall.checkout import operations as checkout
from mall.order.models import Line
from mall.partner.models import StockRecord
from mall.search import operations as index
from mall.search.models import FacetValue, SearchEntry
from mall.search.queries import Filters, search
from tests.factories.catalogue import category_id, class_id, make_shoe, shoe_draft
from tests.factories.mall import AT, deliver_events, make_draft, make_shopper

pytestmark = pytest.mark.django_db

Product = get_model("catalogue", "Product")


def test_a_product_with_variants_is_written_with_its_typed_values():
    written = writing.create(draft=shoe_draft(), at=AT)

    assert list(Product.objects.filter(parent=written.product_id).order_by("pk").values_list("title", flat=True)) == [
        "Trail shoe, 41, Blue",
        "Trail shoe, 42, Blue",
        "Trail shoe, 42, Red",
    ]
    said = values.values_of(product_ids=[written.product_id, *written.variant_ids])
    assert said[written.product_id] == {"brand": "Alto", "waterproof": True}
    assert said[written.variant_ids[2]] == {"shoe_size": 42, "colour": "Red"}
    assert writing.as_draft(product_id=written.variant_ids[0]).title == "Trail shoe"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"title": " "}, "title", "give the product a name"),
        ({"category_ids": ()}, "category", "where shoppers will look"),
        ({"values": {"waterproof": "wet"}}, "a_waterproof", "yes or no"),
        ({"gtin": "4006381333932"}, "gtin", "does not fit the others"),
        ({"gtin": "12"}, "gtin", "8, 12, 13 or 14 digits"),
        ({"variants": (VariantDraft({"shoe_size": 90, "colour": "Red"}),)}, "v0-a_shoe_size", "between 16 and 52"),
        ({"variants": (VariantDraft({"shoe_size": 41, "colour": "Mud"}),)}, "v0-a_colour", "no such choice"),
        ({"variants": (VariantDraft({"colour": "Red"}),)}, "v0-a_shoe_size", "fill in “Size (EU)”"),
        ({"variants": (VariantDraft({"shoe_size": 41, "colour": "Red"}),) * 2}, "v1", "1 and 2 are the same"),
    ],
)
def test_a_draft_that_does_not_fit_its_class_is_refused_at_its_field(changes, field, words):
    with pytest.raises(UnableToWrite) as refused:
        writing.create(draft=shoe_draft(**changes), at=AT)
    [(at, sentence)] = refused.value.problems
    assert at == field
    assert words in sentence
    assert not Product.objects.exists()


def test_a_trade_item_number_belongs_to_one_product():
    writing.create(draft=shoe_draft(gtin="4006381333931"), at=AT)
    with pytest.raises(UnableToWrite, match="is that of “Trail shoe” already"):
        writing.create(draft=shoe_draft(title="Copy", gtin="4006381333931"), at=AT)
    assert not Product.objects.filter(title="Copy").exists()


def test_search_shows_the_parent_once_with_its_range_and_finds_it_by_any_variants_attribute():
    shoe = make_shoe()
    deliver_events()

    [hit] = search(text="trail shoe").hits
    assert (hit.product_id, hit.price, hit.price_to, hit.variants, hit.offers) == (shoe.product_id, 6_000, 7_000, 3, 1)
    assert hit.is_range
    found = search(text="trail shoe")
    facets = {facet.name: {choice.name for choice in facet.choices} for facet in found.attributes}
    assert facets == {"Colour": {"Blue", "Red"}, "Size (EU)": {"41", "42"}}
    red = FacetValue.objects.get(name="Colour", value="Red").pk
    assert search(filters=Filters(attributes=((red,),))).total == 1
    assert search(text="alto red").hits[0].product_id == shoe.product_id


def test_one_variant_sold_out_leaves_the_others_range():
    shoe = make_shoe(stock=(0, 5, 5))
    deliver_events()
    [hit] = search(text="trail shoe").hits
    assert (hit.price, hit.price_to, hit.in_stock) == (6_500, 7_000, True)
    assert details(product_id=shoe.product_id, chosen=None, at=AT).product_id == shoe.blue_42


def test_nobody_selling_any_variant_takes_the_parent_from_the_listing():
    shoe = make_shoe()
    deliver_events()
    Product.objects.filter(pk=shoe.product_id).update(is_public=False)
    index.refresh_products(product_ids=[shoe.red_42])
    assert not SearchEntry.objects.exists()
    assert details(product_id=shoe.red_42, chosen=None, at=AT) is None


def test_each_value_leads_to_its_variant_and_what_is_not_made_is_said():
    shoe = make_shoe(stock=(5, 0, 5))

    page = details(product_id=shoe.blue_41, chosen=None, at=AT)

    assert (page.title, page.family_id) == ("Trail shoe, 41, Blue", shoe.product_id)
    size, colour = page.options
    assert [(choice.value, choice.chosen, choice.state) for choice in size.choices] == [
        ("41", True, "available"),
        ("42", False, "sold_out"),
    ]
    assert [(choice.value, choice.chosen, choice.state) for choice in colour.choices] == [
        ("Blue", True, "available"),
        ("Red", False, "elsewhere"),
    ]
    assert str(shoe.red_42) in colour.choices[1].url
    assert page.facts == (("Brand", "Alto"), ("Waterproof", "Yes"), ("Size (EU)", "41"), ("Colour", "Blue"))


def test_an_order_keeps_what_tells_the_variant_apart():
    shoe = make_shoe()
    record = StockRecord.objects.select_related("partner__merchant").get(pk=shoe.stock[2])
    checkout.submit_order(draft=make_draft(user=make_shopper(), quantities={record: 1}))
    assert Line.objects.get().title == "Trail shoe, 42, Red"


def test_a_change_keeps_variants_and_adds_new_ones():
    shoe = make_shoe()
    draft = writing.as_draft(product_id=shoe.product_id)
    more = (*draft.variants, VariantDraft({"shoe_size": 43, "colour": "Red"}))
    written = writing.change(product_id=shoe.product_id, draft=replace(draft, title="Hill shoe", variants=more), at=AT)
    assert written.variant_ids[:3] == (shoe.blue_41, shoe.blue_42, shoe.red_42)
    assert Product.objects.get(pk=written.variant_ids[3]).title == "Hill shoe, 43, Red"
    assert Product.objects.get(pk=shoe.red_42).title == "Hill shoe, 42, Red"


def test_every_type_of_attribute_is_written_read_and_shown():
    said = {
        "brand": "Volt",
        "storage": 256,
        "screen": 6.1,
        "connections": ["USB-C", "Wi-Fi"],
        "energy": "B",
    }
    draft = shoe_draft(class_id=class_id("electronics"), category_ids=(category_id(),), values=said, variants=())
    written = writing.create(draft=draft, at=AT)

    assert values.values_of(product_ids=[written.product_id])[written.product_id] == said
    facts = {fact.name: fact.text for fact in values.told(product_ids=[written.product_id]).facts[written.product_id]}
    assert facts == {
        "Brand": "Volt",
        "Storage": "256 GB",
        "Screen size": "6.1 in",
        "Connections": "USB-C, Wi-Fi",
        "Energy class": "B",
    }
