"""What promotions take off: the best of each store, in exact minor units, never more than the goods cost."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mall.promotions.evaluating import BETTER, MINIMUM, NOTHING, TWICE, USED_UP, Goods, Terms, evaluate
from mall.promotions.models import AMOUNT, FREE_DELIVERY, PERCENTAGE, PIECES


def terms(promotion_id: int = 1, kind: str = PERCENTAGE, value: int = 1_000, **others: object) -> Terms:
    return Terms(
        **(
            {"promotion_id": promotion_id, "merchant_id": 1, "name": f"P{promotion_id}", "code": "", "kind": kind}
            | {"value": value}
            | others
        )
    )


def goods(
    key: int, price: int, quantity: int = 1, merchant_id: int = 1, product_id: int = 0, **others: object
) -> Goods:
    return Goods(
        key=key,
        merchant_id=merchant_id,
        product_id=product_id or key,
        unit_price=price,
        quantity=quantity,
        **others,
    )


def taken(lines: list[Goods], *promotions: Terms) -> dict[int, int]:
    applied, _idle = evaluate(goods=lines, promotions=promotions)
    return {key: amount for use in applied for key, amount in use.lines.items()}


def why(lines: list[Goods], *promotions: Terms) -> list[tuple[str, str, int]]:
    _applied, idle = evaluate(goods=lines, promotions=promotions)
    return [(use.code, use.why, use.missing) for use in idle]


def test_a_percentage_is_rounded_once_and_shared_by_largest_remainder():
    assert taken([goods(1, 333), goods(2, 333), goods(3, 334)], terms(value=1_050)) == {1: 35, 2: 35, 3: 35}
    assert taken([goods(1, 5)], terms(value=1_000)) == {1: 1}


def test_an_amount_takes_no_more_than_the_goods_cost():
    assert taken([goods(1, 300), goods(2, 100)], terms(kind=AMOUNT, value=1_000)) == {1: 300, 2: 100}


@pytest.mark.parametrize(
    ("quantities", "value", "paid", "free"),
    [
        # 3 for 2, dearest first: one set of three 900s, the rest stays incomplete.
        ({900: 4, 100: 1}, 3, 2, {900: 1}),
        ({900: 2, 100: 1}, 3, 2, {100: 1}),
        ({900: 2}, 3, 2, {}),
        # 5 for 3: of six pieces one full set.
        ({900: 4, 100: 2}, 5, 3, {900: 1, 100: 1}),
        ({900: 999}, 2, 1, {900: 499}),
    ],
)
def test_of_every_full_set_the_cheapest_pieces_are_free(quantities, value, paid, free):
    lines = [goods(price, price, quantity) for price, quantity in quantities.items()]
    found = taken(lines, terms(kind=PIECES, value=value, paid_for=paid))
    assert found == {price: price * pieces for price, pieces in free.items()}


def test_of_a_stores_promotions_the_one_that_gives_most_counts_and_the_other_code_is_told_of():
    small, large = terms(1, value=500, code="SMALL"), terms(2, value=1_000)
    assert taken([goods(1, 1_000)], small, large) == {1: 100}
    assert why([goods(1, 1_000)], small, large) == [("SMALL", BETTER, 0)]


def test_free_delivery_comes_beside_a_promotion_of_the_goods():
    applied, _idle = evaluate(
        goods=[goods(1, 1_000)], promotions=[terms(1), terms(2, kind=FREE_DELIVERY, value=0, minimum=1_000)]
    )
    assert [(use.promotion_id, use.delivery, use.amount) for use in applied] == [(1, False, 100), (2, True, 0)]


def test_stores_do_not_touch_each_other():
    lines = [goods(1, 1_000), goods(2, 1_000, merchant_id=2)]
    assert taken(lines, terms(1), terms(2, merchant_id=2, value=5_000)) == {1: 100, 2: 500}
    assert taken([goods(2, 1_000, merchant_id=2)], terms(1)) == {}


def test_only_goods_in_scope_count_for_the_promotion_and_for_its_minimum():
    lines = [goods(1, 1_000, categories=frozenset({7, 70})), goods(2, 9_000)]
    assert taken(lines, terms(category_id=7)) == {1: 100}
    assert taken(lines, terms(product_ids=(2,))) == {2: 900}
    assert why(lines, terms(code="C", category_id=7, minimum=1_500)) == [("C", MINIMUM, 500)]


@pytest.mark.parametrize(
    ("promotion", "reason"),
    [
        (terms(code="C", product_ids=(9,)), NOTHING),
        (terms(code="C", merchant_id=2), NOTHING),
        (terms(code="C", left=99), USED_UP),
        (terms(code="C", kind=FREE_DELIVERY, value=0, left=0), USED_UP),
        (terms(code="C", used_up_by_customer=True), TWICE),
    ],
)
def test_a_code_that_does_not_count_says_why(promotion, reason):
    assert why([goods(1, 1_000)], promotion) == [("C", reason, 0)]
    assert taken([goods(1, 1_000)], promotion) == {}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 999), st.integers(1, 3)), min_size=1, max_size=8),
    st.lists(
        st.one_of(
            st.builds(lambda value: ("percentage", value, 0), st.integers(1, 10_000)),
            st.builds(lambda value: ("amount", value, 0), st.integers(1, 10**8)),
            st.integers(2, 9).flatmap(
                lambda value: st.builds(lambda paid: ("pieces", value, paid), st.integers(1, value - 1))
            ),
        ),
        max_size=5,
    ),
)
def test_no_line_ever_costs_less_than_nothing_and_each_sum_is_that_of_its_lines(rows, wishes):
    lines = [goods(key, price, quantity, merchant) for key, (price, quantity, merchant) in enumerate(rows, start=1)]
    promotions = [
        terms(number, kind=kind, value=value, paid_for=paid, merchant_id=number % 3 + 1)
        for number, (kind, value, paid) in enumerate(wishes, start=1)
    ]
    applied, _idle = evaluate(goods=lines, promotions=promotions)
    by_key = {line.key: line for line in lines}
    assert len({use.merchant_id for use in applied}) == len(applied)
    for use in applied:
        assert use.amount == sum(use.lines.values()) > 0
        for key, amount in use.lines.items():
            assert by_key[key].merchant_id == use.merchant_id
            assert 0 < amount <= by_key[key].amount
