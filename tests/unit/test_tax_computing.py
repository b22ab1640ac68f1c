"""The tax inside a price: exact minor units, rounded per line, delivery shared by the goods."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mall.taxes.computing import LineTax, RateTable, by_rate, included, of_parcel


@pytest.mark.parametrize(
    ("amount", "rate", "tax"),
    [
        (11_900, 1_900, 1_900),
        (10_000, 1_900, 1_597),
        (107, 700, 7),
        (1, 1_900, 0),
        (0, 1_900, 0),
        (10_000, 0, 0),
        (999, 2_550, 203),
        # Exactly half a cent is rounded up.
        (3, 5_000, 1),
        (105, 500, 5),
    ],
)
def test_the_tax_inside_an_amount(amount, rate, tax):
    assert included(amount=amount, rate_bps=rate) == tax


def test_delivery_is_taxed_as_the_goods_it_brings_and_no_cent_is_lost():
    lines = of_parcel(lines=[(5_000, 1_900), (2_500, 700)], shipping=490)
    assert lines == [LineTax(1_900, 798, 327, 52), LineTax(700, 164, 163, 11)]
    assert sum(line.shipping for line in lines) == 490
    assert by_rate(taxes=lines) == ((1_900, 850), (700, 175))


def test_delivery_of_goods_that_cost_nothing_is_shared_evenly():
    assert [line.shipping for line in of_parcel(lines=[(0, 1_900), (0, 700)], shipping=5)] == [3, 2]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from((0, 500, 700, 1_900, 2_550))), min_size=1, max_size=12),
    st.integers(0, 10**6),
)
def test_shares_sum_to_the_delivery_and_tax_is_less_than_its_amount(lines, shipping):
    taxes = of_parcel(lines=lines, shipping=shipping)
    assert sum(tax.shipping for tax in taxes) == shipping
    for (amount, rate), tax in zip(lines, taxes, strict=True):
        assert tax.rate_bps == rate
        assert abs(tax.tax * (10_000 + rate) - amount * rate) * 2 <= 10_000 + rate
        assert 0 <= tax.shipping_tax <= tax.shipping


def test_a_rate_counts_from_its_day_until_the_next_one():
    table = RateTable(
        rows={
            ("DE", "standard"): ((date(2021, 1, 1), 1_900), (date(2020, 7, 1), 1_600), (date(2016, 1, 1), 1_900)),
            ("DE", "reduced"): ((date(2016, 1, 1), 700),),
        }
    )

    def rate(day: date, tax_class: str = "standard", country: str = "DE") -> int:
        return table.rate(country=country, tax_class=tax_class, on=day)

    assert [rate(day) for day in (date(2020, 6, 30), date(2020, 7, 1), date(2020, 12, 31), date(2021, 1, 1))] == [
        1_900,
        1_600,
        1_600,
        1_900,
    ]
    assert rate(date(2026, 1, 1), "reduced") == 700
    assert rate(date(2026, 1, 1), "zero") == 0
    # Digital goods are taxed as all others where nothing else is said; where no rate is known, nothing is.
    assert rate(date(2026, 1, 1), "digital") == 1_900
    assert rate(date(2026, 1, 1), country="US") == 0
    assert rate(date(2015, 1, 1)) == 0
