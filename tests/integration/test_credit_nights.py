"""What the scheduler starts in the night: facts of yesterday, features, offers; approvals that ran out."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from financing import tasks
from financing.features.models import ExportedDay, SubjectFeatures
from financing.lending import products
from financing.underwriting import operations as underwriting
from financing.underwriting.models import Application, Offer
from payments import clock
from tests.factories import nights
from tests.factories import underwriting as made

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _night(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"
    settings.RIALTO_FACT_SOURCES = ["tests.factories.nights.rows"]
    monkeypatch.setattr(clock, "now", lambda: nights.MIDNIGHT + HOUR)


def ready() -> None:
    made.ready(at=nights.FIRST)
    products.install_products(currency="EUR", at=nights.FIRST)


def test_a_night_makes_offers_of_what_was_known_at_midnight():
    ready()
    made_of = tasks.make_offers()
    live = Offer.objects.filter(state=Offer.State.LIVE)
    assert made_of == live.count()
    assert set(live.values_list("subject_id", "product")) == {
        *(("user:1", code) for code in ("plan-3", "plan-6", "months-6", "months-12", "months-24")),
        ("merchant:1", "advance"),
    }
    assert {(one.as_of, one.made_at) for one in live} == {(nights.MIDNIGHT, nights.MIDNIGHT + HOUR)}
    # Grade C lends 1,200.00, and 60 % of it to who has not repaid anything yet.
    assert set(live.filter(subject_id="user:1").values_list("limit", flat=True)) == {72_000}
    values = SubjectFeatures.objects.get(subject_id="user:1").values
    # The order of this very night is tomorrow's.
    assert (values["orders_365d"], values["spend_365d"], values["monthly_inflow"]) == (12, 360_000, 250_000)
    days = ExportedDay.objects.order_by("day").values_list("day", flat=True)
    assert (len(days), days[0], days[len(days) - 1]) == (181, nights.FIRST.date(), date(2026, 2, 28))


def test_a_night_started_twice_makes_nothing_twice_and_the_next_one_goes_on(monkeypatch):
    ready()
    tasks.make_offers()
    before = list(Offer.objects.order_by("pk").values())
    assert tasks.make_offers() == len(before)
    assert list(Offer.objects.order_by("pk").values()) == before
    monkeypatch.setattr(clock, "now", lambda: nights.MIDNIGHT + nights.DAY + HOUR)
    tasks.make_offers()
    assert ExportedDay.objects.count() == 182
    assert SubjectFeatures.objects.get(subject_id="user:1").values["orders_365d"] == 13
    assert set(Offer.objects.filter(state=Offer.State.LIVE).values_list("as_of", flat=True)) == {
        nights.MIDNIGHT + nights.DAY
    }


def test_a_night_without_policy_or_scorecard_exports_and_offers_nothing():
    products.install_products(currency="EUR", at=nights.FIRST)
    assert tasks.make_offers() == 0
    assert ExportedDay.objects.count() == 181
    assert not Offer.objects.exists()


def test_approvals_nobody_took_end_in_the_night_after_their_last_day(monkeypatch):
    made.ready(at=nights.FIRST)
    made.features("user:1", at=nights.MIDNIGHT)
    [application] = underwriting.apply_for_credit(
        requests=[
            underwriting.CreditApplication(
                key="a", kind="consumer", subject_id="user:1", product=made.plan(), amount=60_000, at=nights.MIDNIGHT
            )
        ],
        exposures={},
    )
    assert application.valid_until == nights.MIDNIGHT + 2 * nights.DAY
    monkeypatch.setattr(clock, "now", lambda: application.valid_until)
    assert tasks.lapse_approvals() == 0
    monkeypatch.setattr(clock, "now", lambda: application.valid_until + timedelta(seconds=1))
    assert tasks.lapse_approvals() == 1
    application.refresh_from_db()
    assert application.state == Application.State.LAPSED
