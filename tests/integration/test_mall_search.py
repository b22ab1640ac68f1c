"""Finding: how good the order is, what is understood of what is typed, what can be narrowed by."""

import pytest
from django.core.management import call_command
from django.db import connection

from mall.benchmarks import judged
from mall.catalogue import operations as catalogue
from mall.catalogue.operations import ListProduct
from mall.search import facets, operations, queries, tags, words
from mall.search.models import FacetValue, RankingWeight, SearchEntry, SearchWord
from mall.search.queries import Filters, search, suggest
from tests.factories.mall import AT, deliver_events, make_merchant, make_offer, staff

pytestmark = pytest.mark.django_db


def _list(*, merchant, titles, **others):
    requests = [
        ListProduct(
            title=title, merchant_id=merchant.pk, sku=f"{title}-{n}", price_minor=1_000 + n, currency="EUR", stock=5,
            at=AT, **others,
        )
        for n, title in enumerate(titles)
    ]  # fmt: skip
    return [listed.product_id for listed in catalogue.list_products(requests=requests)]


def _titles(text, **filters):
    return [hit.title for hit in search(text=text, filters=Filters(**filters)).hits]


def test_the_judged_searches_are_answered_in_a_good_order():
    found = judged.score(products=judged.load(merchant_id=make_merchant().pk, at=AT))
    assert found[""] >= 0.9
    assert min(found[language] for language in ("en", "es", "zh")) >= 0.85
    assert found["typo"] >= 0.85


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("dresses", "Linen Dress"), ("zapato", "Zapatos de cuero"), ("sofa", "Sofá de lino"), ("耳机", "无线降噪耳机"),
        ("茶", "绿茶"), ("couch", "Wide Sofa"), ("cell phone", "Smartphone Nova"), ("hairdryer", "Hair Dryer"),
        ("head phones", "Headphones"), ("bicicelta", "Bicicleta roja"), ("the dress for linen", "Linen Dress"),
        ("LINEN-dress", "Linen Dress"),
    ],
)  # fmt: skip
def test_a_product_is_found_by_what_people_type(typed, title):
    _list(
        merchant=make_merchant(),
        titles=[
            "Linen Dress", "Zapatos de cuero", "Sofá de lino", "无线降噪耳机", "绿茶", "Wide Sofa", "Smartphone Nova",
            "Hair Dryer", "Headphones", "Bicicleta roja",
        ],
    )  # fmt: skip
    assert title in _titles(typed)


def test_a_correction_is_told_and_a_word_too_many_is_forgiven():
    _list(merchant=make_merchant(), titles=["Oak Desk", "Walnut Shelf"])
    corrected = search(text="walnut shlef")
    assert (corrected.corrected, corrected.partial) == ("walnut shelf", False)
    partial = search(text="oak desk purple")
    assert (partial.hits[0].title, partial.partial) == ("Oak Desk", True)
    assert search(text="oak desk").corrected == ""


def test_what_a_thing_is_for_does_not_say_what_it_is():
    _list(merchant=make_merchant(), titles=["Case for Phone", "Phone"])
    assert _titles("phone") == ["Phone", "Case for Phone"]


def test_values_of_one_attribute_are_alternatives_and_of_two_must_both_fit():
    merchant = make_merchant()
    for title, color, size in (("A", "red", "S"), ("B", "blue", "S"), ("C", "red", "L"), ("D", "green", "L")):
        _list(merchant=merchant, titles=[f"Shirt {title}"], attributes={"Color": color, "Size": size, "Weight": "120"})
    ids = {str(value): value.pk for value in FacetValue.objects.all()}
    assert set(ids) == {"Color: red", "Color: blue", "Color: green", "Size: S", "Size: L"}
    colors = (ids["Color: red"], ids["Color: blue"])
    assert sorted(_titles("shirt", attributes=(colors,))) == ["Shirt A", "Shirt B", "Shirt C"]
    assert sorted(_titles("shirt", attributes=(colors, (ids["Size: S"],)))) == ["Shirt A", "Shirt B"]
    found = search(text="shirt")
    assert {facet.name: {choice.name: choice.count for choice in facet.choices} for facet in found.attributes} == {
        "Color": {"red": 2, "blue": 1, "green": 1},
        "Size": {"S": 2, "L": 2},
    }


def test_of_more_than_can_be_counted_the_small_counts_are_exact(monkeypatch):
    monkeypatch.setattr(queries, "EXACT", 20)
    monkeypatch.setattr(facets, "MOST", 10)
    monkeypatch.setattr(facets, "DRAWN", 1)
    merchant = make_merchant()
    _list(merchant=merchant, titles=[f"Lamp {n}" for n in range(30)], attributes={"Color": "white"})
    _list(merchant=merchant, titles=[f"Lamp {n} small" for n in range(3)], attributes={"Color": "black"})
    found = search(text="lamp")
    assert (found.total, found.more, found.shown) == (20, True, "20+")
    [colors] = found.attributes
    assert [(choice.name, choice.shown) for choice in colors.choices] == [("white", "10+"), ("black", "3")]
    assert len(found.hits) == 24


def test_best_sellers_and_what_is_in_stock_come_first():
    merchant = make_merchant()
    slow, fast, gone = _list(merchant=merchant, titles=["Lamp one", "Lamp two", "Lamp three"])
    catalogue.change_offers(
        requests=[
            catalogue.ChangeOffer(
                stockrecord_id=SearchEntry.objects.get(pk=gone).stockrecord_id,
                by=staff(merchant),
                stock=0,
            )
        ]
    )
    deliver_events()
    SearchEntry.objects.filter(pk=fast).update(sold=500)
    operations.weigh()
    assert [hit.product_id for hit in search(text="lamp").hits] == [fast, slow, gone]
    RankingWeight.objects.filter(name="sales").update(weight=0)
    operations.weigh()
    assert SearchEntry.objects.get(pk=fast).quality == SearchEntry.objects.get(pk=slow).quality


def test_suggestions_finish_the_last_word_and_show_products():
    _list(merchant=make_merchant(), titles=["Walnut Shelf", "Walnut Shoe Rack", "Oak Shelf"])
    ways, hits = suggest(text="walnut sh")
    assert set(ways) == {"walnut shelf", "walnut shoe"}
    assert {hit.title for hit in hits} <= {"Walnut Shelf", "Walnut Shoe Rack"}
    assert suggest(text="'%_") == ((), ())


def test_the_nightly_count_forgets_words_nobody_uses():
    _list(merchant=make_merchant(), titles=["Oak Shelf", "Oak Desk"])
    SearchWord.objects.create(word="zyxw", products=3, deletions=["zyxw"])
    operations.count_up(at=AT)
    assert dict(SearchWord.objects.filter(word__in=["oak", "desk", "zyxw"]).values_list("word", "products")) == {
        "oak": 2,
        "desk": 1,
    }


def test_reindexing_goes_on_where_it_stopped_and_forgets_what_is_gone(monkeypatch):
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    ids = _list(merchant=make_merchant(), titles=[f"Lamp {n}" for n in range(5)])
    SearchEntry.objects.update(title="old")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM partner_stockrecord WHERE product_id = %s", [ids[4]])
    assert next(operations.reindex()) == ids[1]
    assert SearchEntry.objects.filter(title="old").count() == 3
    assert list(operations.reindex(after=ids[1])) == [ids[3], ids[4]]
    assert sorted(SearchEntry.objects.values_list("title", flat=True)) == [f"Lamp {n}" for n in range(4)]


def test_synonyms_are_data(tmp_path, capsys):
    _list(merchant=make_merchant(), titles=["Pannier"])
    assert _titles("saddlebag") == []
    table = tmp_path / "synonyms.csv"
    table.write_text("term,means\nSaddlebag,pannier\nsaddlebag,saddlebag\n", encoding="utf-8")
    call_command("search", "synonyms", str(table))
    assert "1 " in capsys.readouterr().out
    assert _titles("saddlebag") == ["Pannier"]


def test_a_change_of_price_reaches_search_through_the_outbox():
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, price=2_000, title="Globe")
    catalogue.change_offers(
        requests=[catalogue.ChangeOffer(stockrecord_id=offer.pk, by=staff(merchant), price_minor=900)]
    )
    deliver_events()
    assert search(text="globe").hits[0].price == 900


def test_hostile_words_find_nothing_and_break_nothing():
    make_offer(merchant=make_merchant(), title="Globe")
    for text in (
        "'); DROP TABLE x; -- & | ! :*",
        "\\ ' \" <-> (((",
        "a" * 200,
        "%_%",
        "\u202e",
    ):
        assert search(text=text).total == 0
    assert words.understand(text="!!!").groups == ()


def test_tags_are_made_alike_in_sql_and_here():
    merchant = make_merchant()
    [product] = _list(merchant=merchant, titles=["Globe"])
    kept = SearchEntry.objects.get(pk=product).tags
    assert tags.tag(kind=tags.MERCHANT, identifier=merchant.pk) in kept
    assert tags.tag(kind=tags.STOCK, identifier=1) in kept
    assert sum(tag // tags.WIDTH == tags.DRAW for tag in kept) == 1
