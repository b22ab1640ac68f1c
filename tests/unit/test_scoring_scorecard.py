import copy
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import env
from financing.scoring import operations, scorecard
from tests.factories import underwriting as made

CARD = {
    "kind": "consumer",
    "base_points": 600,
    "features": [
        {
            "name": name,
            "reason": f"about {name}",
            "bins": [
                {"low": None, "high": 1.0, "points": -10 * size},
                {"low": 1.0, "high": 5.0, "points": 0},
                {"low": 5.0, "high": None, "points": 10 * size},
            ],
            "missing": {"points": -3},
        }
        for size, name in enumerate(["one", "two", "three", "four", "five", "six"], start=1)
    ],
}


def scored(**values: float | None) -> scorecard.Scored:
    return scorecard.score(card=CARD, values=values)


def test_a_score_is_the_base_and_the_points_of_each_bin():
    found = scored(one=0.0, two=1.0, three=5.0, four=4.99, five=None, six=float("nan"))
    assert [points.points for points in found.points] == [-10, 0, 30, 0, -3, -3]
    assert found.score == 600 - 10 + 30 - 3 - 3
    assert [points.bin for points in found.points] == [
        "below 1",
        "1 to 5",
        "5 and above",
        "1 to 5",
        "unknown",
        "unknown",
    ]


def test_at_600_the_odds_are_30_to_1_and_20_points_double_them():
    assert scorecard.probability(score=600) == round(1_000_000 / 31)
    assert scorecard.probability(score=620) == round(1_000_000 / 61)
    assert scorecard.probability(score=580) == round(1_000_000 / 16)


def test_the_reasons_are_what_lost_most_at_most_four_in_plain_words():
    found = scored(one=0.0, two=0.0, three=0.0, four=0.0, five=0.0, six=9.0)
    assert scorecard.reasons(scored=found) == ("about five", "about four", "about three", "about two")
    assert scorecard.reasons(scored=found, at_most=2) == ("about five", "about four")
    assert scorecard.reasons(scored=found, at_most=9) == ("about five", "about four", "about three", "about two")


def test_who_has_the_best_of_everything_has_no_reasons():
    assert scorecard.reasons(scored=scored(**dict.fromkeys(["one", "two", "three", "four", "five", "six"], 9.0))) == ()


@given(st.dictionaries(st.sampled_from(["one", "two", "three", "four", "five", "six"]), st.floats() | st.none()))
def test_any_values_have_a_score_whose_points_add_up(values):
    found = scorecard.score(card=CARD, values=values)
    assert found.score == 600 + sum(points.points for points in found.points)
    assert 1 <= found.pd_ppm <= 1_000_000
    assert len(scorecard.reasons(scored=found)) <= 4


@given(st.integers(-2_000, 3_000))
def test_a_higher_score_is_never_a_higher_risk(score):
    assert scorecard.probability(score=score + 1) <= scorecard.probability(score=score)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("base_points",), 1.5, "whole"),
        (("features",), [], "at least one"),
        (("features", 0, "bins", 1, "low"), 2.0, "gap"),
        (("features", 0, "bins", 2, "high"), 9.0, "gap"),
        (("features", 0, "bins"), [], "gap"),
        (("features", 0, "missing", "points"), "3", "whole numbers"),
    ],
)
def test_a_card_that_could_not_score_is_refused(path, value, sentence):
    card = copy.deepcopy(CARD)
    target = card
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(scorecard.WrongCard, match=sentence):
        scorecard.check(card=card)


def test_something_else_is_not_a_card():
    with pytest.raises(scorecard.WrongCard, match="not a scorecard"):
        scorecard.check(card={"hello": "world"})


def test_the_cards_that_are_shipped_can_score_and_say_their_reasons():
    for kind in ("consumer", "merchant"):
        shipped = json.loads((operations.STARTERS / f"{kind}.json").read_text())
        scorecard.check(card=shipped["card"])
        assert shipped["card"]["kind"] == kind
        assert shipped["card"]["catalogue"] == made.card(kind)["catalogue"], "train the starters anew"
        assert all(feature["reason"] for feature in shipped["card"]["features"])
        for feature in shipped["card"]["features"]:
            points = [one["points"] for one in feature["bins"]]
            assert points == sorted(points, reverse=feature["risk"] == "rises")


def test_scoring_and_deciding_never_import_the_training_libraries():
    code = (
        "import sys, django; django.setup()\n"
        "import financing.underwriting.operations, financing.scoring.operations, financing.features.engine\n"
        "from financing.scoring import scorecard\n"
        "heavy = {'optbinning', 'sklearn', 'cvxpy', 'ortools', 'scipy'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=env.CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    assert done.stdout.strip() == "[]", done.stdout
