"""From facts in the lake to a scorecard that decides: trained, approved by somebody else, put to work, scored with."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from financing.features import engine
from financing.scoring import queries, scorecard
from tests.factories import facts as made

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
OPENED = datetime(2025, 5, 10, tzinfo=UTC)
UNTIL = date(2026, 7, 1)
PEOPLE = 240


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def borrower(number: int) -> made.Facts:
    """One in four pays nothing back; most of those had payments refused before, and few of the others."""
    name = f"user:{number}"
    bad = number % 4 == 0
    shaky = number % 20 != 0 if bad else number % 10 == 1
    rows = made.person(name)
    for order in range(4):
        at = made.EPOCH + (10 + 25 * order + number % 5) * DAY
        rows += made.purchase(f"{name}-{order}", at, consumer_id=name)
        refused = {"order": f"{name}-{order}x", "consumer_id": name, "amount": 10_000, "currency": "EUR"}
        if shaky and order % 2:
            rows.append(made.fact("tenders", at, method="card", outcome="refused", **refused))
    loan = {"loan_id": name, "subject_id": name, "product": "installments:plan-3", "amount": 10_000}
    rows.append(made.fact("installments", OPENED, event="opened", due_on=(OPENED + 90 * DAY).date(), **loan))
    for part in (1, 2, 3):
        due = OPENED + 30 * part * DAY
        rows.append(made.fact("installments", due, event="due", due_on=due.date(), **loan))
        if not bad:
            rows.append(made.fact("installments", due, event="paid", due_on=due.date(), **loan))
    return rows


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_scorecard_is_made_of_the_lake_and_decides_once_somebody_else_approved_it(tmp_path):
    made.write([row for number in range(PEOPLE) for row in borrower(number)])
    file = tmp_path / "starter.json"
    train = ("scorecard", "train", "--kind", "consumer", "--until", UNTIL.isoformat(), "--seed", "3", "--by", "Ann")
    said = run(*train, "--starter", str(file))
    assert f"{PEOPLE} observations with {PEOPLE // 4} bad" in said
    assert "out of sample: auc" in said
    assert '"card"' in file.read_text()
    assert queries.active(kind="consumer") is None

    run(*train)
    first, second = sorted(queries.versions(kind="consumer"), key=lambda one: one.version)
    assert (first.state, first.built_by, first.data_until) == ("draft", "Ann", UNTIL)
    assert first.card_hash == second.card_hash
    assert first.metrics["holdout"]["auc"]["value"] > 0.7

    assert "v1 is at work" in run("scorecard", "approve", "--kind", "consumer", "--version", "1", "--by", "Ben")
    card = queries.active(kind="consumer").card
    assert [feature["name"] for feature in card["features"]] == ["refused_payments_180d"]
    found = {
        row["subject_id"]: scorecard.score(card=card, values=row)
        for row in engine.compute(kind="consumer", as_of=OPENED).to_pylist()
    }
    shaky, steady = found["user:4"], found["user:2"]
    assert shaky.score < steady.score
    assert shaky.pd_ppm > 2 * steady.pd_ppm
    assert scorecard.reasons(scored=shaky) == ("Payments were refused",)
