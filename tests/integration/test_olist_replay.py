"""Recorded orders lived again: through the commands, resumed after kill -9, repeated without a change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import histories, olist

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def lake(settings, tmp_path: Path) -> None:
    """Keep this test's facts to itself."""
    settings.RIALTO_LAKE = str(tmp_path / "lake")


def report(capsys: pytest.CaptureFixture[str], command: str, folder: Path, *options: str) -> dict:
    call_command(command, str(folder), "--json", "--quiet", *options)
    return json.loads(capsys.readouterr().out)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def test_import_registers_everybody_once(fresh_database, tmp_path, capsys) -> None:
    folder = olist.write_extract(tmp_path / "extract")

    found = report(capsys, "import_olist", folder)
    before = {table: count(table) for table in ("customer_user", "merchants_merchant", "partner_stockrecord")}
    again = report(capsys, "import_olist", folder)

    assert (found["shoppers"], found["merchants"], found["articles"]) == (8, 2, 4)
    assert before == {"customer_user": 10, "merchants_merchant": 2, "partner_stockrecord": 4}
    assert {table: count(table) for table in before} == before
    assert again == found
    assert found["rows_not_usable"] == [
        f"olist_orders_dataset.csv, line 10 ({olist.name('order 8')}): unavailable without items: nothing to place "
        "(recorded payments 25.00 BRL)"
    ]


def test_imported_people_cannot_sign_in(fresh_database, tmp_path, capsys) -> None:
    report(capsys, "import_olist", olist.write_extract(tmp_path / "extract"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customer_user WHERE password NOT LIKE '!%'")
        assert cursor.fetchone()[0] == 0


def test_replay_ends_with_every_outcome_and_a_book_that_holds(fresh_database, tmp_path, capsys) -> None:
    found = report(capsys, "replay_olist", olist.write_extract(tmp_path / "extract"))

    assert {name: row["orders"] for name, row in found["orders"].items()} == {
        "Cancelled": 1,
        "Completed": 7,
        "Confirmed": 1,
    }
    assert found["consignments"]["released"]["consignments"] == 8
    money = found["money"]
    assert money["ordered"] == money["captured"] + money["cancelled"] + money["held_and_not_sent"]
    assert (money["held_and_not_sent"], money["never_paid"]) == (6_775, 0)
    assert money["captured"] == money["released"] == 57_575
    assert money["released_net"] + money["commission"] + money["vat_on_commission"] == money["released"]
    assert money["paid_out"] + money["in_reserve"] + money["waiting_to_settle"] == money["released_net"]
    assert found["tenders"]["voucher"]["captured"] == 10_163
    assert {name: row["orders"] for name, row in found["recorded_tenders"].items()} == {
        "boleto": 1,
        "credit_card": 6,
        "debit_card": 1,
        "voucher": 2,
    }
    assert found["refused"] == {}
    assert found["ledger"]["holds"]
    assert not any(found["checks"].values())
    assert found["reviews"]["posted"] == 7
    assert any("consent" in sentence for sentence in found["assumptions"])


def test_orders_are_charged_items_plus_freight_and_differences_are_told(fresh_database, tmp_path, capsys) -> None:
    rows = olist.small_extract()
    file = "olist_order_payments_dataset.csv"
    order = olist.name("order 0")
    rows[file] = [
        line.replace(f"{order},1,credit_card,1,60.75", f"{order},1,credit_card,1,61.00") for line in rows[file]
    ]

    found = report(capsys, "replay_olist", olist.write_extract(tmp_path / "extract", rows))

    assert found["differences"] == [{"order": order, "recorded": 6_100, "charged": 6_075}]


def test_what_was_cancelled_after_its_delivery_is_refunded_and_the_sums_say_from_where(
    fresh_database, tmp_path, capsys
) -> None:
    rows = olist.small_extract()
    file, order = "olist_orders_dataset.csv", olist.name("order 0")
    rows[file] = [line.replace(",delivered,", ",canceled,") if order in line else line for line in rows[file]]

    found = report(capsys, "replay_olist", olist.write_extract(tmp_path / "extract", rows))

    money = found["money"]
    assert (money["refunded_after_release"], money["captured"]) == (6_075, 57_575)
    kept = money["paid_out"] + money["in_reserve"] + money["waiting_to_settle"] + money["withheld_for_advances"]
    assert kept + money["taken_back_for_refunds"] == money["released_net"]
    assert money["taken_back_for_refunds"] > 0
    assert found["ledger"]["holds"]


def test_a_replay_done_once_changes_nothing_when_run_again(fresh_database, tmp_path, capsys) -> None:
    folder = olist.write_extract(tmp_path / "extract")
    report(capsys, "replay_olist", folder)
    before = histories.everything()

    again = report(capsys, "replay_olist", folder)

    assert histories.everything() == before
    assert again["orders"]["Completed"]["orders"] == 7


def test_a_replay_killed_again_and_again_ends_as_one_that_was_not(fresh_database, tmp_path, capsys) -> None:
    folder = olist.write_extract(tmp_path / "extract")
    environment = {**os.environ, "DATABASE_URL": fresh_database.url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [
        sys.executable,
        str(ROOT / "manage.py"),
        "replay_olist",
        str(folder),
        "--quiet",
        "--json",
        "--without-credit",
    ]
    kills = 0
    for placed in (0, 2, 5):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (count("simulation_run") and count("order_order") >= placed):
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()

    found = report(capsys, "replay_olist", folder)

    assert kills >= 1
    assert {name: row["orders"] for name, row in found["orders"].items()} == {
        "Cancelled": 1,
        "Completed": 7,
        "Confirmed": 1,
    }
    assert found["money"]["captured"] == 57_575
    assert found["ledger"]["holds"]


@pytest.mark.parametrize("command", ["import_olist", "replay_olist"])
def test_a_broken_file_writes_nothing(fresh_database, tmp_path, command: str) -> None:
    folder = olist.write_extract(tmp_path / "extract")
    path = folder / "olist_order_reviews_dataset.csv"
    path.write_bytes(path.read_bytes()[:-25])

    with pytest.raises(CommandError, match="cut short") as refusal:
        call_command(command, str(folder), "--quiet")

    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert (count("customer_user"), count("merchants_merchant"), count("simulation_run")) == (0, 0, 0)


def test_another_extract_of_the_same_data_set_joins_the_first(fresh_database, tmp_path, capsys) -> None:
    rows = olist.small_extract()
    half = {file: list(lines) for file, lines in rows.items()}
    late = {olist.name(f"order {number}") for number in range(5, 10)}
    for file in ("olist_orders_dataset.csv", "olist_order_items_dataset.csv", "olist_order_payments_dataset.csv",
                 "olist_order_reviews_dataset.csv"):  # fmt: skip
        half[file] = [line for line in half[file] if line.split(",")[0] not in late]
    report(capsys, "replay_olist", olist.write_extract(tmp_path / "half", half), "--without-credit")

    found = report(capsys, "replay_olist", olist.write_extract(tmp_path / "whole", rows), "--without-credit")

    assert sum(row["orders"] for row in found["orders"].values()) == 9
    assert found["orders"]["Completed"]["orders"] == 7
    assert found["ledger"]["holds"]
