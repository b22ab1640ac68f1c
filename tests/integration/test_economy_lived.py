"""Living an economy: windows of any length leave the same rows, a killed life goes on, and the books hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from config.simulation.models import Run
from payments.ledger import verification
from tests import databases
from tests.factories import histories


@pytest.fixture
def other_database(fresh_database: databases.Database):
    """A second private database beside the fresh one."""
    other = databases.create(name=f"{fresh_database.name}_other")
    yield other
    databases.drop(name=other.name)


def problems() -> list[str]:
    return verification.verify().problems


def test_two_weeks_at_once_leave_the_rows_that_single_days_leave(fresh_database, other_database) -> None:
    histories.live(window_days=14)
    at_once = histories.everything()
    assert problems() == []

    connection.close()
    connection.settings_dict["NAME"] = other_database.name
    try:
        histories.live(window_days=1)
        day_by_day = histories.everything()
    finally:
        connection.close()
        connection.settings_dict["NAME"] = fresh_database.name

    assert at_once["loans"].total() >= 5
    assert at_once["refunds"].total() >= 1
    for name, rows in at_once.items():
        assert rows.total() > 0, name
        assert sorted((rows - day_by_day[name]).elements(), key=repr)[:5] == [], name
        assert sorted((day_by_day[name] - rows).elements(), key=repr)[:5] == [], name


def test_a_life_cut_short_goes_on_and_one_lived_to_the_end_stays(fresh_database, other_database) -> None:
    histories.live(window_days=14, days=80, orders=60)
    whole = histories.everything()

    connection.close()
    connection.settings_dict["NAME"] = other_database.name
    try:
        histories.live(window_days=14, days=80, orders=60, until=histories.LAST - timedelta(days=30))
        # As if the process had died in the middle of a window: its acts are done, its end was not noted.
        run = Run.objects.get()
        run.lived_until -= timedelta(days=14)
        run.save()
        histories.live(window_days=14, days=80, orders=60)
        resumed = histories.everything()
        histories.live(window_days=14, days=80, orders=60)
        again = histories.everything()
        assert problems() == []
    finally:
        connection.close()
        connection.settings_dict["NAME"] = fresh_database.name

    assert resumed == whole
    assert again == whole


def test_two_processes_leave_the_rows_that_one_leaves(fresh_database, other_database) -> None:
    histories.live(window_days=14)
    alone = histories.everything()

    connection.close()
    connection.settings_dict["NAME"] = other_database.name
    try:
        histories.live(window_days=14, helped=True)
        helped = histories.everything()
        assert problems() == []
    finally:
        connection.close()
        connection.settings_dict["NAME"] = fresh_database.name

    for name, rows in alone.items():
        assert sorted((rows - helped[name]).elements(), key=repr)[:5] == [], name
        assert sorted((helped[name] - rows).elements(), key=repr)[:5] == [], name
