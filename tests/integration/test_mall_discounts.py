"""Promotions and vouchers: they lower what is paid, keep to their budgets whoever races, and come back."""

import dataclasses
from collections.abc import Iterable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from oscar.core.loading import get_model

from mall.actors import NotAllowed
from mall.basket import operations as baskets
from mall.basket.contents import contents
from mall.checkout import operations as checkout
from mall.checkout.attempt import Buyer
from mall.checkout.attempt import draft as draft_of
from mall.checkout.drafts import (
    CancelOrder,
    DeliveryChoice,
    DiscountUse,
    DraftLine,
    PlacedOrder,
    PromotionNotUsable,
    TenderChoice,
    WrongAmounts,
)
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import CancelConsignment
from mall.order.models import Line, Order
from mall.promotions import operations, queries
from mall.promotions.models import AMOUNT, FREE_DELIVERY, PIECES, CustomerUses, Promotion, PromotionUse
from payments import models as bank_rows
from payments.ledger import queries as ledger
from tests.factories.mall import (
    AT,
    Market,
    account_of,
    deliver_events,
    make_address,
    make_draft,
    make_market,
    make_offer,
    make_shopper,
    staff,
)
from tests.factories.promotions import (
    discounted,
    make_bank_voucher,
    make_operator,
    make_promotion,
    make_wish,
    placed,
    state_of,
    with_amount,
)

pytestmark = pytest.mark.django_db

Basket = get_model("basket", "Basket")


def by_voucher(*, market: Market, user: object, code: str, amount: int, **others: object):
    """Return a draft of one lamp paid by a voucher of the bank and the account."""
    tenders = (TenderChoice("voucher", code, amount), TenderChoice("bank_account", account_of(user), 2_990 - amount))
    return make_draft(user=user, quantities={market.lamp: 1}, tenders=tenders, **others)


def fill(*, user: object, offers: Iterable[tuple[object, int]]) -> object:
    basket = Basket.objects.create(owner=user)
    for offer, pieces in offers:
        baskets.add(basket_id=basket.pk, stockrecord_id=offer.pk, quantity=pieces)
    return basket


def test_a_code_lowers_the_charge_to_the_cent_of_its_own_stores_goods_alone():
    market = make_market()
    promotion = make_promotion(market.first, code="SPRING")
    basket = fill(user=market.shopper, offers=[(market.lamp, 3), (market.chair, 1)])
    operations.enter_code(basket_id=basket.pk, code=" spring ", at=AT)
    found = contents(basket=basket, at=AT, country="DE")
    choices = {parcel.merchant_id: "standard" for parcel in found.parcels}
    total = found.total(choices=choices)
    draft = draft_of(
        key="with-a-code",
        buyer=Buyer(user_id=market.shopper.pk, email=market.shopper.email, device=""),
        basket=basket,
        contents=found,
        choices=choices,
        address=make_address(),
        tenders=(("bank_account", account_of(market.shopper), total),),
        return_url="",
        at=AT,
    )

    assert found.goods == 7_500 - 750 + 8_000
    assert checkout.submit_order(draft=draft).state == "confirmed"

    order = Order.objects.get()
    assert order.total_minor == total
    assert ledger.balance(code=f"held:{order.payment_id}") == total
    assert dict(Consignment.objects.values_list("merchant_id", "goods")) == {
        market.first.pk: 6_750,
        market.second.pk: 8_000,
    }
    assert sorted(Line.objects.values_list("line_price_before_discounts_incl_tax", flat=True)) == [75, 80]
    assert state_of(promotion) == (750, 1)
    [use] = queries.used_by_order(order_id=order.pk)
    assert (use.code, use.amount, use.merchant_id) == ("SPRING", 750, market.first.pk)
    assert check_consignments() == []


def test_a_budget_for_one_more_serves_one_order_of_a_batch_and_the_other_takes_no_stock():
    market = make_market(stock=2)
    promotion = make_promotion(market.first, budget=499)
    drafts = [discounted(market=market, user=user, promotion=promotion) for user in (market.shopper, make_shopper())]

    results = checkout.place_orders(drafts=drafts)

    assert placed(results) == 1
    [refused] = [result for result in results if isinstance(result, PromotionNotUsable)]
    assert "is not to be had any more" in str(refused)
    assert state_of(promotion) == (250, 1)
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 1


def test_a_guest_is_one_customer_however_he_writes_his_address():
    market = make_market()
    promotion = make_promotion(market.first, per_customer=1)
    drafts = [
        dataclasses.replace(
            discounted(market=market, user=market.shopper, promotion=promotion),
            user_id=None,
            email=email,
            tenders=(TenderChoice("card", "new", 2_740),),
        )
        for email in ("guest@mail.example", " Guest@Mail.example")
    ]

    results = checkout.place_orders(drafts=drafts)

    assert [type(result) for result in results] == [PlacedOrder, PromotionNotUsable]
    assert "guest@" not in CustomerUses.objects.get().customer


def test_what_an_order_took_comes_back_once_when_it_is_cancelled():
    market = make_market()
    promotion = make_promotion(market.first, per_customer=1, budget=250)
    draft = discounted(market=market, user=market.shopper, promotion=promotion)
    order = checkout.place_order(draft=draft)

    for _ in range(2):
        checkout.cancel_orders(requests=[CancelOrder(number=order.number, reason="changed my mind", at=AT)])

    assert state_of(promotion) == (0, 0)
    assert PromotionUse.objects.get().given_back_at == AT
    again = discounted(market=market, user=market.shopper, promotion=promotion)
    assert isinstance(checkout.place_order(draft=again), PlacedOrder)
    assert state_of(promotion) == (250, 1)


def test_a_store_that_cancels_its_parcel_gets_its_own_promotion_back_and_no_other():
    market = make_market()
    mine, theirs = make_promotion(market.first), make_promotion(market.second)
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1}, charge=0)
    draft = dataclasses.replace(
        draft,
        lines=(DraftLine(market.lamp.pk, 1, 2_500, 2_250), DraftLine(market.chair.pk, 1, 8_000, 7_200)),
        discounts=(DiscountUse(mine.pk, market.first.pk, 250), DiscountUse(theirs.pk, market.second.pk, 800)),
        tenders=(TenderChoice("bank_account", account_of(market.shopper), 9_450),),
    )
    checkout.submit_order(draft=draft)
    number = Consignment.objects.get(merchant=market.first).number

    fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=number, by=staff(market.first), reason="broken", at=AT)]
    )

    assert state_of(mine) == (0, 0)
    assert state_of(theirs) == (800, 1)


def test_free_delivery_counts_as_much_as_it_waived():
    market = make_market()
    promotion = make_promotion(market.first, kind=FREE_DELIVERY, value=0, budget=490)
    basket = fill(user=market.shopper, offers=[(market.lamp, 1)])
    [parcel] = contents(basket=basket, at=AT).parcels
    assert [(quote.code, quote.charge, quote.waived) for quote in parcel.deliveries] == [
        ("standard", 0, 490),
        ("express", 980, 0),
    ]
    drafts = [
        make_draft(
            user=user,
            quantities={market.lamp: 1},
            charge=0,
            discounts=(DiscountUse(promotion.pk, market.first.pk, 490, delivery=True),),
        )
        for user in (market.shopper, make_shopper())
    ]

    results = checkout.place_orders(drafts=drafts)

    assert [type(result) for result in results] == [PlacedOrder, PromotionNotUsable]
    assert state_of(promotion) == (490, 1)
    [parcel] = contents(basket=basket, at=AT).parcels
    assert parcel.deliveries[0].charge == 490


@pytest.mark.parametrize(
    "change", [{"ends_at": AT - timedelta(seconds=1)}, {"starts_at": AT + timedelta(seconds=1)}, {"state": "ended"}]
)
def test_a_promotion_that_is_not_in_force_at_the_moment_of_the_order_refuses_it(change):
    market = make_market()
    promotion = make_promotion(market.first)
    Promotion.objects.filter(pk=promotion.pk).update(**({"starts_at": AT - timedelta(days=2)} | change))

    [refused] = checkout.place_orders(drafts=[discounted(market=market, user=market.shopper, promotion=promotion)])

    assert isinstance(refused, PromotionNotUsable)
    assert (Order.objects.count(), state_of(promotion)) == (0, (0, 0))


@pytest.mark.parametrize("amount", [-1, 2_249, 2_400, 2_501])
def test_a_line_costs_less_only_by_what_a_promotion_takes_off(amount):
    market = make_market()
    promotion = make_promotion(market.first)
    draft = with_amount(discounted(market=market, user=market.shopper, promotion=promotion), amount)
    tenders = (TenderChoice("bank_account", account_of(market.shopper), amount + 490),)

    [refused] = checkout.place_orders(drafts=[dataclasses.replace(draft, tenders=tenders)])

    assert isinstance(refused, WrongAmounts)
    assert (Order.objects.count(), state_of(promotion)) == (0, (0, 0))


def test_a_promotion_takes_nothing_off_another_stores_goods():
    market = make_market()
    theirs = make_promotion(market.second)
    draft = discounted(market=market, user=market.shopper, promotion=theirs)
    draft = dataclasses.replace(draft, discounts=(DiscountUse(theirs.pk, market.second.pk, 250),))

    [refused] = checkout.place_orders(drafts=[draft])

    assert isinstance(refused, WrongAmounts)


def test_a_promotion_never_names_another_stores_products():
    market = make_market()
    with pytest.raises(operations.UnableToChangePromotion, match="goods your own store sells"):
        make_promotion(market.first, product_ids=(market.chair.product_id,))
    assert Promotion.objects.count() == 0


def test_only_people_of_the_store_make_and_end_its_promotions():
    market = make_market()
    promotion = make_promotion(market.first)
    with pytest.raises(NotAllowed):
        operations.make_promotion(merchant_id=market.first.pk, wish=make_wish(), by=staff(market.second), at=AT)
    with pytest.raises(operations.UnableToChangePromotion):
        operations.end_promotion(
            promotion_id=promotion.pk, merchant_id=market.second.pk, by=staff(market.second), at=AT
        )
    assert state_of(promotion) == (0, 0)
    assert promotion.state == "in_force"


def test_a_code_is_one_promotions_whatever_its_case():
    market = make_market()
    make_promotion(market.first, code="SPRING")
    with pytest.raises(operations.UnableToChangePromotion, match="code is taken"):
        make_promotion(market.second, code="spring")


def test_the_database_refuses_to_give_more_than_a_budget():
    promotion = make_promotion(make_market().first, budget=100)
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.filter(pk=promotion.pk).update(spent=101)


def test_three_for_two_gives_the_cheapest_of_each_set():
    market = make_market()
    cheap = make_offer(merchant=market.first, price=1_000)
    make_promotion(market.first, kind=PIECES, value=3, paid_for=2)
    basket = fill(user=market.shopper, offers=[(market.lamp, 2), (cheap, 4)])

    [parcel] = contents(basket=basket, at=AT).parcels

    # Two sets: lamp, lamp, cheap and three cheap ones.
    assert parcel.goods == 2 * 2_500 + 4 * 1_000 - 2 * 1_000


# --- the bank pays


def test_the_bank_pays_what_its_voucher_gives_and_the_store_loses_nothing():
    market = make_market()
    promotion = make_bank_voucher(value=1_000, budget=1_500)
    draft = by_voucher(market=market, user=market.shopper, code="WELCOME", amount=1_000)

    assert checkout.submit_order(draft=draft).state == "confirmed"

    assert Consignment.objects.get().goods == 2_500
    voucher = bank_rows.Voucher.objects.get()
    assert (voucher.code, voucher.budget, voucher.reserved) == ("WELCOME", 1_500, 1_000)
    assert state_of(promotion) == (0, 1)
    other = by_voucher(market=market, user=make_shopper(), code="WELCOME", amount=1_000)
    outcome = checkout.submit_order(draft=other)
    assert (outcome.state, outcome.message) == ("refused", "The voucher WELCOME has €5.00 left.")
    assert state_of(promotion) == (0, 1)
    voucher.refresh_from_db()
    assert voucher.reserved == 1_000


@pytest.mark.parametrize(
    ("terms", "amount"),
    [({"value": 999}, 1_000), ({"minimum": 2_501}, 1_000), ({"product_ids": (1,)}, 1)],
)
def test_a_voucher_of_the_bank_keeps_to_its_terms_whatever_a_draft_says(terms, amount):
    market = make_market()
    promotion = make_bank_voucher(**terms)
    draft = by_voucher(market=market, user=market.shopper, code="WELCOME", amount=amount)

    [refused] = checkout.place_orders(drafts=[draft])

    assert isinstance(refused, PromotionNotUsable)
    assert (Order.objects.count(), state_of(promotion)) == (0, (0, 0))


def test_a_voucher_of_the_bank_for_one_store_pays_for_its_goods_alone():
    market = make_market()
    make_bank_voucher(value=5_000, merchant=market.second)
    draft = by_voucher(market=market, user=market.shopper, code="WELCOME", amount=1)
    [refused] = checkout.place_orders(drafts=[draft])
    assert isinstance(refused, PromotionNotUsable)


def test_a_voucher_of_the_bank_is_given_back_with_its_cancelled_order():
    market = make_market()
    promotion = make_bank_voucher(per_customer=1)
    draft = by_voucher(market=market, user=market.shopper, code="WELCOME", amount=1_000)
    number = checkout.submit_order(draft=draft).number
    checkout.cancel_orders(requests=[CancelOrder(number=number, reason="no", at=AT)])
    deliver_events()
    assert state_of(promotion) == (0, 0)
    assert (bank_rows.Voucher.objects.get().reserved, CustomerUses.objects.get().uses) == (0, 0)


def test_nobody_agrees_to_his_own_voucher_and_only_operations_to_any():
    operator = make_operator()
    wish = make_wish(kind=AMOUNT, value=500, code="GIFT", budget=5_000)
    made = operations.propose_voucher(wish=wish, merchant_id=None, currency="EUR", by=operator, at=AT)
    with pytest.raises(operations.UnableToChangePromotion, match="Somebody else"):
        operations.agree_to_voucher(promotion_id=made, by=operator, at=AT)
    with pytest.raises(NotAllowed):
        operations.agree_to_voucher(promotion_id=made, by=make_shopper(), at=AT)
    assert bank_rows.Voucher.objects.count() == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.filter(pk=made).update(state="in_force", decided_by=operator)


def test_an_ended_voucher_pays_no_more():
    market = make_market()
    promotion = make_bank_voucher()
    operations.end_voucher(promotion_id=promotion.pk, by=make_operator(), at=AT)
    draft = by_voucher(market=market, user=market.shopper, code="WELCOME", amount=1_000, at=AT + timedelta(hours=1))
    assert checkout.submit_order(draft=draft).state == "refused"


def test_a_draft_names_a_delivery_for_each_store_even_when_it_is_free():
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1}, charge=0)
    [refused] = checkout.place_orders(
        drafts=[dataclasses.replace(draft, deliveries={market.second.pk: DeliveryChoice("standard", 0)})]
    )
    assert isinstance(refused, WrongAmounts)
