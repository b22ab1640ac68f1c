"""The commands about facts, features, scorecards and offers: what they say, and how they refuse."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config import env
from financing.features import document
from financing.features.registry import catalogue
from financing.lending import products
from financing.scoring import operations as scoring
from financing.scoring import queries as scorecards
from tests.factories import facts
from tests.factories import underwriting as made

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_page_about_features_is_what_the_code_says():
    assert (env.CHECKOUT / "docs" / "features.md").read_text() == document.page(), (
        "run `manage.py features show --write docs/features.md`"
    )


def test_the_catalogue_is_written_where_asked(tmp_path):
    assert "catalogue is in" in run("features", "show", "--write", str(tmp_path / "features.md"))
    for kind in ("consumer", "merchant"):
        for feature in catalogue(kind).features:
            assert f"`{feature.name}`" in (tmp_path / "features.md").read_text()
    with pytest.raises(CommandError, match="cannot be written"):
        run("features", "show", "--write", str(tmp_path / "nowhere" / "features.md"))


def test_a_subject_s_features_are_shown_and_an_unknown_one_refused():
    facts.write(facts.person("user:1") + facts.purchase("o1", facts.EPOCH + DAY, amount=12_345))
    shown = run("features", "show", "--as-of", "2025-02-01", "--subject", "user:1")
    assert "spend_365d" in shown
    assert "12,345" in shown
    with pytest.raises(CommandError, match="no consent"):
        run("features", "show", "--as-of", "2025-02-01", "--subject", "user:2")
    assert "1 consumers as of 2025-02-01" in run("features", "show", "--kind", "consumer", "--as-of", "2025-02-01")


@pytest.mark.parametrize(
    "arguments",
    [
        ("features", "show", "--as-of", "yesterday"),
        ("features", "show", "--kind", "bank"),
        ("facts", "export", "--until", "31/01/2026"),
        ("scorecard", "train"),
        ("scorecard",),
        ("offers", "sell"),
    ],
)
def test_a_wrong_argument_is_one_sentence(arguments):
    with pytest.raises(CommandError):
        run(*arguments)


@pytest.mark.django_db
def test_training_on_an_empty_lake_is_one_sentence_and_records_nothing():
    with pytest.raises(CommandError, match="use the starter"):
        run("scorecard", "train", "--kind", "consumer", "--until", "2026-01-01")
    assert scorecards.versions(kind="consumer") == []


@pytest.mark.django_db
def test_the_starters_are_installed_once_and_show_every_point():
    assert run("scorecard", "install").count("is at work") == 2
    assert "nothing was changed" in run("scorecard", "install")
    shown = run("scorecard", "show", "--kind", "merchant", "--version", "1")
    model = scorecards.active(kind="merchant")
    assert f"starts with {model.card['base_points']} points" in shown
    assert shown.count(" points ") >= sum(len(feature["bins"]) for feature in model.card["features"])
    with pytest.raises(CommandError, match="no such merchant scorecard"):
        run("scorecard", "show", "--kind", "merchant", "--version", "7")


@pytest.mark.django_db
def test_a_scorecard_is_approved_by_somebody_else_and_the_old_one_can_come_back():
    made.ready()
    first = scorecards.active(kind="consumer")
    second = scoring._record(
        kind="consumer",
        card=made.card("consumer"),
        metrics={},
        data_since=made.AT.date(),
        data_until=made.AT.date(),
        seed=0,
        code_version="test",
        built_by="Ann",
        at=made.AT,
    )
    with pytest.raises(scoring.UnableToActivate, match="approved"):
        scoring.activate_scorecard(model_id=second.pk, at=made.AT)
    with pytest.raises(CommandError, match="somebody else"):
        run("scorecard", "approve", "--kind", "consumer", "--version", "2", "--by", "Ann")
    assert scorecards.active(kind="consumer") == first
    assert "v2 is at work" in run("scorecard", "approve", "--kind", "consumer", "--version", "2", "--by", "Ben")
    assert scorecards.active(kind="consumer") == second
    scoring.activate_scorecard(model_id=first.pk, at=made.AT)
    assert [model.state for model in scorecards.versions(kind="consumer")] == ["retired", "active"]


@pytest.mark.django_db
def test_a_card_whose_features_are_gone_is_not_put_to_work():
    made.ready()
    card = made.card("consumer")
    card["features"][0]["name"] = "shoe_size"
    model = scoring._record(
        kind="consumer",
        card=card,
        metrics={},
        data_since=made.AT.date(),
        data_until=made.AT.date(),
        seed=0,
        code_version="test",
        built_by="Ann",
        at=made.AT,
    )
    scoring.approve_scorecard(model_id=model.pk, approved_by="Ben", at=made.AT)
    with pytest.raises(scoring.UnableToActivate, match="shoe_size"):
        scoring.activate_scorecard(model_id=model.pk, at=made.AT)
    assert scorecards.active(kind="consumer").version == 1


@pytest.mark.django_db
def test_offers_are_made_from_the_command_line():
    with pytest.raises(CommandError, match="install_products"):
        run("offers", "make", "--kind", "consumer")
    products.install_products(currency="EUR", at=made.AT)
    with pytest.raises(CommandError, match="offers install"):
        run("offers", "make", "--kind", "consumer")
    assert "policy v1" in run("offers", "install")
    with pytest.raises(CommandError, match="scorecard install"):
        run("offers", "make", "--kind", "consumer")
    run("scorecard", "install")
    facts.write(facts.person("user:1"))
    said = run("offers", "make", "--as-of", "2025-02-01")
    assert "consumers as of 2025-02-01: 1 looked at, 0 offers" in said
    assert "no offer, T01: 1" in said
