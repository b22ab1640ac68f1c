"""Offers and vouchers: they lower what is paid, are counted once, and come back with a cancelled order."""

import dataclasses
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import RequestFactory
from oscar.core.loading import get_class, get_model

from mall.basket.contents import contents
from mall.checkout import operations as checkout
from mall.checkout.attempt import Buyer
from mall.checkout.attempt import draft as draft_of
from mall.checkout.drafts import CancelOrder, DiscountUse, DraftLine, TenderChoice, VoucherNotUsable, WrongAmounts
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment
from mall.order.models import Line, Order
from payments.ledger import queries as ledger
from tests.factories.mall import AT, account_of, deliver_events, make_address, make_draft, make_market, make_shopper

pytestmark = pytest.mark.django_db

Basket = get_model("basket", "Basket")
Benefit = get_model("offer", "Benefit")
Condition = get_model("offer", "Condition")
ConditionalOffer = get_model("offer", "ConditionalOffer")
Range = get_model("offer", "Range")
Voucher = get_model("voucher", "Voucher")


def make_voucher(*, usage: str = "Single use", percent: int = 10):
    everything = Range.objects.create(name="All", includes_all_products=True)
    offer = ConditionalOffer.objects.create(
        name="Ten off",
        offer_type=ConditionalOffer.VOUCHER,
        condition=Condition.objects.create(range=everything, type="Count", value=1),
        benefit=Benefit.objects.create(range=everything, type="Percentage", value=percent),
    )
    voucher = Voucher.objects.create(
        name="Spring", code="SPRING", usage=usage, start_datetime=AT - timedelta(1), end_datetime=AT + timedelta(9_000)
    )
    voucher.offers.add(offer)
    return voucher, offer


def discounted(*, market, user, voucher, offer, **others):
    total = 2_250 + 490
    return make_draft(
        user=user,
        quantities={market.lamp: 1},
        tenders=(TenderChoice("bank_account", account_of(user), total),),
        discounts=(DiscountUse(offer_id=offer.pk, amount_minor=250, voucher_id=voucher.pk),),
        **others,
    )


def with_amount(draft, amount: int):
    [line] = draft.lines
    return dataclasses.replace(
        draft, lines=(DraftLine(line.stockrecord_id, line.quantity, line.unit_price_minor, amount),)
    )


def test_a_baskets_voucher_lowers_the_charge_to_the_cent():
    market = make_market()
    voucher, offer = make_voucher()
    basket = Basket.objects.create(owner=market.shopper)
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    basket.add_product(market.lamp.product, 3, stockrecord=market.lamp)
    basket.add_product(market.chair.product, 1, stockrecord=market.chair)
    basket.vouchers.add(voucher)
    request = RequestFactory().get("/")
    request.user = market.shopper
    get_class("offer.applicator", "Applicator")().apply(basket, market.shopper, request)
    found = contents(basket=basket, at=AT)
    choices = {parcel.merchant_id: "standard" for parcel in found.parcels}
    total = found.total(choices=choices)
    draft = draft_of(
        key="with-voucher",
        buyer=Buyer(user_id=market.shopper.pk, email=market.shopper.email, device=""),
        basket=basket,
        contents=found,
        choices=choices,
        address=make_address(),
        tenders=(("bank_account", account_of(market.shopper), total),),
        return_url="",
        at=AT,
    )

    assert found.goods == 15_500 - 1_550
    assert checkout.submit_order(draft=draft).state == "confirmed"

    order = Order.objects.get()
    assert order.total_minor == total
    assert ledger.balance(code=f"held:{order.payment_id}") == total
    assert sum(part.goods for part in Consignment.objects.all()) == 13_950
    assert {line.line_price_before_discounts_incl_tax for line in Line.objects.all()} == {Decimal(75), Decimal(80)}
    voucher.refresh_from_db()
    offer.refresh_from_db()
    assert (voucher.num_orders, voucher.total_discount, voucher.applications.count()) == (1, Decimal("15.50"), 1)
    assert (offer.num_orders, offer.total_discount) == (1, Decimal("15.50"))
    assert check_consignments() == []


def test_a_single_use_voucher_serves_one_order_of_a_batch_and_none_after():
    market = make_market()
    voucher, offer = make_voucher()
    drafts = [
        with_amount(discounted(market=market, user=user, voucher=voucher, offer=offer), 2_250)
        for user in (market.shopper, make_shopper())
    ]

    first, second = checkout.place_orders(drafts=drafts)
    [third] = checkout.place_orders(
        drafts=[with_amount(discounted(market=market, user=make_shopper(), voucher=voucher, offer=offer), 2_250)]
    )

    assert first.number
    assert isinstance(second, VoucherNotUsable)
    assert isinstance(third, VoucherNotUsable)
    assert voucher.applications.count() == 1


def test_a_cancelled_order_gives_its_voucher_back():
    market = make_market()
    voucher, offer = make_voucher(usage="Once per customer")
    draft = with_amount(discounted(market=market, user=market.shopper, voucher=voucher, offer=offer), 2_250)
    checkout.submit_order(draft=draft)

    checkout.cancel_orders(requests=[CancelOrder(draft.number, "never mind", AT)])
    deliver_events()

    voucher.refresh_from_db()
    offer.refresh_from_db()
    assert (voucher.num_orders, voucher.total_discount, offer.num_orders) == (0, 0, 0)
    again = with_amount(discounted(market=market, user=market.shopper, voucher=voucher, offer=offer), 2_250)
    assert checkout.submit_order(draft=again).state == "confirmed"


def test_a_voucher_outside_its_days_is_refused():
    market = make_market()
    voucher, offer = make_voucher()
    early = discounted(market=market, user=market.shopper, voucher=voucher, offer=offer, at=AT - timedelta(days=30))

    [refused] = checkout.place_orders(drafts=[with_amount(early, 2_250)])

    assert isinstance(refused, VoucherNotUsable)
    assert Order.objects.count() == 0


@pytest.mark.parametrize("amount", [-1, 2_501])
def test_a_line_never_costs_less_than_nothing_or_more_than_its_price(amount):
    market = make_market()
    draft = make_draft(
        user=market.shopper,
        quantities={market.lamp: 1},
        tenders=(TenderChoice("bank_account", account_of(market.shopper), amount + 490),),
    )

    [refused] = checkout.place_orders(drafts=[with_amount(draft, amount)])

    assert isinstance(refused, WrongAmounts)
