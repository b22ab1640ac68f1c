"""A catalogue's file: looked at, applied, undone; each line once, and every fault told with its line and remedy."""

import pytest

from mall.imports import operations, states, working
from mall.imports.models import Import, ImportLine
from mall.imports.operations import UnableToImport
from mall.partner import operations as partner
from mall.partner.models import StockRecord
from mall.partner.operations import SetOffer
from mall.search.models import SearchEntry
from tests.factories.imports import HEADINGS, as_csv, as_xlsx, check, confirm, lamp, run, told, undo, upload
from tests.factories.mall import AT, deliver_events, make_draft, make_merchant, make_offer, make_shopper, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant():
    store = make_merchant(name="Lagoon & Oak")
    make_offer(merchant=store)
    return store


def facts(merchant):
    rows = StockRecord.objects.filter(partner=merchant.partner_id).select_related("product").order_by("partner_sku")
    return [
        (row.partner_sku, row.product.title, row.product.description, row.price, row.kept_price, row.num_in_stock)
        for row in rows
    ]


def test_a_dry_run_counts_what_is_new_changed_unchanged_and_faulty_and_writes_nothing(merchant):
    run(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2)]))
    before = facts(merchant)
    lines = [HEADINGS, lamp(1), lamp(2, price="99,00"), lamp(3), lamp(4, price="-5")]
    row = check(merchant=merchant, content=as_csv(lines))
    assert (row.state, row.lines) == (states.CHECKED, 4)
    assert (row.fresh, row.changed, row.unchanged, row.faulty) == (1, 1, 1, 1)
    changed = ImportLine.objects.get(imported=row, verdict="changed")
    assert (changed.before, changed.after) == ({"price": 1250}, {"price": 9900})
    assert told(row) == [(5, "Price", "A price cannot be below zero.")]
    assert facts(merchant) == before


def test_what_was_confirmed_is_applied_and_can_be_found(merchant):
    row = run(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2, state="unlisted", stock="unlimited")]))
    assert (row.state, row.applied, row.failed) == (states.DONE, 2, 0)
    new = {sku: rest for sku, *rest in facts(merchant)}
    assert [str(price) for price in new["L-1"][2:4]] == ["11.50", "None"]
    assert [str(value) for value in new["L-2"][2:]] == ["None", "12.50", "None"]
    deliver_events()
    assert set(SearchEntry.objects.filter(title__startswith="Lamp ").values_list("title", flat=True)) >= {"Lamp 1"}
    assert not SearchEntry.objects.filter(title="Lamp 2").exists()


def test_a_second_file_changes_prices_stock_texts_category_and_state(merchant):
    make_offer(merchant=merchant, title="Other")
    run(merchant=merchant, content=as_csv([HEADINGS, lamp(1)]))
    row = run(
        merchant=merchant,
        content=as_xlsx([HEADINGS, ["L-1", "Lamp one", "New words", "Home", 7.5, 12, "unlisted"]]),
        name="catalogue.xlsx",
    )
    assert (row.changed, row.applied) == (1, 1)
    [found] = [fact for fact in facts(merchant) if fact[0] == "L-1"]
    assert [str(value) for value in found] == ["L-1", "Lamp one", "New words", "None", "7.50", "12"]
    product = StockRecord.objects.get(partner_sku="L-1").product
    assert [category.name for category in product.categories.all()] == ["Home"]


def test_undoing_puts_back_what_was_there_and_takes_away_what_was_new(merchant):
    run(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2)]))
    before = facts(merchant)
    lines = [HEADINGS, lamp(1, price="1.00", title="Other", category="Home", stock="77"), lamp(3), lamp(4)]
    row = run(merchant=merchant, content=as_csv(lines))
    assert facts(merchant) != before
    row = undo(row)
    assert (row.state, row.undone, row.kept) == (states.UNDONE, 3, 0)
    assert facts(merchant) == before
    product = StockRecord.objects.get(partner_sku="L-1").product
    assert [category.name for category in product.categories.all()] == ["Light"]


def test_undoing_leaves_what_somebody_changed_since_and_tells_why(merchant):
    run(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2)]))
    row = run(merchant=merchant, content=as_csv([HEADINGS, lamp(1, price="50", stock="9"), lamp(2, price="60")]))
    wish = SetOffer(merchant_id=merchant.pk, sku="L-1", price_minor=4_500, by=staff(merchant))
    partner.set_prices(requests=[wish], at=AT)
    row = undo(row)
    assert (row.undone, row.kept) == (1, 1)
    prices = {sku: (str(price), stock) for sku, _title, _text, price, _kept, stock in facts(merchant)}
    assert prices["L-1"] == ("45.00", 1)
    assert prices["L-2"] == ("12.50", 2)
    [(number, column, what)] = told(row)
    assert (number, column) == (2, "Price")
    assert what.startswith("It is €45.00 now, not €50.00 as the import left it")


def test_undoing_unlists_what_is_new_and_was_ordered_meanwhile(merchant):
    from mall.checkout import operations as checkout

    row = run(merchant=merchant, content=as_csv([HEADINGS, lamp(5), lamp(6)]))
    offer = StockRecord.objects.select_related("partner__merchant").get(partner_sku="L-5")
    checkout.submit_order(draft=make_draft(user=make_shopper(), quantities={offer: 1}))
    row = undo(row)
    assert (row.undone, row.kept) == (1, 1)
    assert not StockRecord.objects.filter(partner_sku="L-6").exists()
    offer.refresh_from_db()
    assert offer.price is None and offer.num_allocated == 1
    assert told(row)[0][2] == "The offer was new and is ordered, or lies in somebody's basket: it is unlisted."


@pytest.mark.parametrize(
    ("changes", "column", "what"),
    [
        ({"sku": ""}, "Article number", "There is no article number."),
        ({"price": "12.345"}, "Price", "12.345 can be read in two ways."),
        ({"price": "much"}, "Price", "“much” is no amount."),
        ({"price": "0"}, "Price", "A price of zero gives it away."),
        ({"price": ""}, "Price", "A new offer needs this."),
        ({"stock": "1000000000"}, "Stock", "1,000,000,000 pieces are more than a stock can be here."),
        ({"stock": "-1"}, "Stock", "Stock cannot be below zero."),
        ({"stock": "two"}, "Stock", "“two” is no number of pieces."),
        ({"title": "x" * 121}, "Name", "It has 121 characters; at most 120 fit."),
        ({"category": "Home > Lihgt"}, "Category", "There is no category “Home > Lihgt”."),
        ({"state": "maybe"}, "State", "“maybe” is no state."),
        ({"title": "Bell\x07"}, "Name", "There are characters in it that cannot be shown."),
    ],
)
def test_a_fault_is_told_with_line_column_and_reason(merchant, changes, column, what):
    row = check(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2, **changes)]))
    assert told(row) == [(3, column, what)]
    assert (row.fresh, row.faulty) == (1, 1)


def test_the_nearest_category_is_suggested(merchant):
    row = check(merchant=merchant, content=as_csv([HEADINGS, lamp(2, category="Home > Lihgt")]))
    assert ImportLine.objects.get(imported=row).problems[0][2] == "Did you mean “Home > Light”?"


def test_a_number_that_stands_twice_counts_once(merchant):
    row = run(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2), lamp(1, price="1")]))
    assert told(row) == [(4, "Article number", "“L-1” stands in line 2 already.")]
    assert (row.applied, row.faulty) == (2, 1)


def test_cells_left_empty_leave_what_is_there(merchant):
    run(merchant=merchant, content=as_csv([HEADINGS, lamp(1)]))
    row = run(merchant=merchant, content=as_csv([("SKU", "Price", "Stock"), ("L-1", "", "8")]))
    assert row.applied == 1
    [found] = [fact for fact in facts(merchant) if fact[0] == "L-1"]
    assert (found[1], str(found[3]), found[5]) == ("Lamp 1", "11.50", 8)


def test_texts_of_a_product_that_others_sell_too_are_refused_and_its_price_is_set(merchant):
    other = make_merchant()
    shared = make_offer(merchant=merchant, key="shared", title="Shared lamp")
    make_offer(merchant=other, key="shared")
    row = check(merchant=merchant, content=as_csv([("SKU", "Name", "Price"), (shared.partner_sku, "Mine", "5")]))
    what = "Other stores sell this product too, or it has variants: its texts are shared."
    assert told(row) == [(2, "Name", what)]
    row = run(merchant=merchant, content=as_csv([("SKU", "Name", "Price"), (shared.partner_sku, "Shared lamp", "5")]))
    shared.refresh_from_db()
    assert (row.applied, str(shared.price), shared.product.title) == (1, "5.00", "Shared lamp")


def test_stock_below_what_is_ordered_is_refused(merchant):
    from mall.checkout import operations as checkout

    offer = make_offer(merchant=merchant, stock=5)
    checkout.submit_order(draft=make_draft(user=make_shopper(), quantities={offer: 3}))
    row = check(merchant=merchant, content=as_csv([("SKU", "Stock"), (offer.partner_sku, "2")]))
    assert told(row) == [(2, "Stock", "3 pieces are ordered and not sent yet.")]


def test_foreign_headings_are_named_once_and_remembered(merchant):
    rows = [("Ref", "Libellé", "Prix TTC", "Dispo", "Rayon"), ("A-1", "Lampe", "9,90", "3", "Light")]
    row = upload(merchant=merchant, content=as_csv(rows))
    assert row.state == states.MAPPING
    names = {"sku": 0, "title": 1, "price": 2, "stock": 3, "category": 4}
    operations.name_columns(import_id=row.pk, merchant_id=merchant.pk, columns=names, fixed={})
    working.work(import_id=row.pk, at=AT)
    row.refresh_from_db()
    assert (row.state, row.fresh, row.faulty) == (states.CHECKED, 1, 0)
    again = check(merchant=merchant, content=as_csv([rows[0], ("A-2", "Lampe 2", "9,90", "3", "Home > Light")]))
    assert (again.state, again.columns, again.fresh) == (states.CHECKED, names, 1)


def test_columns_without_the_key_are_asked_for(merchant):
    row = upload(merchant=merchant, content=as_csv([("Foo", "Price"), ("x", "1")]))
    with pytest.raises(UnableToImport, match="Say which column is “Article number”"):
        operations.name_columns(import_id=row.pk, merchant_id=merchant.pk, columns={"price": 1}, fixed={})
    row.refresh_from_db()
    assert row.state == states.MAPPING


def test_the_same_file_is_recognised(merchant):
    content = as_csv([HEADINGS, lamp(1)])
    first = upload(merchant=merchant, content=content)
    assert upload(merchant=merchant, content=content).pk == first.pk
    working.work(import_id=first.pk, at=AT)
    confirm(Import.objects.get(pk=first.pk))
    again = check(merchant=merchant, content=content)
    assert again.pk != first.pk and (again.fresh, again.changed, again.unchanged) == (0, 0, 1)
    with pytest.raises(UnableToImport, match="No line would change anything"):
        operations.confirm(import_id=again.pk, merchant_id=merchant.pk, by=merchant.owner_id, at=AT)


def test_imports_of_one_merchant_are_applied_one_after_another(merchant):
    first = check(merchant=merchant, content=as_csv([HEADINGS, lamp(1, price="1")]))
    second = check(merchant=merchant, content=as_csv([HEADINGS, lamp(1, price="2")]))
    for row in (first, second):
        operations.confirm(import_id=row.pk, merchant_id=merchant.pk, by=merchant.owner_id, at=AT)
    Import.objects.filter(pk=first.pk).update(state=states.APPLYING)
    assert working.work(import_id=second.pk, at=AT) == states.QUEUED
    assert working.work(import_id=first.pk, at=AT) == states.DONE
    assert working.work(import_id=second.pk, at=AT) == states.DONE
    assert str(StockRecord.objects.get(partner_sku="L-1").price) == "2.00"


def test_another_merchants_import_is_unknown(merchant):
    row = check(merchant=merchant, content=as_csv([HEADINGS, lamp(1)]))
    other = make_merchant()
    for act in (operations.confirm, operations.undo):
        with pytest.raises(UnableToImport, match="no such import"):
            act(import_id=row.pk, merchant_id=other.pk, by=other.owner_id, at=AT)
    row.refresh_from_db()
    assert row.state == states.CHECKED


def test_a_file_with_too_many_lines_is_refused_as_a_whole(merchant, monkeypatch):
    monkeypatch.setattr("mall.imports.reading.MAX_LINES", 3)
    row = check(merchant=merchant, content=as_csv([HEADINGS, *map(lamp, range(1, 6))]))
    assert (row.state, row.problem) == (states.REFUSED, "The file has more than 3 lines: divide it into several.")
    assert not ImportLine.objects.filter(imported=row).exists()


def test_one_line_the_database_refuses_does_not_keep_the_others(merchant):
    row = check(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2), lamp(3)]))
    broken = {"title": "A\u0000B", "category": "Home > Light", "price": 100, "stock": 2**40}
    ImportLine.objects.filter(imported=row, key="L-2").update(values=broken | {"title": "AB"})
    row = confirm(row)
    assert (row.applied, row.failed) == (2, 1)
    assert StockRecord.objects.filter(partner_sku__in=["L-1", "L-2", "L-3"]).count() == 2
