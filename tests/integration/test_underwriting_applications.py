from dataclasses import replace
from datetime import timedelta

import pytest

from financing.underwriting import operations, queries
from financing.underwriting.errors import KeyReused, NotReady, OfferGone, UnableToApply
from financing.underwriting.models import Application, Decision, Offer
from financing.underwriting.terms import Exposure
from mall.customer import operations as customers
from tests.factories import underwriting as made

pytestmark = pytest.mark.django_db


def request(key: str = "a1", **changes: object) -> operations.CreditApplication:
    asked = {
        "key": key,
        "kind": "consumer",
        "subject_id": "user:1",
        "product": made.plan(),
        "amount": 60_000,
        "at": made.AT,
    }
    return operations.CreditApplication(**asked | changes)


def apply(*requests: operations.CreditApplication, **exposures: Exposure) -> list:
    return operations.apply_for_credit(
        requests=requests, exposures={name.replace("_", ":"): one for name, one in exposures.items()}
    )


def test_a_good_shopper_is_approved_by_the_machine():
    made.ready()
    made.features("user:1")
    [application] = apply(request())
    assert (application.state, application.approved_amount, application.decided_by) == ("approved", 60_000, "machine")
    assert application.annual_rate_bps == 1_290
    assert application.reasons == []


def test_nothing_is_decided_without_a_policy():
    with pytest.raises(NotReady, match="policy"):
        apply(request())
    assert Application.objects.count() == 0


def test_somebody_of_whom_nothing_is_known_is_declined_with_that_reason():
    made.ready()
    [application] = apply(request())
    assert application.state == "declined"
    assert [reason["code"] for reason in application.reasons] == ["C02"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"orders_365d": 2.0}, "T02"),
        ({"tenure_days": 10.0}, "T01"),
        ({"months_bought_12": 1.0}, "T03"),
        ({"monthly_inflow": 0.0}, "I01"),
        ({"worst_days_late": 75.0}, "D02"),
        ({"charged_off": 1.0}, "D04"),
        ({"tenure_days": 99.0}, "S01"),
    ],
)
def test_a_rule_that_refuses_is_named(changes, code):
    made.ready()
    made.features("user:1", **changes)
    [application] = apply(request())
    assert application.state == "declined"
    assert code in [reason["code"] for reason in application.reasons]
    assert 1 <= len(application.reasons) <= 4


def test_more_than_the_machine_may_approve_goes_to_an_officer():
    made.ready()
    made.features("merchant:1")
    [application] = apply(
        request(kind="merchant", subject_id="merchant:1", product=made.advance(), amount=1_200_000, applied_by="user:9")
    )
    assert application.state == "referred"
    assert [reason["code"] for reason in application.reasons] == ["A01"]
    assert [case.pk for case in queries.queue()] == [application.pk]


def test_late_instalments_of_half_a_year_ago_go_to_an_officer():
    made.ready()
    made.features("user:1", worst_days_late=35.0)
    [application] = apply(request())
    assert (application.state, application.reasons[0]["code"]) == ("referred", "D03")


def test_the_same_key_brings_the_same_application_back():
    made.ready()
    made.features("user:1")
    [first] = apply(request())
    [second] = apply(request(at=made.AT + timedelta(days=3)))
    assert first.pk == second.pk
    assert Decision.objects.count() == 1


def test_the_same_key_for_another_amount_is_refused():
    made.ready()
    made.features("user:1")
    apply(request())
    [refused] = apply(request(amount=61_000))
    assert isinstance(refused, KeyReused)
    assert Application.objects.count() == 1


def test_an_amount_of_nothing_is_refused():
    made.ready()
    [refused] = apply(request(amount=0))
    assert isinstance(refused, UnableToApply)
    assert Application.objects.count() == 0


def test_what_was_approved_and_not_taken_uses_the_limit_up():
    made.ready()
    made.features("user:1")
    # Three times the monthly spend of 400.00 is 1,200.00 in all.
    first, second, third = apply(request("a1"), request("a2", amount=50_000), request("a3", amount=20_000))
    assert [first.state, second.state, third.state] == ["approved", "approved", "declined"]
    [fourth] = apply(request("a4", amount=20_000))
    assert (fourth.state, fourth.reasons[0]["code"]) == ("declined", "L01")


def test_what_was_approved_and_not_taken_uses_up_what_income_carries():
    made.ready()
    # 40 % of 300.00 less 10 % are 108.00 a month; 600.00 in twelve payments at 12.9 % take 53.57 of them.
    made.features("user:1", monthly_inflow=30_000.0, median_monthly_spend=400_000.0)
    first, second, third = apply(request("a1"), request("a2"), request("a3"))
    assert [first.state, second.state, third.state] == ["approved", "approved", "declined"]
    dues = [one.decisions.get().snapshot["exposure"]["monthly_due"] for one in (first, second, third)]
    assert dues == [0, 5_357, 10_714]
    [fourth] = apply(request("a4"), user_1=Exposure(monthly_due=10))
    assert (fourth.state, fourth.reasons[0]["code"]) == ("declined", "L01")
    assert fourth.decisions.get().snapshot["exposure"]["monthly_due"] == 10_724


def test_what_is_owed_already_uses_the_limit_up():
    made.ready()
    made.features("user:1")
    [application] = apply(request(), user_1=Exposure(outstanding=110_000, open_loans=1))
    assert application.state == "declined"
    assert application.reasons[0]["code"] == "L01"


def test_an_instalment_that_is_late_now_declines():
    made.ready()
    made.features("user:1")
    [application] = apply(request(), user_1=Exposure(outstanding=10_000, open_loans=1, days_late=9))
    assert application.reasons[0]["code"] == "D01"


def offer_for(owner: str, **changes: object) -> Offer:
    policy = made.ready()
    values = {
        "kind": "consumer",
        "subject_id": owner,
        "product": "months-12",
        "product_kind": "installments",
        "currency": "EUR",
        "limit": 120_000,
        "minimum": 12_000,
        "installments": 12,
        "annual_rate_bps": 1_190,
        "score": 640,
        "grade": "A",
        "as_of": made.AT,
        "made_at": made.AT,
        "valid_until": made.AT + timedelta(days=30),
        "policy": policy,
        "model_id": Decision._meta.get_field("model").related_model.objects.get(kind="consumer").pk,
    }
    return Offer.objects.create(**values | changes)


def test_the_price_of_a_standing_offer_is_the_price_that_is_signed():
    offer = offer_for("user:1")
    made.features("user:1")
    [application] = apply(request(offer_id=offer.pk))
    assert (application.state, application.annual_rate_bps) == ("approved", 1_190)


@pytest.mark.parametrize(
    "changes", [{"state": "superseded"}, {"valid_until": made.AT + timedelta(hours=1)}, {"subject_id": "user:2"}]
)
def test_an_offer_that_stands_no_more_is_not_decided_upon(changes):
    offer = offer_for("user:1", **changes)
    made.features("user:1")
    [refused] = apply(request(offer_id=offer.pk, at=made.AT + timedelta(hours=2)))
    assert isinstance(refused, OfferGone)
    assert Application.objects.count() == 0


def test_every_stored_decision_run_again_gives_the_same_answer():
    made.ready()
    made.features("user:1")
    made.features("user:2", worst_days_late=35.0)
    made.features("user:3", tenure_days=99.0)
    made.features("merchant:1")
    apply(
        request("a"),
        request("b", subject_id="user:2"),
        request("c", subject_id="user:3"),
        request("d", subject_id="user:4"),
        request("e", kind="merchant", subject_id="merchant:1", product=made.advance(), amount=290_000),
    )
    stored = list(Decision.objects.order_by("pk"))
    assert [one.result for one in stored] == ["approve", "refer", "decline", "decline", "approve"]
    assert all(queries.run_again(decision_id=one.pk) for one in stored)


def test_a_changed_snapshot_is_noticed():
    made.ready()
    made.features("user:1")
    [application] = apply(request())
    decision = application.decisions.get()
    other = Decision.objects.create(
        application=application,
        result=decision.result,
        outcome=decision.outcome,
        snapshot=decision.snapshot | {"features": decision.snapshot["features"] | {"monthly_inflow": 20_000.0}},
        policy=decision.policy,
        model=decision.model,
        at=decision.at,
    )
    assert queries.run_again(decision_id=decision.pk)
    assert not queries.run_again(decision_id=other.pk)


def test_a_batch_and_single_requests_decide_alike():
    made.ready()
    for number in range(6):
        made.features(f"user:{number}", orders_365d=float(number), median_monthly_spend=10_000.0 * number)
    requests = [request(f"k{number}", subject_id=f"user:{number}") for number in range(6)]
    batch = [(one.state, one.reasons, one.annual_rate_bps) for one in apply(*requests)]
    single = []
    for one in requests:
        [application] = apply(replace(one, key=f"single-{one.key}", at=one.at + timedelta(days=90)))
        single.append((application.state, application.reasons, application.annual_rate_bps))
    assert batch == single


def test_a_batch_takes_the_same_number_of_statements_as_one(django_assert_max_num_queries):
    made.ready()
    for number in range(40):
        made.features(f"user:{number}")
    with django_assert_max_num_queries(12):
        apply(request("only", subject_id="user:39"))
    with django_assert_max_num_queries(12):
        apply(*(request(f"k{number}", subject_id=f"user:{number}") for number in range(39)))


def test_an_approval_becomes_a_loan_once_and_in_time():
    made.ready()
    made.features("user:1")
    [application] = apply(request())
    operations.mark_taken(application_ids=[application.pk], at=made.AT)
    operations.mark_taken(application_ids=[application.pk], at=made.AT)
    application.refresh_from_db()
    assert application.state == "taken"


def test_an_approval_that_ran_out_cannot_be_taken():
    made.ready()
    made.features("user:1")
    [application] = apply(request())
    with pytest.raises(UnableToApply, match="run out"):
        operations.mark_taken(application_ids=[application.pk], at=made.AT + timedelta(days=30))
    assert operations.lapse_approvals(at=made.AT + timedelta(days=30)) == 1
    application.refresh_from_db()
    assert application.state == "lapsed"


def test_an_application_is_withdrawn_until_it_is_a_loan():
    made.ready()
    made.features("user:1")
    first, second = apply(request("a"), request("b", amount=40_000))
    operations.withdraw_application(application_id=first.pk, at=made.AT)
    operations.withdraw_application(application_id=first.pk, at=made.AT)
    operations.mark_taken(application_ids=[second.pk], at=made.AT)
    with pytest.raises(UnableToApply, match="taken"):
        operations.withdraw_application(application_id=second.pk, at=made.AT)
    first.refresh_from_db()
    assert first.state == "withdrawn"


def test_who_took_consent_back_is_declined_for_that_and_judged_by_nothing():
    made.ready()
    made.features("user:1")
    for granted in (True, False):
        customers.record_consents(
            requests=[customers.ChangeConsent(subject="user:1", purpose="credit", granted=granted, at=made.AT)]
        )
    [application] = apply(request())
    assert (application.state, application.reasons[0]["code"]) == ("declined", "C01")
    assert application.decisions.get().snapshot["features"] is None
