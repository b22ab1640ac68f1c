"""The training sample: who is observed when, and who went bad."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from financing.scoring import sample
from tests.factories import facts as made

DAY = timedelta(days=1)
START = made.EPOCH
UNTIL = date(2026, 7, 1)


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def loan(subject_id: str, opened: datetime, *acts: tuple[str, int, int, int], product: str = "installments:p") -> list:
    """Return a loan's facts; an act is (event, days after opening, days after opening it was due, days late)."""
    horizon = (opened + 300 * DAY).date()
    rows = [("opened", 0, 300, 0), *acts]
    return [
        made.fact(
            "installments",
            opened + after * DAY,
            loan_id=f"{subject_id}-{opened:%j}",
            subject_id=subject_id,
            product=product,
            event=event,
            due_on=horizon if event == "opened" else (opened + due * DAY).date(),
            amount=1_000,
            days_late=late,
        )
        for event, after, due, late in rows
    ]


def bads(kind: str, rows: list, **options: object) -> dict[tuple[str, str], int]:
    made.write(rows)
    found = sample.build(kind=kind, until=UNTIL, **options).rows
    if "subject_id" not in found.column_names:
        return {}
    return {(row["subject_id"], row["as_of"]): row["bad"] for row in found.to_pylist()}


def people(count: int, kind: str = "consumer") -> list:
    prefix = "user" if kind == "consumer" else "merchant"
    return [row for number in range(1, count + 1) for row in made.person(f"{prefix}:{number}", kind=kind)]


def test_a_borrower_is_observed_before_the_loan_and_judged_after_it():
    # Observed on the first of every month from May on; a loan of May is seen from its first.
    opened = datetime(2025, 5, 10, tzinfo=START.tzinfo)
    paid = [("due", 31, 31, 0), ("paid", 31, 31, 0), ("due", 62, 62, 0), ("paid", 62, 62, 0)]
    assert bads("consumer", people(2) + loan("user:1", opened, *paid)) == {("user:1", "2025-05-01"): 0}


@pytest.mark.parametrize(
    ("acts", "bad"),
    [
        ([("due", 31, 31, 0), ("paid", 95, 31, 64)], 1),
        ([("due", 31, 31, 0), ("paid", 80, 31, 49)], 0),
        ([("due", 31, 31, 0)], 1),
        ([("due", 31, 31, 0), ("overdue", 92, 31, 61)], 1),
        ([("charged_off", 200, 200, 0)], 1),
        ([("due", 31, 31, 0), ("closed", 40, 40, 0)], 0),
        ([("overdue", 400, 330, 70)], 0),
    ],
    ids=[
        "paid 64 days late",
        "paid 49 days late",
        "never paid",
        "said to be 61 late",
        "lost",
        "closed by a refund",
        "late after a year",
    ],
)
def test_a_consumer_is_bad_who_is_sixty_days_late_within_a_year(acts, bad):
    opened = datetime(2025, 5, 10, tzinfo=START.tzinfo)
    assert bads("consumer", people(1) + loan("user:1", opened, *acts)) == {("user:1", "2025-05-01"): bad}


def test_a_loan_too_young_to_tell_is_left_out():
    opened = datetime(2026, 3, 1, tzinfo=START.tzinfo)
    assert bads("consumer", people(1) + loan("user:1", opened, ("due", 31, 31, 0))) == {}


def test_who_does_not_consent_trains_nothing():
    opened = datetime(2025, 5, 10, tzinfo=START.tzinfo)
    rows = made.person("user:1", consent=False) + loan("user:1", opened, ("charged_off", 100, 100, 0))
    assert bads("consumer", rows) == {}


@pytest.mark.parametrize(
    ("acts", "bad"),
    [
        ([("withheld", 100, 0, 0), ("closed", 290, 0, 0)], 0),
        ([("closed", 325, 0, 0)], 0),
        ([("closed", 340, 0, 0)], 1),
        ([("withheld", 100, 0, 0)], 1),
        ([("charged_off", 120, 0, 0)], 1),
    ],
)
def test_a_merchant_is_bad_whose_advance_is_not_repaid_by_its_horizon(acts, bad):
    opened = datetime(2025, 5, 10, tzinfo=START.tzinfo)
    rows = people(1, "merchant") + loan("merchant:1", opened, *acts, product="advance:advance")
    assert bads("merchant", rows) == {("merchant:1", "2025-05-01"): bad}


def test_one_bad_loan_of_several_makes_the_observation_bad():
    first, second = (datetime(2025, month, 10, tzinfo=START.tzinfo) for month in (5, 7))
    rows = people(1) + loan("user:1", first) + loan("user:1", second, ("charged_off", 90, 90, 0))
    assert bads("consumer", rows, every_months=3) == {("user:1", "2025-05-01"): 1}
    assert bads("consumer", rows) == {("user:1", "2025-05-01"): 0, ("user:1", "2025-07-01"): 1}


def test_the_features_of_an_observation_know_nothing_of_what_came_after():
    opened = datetime(2025, 5, 10, tzinfo=START.tzinfo)
    rows = people(1) + loan("user:1", opened, ("charged_off", 100, 100, 0))
    made.write(rows)
    [row] = sample.build(kind="consumer", until=UNTIL).rows.to_pylist()
    assert (row["bad"], row["charged_off"], row["plans_opened"]) == (1, 0, 0)


def test_an_empty_lake_gives_an_empty_sample():
    assert sample.build(kind="consumer", until=UNTIL).rows.num_rows == 0
