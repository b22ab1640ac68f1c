"""Which day a parcel leaves and by which it arrives: cut-off, working days, holidays, closed days."""

from datetime import UTC, date, datetime

import pytest

from mall.delivery.models import EXPRESS, PICKUP, STANDARD
from mall.delivery.plans import Plan, Way
from mall.shipping.quotes import quotes

USUAL = Way(code=STANDARD, charge=490, free_from=5_000, transit_days=2)
PLAN = Plan(
    country="DE",
    ways=(USUAL,),
    handling_days=1,
    cut_off_hour=14,
    time_zone="Europe/Berlin",
    working_days=(0, 1, 2, 3, 4),
)


def plan(**others: object) -> Plan:
    return Plan(**({name: getattr(PLAN, name) for name in Plan.__dataclass_fields__} | others))


@pytest.mark.parametrize(
    ("ordered", "leaves", "arrives"),
    [
        # Thursday before two in Berlin (an hour ahead of UTC in winter): packed on Friday, carried on two working days.
        (datetime(2026, 3, 5, 12, 59, tzinfo=UTC), date(2026, 3, 6), date(2026, 3, 10)),
        # One minute later it counts from Friday.
        (datetime(2026, 3, 5, 13, 0, tzinfo=UTC), date(2026, 3, 9), date(2026, 3, 11)),
        # On a Saturday it counts from Monday.
        (datetime(2026, 3, 7, 8, 0, tzinfo=UTC), date(2026, 3, 10), date(2026, 3, 12)),
        # Good Friday and Easter Monday rest in Germany.
        (datetime(2026, 4, 2, 8, 0, tzinfo=UTC), date(2026, 4, 7), date(2026, 4, 9)),
        # Late in the evening of the 31st in UTC it is the first of January, a holiday, in Berlin.
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 1, 5), date(2027, 1, 7)),
    ],
)
def test_a_parcel_leaves_and_arrives_on_days_that_count(ordered, leaves, arrives):
    assert PLAN.leaves_on(at=ordered) == leaves
    assert PLAN.arrives_on(way=USUAL, at=ordered) == arrives


def test_days_on_which_the_store_is_closed_do_not_count_for_packing():
    closed = plan(closed_days=frozenset({date(2026, 3, 6), date(2026, 3, 9)}))
    assert closed.leaves_on(at=datetime(2026, 3, 5, 8, tzinfo=UTC)) == date(2026, 3, 10)


def test_what_is_packed_at_once_leaves_the_same_day_and_saturdays_count_for_who_works_then():
    quick = plan(handling_days=0, working_days=(5,))
    assert quick.leaves_on(at=datetime(2026, 3, 7, 8, tzinfo=UTC)) == date(2026, 3, 7)
    assert quick.leaves_on(at=datetime(2026, 3, 8, 8, tzinfo=UTC)) == date(2026, 3, 14)


def test_a_country_whose_holidays_nobody_knows_has_none():
    assert plan(country="XX").leaves_on(at=datetime(2026, 12, 24, 8, tzinfo=UTC)) == date(2026, 12, 25)


@pytest.mark.parametrize(
    ("goods", "waives", "charge", "waived"),
    [(4_999, -1, 490, 0), (5_000, -1, 0, 0), (10, 490, 0, 490), (10, 489, 490, 0)],
)
def test_delivery_is_free_from_an_amount_or_by_a_promotion_that_can_pay_all_of_it(goods, waives, charge, waived):
    [quote] = quotes(plan=PLAN, goods=goods, at=datetime(2026, 3, 5, 8, tzinfo=UTC), waives=waives)
    assert (quote.charge, quote.waived) == (charge, waived)


def test_a_way_is_offered_to_the_countries_it_serves_and_collecting_to_everybody():
    ways = (
        Way(code=STANDARD, charge=1, free_from=None, transit_days=1, countries=("DE", "AT")),
        Way(code=EXPRESS, charge=2, free_from=None, transit_days=1, countries=("DE",)),
        Way(code=PICKUP, charge=0, free_from=None, transit_days=0),
    )
    offered = {
        country: [
            quote.code
            for quote in quotes(plan=plan(ways=ways), goods=1, at=datetime(2026, 3, 5, 8, tzinfo=UTC), country=country)
        ]
        for country in ("DE", "AT", "FR", "")
    }
    assert offered == {
        "DE": [STANDARD, EXPRESS, PICKUP],
        "AT": [STANDARD, PICKUP],
        "FR": [PICKUP],
        "": [STANDARD, EXPRESS, PICKUP],
    }
