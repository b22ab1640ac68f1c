"""Bulk changes, tracking numbers, and merchants from a file: the same engine, each with its own rules."""

import csv

import pytest
from django.contrib.auth.models import Group

from mall.checkout import operations as checkout
from mall.fulfilment.models import Consignment
from mall.imports import bulk_rules, operations, states, working
from mall.imports.models import MERCHANTS, TRACKING, Import, ImportLine
from mall.imports.operations import UnableToImport
from mall.merchants.models import Membership, Merchant
from mall.partner import operations as partner
from mall.partner.models import StockRecord
from mall.partner.operations import SetOffer
from tests.factories.imports import as_csv, as_xlsx, check, confirm, told, undo
from tests.factories.mall import AT, make_draft, make_market, make_merchant, make_offer, make_shopper, staff

pytestmark = pytest.mark.django_db


# --- many offers by one rule


@pytest.fixture
def merchant():
    return make_merchant()


def bulk(merchant, **choice):
    received = operations.prepare_bulk(merchant_id=merchant.pk, choice=choice, by=merchant.owner_id, at=AT)
    working.work(import_id=received.import_id, at=AT)
    return Import.objects.get(pk=received.import_id)


def prices(merchant):
    rows = StockRecord.objects.filter(partner=merchant.partner_id).order_by("pk")
    return [(str(row.price or row.kept_price), row.num_in_stock, row.price is not None) for row in rows]


def test_a_tenth_less_rounded_is_looked_at_applied_and_undone(merchant):
    for price in (2_500, 1_999, 10):
        make_offer(merchant=merchant, price=price, stock=5)
    other = make_offer(merchant=make_merchant())
    before = prices(merchant)
    row = bulk(
        merchant,
        filter={},
        price={"how": "percent", "by": "-10", "rounding": "99"},
        stock={"how": "add", "by": "-2"},
        days=3,
        state="unlisted",
    )
    assert (row.state, row.changed) == (states.CHECKED, 3)
    assert prices(merchant) == before
    confirm(row)
    assert prices(merchant) == [("22.99", 3, False), ("17.99", 3, False), ("0.99", 3, False)]
    other.refresh_from_db()
    assert (str(other.price), other.handling_days) == ("25.00", 0)
    assert set(StockRecord.objects.filter(partner=merchant.partner_id).values_list("handling_days", flat=True)) == {3}
    row = undo(row)
    assert (row.undone, row.kept) == (3, 0)
    assert prices(merchant) == before


def test_only_what_was_chosen_changes(merchant):
    lamp, chair = make_offer(merchant=merchant, title="Lamp"), make_offer(merchant=merchant, title="Chair")
    stranger = make_offer(merchant=make_merchant())
    confirm(bulk(merchant, ids=[lamp.pk, stranger.pk], stock={"how": "set", "by": "7"}))
    confirm(bulk(merchant, filter={"text": "chai"}, stock={"how": "set", "by": "8"}))
    for offer, stock in ((lamp, 7), (chair, 8), (stranger, 10)):
        offer.refresh_from_db()
        assert offer.num_in_stock == stock


def test_an_offer_that_changed_after_the_preview_stays(merchant):
    offer, second = make_offer(merchant=merchant, price=1_000), make_offer(merchant=merchant, price=1_000)
    row = bulk(merchant, filter={}, price={"how": "percent", "by": "-50"})
    wish = SetOffer(stockrecord_id=offer.pk, price_minor=3_000, by=staff(merchant))
    partner.set_prices(requests=[wish], at=AT)
    row = confirm(row)
    assert (row.applied, row.failed) == (1, 1)
    assert [price for price, _stock, _listed in prices(merchant)] == ["30.00", "5.00"]
    assert "has changed since" in told(row)[0][2]
    assert second.pk


def test_a_price_that_would_become_nothing_is_told(merchant):
    make_offer(merchant=merchant, price=100)
    row = bulk(merchant, filter={}, price={"how": "amount", "by": "-5"})
    assert (row.faulty, row.changed) == (1, 0)
    assert told(row)[0][2] == "A price of zero gives it away."


@pytest.mark.parametrize("choice", [{"filter": {}}, {"ids": [], "state": "listed"}])
def test_a_change_of_nothing_is_refused(merchant, choice):
    with pytest.raises(UnableToImport):
        operations.prepare_bulk(merchant_id=merchant.pk, choice=choice, by=merchant.owner_id, at=AT)
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("minor", "how", "by", "rounding", "made"),
    [
        (1_000, "percent", "10", "cent", 1_100),
        (999, "percent", "-33.3", "cent", 666),
        (1_234, "amount", "1.5", "five", 1_385),
        (1_250, "percent", "0", "whole", 1_300),
        (2_000, "exact", "3", "cent", 300),
        (5_040, "percent", "0", "95", 4_995),
        (20, "percent", "0", "99", 99),
    ],
)
def test_prices_are_changed_and_rounded_to_the_cent(minor, how, by, rounding, made):
    from decimal import Decimal

    assert bulk_rules.new_price(minor=minor, how=how, by=Decimal(by), rounding=rounding, currency="EUR") == made


# --- tracking numbers

HEADS = ("Order number", "Carrier", "Tracking number")


def ordered(market, *, lamps=1):
    outcome = checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: lamps}))
    return Consignment.objects.get(order__number=outcome.number)


def test_parcels_are_sent_by_order_number_once(django_capture_on_commit_callbacks):
    market = make_market()
    first, second, third = ordered(market), ordered(market), ordered(market)
    content = as_csv(
        [
            HEADS,
            (first.order.number, "DHL", "001"),
            (second.number, "GLS", ""),
            ("999", "DHL", "003"),
            (first.number, "DHL", "001"),
            (third.number, "UPS", "1Z"),
        ]
    )
    row = check(merchant=market.first, content=content, kind=TRACKING)
    assert (row.changed, row.faulty) == (2, 3)
    assert [(line, column) for line, column, _what in told(row)] == [
        (3, "Tracking number"), (4, "Order number"), (5, "Order number"),
    ]  # fmt: skip
    row = confirm(row)
    assert (row.state, row.applied) == (states.DONE, 2)
    first.refresh_from_db()
    assert (first.status, first.carrier, first.tracking) == ("dispatched", "DHL", "001")
    second.refresh_from_db()
    assert second.status == "confirmed"
    again = check(merchant=market.first, content=as_csv([HEADS, (first.number, "DHL", "001")]), kind=TRACKING)
    assert (again.unchanged, again.changed) == (1, 0)
    other = check(merchant=market.first, content=as_csv([HEADS, (first.number, "DHL", "002")]), kind=TRACKING)
    assert "was sent on 02.03.2026 as DHL 001" in told(other)[0][2]
    with pytest.raises(UnableToImport, match="cannot be taken back"):
        operations.undo(import_id=row.pk, merchant_id=market.first.pk, by=market.first.owner_id, at=AT)


def test_another_merchants_order_is_unknown():
    market = make_market()
    parcel = ordered(market)
    row = check(merchant=market.second, content=as_csv([HEADS, (parcel.order.number, "DHL", "1")]), kind=TRACKING)
    assert told(row)[0][2] == f"You have no paid order “{parcel.order.number}”."


# --- merchants from a file

COLUMNS = ("Reference", "Store name", "Owner's e-mail", "Currency", "City", "Country")


def of_operations(email):
    person = make_shopper(email=email, money=0)
    person.groups.add(Group.objects.get(name="operations"))
    return person


@pytest.fixture
def two():
    return of_operations("one@bank.example"), of_operations("two@bank.example")


def stores(*rows):
    return as_xlsx([COLUMNS, *rows])


GOOD = ("crm-1", "Lagoon & Oak", "ada@lagoon.example", "EUR", "Bremen", "DE")


def test_stores_are_opened_once_two_people_agree(two):
    one, other = two
    content = stores(GOOD, ("crm-2", "Bad", "no-mail", "EURO", "Rome", "Italy"))
    row = check(merchant=None, content=content, kind=MERCHANTS, by=one.pk)
    assert (row.fresh, row.faulty) == (1, 1)
    assert [column for _line, column, _what in told(row)] == ["Owner's e-mail", "Currency", "Country"]
    with pytest.raises(UnableToImport, match="a second person has to confirm"):
        operations.confirm(import_id=row.pk, merchant_id=None, by=one.pk, at=AT)
    with pytest.raises(UnableToImport, match="role does not allow"):
        operations.confirm(import_id=row.pk, merchant_id=None, by=make_shopper(money=0).pk, at=AT)
    assert not Merchant.objects.exists()
    row = confirm(row, by=other.pk)
    assert (row.state, row.applied) == (states.DONE, 1)
    merchant = Merchant.objects.get()
    assert (merchant.key, merchant.name, merchant.city, merchant.status) == (
        "crm-1",
        "Lagoon & Oak",
        "Bremen",
        "active",
    )
    assert Membership.objects.get().user.email == "ada@lagoon.example"


def test_onboarding_again_changes_nothing_and_tells_of_what_differs(two):
    one, other = two
    confirm(check(merchant=None, content=stores(GOOD), kind=MERCHANTS, by=one.pk), by=other.pk)
    changed = ("crm-1", "Lagoon & Oak", "eve@lagoon.example", "EUR", "Bremen", "DE")
    row = check(merchant=None, content=stores(GOOD, changed), kind=MERCHANTS, by=one.pk)
    assert (row.unchanged, row.fresh, row.faulty) == (1, 0, 1)
    assert Merchant.objects.count() == 1


@pytest.mark.data
def test_the_sellers_of_the_real_data_set_are_onboarded_from_its_own_file(two, data_folder):
    one, other = two
    path = data_folder / "olist" / "olist_sellers_dataset.csv"
    row = check(merchant=None, content=path.read_bytes(), kind=MERCHANTS, by=one.pk, name=path.name)
    assert row.state == states.MAPPING
    operations.name_columns(import_id=row.pk, merchant_id=None, columns=row.columns, fixed=row.fixed)
    working.work(import_id=row.pk, at=AT)
    row = confirm(Import.objects.get(pk=row.pk), by=other.pk)
    with path.open(encoding="utf-8-sig") as file:
        sellers = list(csv.DictReader(file))
    assert (row.applied, row.faulty, row.failed) == (len(sellers), 0, 0) and len(sellers) == 1_210
    first = Merchant.objects.get(key=f"olist:{sellers[0]['seller_id']}")
    assert (first.currency, first.country, first.region) == ("BRL", "BR", sellers[0]["seller_state"])
    again = check(merchant=None, content=path.read_bytes(), kind=MERCHANTS, by=one.pk, name=path.name)
    operations.name_columns(import_id=again.pk, merchant_id=None, columns=again.columns, fixed=again.fixed)
    working.work(import_id=again.pk, at=AT)
    again.refresh_from_db()
    assert (again.fresh, again.unchanged) == (0, 1_210)
    assert ImportLine.objects.filter(imported=again).count() == 1_210
