import time
from datetime import timedelta
from pathlib import Path

import pytest

from financing.features.models import SubjectFeatures
from financing.underwriting import operations, queries
from financing.underwriting.errors import NotReady
from financing.underwriting.models import NoOffer, Offer
from financing.underwriting.terms import Exposure
from mall.customer import operations as customers
from payments import operations as payments
from payments.models import OutboxEvent
from tests.factories import facts
from tests.factories import underwriting as made

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
START = facts.EPOCH
AS_OF = START + 200 * DAY


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def shopper(name: str, orders: int = 12, salary: int = 250_000, **person: object) -> facts.Facts:
    rows = facts.person(name, **person)
    for number in range(orders):
        rows += facts.purchase(f"{name}-{number}", START + (10 + 15 * number) * DAY, consumer_id=name, amount=30_000)
    for month in range(6):
        rows.append(
            facts.fact(
                "account_movements",
                START + (20 + 30 * month) * DAY,
                account=name,
                subject_id=name,
                amount=salary,
                balance_after=salary,
                currency="EUR",
                event="received",
                sequence=month,
            )
        )
    return rows


def merchant(name: str, orders: int = 60, amount: int = 200_000, **values: object) -> facts.Facts:
    rows = facts.person(name, kind="merchant")
    for number in range(orders):
        rows += facts.purchase(
            f"{name}-{number}",
            AS_OF - (1 + 2 * number) * DAY,
            merchant_id=name,
            consumer_id=f"user:{1000 + number}",
            amount=amount,
            **values,
        )
    return rows


def make(kind: str = "consumer", *, as_of=AS_OF, at=None, products=None, exposures=None) -> operations.OffersReport:
    return operations.make_offers(
        kind=kind,
        as_of=as_of,
        products=products or ([made.plan()] if kind == "consumer" else [made.advance()]),
        exposures=exposures or {},
        at=at or as_of,
    )


def test_who_qualifies_is_offered_and_who_does_not_may_read_why():
    made.ready()
    facts.write(shopper("user:1") + shopper("user:2", orders=2) + shopper("user:3", consent=False))
    report = make()
    assert (report.subjects, report.offers, report.made, report.refused) == (2, 1, 1, {"T02": 1})
    [offer] = queries.live_offers(subject_id="user:1", at=AS_OF)
    # The grade's 1,200.00 is less than three times the median month of 600.00; 60 % of it for the first time.
    assert (offer.limit, offer.annual_rate_bps, offer.grade) == (72_000, 1_290, "C")
    assert queries.why_no_offer(subject_id="user:2") == ["Fewer than 3 orders in the last year: too little to judge by"]
    assert queries.why_no_offer(subject_id="user:1") == []
    assert not SubjectFeatures.objects.filter(subject_id="user:3").exists()
    assert not NoOffer.objects.filter(subject_id="user:3").exists()


@pytest.mark.parametrize(
    ("cost", "installments", "limit"), [(0, 12, 52_000), (12_740, 12, 52_000), (14_000, 3, 13_000)]
)
def test_what_somebody_sends_out_for_living_is_not_taken_from_income_again(cost, installments, limit):
    """130.00 come in a month. 46.80 of them may repay, whatever leaves: essentials are estimated from income."""
    made.ready()
    rows = shopper("user:1", salary=13_000)
    for month in range(6):
        rows.append(
            facts.fact(
                "account_movements",
                START + (21 + 30 * month) * DAY,
                account="user:1",
                subject_id="user:1",
                amount=-cost,
                balance_after=13_000 - cost,
                currency="EUR",
                event="sent",
                sequence=10 + month,
            )
        )
    facts.write(rows)
    report = make(products=[made.plan(installments=installments)])
    assert (report.offers, report.refused) == (1, {})
    assert Offer.objects.get().limit == limit


def test_an_offer_leaves_room_for_the_instalments_that_run():
    made.ready()
    facts.write(shopper("user:1", salary=13_000))
    make(exposures={"user:1": Exposure(outstanding=1_000, monthly_due=2_000, open_loans=1)})
    # 46.80 less 20.00 a month buy 300.20 in twelve payments at 12.9 %.
    assert Offer.objects.get().limit == 30_000
    report = make(exposures={"user:1": Exposure(outstanding=1_000, monthly_due=4_680, open_loans=1)})
    assert (report.offers, report.withdrawn, report.refused) == (0, 1, {"L01": 1})


def test_the_same_night_twice_changes_nothing():
    made.ready()
    facts.write(shopper("user:1") + merchant("merchant:1"))
    for kind in ("consumer", "merchant"):
        make(kind)
        before = list(Offer.objects.filter(kind=kind).values())
        told = OutboxEvent.objects.count()
        report = make(kind)
        assert (report.made, report.kept, report.withdrawn) == (0, 1, 0)
        assert list(Offer.objects.filter(kind=kind).values()) == before
        assert OutboxEvent.objects.count() == told


def test_an_offer_whose_numbers_stay_lasts_longer_and_one_whose_numbers_change_is_replaced():
    made.ready()
    facts.write(shopper("user:1"))
    make()
    first = Offer.objects.get()
    make(as_of=AS_OF + DAY)
    kept = Offer.objects.get()
    assert kept.pk == first.pk
    assert kept.valid_until == first.valid_until + DAY
    make(as_of=AS_OF + 2 * DAY, exposures={"user:1": Exposure(outstanding=30_000, open_loans=1)})
    states = dict(Offer.objects.values_list("limit", "state"))
    assert states == {72_000: "superseded", 42_000: "live"}


def test_who_no_longer_qualifies_loses_the_offer():
    made.ready()
    facts.write(shopper("user:1"))
    make()
    report = make(as_of=AS_OF + DAY, exposures={"user:1": Exposure(outstanding=1_000, open_loans=1, days_late=20)})
    assert (report.offers, report.withdrawn) == (0, 1)
    assert queries.live_offers(subject_id="user:1", at=AS_OF + DAY) == []
    assert queries.why_no_offer(subject_id="user:1") == ["An instalment is late now"]


def test_taking_consent_back_ends_offer_and_features_at_once():
    made.ready()
    facts.write(shopper("user:1"))
    make()
    operations.withdraw_consent(subject_ids=["user:1"], at=AS_OF + DAY)
    assert queries.live_offers(subject_id="user:1", at=AS_OF + DAY) == []
    assert queries.features_of(kind="consumer", subject_id="user:1") is None


def test_an_offer_taken_is_approved_at_its_numbers():
    made.ready()
    facts.write(shopper("user:1"))
    make()
    [offer] = queries.live_offers(subject_id="user:1", at=AS_OF)
    [application] = operations.apply_for_credit(
        requests=[
            operations.CreditApplication(
                key="a",
                kind="consumer",
                subject_id="user:1",
                product=made.plan(),
                amount=offer.limit,
                offer_id=offer.pk,
                at=AS_OF + DAY,
            )
        ],
        exposures={},
    )
    assert (application.state, application.annual_rate_bps) == ("approved", offer.annual_rate_bps)


def test_a_plan_without_interest_costs_the_merchant_a_subsidy():
    made.ready()
    facts.write(shopper("user:1"))
    make(products=[made.plan(code="plan-3", installments=3, days=91, annual_rate_bps=0, subsidy_bps=50)])
    offer = Offer.objects.get()
    # 10 % a year, while two thirds of the amount are out on average over a quarter of a year.
    assert (offer.annual_rate_bps, offer.subsidy_bps) == (0, 170)


def test_offers_of_another_currency_are_left_alone():
    made.ready()
    facts.write(shopper("user:1"))
    make()
    report = make(products=[made.plan(currency="BRL")], as_of=AS_OF + DAY)
    assert (report.subjects, report.offers, report.withdrawn) == (0, 0, 0)
    assert Offer.objects.get().state == "live"
    assert SubjectFeatures.objects.count() == 1


def test_purchases_from_oneself_do_not_raise_a_merchant_s_offer():
    """The same honest trade, with and without four times as much bought by the owner, by staff, at his door."""
    made.ready()
    honest = merchant("merchant:1", amount=20_000)
    facts.write(honest)
    make("merchant")
    before = Offer.objects.get()
    washed = list(honest)
    for reason in ("owner", "staff", "account", "address", "device"):
        for number in range(10):
            washed += facts.purchase(
                f"wash-{reason}-{number}",
                AS_OF - (3 + 5 * number) * DAY,
                merchant_id="merchant:1",
                consumer_id=f"user:{reason}",
                amount=1_500,
                related=True,
                related_reason=reason,
            )
    facts.write(washed)
    make("merchant", as_of=AS_OF)
    after = Offer.objects.get(state="live")
    assert after.limit == before.limit
    assert (after.score, after.grade, after.fee_bps) == (before.score, before.grade, before.fee_bps)
    bolder = list(washed)
    for number in range(30):
        bolder += facts.purchase(
            f"bold-{number}",
            AS_OF - (1 + 3 * number) * DAY,
            merchant_id="merchant:1",
            consumer_id="user:owner",
            amount=60_000,
            related=True,
            related_reason="owner",
        )
    facts.write(bolder)
    make("merchant")
    assert not Offer.objects.filter(state="live").exists()
    assert queries.why_no_offer(subject_id="merchant:1") == [
        "More than a quarter of sales went to people close to the store"
    ]


def test_honest_sales_do_raise_it():
    made.ready()
    facts.write(merchant("merchant:1", amount=20_000))
    make("merchant")
    before = Offer.objects.get().limit
    facts.write(merchant("merchant:1", amount=40_000))
    make("merchant")
    assert Offer.objects.get(state="live").limit == pytest.approx(2 * before, rel=0.05)


def test_one_buyer_s_purchases_count_little():
    made.ready()
    rows = merchant("merchant:1", amount=20_000)
    facts.write(rows)
    make("merchant")
    before = Offer.objects.get().limit
    for number in range(20):
        rows += facts.purchase(
            f"big-{number}",
            AS_OF - (1 + 8 * number) * DAY,
            merchant_id="merchant:1",
            consumer_id="user:1",
            amount=200_000,
        )
    facts.write(rows)
    make("merchant")
    [after] = queries.live_offers(subject_id="merchant:1", at=AS_OF)
    # Sales grew fourfold; without the largest buyer they are what they were.
    assert after.limit < 1.4 * before


def test_without_a_policy_or_a_scorecard_no_night_is_run():
    facts.write(shopper("user:1"))
    with pytest.raises(NotReady):
        make()
    assert SubjectFeatures.objects.count() == 0


def test_three_thousand_shoppers_take_seconds_and_a_fixed_number_of_statements(django_assert_max_num_queries):
    made.ready()
    rows: facts.Facts = []
    for number in range(3_000):
        rows += facts.person(f"user:{number}")
        for order in range(4):
            rows += facts.purchase(
                f"{number}-{order}", START + (20 + 40 * order) * DAY, consumer_id=f"user:{number}", amount=20_000
            )
        rows.append(
            facts.fact(
                "account_movements",
                START + 150 * DAY,
                account="a",
                subject_id=f"user:{number}",
                amount=600_000,
                balance_after=600_000,
                currency="EUR",
                event="received",
            )
        )
    facts.write(rows)
    products = [made.plan(), made.plan(code="months-6", installments=6), made.plan(code="months-24", installments=24)]
    started = time.process_time()
    with django_assert_max_num_queries(30):
        report = make(products=products)
    assert report.offers == 9_000
    assert time.process_time() - started < 15


def test_the_mall_s_word_that_consent_ended_reaches_the_offers():
    made.ready()
    facts.write(shopper("user:1") + shopper("user:2"))
    make()
    for number, granted, days in [(1, True, 0), (2, True, 0), (1, False, 1)]:
        customers.record_consents(
            requests=[
                customers.ChangeConsent(
                    subject=f"user:{number}", purpose="credit", granted=granted, at=AS_OF + days * DAY
                )
            ]
        )
    payments.deliver(strict=True)
    assert list(Offer.objects.filter(state="live").values_list("subject_id", flat=True)) == ["user:2"]
    assert list(SubjectFeatures.objects.values_list("subject_id", flat=True)) == ["user:2"]


def test_consent_taken_back_after_midnight_makes_no_offer_the_same_night():
    made.ready()
    facts.write(shopper("user:1"))
    for granted, hours in ((True, -1), (False, 1)):
        customers.record_consents(
            requests=[
                customers.ChangeConsent(
                    subject="user:1", purpose="credit", granted=granted, at=AS_OF + timedelta(hours=hours)
                )
            ]
        )
    report = make(at=AS_OF + timedelta(hours=2))
    assert (report.subjects, report.offers) == (0, 0)
    assert not SubjectFeatures.objects.exists()
