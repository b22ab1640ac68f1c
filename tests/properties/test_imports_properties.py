"""A catalogue that goes out and comes in is the same; an import that is undone never was."""

import io
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mall.imports import exports
from mall.imports.models import Import
from mall.imports.offers import plain_line, plain_text
from mall.partner.models import StockRecord
from tests.factories.imports import HEADINGS, as_csv, check, lamp, run, undo
from tests.factories.mall import AT, make_merchant, make_offer

pytestmark = pytest.mark.django_db
LOOSE = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# What a text field of the database can hold: hostile beginnings, quotes, separators, line ends, any letters.
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
    st.builds(
        lambda marks, rest: marks + rest,
        st.sampled_from(["=", "'=", "''@", "+1", "-", "@", "\t=", "＝", "'", '"', ";", ",", "=1+1;\n", "sep=;"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    ),
    st.sampled_from(["a\r\nb", "a\nb\n\nc", ' "quoted" ', "x" * 5_000, "12.345", "1e5", "TRUE", "_x0041_"]),
)
offers = st.fixed_dictionaries(
    {
        "title": texts.filter(plain_line),
        "description": texts,
        "price": st.integers(0, 10**9),
        "stock": st.one_of(st.none(), st.integers(0, 2**31 - 1)),
        "listed": st.booleans(),
    }
)


def written(merchant, form):
    response = exports.catalogue_file(
        merchant_id=merchant.pk, slug=merchant.slug, currency=merchant.currency, form=form, at=AT
    )
    return b"".join(response.streaming_content)


def set_offers(merchant, made):
    records = list(StockRecord.objects.filter(partner=merchant.partner_id).order_by("pk"))
    for record, offer in zip(records, made, strict=False):
        price = Decimal(offer["price"]) / 100
        StockRecord.objects.filter(pk=record.pk).update(
            price=price if offer["listed"] else None,
            kept_price=None if offer["listed"] else price,
            num_in_stock=offer["stock"],
        )
        type(record.product).objects.filter(pk=record.product_id).update(
            title=offer["title"][:255], description=offer["description"]
        )


@pytest.fixture
def merchant():
    store = make_merchant()
    for number in range(3):
        make_offer(merchant=store, title=f"Lamp {number}")
    return store


@LOOSE
@given(made=st.lists(offers, min_size=3, max_size=3), form=st.sampled_from(["csv", "xlsx"]))
def test_a_catalogue_that_goes_out_and_comes_in_changes_nothing(merchant, made, form):
    with transaction.atomic():
        set_offers(merchant, made)
        row = check(merchant=merchant, content=written(merchant, form), name=f"catalogue.{form}")
        assert (row.state, row.lines, row.unchanged) == ("checked", 3, 3)
        transaction.set_rollback(True)


@LOOSE
@given(
    changes=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "title": texts.map(plain_line).filter(lambda text: 0 < len(text) <= 120),
                "description": texts.map(plain_text).filter(lambda text: 0 < len(text) <= 4_000),
                "category": st.sampled_from(["Home", "Home > Light"]),
                "price": st.integers(1, 10**7).map(lambda minor: f"{minor / 100:.2f}"),
                "stock": st.one_of(st.just("unlimited"), st.integers(0, 10**6).map(str)),
                "state": st.sampled_from(["listed", "unlisted"]),
            },
        ),
        min_size=6,
        max_size=6,
    )
)
def test_an_import_that_is_undone_never_was(merchant, changes):
    with transaction.atomic():
        run(merchant=merchant, content=as_csv([HEADINGS, lamp(1), lamp(2), lamp(3)]))
        before = written(merchant, "csv")
        lines = [lamp(number, **change) for number, change in enumerate(changes, start=1)]
        row = run(merchant=merchant, content=as_csv([HEADINGS, *lines]))
        assert row.fresh == 3 and row.applied == row.fresh + row.changed
        row = undo(row)
        assert (row.undone, row.kept) == (row.applied, 0)
        assert written(merchant, "csv") == before
        transaction.set_rollback(True)


def test_exports_are_safe_for_spreadsheets(merchant):
    import openpyxl

    evil = {"title": '=cmd|"/c calc"!A1', "description": "@SUM(1)", "price": 100, "stock": 1, "listed": True}
    set_offers(merchant, [evil])
    text = written(merchant, "csv").decode("utf-8-sig")
    assert "'=cmd" in text and "'@SUM" in text and ",=cmd" not in text and '"=cmd' not in text
    sheet = openpyxl.load_workbook(io.BytesIO(written(merchant, "xlsx"))).active
    assert sheet["B2"].value == evil["title"] and sheet["B2"].data_type == "s"
    assert not Import.objects.exists()
