"""Money: whole minor units, exact splits, refusals that name the remedy."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import CurrencyMismatch, InexactAmount, Money, MoneyError, exponent, largest_remainder, share

AMOUNTS = st.integers(-(10**15), 10**15)


@given(AMOUNTS, st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
def test_the_parts_of_an_amount_sum_to_the_amount(total, weights):
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - total * weight) < whole


def test_odd_cents_land_on_the_earlier_of_equal_parts():
    assert largest_remainder(100, [1, 1, 1]) == [34, 33, 33]
    assert largest_remainder(-100, [1, 1, 1]) == [-34, -33, -33]
    assert largest_remainder(5, [0, 1, 0]) == [0, 5, 0]


def test_weights_that_cannot_divide_are_refused():
    for weights in ([], [0, 0], [2, -1]):
        with pytest.raises(MoneyError):
            largest_remainder(10, weights)


@given(AMOUNTS, st.integers(0, 10_000))
def test_a_share_is_within_half_a_unit_of_the_exact_rate(amount, basis_points):
    assert abs(Decimal(share(amount, basis_points)) - Decimal(amount) * basis_points / 10_000) <= Decimal("0.5")


def test_a_share_rounds_half_to_even():
    assert [share(amount, 5_000) for amount in (1, 3, -1, -3)] == [0, 2, 0, -2]


def test_exponents_follow_the_currency():
    assert [exponent(code) for code in ("EUR", "BRL", "JPY", "KWD")] == [2, 2, 0, 3]
    with pytest.raises(MoneyError, match="ISO 4217"):
        exponent("eur")


def test_decimals_convert_both_ways_without_losing_a_digit():
    assert Money.from_decimal(Decimal("12.34"), "EUR") == Money(1234, "EUR")
    assert Money(1234, "EUR").to_decimal() == Decimal("12.34")
    assert Money(1234, "JPY").to_decimal() == Decimal(1234)
    with pytest.raises(InexactAmount):
        Money.from_decimal(Decimal("12.345"), "EUR")
    assert Money.from_decimal(Decimal("12.345"), "EUR", rounding=ROUND_HALF_UP) == Money(1235, "EUR")


def test_currencies_do_not_mix():
    for operation in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b):
        with pytest.raises(CurrencyMismatch):
            operation(Money(1, "EUR"), Money(1, "BRL"))


def test_only_whole_minor_units_within_the_ledger_s_range_are_money():
    for amount in (1.0, Decimal(1), True, "1"):
        with pytest.raises(MoneyError):
            Money(amount, "EUR")
    with pytest.raises(MoneyError, match="more than the ledger"):
        Money(2**63, "EUR")


def test_text_carries_the_currency():
    assert str(Money(-5, "EUR")) == "-0.05 EUR"
    assert Money(123456, "EUR").format("en") == "€1,234.56"
    assert Money(123456, "EUR").format("es") == "1.234,56\xa0€"
