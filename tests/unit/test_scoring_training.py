import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from config import env
from financing.features.registry import catalogue
from financing.scoring import metrics, scorecard, training


def sample(rows: int = 1_200, seed: int = 5) -> pa.Table:
    """Return applicants whose risk rises with days late and falls with orders; all else is noise."""
    generator = np.random.default_rng(seed)
    columns = {feature.name: generator.gamma(2, 3, rows).round(2) for feature in catalogue("consumer").features}
    columns["near_zero_share"] = np.full(rows, np.nan)
    columns["devices_365d"] = np.ones(rows)
    columns["paid_in_time_share"][generator.random(rows) < 0.4] = np.nan
    risk = -3 + 0.35 * (columns["worst_days_late"] - 6) - 0.3 * (columns["orders_365d"] - 6)
    bad = (generator.random(rows) < 1 / (1 + np.exp(-risk))).astype(int)
    names = [f"user:{number}" for number in range(rows)]
    return pa.table({"subject_id": names, "as_of": ["2026-01-01"] * rows, "bad": bad, **columns})


@pytest.fixture(scope="module")
def trained() -> training.Trained:
    return training.fit(kind="consumer", sample=sample(), seed=3)


def test_what_tells_good_from_bad_is_found_and_counts_the_right_way(trained):
    names = [feature["name"] for feature in trained.card["features"]]
    assert names[:2] == ["worst_days_late", "orders_365d"]
    for feature in trained.card["features"]:
        points = [one["points"] for one in feature["bins"]]
        assert points == sorted(points, reverse=feature["risk"] == "rises")
        assert sum(one["count"] for one in [*feature["bins"], feature["missing"]]) == 1_200


def test_it_tells_good_from_bad_on_people_it_has_not_seen(trained):
    held_out = trained.metrics["holdout"]
    assert held_out["auc"]["value"] > 0.7
    assert held_out["auc"]["low"] <= held_out["auc"]["value"] <= held_out["auc"]["high"]
    assert held_out["gini"]["value"] == pytest.approx(2 * held_out["auc"]["value"] - 1, abs=1e-5)
    assert 250 < held_out["rows"] < 470
    bands = held_out["calibration"]
    assert bands[0]["actual"] < bands[-1]["actual"]


def test_columns_that_say_nothing_are_named_and_set_aside(trained):
    aside = trained.metrics["set_aside"]
    assert aside["near_zero_share"] == "all missing"
    assert aside["devices_365d"] == "constant"


def test_a_card_knows_every_file_that_makes_features(monkeypatch):
    read: list[str] = []
    whole = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.as_posix()) or whole(path))
    version = training.code_version()
    for file in ("features/measures.py", "features/consumer/account.py", "features/merchant/sales.py"):
        assert any(path.endswith(f"financing/{file}") for path in read), file
    monkeypatch.setattr(Path, "read_bytes", lambda path: whole(path) + (b"#" if path.name == "account.py" else b""))
    assert training.code_version() != version


def test_money_is_never_scored(trained):
    money = {feature.name for feature in catalogue("consumer").features if feature.unit == "minor units"}
    assert money
    assert not money & {feature["name"] for feature in trained.card["features"]}


def test_predicted_and_actual_bad_rates_agree_on_the_training_sample(trained):
    rows = sample().to_pylist()
    predicted = [scorecard.score(card=trained.card, values=row).pd_ppm / 1e6 for row in rows]
    assert np.mean(predicted) == pytest.approx(np.mean([row["bad"] for row in rows]), rel=0.1)


def test_the_order_of_rows_changes_nothing(trained):
    table = sample()
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    assert training.fit(kind="consumer", sample=shuffled, seed=3).card == trained.card


def test_another_process_makes_the_same_card_bit_for_bit(trained):
    code = (
        "import django; django.setup()\n"
        "from tests.unit import test_scoring_training as t\n"
        "from financing.scoring import scorecard, training\n"
        "made = training.fit(kind='consumer', sample=t.sample(), seed=3)\n"
        "print(scorecard.fingerprint(card=made.card), scorecard.fingerprint(card=made.metrics))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=env.CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONHASHSEED": "77"},
    )
    mine = [scorecard.fingerprint(card=trained.card), scorecard.fingerprint(card=trained.metrics)]
    assert done.stdout.split() == mine
    assert done.stderr == ""


def test_another_seed_holds_out_other_people_and_makes_the_same_card(trained):
    other = training.fit(kind="consumer", sample=sample(), seed=4)
    assert other.card == trained.card
    assert other.metrics["holdout"] != trained.metrics["holdout"]


@pytest.mark.parametrize(("rows", "bads"), [(100, 30), (1_000, 5), (1_000, 995)])
def test_too_little_data_is_said_so(rows, bads):
    table = sample(rows)
    flags = np.zeros(rows, int)
    flags[:bads] = 1
    table = table.set_column(table.column_names.index("bad"), "bad", pa.array(flags))
    with pytest.raises(training.TooLittleData, match="needs 150 with 20 bad"):
        training.fit(kind="consumer", sample=table)


def test_pure_chance_makes_no_card():
    table = sample(600)
    flags = np.random.default_rng(9).permutation(np.arange(600) < 60).astype(int)
    table = table.set_column(table.column_names.index("bad"), "bad", pa.array(flags))
    try:
        made = training.fit(kind="consumer", sample=table)
    except training.TooLittleData:
        return
    # A few features may look good by luck; none of that survives on people not seen.
    assert made.metrics["holdout"]["auc"]["low"] < 0.55


def test_the_area_counts_ties_as_half():
    assert metrics.auc(bad=np.array([0, 0, 1, 1]), pd=np.array([0.1, 0.2, 0.3, 0.4])) == 1
    assert metrics.auc(bad=np.array([0, 1]), pd=np.array([0.5, 0.5])) == 0.5
    assert metrics.auc(bad=np.array([0, 1, 0, 1]), pd=np.array([0.4, 0.3, 0.2, 0.1])) == 0.25
