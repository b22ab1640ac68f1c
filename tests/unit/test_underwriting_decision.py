"""Prices, limits and the decision, without a database."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financing.underwriting import decision, policy, pricing, states
from financing.underwriting.terms import Exposure, Price
from tests.factories import underwriting as made

POLICY = policy.first()
CONSUMER, MERCHANT = POLICY["consumer"], POLICY["merchant"]
NOTHING = Exposure()


def snapshot(kind: str = "consumer", *, amount: int | None = 60_000, product=None, exposure=NOTHING, **features):
    base = made.GOOD_CONSUMER if kind == "consumer" else made.GOOD_MERCHANT
    product = product or (made.plan() if kind == "consumer" else made.advance())
    return {
        "kind": kind,
        "subject_id": f"{kind}:1",
        "currency": "EUR",
        "as_of": made.AT.isoformat(),
        "consent": True,
        "features": base | features,
        "exposure": exposure.to_json(),
        "product": product.to_json(),
        "application": None if amount is None else {"amount": amount, "at": made.AT.isoformat()},
        "offer": None,
    }


def decide(given: dict, data: dict = POLICY) -> decision.Outcome:
    return decision.decide(snapshot=given, policy=data, model=made.card(given["kind"]))


def test_the_price_is_funding_operating_loss_and_capital_rounded_up():
    # 3.25 + 2.75 + 3 % × 60 % = 1.80 + 10 % × 12 % = 1.20: 9.00 %.
    assert pricing.annual_cost_bps(price=CONSUMER["price"], pd_ppm=30_000) == 900
    assert pricing.annual_cost_bps(price=CONSUMER["price"], pd_ppm=30_001) == 910


def test_a_product_is_never_sold_below_its_own_price():
    assert pricing.price_of(product=made.plan(), price=CONSUMER["price"], pd_ppm=30_000) == Price(annual_rate_bps=1_290)
    cheap = made.plan(annual_rate_bps=100)
    assert pricing.price_of(product=cheap, price=CONSUMER["price"], pd_ppm=30_000) == Price(annual_rate_bps=900)


def test_a_risk_whose_price_the_law_forbids_has_no_price():
    assert pricing.price_of(product=made.plan(), price=CONSUMER["price"], pd_ppm=280_000) == Price(
        annual_rate_bps=2_400
    )
    assert pricing.price_of(product=made.plan(), price=CONSUMER["price"], pd_ppm=290_000) is None
    outcome = decide(snapshot(), POLICY | {"consumer": CONSUMER | {"price": CONSUMER["price"] | {"cap_bps": 500}}})
    assert (outcome.result, outcome.reasons[0].code) == ("decline", "P01")


@given(st.integers(1, 200_000), st.integers(1, 200_000))
def test_more_risk_never_costs_less(one, other):
    low, high = sorted((one, other))
    for terms in (made.plan(annual_rate_bps=1), made.plan(annual_rate_bps=0), made.advance(fee_bps=1)):
        prices = [pricing.price_of(product=terms, price=CONSUMER["price"], pd_ppm=pd) for pd in (low, high)]
        assert prices[0].bps <= prices[1].bps


@given(st.integers(0, 10_000_000), st.integers(1, 60), st.integers(0, 3_000))
def test_the_principal_an_instalment_buys_is_repaid_by_it(monthly, installments, rate):
    principal = pricing.principal_for(monthly=monthly, installments=installments, annual_rate_bps=rate)
    balance = principal
    for _ in range(installments):
        balance = balance * (1 + rate / 120_000) - monthly
    assert balance <= 1e-3 * (1 + monthly)
    assert principal <= monthly * installments


@given(st.integers(1, 10_000_000), st.integers(1, 60), st.integers(0, 3_000))
def test_an_instalment_repays_its_principal_and_a_cent_less_does_not(principal, installments, rate):
    monthly = pricing.installment_for(principal=principal, installments=installments, annual_rate_bps=rate)
    assert pricing.principal_for(monthly=monthly, installments=installments, annual_rate_bps=rate) >= principal
    assert pricing.principal_for(monthly=monthly - 1, installments=installments, annual_rate_bps=rate) < principal


@pytest.mark.parametrize(
    ("data", "due", "fits"),
    [
        # Income of 2,500.00 less 10 % is 2,250.00; 40 % of it is 900.00, and after essentials 1,125.00 are left.
        ({}, 0, 90_000),
        # 100.00 that fall due already are taken off once.
        ({}, 10_000, 80_000),
        ({}, 90_000, 0),
        ({}, 95_000, 0),
        # 60 % of 2,500.00 for essentials leave 750.00, which is less than 900.00.
        ({"essentials_percent": 60}, 0, 75_000),
        ({"essentials_percent": 60}, 10_000, 65_000),
        # Essentials are a share of income as it is: 2,500.00 less 30 % less 45 % of 2,500.00 are 625.00.
        ({"stress_percent": 30}, 0, 62_500),
        ({"essentials_percent": 90}, 0, 0),
    ],
)
def test_what_fits_is_the_least_of_what_is_left_and_what_debt_may_take(data, due, fits):
    afford = CONSUMER["affordability"] | data
    given = {"features": {"monthly_inflow": 250_000.0}, "exposure": Exposure(monthly_due=due)}
    assert pricing.affordable_monthly(policy=afford, **given) == fits


def test_without_income_nothing_fits():
    assert pricing.affordable_monthly(policy=CONSUMER["affordability"], features={}, exposure=NOTHING) == 0


@pytest.mark.parametrize(
    ("data", "due", "limit"),
    [
        # 40 % of 130.00 less 10 % are 46.80 a month, which buy 524.20 in twelve payments at 12.9 %.
        ({}, 0, 52_000),
        # 26.80 a month buy 300.20.
        ({}, 2_000, 30_000),
        # 130.00 less 10 % less 60 % are 39.00 a month, which buy 436.80.
        ({"essentials_percent": 60}, 0, 43_000),
        ({"essentials_percent": 60}, 2_000, 21_000),
    ],
)
def test_a_limit_is_what_the_instalment_buys_that_income_carries(data, due, limit):
    policy_data = POLICY | {"consumer": CONSUMER | {"affordability": CONSUMER["affordability"] | data}}
    exposure = Exposure(monthly_due=due, open_loans=1)
    offered = decide(snapshot(amount=None, monthly_inflow=13_000.0, exposure=exposure), policy_data)
    assert (offered.result, offered.limit) == ("approve", limit)
    asked = snapshot(amount=limit, monthly_inflow=13_000.0, exposure=exposure)
    assert decide(asked, policy_data).result == "approve"
    above = snapshot(amount=limit + 1, monthly_inflow=13_000.0, exposure=exposure)
    assert [reason.code for reason in decide(above, policy_data).reasons] == ["L02"]


def test_a_consumer_s_limit_is_the_least_of_grade_spending_and_instalment():
    assert decide(snapshot(amount=None)).limit == 120_000
    assert decide(snapshot(amount=None, median_monthly_spend=1e9)).limit == 400_000
    assert decide(snapshot(amount=None, monthly_inflow=10_000.0)).limit == 40_000
    assert decide(snapshot(amount=None, plans_repaid=0.0)).limit == 72_000
    assert decide(snapshot(amount=None, exposure=Exposure(outstanding=70_000, reserved=5_000))).limit == 45_000


def test_a_merchant_s_limit_follows_sales_without_the_largest_buyer():
    assert decide(snapshot("merchant", amount=None)).limit == 2_665_000
    assert decide(snapshot("merchant", amount=None, top_buyer_share=0.6)).limit == 1_200_000
    assert decide(snapshot("merchant", amount=None, monthly_net_gmv=1e9)).limit == 5_000_000
    assert decide(snapshot("merchant", amount=None, advances_repaid=0.0)).limit == 1_995_000


@given(
    st.sampled_from(["outstanding", "reserved", "monthly_due"]),
    st.integers(0, 200_000),
    st.integers(0, 200_000),
    st.sampled_from(["consumer", "merchant"]),
)
def test_owing_more_never_raises_a_limit(part, owed, more, kind):
    less = decide(snapshot(kind, amount=None, exposure=Exposure(**{part: owed})))
    greater = decide(snapshot(kind, amount=None, exposure=Exposure(**{part: owed + more})))
    assert greater.limit <= less.limit


def test_the_same_snapshot_gives_the_same_answer_and_is_left_alone():
    given = snapshot("merchant", amount=1_000_000)
    before = copy.deepcopy(given)
    assert decide(given).to_json() == decide(given).to_json()
    assert given == before


def test_a_score_below_every_grade_is_declined_with_the_score_s_reasons():
    outcome = decide(snapshot(tenure_days=99.0))
    assert (outcome.result, outcome.score, outcome.grade) == ("decline", 520, "")
    assert [(reason.code, reason.text) for reason in outcome.reasons] == [
        ("S01", "The relationship with the bank is short")
    ]


def test_never_more_than_four_reasons():
    outcome = decide(
        snapshot(
            tenure_days=1.0,
            orders_365d=0.0,
            months_bought_12=0.0,
            monthly_inflow=0.0,
            worst_days_late=99.0,
            charged_off=2.0,
        )
    )
    assert (outcome.result, len(outcome.reasons), len(outcome.rules_hit)) == ("decline", 4, 7)


def past(rule: dict) -> float | bool:
    """Return a value just past a rule's bound: the rule holds for it, and not for the bound itself."""
    least = 0.01 if isinstance(rule["value"], float) else 1
    return rule["value"] - least if rule["test"] == "below" else rule["value"] + least


@pytest.mark.parametrize(
    ("kind", "rule"), [(kind, rule) for kind in ("consumer", "merchant") for rule in POLICY[kind]["rules"]]
)
def test_every_rule_of_the_opening_policy_holds_past_its_bound_and_says_its_reason(kind, rule):
    cases = {False: True, True: False} if rule["test"] == "is" else {past(rule): True, rule["value"]: False}
    for value, holds in cases.items():
        given = snapshot(kind, amount=None)
        target = given
        *path, last = rule["field"].split(".")
        for name in path:
            target = target[name]
        target[last] = value
        outcome = decide(given)
        assert (rule["code"] in outcome.rules_hit) == holds
        said = [(reason.code, reason.text) for reason in outcome.reasons]
        assert ((rule["code"], rule["reason"]) in said) == holds
        if holds:
            assert outcome.result in (rule["then"], "decline")


def test_what_is_unknown_hits_no_rule():
    assert decide(snapshot(worst_days_late=None, refused_payments_180d=None)).result == "approve"


@pytest.mark.parametrize(
    ("amount", "result", "code"),
    [(120_000, "approve", None), (120_001, "decline", "L02"), (11_999, "decline", "L03")],
)
def test_the_amount_asked_lies_between_the_least_and_the_limit(amount, result, code):
    outcome = decide(snapshot(amount=amount))
    assert outcome.result == result
    assert [reason.code for reason in outcome.reasons] == ([code] if code else [])


def test_an_officer_may_look_at_a_merchant_who_asks_for_somewhat_more():
    assert [reason.code for reason in decide(snapshot("merchant", amount=3_000_000)).reasons] == ["L02", "A01"]
    assert decide(snapshot("merchant", amount=3_000_000)).result == "refer"
    assert decide(snapshot("merchant", amount=4_900_000)).result == "decline"


def test_a_score_just_above_the_cut_off_goes_to_an_officer():
    strict = POLICY | {"consumer": CONSUMER | {"refer_below": 700}}
    outcome = decide(snapshot(), strict)
    assert (outcome.result, outcome.reasons[0].code) == ("refer", "S03")


def test_a_promised_price_is_kept():
    given = snapshot() | {"offer": {"annual_rate_bps": 990, "fee_bps": 0, "subsidy_bps": 0}}
    assert decide(given).price == Price(annual_rate_bps=990)


def test_another_currency_is_refused():
    assert decide(snapshot(product=made.plan(currency="BRL"))).reasons[0].code == "P02"


def test_without_a_scorecard_nobody_is_judged():
    outcome = decision.decide(snapshot=snapshot(), policy=POLICY, model=None)
    assert (outcome.result, outcome.reasons[0].code) == ("decline", "C02")


def test_the_opening_policy_is_a_policy_with_a_code_for_each_rule():
    policy.check(data=POLICY)
    for part in (CONSUMER, MERCHANT):
        codes = [rule["code"] for rule in part["rules"]]
        assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("consumer",), None, "says nothing about the consumer"),
        (("merchant", "machine_authority"), 1.5, "whole number"),
        (("consumer", "price", "cap_bps"), -1, "whole number"),
        (("consumer", "rules", 0, "test"), "like", "tests 'like'"),
        (("consumer", "rules", 0, "then"), "shrug", "shrug"),
        (("consumer", "rules", 1, "field"), "features.tenure_dais", "tenure_dais"),
        (("consumer", "rules", 1, "field"), "features.days_since_sale", "days_since_sale"),
        (("merchant", "rules", 1, "field"), "exposure.days", "which nobody knows"),
        (("merchant", "limit", "repaid_feature"), "advances_paid", "advances_paid"),
        (("consumer", "grades"), [], "no grades"),
        (("four_eyes_above",), None, "two people"),
    ],
)
def test_data_that_could_not_decide_is_refused_by_name(path, value, sentence):
    data = copy.deepcopy(POLICY)
    target = data
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(policy.WrongPolicy, match=sentence):
        policy.check(data=data)


def test_the_states_of_an_application_lead_somewhere_and_end():
    reachable = {following for events in states.TRANSITIONS.values() for following in events.values()}
    assert reachable | {states.REFERRED, states.APPROVED, states.DECLINED} == set(states.LABELS)
    assert states.following(state=states.DECLINED, event="approve") is None
    assert states.following(state=states.TAKEN, event="withdraw") is None


def test_a_price_names_the_one_that_applies():
    assert [replace(Price(), **one).bps for one in ({"annual_rate_bps": 5}, {"fee_bps": 6}, {"subsidy_bps": 7})] == [
        5,
        6,
        7,
    ]
