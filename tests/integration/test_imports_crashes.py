"""An import killed on the way, or taken by two workers: each line counts once, and the rest goes on."""

import os
import signal
import subprocess
import sys

import pytest

from config import env
from mall.imports import operations, states, working
from mall.imports.kinds import catalogue
from mall.imports.models import Import, ImportLine
from mall.partner.models import StockRecord
from tests.factories.imports import HEADINGS, as_csv, check, lamp, run, undo, upload
from tests.factories.mall import AT, make_merchant, make_offer
from tests.races import race

LINES = 7


@pytest.fixture
def merchant(fresh_database):
    store = make_merchant(name="Lagoon & Oak")
    make_offer(merchant=store)
    run(merchant=store, content=as_csv([HEADINGS, *(lamp(number) for number in range(1, LINES + 1))]))
    return store


def dearer():
    return as_csv([HEADINGS, *(lamp(number, price=f"{100 + number}.00") for number in range(1, LINES + 1))])


def die(point, row):
    done = subprocess.run(
        [sys.executable, "-m", "tests.factories.imports_crash", point, str(row.pk)],
        cwd=env.CHECKOUT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def assert_each_line_once(merchant, row):
    row.refresh_from_db()
    assert (row.state, row.lines, row.changed, row.applied, row.failed) == (states.DONE, LINES, LINES, LINES, 0)
    assert (
        list(ImportLine.objects.filter(imported=row).order_by("number").values_list("outcome", flat=True))
        == ["applied"] * LINES
    )
    offers = StockRecord.objects.filter(partner=merchant.partner_id, partner_sku__startswith="L-").order_by("pk")
    # The version moves with every write: each offer was written once.
    assert [(str(offer.price), offer.version) for offer in offers] == [
        (f"{100 + number}.00", 2) for number in range(1, LINES + 1)
    ]


@pytest.mark.parametrize(
    "point",
    [
        "between two batches",
        "before a batch is committed",
        "in the second batch, before it is committed",
        "when all is applied",
    ],
)
def test_an_import_killed_while_it_is_applied_goes_on_where_it_was(merchant, point):
    row = check(merchant=merchant, content=dearer())
    operations.confirm(import_id=row.pk, merchant_id=merchant.pk, by=merchant.owner_id, at=AT)
    die(point, row)
    row.refresh_from_db()
    assert row.state == states.APPLYING
    # The worker was just here; after a minute of silence the sweep wakes another.
    assert working.sweep() == []
    Import.objects.filter(pk=row.pk).update(worked_at=AT)
    assert working.sweep() == [row.pk]
    working.work(import_id=row.pk, at=AT)
    assert_each_line_once(merchant, row)
    undo(row)
    assert str(StockRecord.objects.get(partner_sku="L-3").price) == "13.50"


def test_a_dry_run_killed_on_the_way_counts_each_line_once(merchant):
    row = upload(merchant=merchant, content=dearer())
    die("in the second batch of the dry run", row)
    row.refresh_from_db()
    assert (row.state, row.lines) == (states.CHECKING, 2)
    working.work(import_id=row.pk, at=AT)
    row.refresh_from_db()
    assert (row.state, row.lines, row.changed) == (states.CHECKED, LINES, LINES)


def test_two_workers_with_the_same_import_apply_each_line_once(merchant, monkeypatch):
    monkeypatch.setattr(catalogue.Catalogue, "at_once", 2)
    monkeypatch.setattr(working, "CHECKED_AT_ONCE", 2)
    row = upload(merchant=merchant, content=dearer())
    both = [lambda: working.work(import_id=row.pk, at=AT)] * 2
    assert not [result for result in race(*both) if isinstance(result, Exception)]
    operations.confirm(import_id=row.pk, merchant_id=merchant.pk, by=merchant.owner_id, at=AT)
    assert race(*both) == [states.DONE, states.DONE]
    assert_each_line_once(merchant, row)


def test_two_imports_of_one_merchant_at_once_are_applied_one_after_the_other(merchant):
    files = [
        as_csv([HEADINGS, *(lamp(number, price=f"{price + number}.00") for number in range(1, LINES + 1))])
        for price in (100, 200)
    ]
    imports = [check(merchant=merchant, content=content) for content in files]
    for row in imports:
        operations.confirm(import_id=row.pk, merchant_id=merchant.pk, by=merchant.owner_id, at=AT)
    race(*[lambda row=row: working.work(import_id=row.pk, at=AT) for row in imports])
    for row in imports:
        working.work(import_id=row.pk, at=AT)
    assert set(Import.objects.filter(pk__in=[row.pk for row in imports]).values_list("state", flat=True)) == {"done"}
    assert [str(offer.price) for offer in StockRecord.objects.filter(partner_sku__startswith="L-").order_by("pk")] == [
        f"{200 + number}.00" for number in range(1, LINES + 1)
    ]


def test_the_same_file_uploaded_twice_at_once_is_one_import(merchant):
    content = dearer()
    both = race(*[lambda: upload(merchant=merchant, content=content).pk] * 2)
    assert both[0] == both[1]
