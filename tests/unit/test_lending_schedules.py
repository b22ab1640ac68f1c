"""Repayment schedules: exact figures of our own, and of the shared vectors where they are at hand."""

import json
import os
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financing.lending import daycount, schedules
from financing.lending.schedules import Terms, plan

_COUNTS = {
    ("360", "30"): "30/360",
    ("365", "ACTUAL"): "actual/365",
    ("360", "ACTUAL"): "actual/360",
    ("364", "ACTUAL"): "actual/364",
    ("ACTUAL", "ACTUAL"): "actual/actual",
}


def terms(**changes) -> Terms:
    given = {
        "principal": 100_000,
        "annual_rate": Fraction(12, 100),
        "installments": 3,
        "starts_on": date(2026, 1, 31),
    }
    return Terms(**(given | changes))


def test_a_level_plan_pays_interest_on_what_is_left_and_clears_at_the_end():
    rows = [(row.due_on, row.principal, row.interest, row.balance) for row in plan(terms=terms())]
    assert rows == [
        (date(2026, 2, 28), 33_002, 1_000, 66_998),
        (date(2026, 3, 31), 33_332, 670, 33_666),
        (date(2026, 4, 30), 33_666, 337, 0),
    ]


def test_a_plan_without_interest_splits_evenly_with_the_odd_cents_first():
    rows = schedules.without_interest(terms=terms(principal=10_001))
    assert [(row.principal, row.interest, row.balance) for row in rows] == [
        (3_334, 0, 6_667),
        (3_334, 0, 3_333),
        (3_333, 0, 0),
    ]


def test_equal_principal_pays_less_each_time():
    rows = plan(terms=terms(amortization="equal_principal", principal=90_000))
    assert [(row.principal, row.interest) for row in rows] == [(30_000, 900), (30_000, 600), (30_000, 300)]


def test_a_down_payment_is_due_at_once_and_bears_no_interest():
    rows = plan(terms=terms(down_payment_bps=2_500))
    assert (rows[0].due_on, rows[0].principal, rows[0].interest) == (date(2026, 1, 31), 25_000, 0)
    assert rows[1].interest == 750


def test_a_later_first_day_anchors_the_following_ones():
    rows = plan(terms=terms(first_due_on=date(2026, 3, 15), day_count="actual/365"))
    assert [row.due_on for row in rows] == [date(2026, 3, 15), date(2026, 4, 15), date(2026, 5, 15)]
    assert rows[0].interest == round(Fraction(100_000 * 12 * 43, 100 * 365))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"principal": 0}, "above zero"),
        ({"installments": 0}, "at least one payment"),
        ({"annual_rate": Fraction(-1, 100)}, "negative"),
        ({"amortization": "balloon"}, "balloon"),
        ({"frequency": "years"}, "years"),
    ],
)
def test_terms_that_make_no_schedule_are_refused_in_one_sentence(changes, words):
    with pytest.raises(schedules.InvalidTerms, match=words):
        plan(terms=terms(**changes))


def test_an_unknown_day_count_is_named():
    with pytest.raises(ValueError, match="lunar"):
        plan(terms=terms(day_count="lunar"))


def test_a_year_end_inside_a_period_counts_each_year_by_its_own_length():
    found = daycount.year_fraction(since=date(2023, 12, 17), until=date(2024, 1, 17), day_count="actual/actual")
    assert found == Fraction(14, 365) + Fraction(17, 366)


def test_the_minimums_of_an_advance_sum_to_advance_and_fee():
    rows = schedules.minimums(
        principal=100_000, fee=8_000, starts_on=date(2026, 1, 1), periods=6, days=60, minimum_bps=1_000
    )
    assert [(row.principal, row.fee) for row in rows] == [(10_000, 800)] * 5 + [(50_000, 4_000)]
    assert rows[0].due_on == date(2026, 3, 2)
    with pytest.raises(schedules.InvalidTerms, match="last period"):
        schedules.minimums(principal=1, fee=0, starts_on=date(2026, 1, 1), periods=6, days=60, minimum_bps=2_000)


@given(
    principal=st.integers(1, 5_000_000),
    rate=st.integers(0, 4_000),
    installments=st.integers(1, 36),
    start=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    amortization=st.sampled_from(schedules.AMORTIZATIONS),
    day_count=st.sampled_from(daycount.DAY_COUNTS),
)
def test_every_schedule_repays_exactly_what_was_lent(principal, rate, installments, start, amortization, day_count):
    rows = plan(
        terms=terms(
            principal=principal,
            annual_rate=Fraction(rate, 10_000),
            installments=installments,
            starts_on=start,
            amortization=amortization,
            day_count=day_count,
        )
    )
    assert sum(row.principal for row in rows) == principal
    assert rows[-1].balance == 0
    assert [row.due_on for row in rows] == sorted({row.due_on for row in rows})
    assert all(row.interest >= 0 for row in rows)


def vectors(name: str) -> dict:
    folder = os.environ.get("RIALTO_VECTORS") or os.path.join(
        os.environ.get("RIALTO_DATA", "../shared/data"), "vectors"
    )
    path = Path(folder) / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: set RIALTO_VECTORS to the folder of the shared vectors.")
    return json.loads(path.read_text())


def _terms_of(vector: dict) -> Terms:
    said = vector["terms"]
    count, every = said["number_of_repayments"], said["repay_every"]
    rate = Fraction(said["annual_rate_percent"]) / 100
    rate *= {"YEAR": 1, "MONTH": 12, "WHOLE_TERM": Fraction(12, count * every)}[said["rate_frequency"]]
    same = said["interest_calculation_period"].startswith("SAME") and said["frequency"] == "MONTHS"
    principal = "equal_principal" if said["amortization"].startswith("EQUAL_PRINCIPAL") else "equal_installments"
    return Terms(
        principal=int(Fraction(vector["disbursements"][0]["amount"]) * 100),
        annual_rate=rate,
        installments=count,
        starts_on=date.fromisoformat(vector["disbursements"][0]["date"]),
        frequency=said["frequency"].lower(),
        repay_every=every,
        amortization="flat" if said["interest_method"] == "FLAT" else principal,
        day_count="period" if same else _COUNTS[said["days_in_year"], said["days_in_month"]],
        leap_rule="february-29" if said["leap_day_strategy"].startswith("FEB") else "year",
        multiple_of=int(Fraction(said["installment_multiple_of"] or "0.01") * 100),
        down_payment_bps=int(Fraction(said["down_payment_percent"] or "0") * 100),
        principal_grace=said["grace_on_principal"],
    )


@pytest.mark.data
def test_schedules_meet_every_initial_vector_to_the_cent():
    wrong = {}
    initial = [vector for vector in vectors("loan_schedules.json")["vectors"] if vector["kind"] == "initial"]
    for vector in initial:
        got = [(row.due_on.isoformat(), row.principal, row.interest) for row in plan(terms=_terms_of(vector))]
        expected = [
            (row["due_date"], int(Fraction(row["principal"]) * 100), int(Fraction(row["interest"]) * 100))
            for row in vector["periods"]
        ]
        if got != expected:
            wrong[vector["id"]] = (got, expected)
    assert initial
    assert wrong == {}
