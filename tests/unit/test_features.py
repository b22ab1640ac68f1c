"""Features from made-up facts in a lake of the test's own."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from financing.features import engine, lake
from financing.features.registry import catalogue
from financing.features.schema import FACTS
from tests.factories import facts as made

DAY = timedelta(days=1)
START = made.EPOCH
AS_OF = START + 200 * DAY


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def computed(kind: str, as_of: datetime = AS_OF) -> dict[str, dict]:
    return {row["subject_id"]: row for row in engine.compute(kind=kind, as_of=as_of).to_pylist()}


def orders(count: int, *, every: int = 10, **values: object) -> made.Facts:
    rows: made.Facts = []
    for number in range(count):
        rows += made.purchase(f"o{number}", START + (number * every) * DAY + timedelta(hours=12), **values)
    return rows


@pytest.mark.parametrize("kind", ["consumer", "merchant"])
def test_every_kind_has_more_than_twenty_features_that_say_what_they_are(kind):
    features = catalogue(kind).features
    assert len(features) >= 35
    assert len({feature.name for feature in features}) == len(features)
    for feature in features:
        assert feature.description
        assert feature.unit
        assert feature.low < feature.high
        assert feature.base == engine.ROW or feature.base in catalogue(kind).bases
        assert "minor units" not in feature.unit or feature.risk is None, "money differs by currency: never scored"


@pytest.mark.parametrize("kind", ["consumer", "merchant"])
def test_an_empty_lake_has_no_features_and_no_error(kind):
    assert engine.compute(kind=kind, as_of=AS_OF).num_rows == 0


def test_a_shopper_s_buying_is_counted():
    made.write(made.person("user:1") + orders(12, amount=10_000))
    found = computed("consumer")["user:1"]
    # Orders on days 0, 10, … 110; the last is 89.5 days before, the others more than 90.
    assert found["orders_365d"] == 12
    assert found["orders_90d"] == 1
    assert found["spend_365d"] == 120_000
    assert found["tenure_days"] == 200
    assert found["days_since_order"] == 89
    assert found["median_monthly_spend"] == 30_000
    assert found["categories_365d"] == 1
    assert found["order_value_variation"] == 0


def test_an_account_is_read_in_posting_order():
    moves = [(1, 100_000, 100_000, "received"), (2, -80_000, 20_000, "paid"), (3, -19_999, 1, "paid")]
    made.write(
        made.person("user:1")
        + [
            made.fact(
                "account_movements",
                START + 150 * DAY,
                account="a",
                subject_id="user:1",
                amount=amount,
                balance_after=balance,
                currency="EUR",
                event=event,
                sequence=sequence,
            )
            for sequence, amount, balance, event in reversed(moves)
        ]
    )
    found = computed("consumer")["user:1"]
    assert found["balance_last"] == 1
    assert found["balance_min_90d"] == 1
    assert found["monthly_inflow"] == pytest.approx(100_000 / 6)
    assert found["inflow_months_6"] == 1
    assert found["outflow_to_inflow"] == pytest.approx(0.99999)


def test_income_is_all_that_came_from_outside_before_anything_left_the_account():
    moves = [
        (10, 900_000, "received"),  # longer ago than 180 days
        (30, 130_000, "received"),
        (30, -127_400, "sent"),
        (60, 130_000, "received"),
        (61, 50_000, "returned"),
        (62, 40_000, "payout"),
        (63, -20_000, "paid"),
        (64, -10_000, "loan"),
        (65, -90_000, "sent"),
    ]
    rows = made.person("user:1")
    for sequence, (day, amount, event) in enumerate(moves):
        rows.append(
            made.fact(
                "account_movements",
                START + day * DAY,
                account="a",
                subject_id="user:1",
                amount=amount,
                balance_after=60_000,
                currency="EUR",
                event=event,
                sequence=sequence,
            )
        )
    made.write(rows)
    found = computed("consumer")["user:1"]
    assert found["monthly_inflow"] == pytest.approx(260_000 / 6)
    assert found["balance_in_months"] == pytest.approx(60_000 / (260_000 / 6))
    assert found["inflow_months_6"] == 2


def plan(event: str, at: datetime, due_on: date, amount: int = 1_000, days_late: int = 0) -> tuple[str, dict]:
    return made.fact(
        "installments",
        at,
        loan_id="1",
        subject_id="user:1",
        product="installments:plan-3",
        event=event,
        due_on=due_on,
        amount=amount,
        days_late=days_late,
    )


def test_an_unpaid_instalment_is_late_by_the_day_it_was_due():
    due = (START + 150 * DAY).date()
    made.write([*made.person("user:1"), plan("opened", START + 120 * DAY, due), plan("due", START + 150 * DAY, due)])
    found = computed("consumer")["user:1"]
    assert (found["plans_opened"], found["plans_open"], found["days_late_now"]) == (1, 1, 50)
    assert found["worst_days_late"] == 50


def test_a_plan_paid_late_and_closed_is_late_no_more_and_remembered():
    due = (START + 150 * DAY).date()
    made.write(
        [
            *made.person("user:1"),
            plan("opened", START + 120 * DAY, due),
            plan("due", START + 150 * DAY, due),
            plan("paid", START + 165 * DAY, due, days_late=15),
            plan("closed", START + 165 * DAY, due, amount=0),
        ]
    )
    found = computed("consumer")["user:1"]
    assert (found["plans_open"], found["plans_repaid"], found["days_late_now"]) == (0, 1, 0)
    assert (found["worst_days_late"], found["paid_in_time_share"]) == (15, 0)


def test_who_does_not_consent_has_no_features():
    made.write(made.person("user:1") + made.person("user:2", consent=False) + orders(3, consumer_id="user:2"))
    assert set(computed("consumer")) == {"user:1"}


def test_a_consent_taken_back_ends_the_features_from_that_day():
    withdrawn = START + 100 * DAY
    made.write(
        [*made.person("user:1"), made.fact("consents", withdrawn, subject_id="user:1", purpose="credit", granted=False)]
    )
    assert set(computed("consumer", withdrawn)) == {"user:1"}
    assert set(computed("consumer", withdrawn + DAY)) == set()


def test_a_consent_to_marketing_is_none_to_credit():
    rows = made.person("user:1", consent=False)
    made.write([*rows, made.fact("consents", START + DAY, subject_id="user:1", purpose="marketing", granted=True)])
    assert computed("consumer") == {}


def test_a_merchant_s_trade_is_counted():
    rows = made.person("merchant:1", kind="merchant")
    for number in range(10):
        rows += made.purchase(
            f"o{number}", START + (110 + number * 5) * DAY, consumer_id=f"user:{number % 4}", amount=30_000
        )
    made.write(rows)
    found = computed("merchant")["merchant:1"]
    assert found["gmv_180d"] == 300_000
    assert found["monthly_net_gmv"] == 50_000
    assert found["buyers_365d"] == 4
    assert found["top_buyer_share"] == pytest.approx(0.3)
    assert found["repeat_buyer_share"] == 1
    assert found["related_share"] == 0


def test_a_merchant_s_own_purchases_count_in_nothing_but_their_share():
    honest = made.person("merchant:1", kind="merchant")
    for number in range(10):
        honest += made.purchase(f"o{number}", START + (110 + number * 5) * DAY, consumer_id=f"user:{number}")
    made.write(honest)
    before = computed("merchant")["merchant:1"]
    washed = list(honest)
    for number in range(40):
        washed += made.purchase(
            f"w{number}",
            START + (110 + number * 2) * DAY,
            consumer_id="user:99",
            amount=90_000,
            related=True,
            related_reason="owner",
        )
    washed += [
        made.fact("reviews", START + 150 * DAY, consumer_id="user:99", merchant_id="merchant:1", score=5, related=True),
        made.fact("refunds", START + 150 * DAY, consignment="w1-1", merchant_id="merchant:1", amount=1, currency="EUR"),
    ]
    made.write(washed)
    after = computed("merchant")["merchant:1"]
    share = after.pop("related_share")
    before.pop("related_share")
    assert share == pytest.approx(40 * 90_000 / (40 * 90_000 + 10 * 10_000))
    assert after == before


def test_late_deliveries_and_slow_dispatch_are_seen():
    rows = made.person("merchant:1", kind="merchant")
    for number, late in enumerate([True, False, False, False]):
        confirmed = START + 150 * DAY
        common = {
            "order": f"o{number}",
            "consignment": f"o{number}-1",
            "merchant_id": "merchant:1",
            "currency": "EUR",
            "amount": 5_000,
            "promised_at": confirmed + 5 * DAY,
        }
        rows += [
            made.fact("consignment_events", confirmed, event="confirmed", **common),
            made.fact("consignment_events", confirmed + 2 * DAY, event="dispatched", **common),
            made.fact("consignment_events", confirmed + (6 if late else 4) * DAY, event="delivered", **common),
        ]
    made.write(rows)
    found = computed("merchant")["merchant:1"]
    assert (found["dispatch_days"], found["late_delivery_share"], found["cancelled_share"]) == (2, 0.25, 0)
    assert found["escrow_now"] == 20_000


def test_an_advance_past_its_horizon_is_seen():
    def of_advance(event: str, at: datetime, amount: int) -> tuple[str, dict]:
        return made.fact(
            "installments",
            at,
            loan_id="7",
            subject_id="merchant:1",
            product="advance:advance",
            event=event,
            amount=amount,
            due_on=(START + 180 * DAY).date(),
        )

    made.write(
        [
            *made.person("merchant:1", kind="merchant"),
            of_advance("opened", START + 20 * DAY, 10000),
            of_advance("withheld", START + 40 * DAY, 4000),
        ]
    )
    found = computed("merchant")["merchant:1"]
    assert (found["advances_taken"], found["advances_open"], found["advance_days_over"]) == (1, 1, 20)


def history() -> made.Facts:
    """Return facts of every kind, of two shoppers and a merchant, spread over a year and a half."""
    rows = made.person("user:1") + made.person("user:2") + made.person("merchant:1", kind="merchant")
    for number in range(40):
        at = START + (number * 9) * DAY + timedelta(hours=number % 24)
        shopper = f"user:{number % 2 + 1}"
        values = {"amount": 1_000 * (number % 7 + 1), "category": "abc"[number % 3], "product_id": f"p{number % 4}"}
        values |= {"device": f"d{number % 5}", "address": f"a{number % 3}", "related": number % 20 == 1}
        values |= {"tender": "installments" if number % 6 == 0 else "bank_account"}
        rows += made.purchase(f"o{number}", at, consumer_id=shopper, **values)
        rows += of_trade(number, at, shopper)
    due = START + 170 * DAY
    rows += [plan("opened", START + 140 * DAY, due.date()), plan("due", due, due.date())]
    rows += [plan("paid", START + 260 * DAY, due.date(), days_late=90)]
    for loan, who, product, acts in (
        ("a1", "merchant:1", "advance:advance", {"opened": 30, "withheld": 80, "closed": 250}),
        ("a2", "merchant:1", "advance:advance", {"opened": 60, "charged_off": 240}),
        ("p2", "user:2", "installments:plan-3", {"opened": 30, "paid": 60, "closed": 90}),
        ("p3", "user:2", "installments:plan-3", {"opened": 50, "charged_off": 240}),
    ):
        values = {"loan_id": loan, "subject_id": who, "product": product, "amount": 9_000, "due_on": due.date()}
        rows += [made.fact("installments", START + days * DAY, **values, event=event) for event, days in acts.items()]
    return rows


def of_trade(number: int, at: datetime, shopper: str) -> made.Facts:
    """Return what follows a purchase: its way, its refund, its review, the account, the catalogue, the payout."""
    step = {"order": f"o{number}", "consignment": f"o{number}-1", "consumer_id": shopper, "merchant_id": "merchant:1"}
    step |= {"amount": 1_000, "currency": "EUR", "promised_at": at + 4 * DAY}
    moved = {"account": shopper, "subject_id": shopper, "currency": "EUR", "balance_after": 500 * number}
    rows = [
        made.fact("account_movements", at, **moved, amount=40_000 + number, event="received", sequence=2 * number),
        made.fact("account_movements", at, **moved, amount=-9_000, event="sent", sequence=2 * number + 1),
        made.fact("listings", at, merchant_id="merchant:1", product_id=f"product:{number}", event="listed", price=900),
        made.fact("payouts", at + 9 * DAY, merchant_id="merchant:1", day=(at + 8 * DAY).date(), paid_out=800),
        made.fact("reviews", at + 7 * DAY, consumer_id=shopper, merchant_id="merchant:1", score=number % 5 + 1),
    ]
    if number % 4 == 0:
        rows.append(made.fact("consignment_events", at + DAY, **step, event="cancelled", said_by="merchant"))
        refund = {"consumer_id": shopper, "merchant_id": "merchant:1", "amount": 1_000, "currency": "EUR"}
        rows.append(made.fact("refunds", at + 2 * DAY, consignment=f"o{number}-1", **refund, before_release=True))
        refused = {"consumer_id": shopper, "amount": 1_000, "currency": "EUR"}
        rows.append(made.fact("tenders", at, order=f"r{number}", method="card", outcome="refused", **refused))
        return rows
    for event, days in (("dispatched", 2), ("delivered", 3 + number % 3), ("released", 6)):
        rows.append(made.fact("consignment_events", at + days * DAY, **step, event=event))
    return rows


def test_the_history_of_the_tests_below_holds_every_fact_and_reaches_every_feature():
    rows = history()
    assert {name for name, _ in rows} == set(FACTS)
    made.write(rows)
    silent = set()
    for kind in ("consumer", "merchant"):
        found = [row for days in (200, 255, 330) for row in computed(kind, START + days * DAY).values()]
        names = [feature.name for feature in catalogue(kind).features]
        silent |= {(kind, name) for name in names if not any(row[name] for row in found)}
    assert silent == set()


@pytest.mark.parametrize("days", [1, 60, 200, 330, 420, 900])
def test_every_value_lies_in_the_range_that_the_catalogue_names(days):
    made.write(history())
    for kind in ("consumer", "merchant"):
        found = computed(kind, START + days * DAY)
        assert found
        for row in found.values():
            for feature in catalogue(kind).features:
                value = row[feature.name]
                assert value is None or feature.low <= value <= feature.high, (kind, feature.name, value)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shift=st.integers(0, 400), after=st.integers(60, 250))
def test_facts_known_later_change_nothing(tmp_path_factory, shift, after):
    """Move every fact known from the moment on by some days: the features of the moment stay as they are."""
    as_of = START + after * DAY
    answers = []
    for days in (0, shift):
        with pytest.MonkeyPatch.context() as patch:
            folder = tmp_path_factory.mktemp("lake")
            patch.setattr(lake, "root", lambda folder=folder: folder)
            made.write(
                [
                    (name, row | {"known_at": row["known_at"] + days * DAY} if row["known_at"] >= as_of else row)
                    for name, row in history()
                ]
            )
            answers.append([engine.compute(kind=kind, as_of=as_of).to_pylist() for kind in ("consumer", "merchant")])
    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 2


def days_with_every_fact(rows: made.Facts) -> list[datetime]:
    """Return few midnights such that every kind of fact has a row on one of the days that begin there."""
    days: dict[datetime, set[str]] = {}
    for name, row in rows:
        days.setdefault(row["known_at"].replace(hour=0), set()).add(name)
    chosen, missing = [], set(FACTS)
    while missing:
        best = max(sorted(days), key=lambda day: len(days[day] & missing))
        chosen.append(best)
        missing -= days[best]
    return chosen


def test_no_kind_of_fact_is_known_before_its_moment(tmp_path_factory, settings):
    """The lake holds the whole of a day, and the features of its midnight are as if it ended there."""
    rows = history()
    moments = days_with_every_fact(rows)
    for as_of in moments:
        answers = []
        for known in (rows, [(name, row) for name, row in rows if row["known_at"] < as_of]):
            settings.RIALTO_LAKE = tmp_path_factory.mktemp("lake")
            made.write(known)
            answers.append([engine.compute(kind=kind, as_of=as_of).to_pylist() for kind in ("consumer", "merchant")])
        assert answers[0] == answers[1], as_of


def test_a_fact_of_the_very_moment_is_not_known_before_it():
    at = START + 50 * DAY
    made.write(made.person("user:1") + made.purchase("o1", at))
    assert computed("consumer", at)["user:1"]["orders_365d"] == 0
    assert computed("consumer", at + timedelta(microseconds=1))["user:1"]["orders_365d"] == 1


def test_the_same_facts_give_the_same_features_to_the_bit():
    made.write(history())
    assert engine.compute(kind="consumer", as_of=AS_OF).equals(engine.compute(kind="consumer", as_of=AS_OF))


def test_some_subjects_have_the_features_they_have_among_all():
    made.write(history())
    everybody = computed("consumer")
    alone = engine.compute(kind="consumer", as_of=AS_OF, subject_ids=["user:2"]).to_pylist()
    assert alone == [everybody["user:2"]]


def test_purchases_in_another_currency_are_left_out():
    made.write(made.person("user:1") + made.purchase("o1", START + DAY, currency="BRL"))
    assert computed("consumer")["user:1"]["spend_365d"] == 0


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        engine.compute(kind="consumer", as_of=datetime(2025, 6, 1))  # noqa: DTZ001 - the mistake meant
    with pytest.raises(ValueError, match="nobody"):
        engine.compute(kind="nobody", as_of=AS_OF)


def test_duckdb_stays_within_its_memory():
    made.write(history())
    with lake.session(before=AS_OF) as session:
        limit = session.execute("SELECT current_setting('memory_limit')").fetchone()
    assert limit == ("488.2 MiB",)


@pytest.mark.parametrize("as_of", [AS_OF, AS_OF.replace(hour=23, minute=59, second=59, microsecond=999_999)])
@pytest.mark.parametrize("kind", ["consumer", "merchant"])
def test_the_sql_kept_for_a_kind_gives_what_ibis_gives_for_the_moment(kind, as_of):
    made.write(history())
    with lake.session(before=as_of) as session:
        kept = engine.compute(kind=kind, as_of=as_of, session=session)
        written = engine.to_sql(engine.expression(kind=kind, facts=lake.Facts(as_of=as_of)).order_by("subject_id"))
        assert kept.equals(session.sql(written).to_arrow_table())
    assert kept.num_rows > 0
