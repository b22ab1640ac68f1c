"""The yearly cost of credit by the European and the American method."""

import json
import os
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from financing.lending import apr
from financing.lending.apr import Flow, UnitFlow


def test_a_year_at_ten_percent_is_ten_percent():
    assert apr.european(flows=[Flow(0, 100_000), Flow(1, -110_000)]) == pytest.approx(10.0, abs=1e-9)


def test_credit_without_cost_has_no_rate_above_zero():
    flows = [Flow(0, 3_000), *(Flow(Fraction(month, 12), -1_000) for month in (1, 2, 3))]
    assert apr.european(flows=flows) == pytest.approx(0.0, abs=1e-9)


def test_the_american_rate_is_the_unit_rate_times_periods():
    flows = [UnitFlow(0, 0, 100_000), UnitFlow(1, 0, -101_000)]
    assert apr.american(flows=flows, units_per_year=12) == pytest.approx(12.0, abs=1e-9)


def test_flows_that_never_come_back_have_no_rate():
    with pytest.raises(apr.NoSuchRate, match="paid back"):
        apr.european(flows=[Flow(0, 100), Flow(1, 100)])


def test_a_shown_rate_is_rounded_half_up():
    assert str(apr.disclosed(3.05, decimals=1)) == "3.1"
    assert str(apr.disclosed(12.049999, decimals=1)) == "12.0"


def test_a_fee_kept_back_is_earned_by_a_rate_that_clears_it():
    days = [(date(2026, 1, 1), 90_000), (date(2026, 7, 1), -100_000)]
    rate = apr.daily_rate(flows=days)
    assert 90_000 * (1 + rate / 10**12) ** 181 == pytest.approx(100_000, abs=0.01)


def _vectors() -> dict:
    folder = os.environ.get("RIALTO_VECTORS") or os.path.join(
        os.environ.get("RIALTO_DATA", "../shared/data"), "vectors"
    )
    path = Path(folder) / "apr_vectors.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set RIALTO_VECTORS to the folder of the shared vectors.")
    return json.loads(path.read_text())


def _number(text) -> Fraction | float:
    if not isinstance(text, str):
        return text
    return sum(
        (Fraction(part.split("/")[0]) / Fraction(part.split("/")[1] if "/" in part else 1)) for part in text.split("+")
    )


def _cents(text: str) -> int:
    return int(Fraction(text) * 100)


def _flows(vector: dict) -> list[Flow]:
    flows = []
    for item in vector["cash_flows"]:
        kind = item.get("type")
        if kind in (None, "drawdown"):
            flows.append(Flow(_number(item["t_years"]), _cents(item["amount"])))
        elif kind == "charge_or_payment":
            flows.append(Flow(_number(item["t_years"]), -_cents(item["amount"])))
        elif kind == "payments":
            first, step = _number(item["first_t_years"]), _number(item["step_years"])
            flows += [Flow(first + step * index, -_cents(item["amount"])) for index in range(item["count"])]
        else:
            flows += _equal_principal(item)
    return flows


def _equal_principal(item: dict) -> list[Flow]:
    rate = 1.07 ** (1 / 12) - 1
    part, count = _cents(item["principal_each_month"]), item["payments"]
    first = _number(item["first_t"])
    return [Flow(first + Fraction(index, 12), -round(part + part * (count - index) * rate)) for index in range(count)]


def _rate(vector: dict) -> float:
    if vector["method"] != "US_APPENDIX_J":
        return apr.european(flows=_flows(vector))
    interval = vector["first_interval"]
    flows = [UnitFlow(0, 0, _cents(vector["advances"][0]["amount"]))]
    flows += [
        UnitFlow(interval["full_unit_periods"] + index, interval["fraction"], -_cents(payment))
        for index, payment in enumerate(vector["payments"])
    ]
    return apr.american(flows=flows, units_per_year=vector["unit_periods_per_year"])


@pytest.mark.data
def test_rates_meet_every_vector_within_its_tolerance():
    wrong = {}
    for vector in _vectors()["apr"]:
        got = _rate(vector)
        tolerance = vector["tolerance"]
        if tolerance.startswith("exact"):
            decimals = int(tolerance.split(" decimal")[0].split()[-1])
            expected = vector["expected_apr_percent"] or vector["expected_apr_disclosed_percent"]
            right = apr.disclosed(got, decimals=decimals) == apr.disclosed(float(expected), decimals=decimals)
        else:
            allowed = max(float(tolerance.removeprefix("+-").split()[0]), 5e-7)
            right = abs(got - float(vector["expected_apr_percent"])) <= allowed
        if not right:
            wrong[vector["id"]] = got
    assert wrong == {}


@pytest.mark.data
def test_intervals_are_counted_back_from_their_end():
    for vector in _vectors()["intervals"]:
        since, until = date.fromisoformat(vector["from_date"]), date.fromisoformat(vector["to_date"])
        found = apr.years_between(since=since, until=until, unit=vector["unit"] + "s")
        assert float(found) == pytest.approx(vector["years"], abs=1e-11), vector["id"]
    for case in _vectors()["rounding"]["cases"]:
        assert str(apr.disclosed(float(case["value"]), decimals=case["decimals"])) == case["expected"]
