"""Promotions and baskets under races: several connections at once, on a private database."""

import pytest
from oscar.core.loading import get_model

from mall.basket import operations as baskets
from mall.checkout import operations as checkout
from mall.checkout.drafts import BasketChanged, PlacedOrder
from mall.promotions import operations
from mall.promotions.models import AMOUNT, CustomerUses
from payments import models as bank_rows
from tests.factories.mall import AT, make_draft, make_market, make_shopper
from tests.factories.promotions import discounted, make_operator, make_promotion, make_wish, placed, state_of
from tests.races import race

pytestmark = pytest.mark.usefixtures("fresh_database")

Basket = get_model("basket", "Basket")
Line = get_model("basket", "Line")


def test_orders_that_race_for_the_last_of_a_budget_never_exceed_it():
    market = make_market()
    promotion = make_promotion(market.first, budget=600)
    drafts = [discounted(market=market, user=make_shopper(), promotion=promotion) for _ in range(4)]

    results = race(*(lambda draft=draft: checkout.place_orders(drafts=[draft]) for draft in drafts))

    assert sum(placed(result) for result in results) == 2
    assert state_of(promotion) == (500, 2)
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 2


def test_one_customer_who_orders_twice_at_once_uses_a_promotion_once():
    market = make_market()
    promotion = make_promotion(market.first, per_customer=1)
    drafts = [discounted(market=market, user=market.shopper, promotion=promotion) for _ in range(3)]

    results = race(*(lambda draft=draft: checkout.place_orders(drafts=[draft]) for draft in drafts))

    assert sum(placed(result) for result in results) == 1
    assert state_of(promotion) == (250, 1)
    assert CustomerUses.objects.get().uses == 1


def test_two_who_agree_at_once_issue_one_voucher():
    wish = make_wish(kind=AMOUNT, value=500, code="GIFT", budget=5_000)
    made = operations.propose_voucher(wish=wish, merchant_id=None, currency="EUR", by=make_operator(), at=AT)
    people = [make_operator(), make_operator()]
    results = race(*(lambda by=by: operations.agree_to_voucher(promotion_id=made, by=by, at=AT) for by in people))
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "UnableToChangePromotion"]
    assert bank_rows.Voucher.objects.get().budget == 5_000


def test_a_piece_added_while_the_order_is_placed_is_in_the_order_or_stays_in_the_basket():
    market = make_market()
    basket = Basket.objects.create(owner=market.shopper)
    baskets.add(basket_id=basket.pk, stockrecord_id=market.lamp.pk, quantity=1)
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1}, basket_id=basket.pk)

    ordered, added = race(
        lambda: checkout.place_orders(drafts=[draft])[0],
        lambda: baskets.add(basket_id=basket.pk, stockrecord_id=market.chair.pk, quantity=1),
    )

    lines = Line.objects.filter(basket=basket).count()
    basket.refresh_from_db()
    if isinstance(ordered, PlacedOrder):
        assert isinstance(added, baskets.UnableToChangeBasket)
        assert (lines, basket.status) == (1, "Frozen")
    else:
        assert isinstance(ordered, BasketChanged)
        assert (lines, basket.status) == (2, "Open")


def test_two_tabs_that_add_the_same_thing_at_once_add_up():
    market = make_market(stock=5)
    basket = Basket.objects.create(owner=market.shopper)

    race(*(lambda: baskets.add(basket_id=basket.pk, stockrecord_id=market.lamp.pk, quantity=2) for _ in range(3)))

    # Five are in stock: the third addition was refused.
    assert Line.objects.get(basket=basket).quantity == 4
