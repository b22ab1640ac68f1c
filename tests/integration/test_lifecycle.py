"""Suspending, lifting and closing merchants: two people, money held, and nothing of the history lost."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, transaction

from mall import bank
from mall.actors import NotAllowed
from mall.checkout import operations as checkout
from mall.checkout.drafts import MerchantNotSelling
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.requests import Deliver, Dispatch
from mall.lifecycle import checklist, closing, states, suspending
from mall.lifecycle.closing import UnableToClose
from mall.lifecycle.models import Suspension
from mall.lifecycle.suspending import UnableToSuspend
from mall.merchants.models import Membership, MerchantEvent
from mall.search.queries import search
from payments import settlement
from tests.factories.mall import AT, deliver_events, make_draft, make_market, make_merchant, make_shopper, staff
from tests.factories.onboarding import make_operations

pytestmark = pytest.mark.django_db


def status_of(merchant):
    merchant.refresh_from_db()
    return merchant.status


def suspended(merchant, *, urgent=False):
    first = make_operations()
    row = suspending.suspend(merchant_id=merchant.pk, reason="Fakes.", urgent=urgent, by=first, at=AT)
    return row, first


def test_two_people_suspend_a_merchant_and_two_let_it_sell_again():
    market = make_market()
    row, first = suspended(market.first)
    assert (row.state, status_of(market.first)) == ("asked", "active")
    with pytest.raises(NotAllowed):
        suspending.agree(suspension_id=row.pk, by=first, at=AT)
    second = make_operations()
    assert suspending.agree(suspension_id=row.pk, by=second, at=AT).state == "in_force"
    deliver_events()

    assert status_of(market.first) == "suspended"
    assert bank.is_money_held(merchant_id=market.first.pk)
    found = {hit.product_id for hit in search(text="Lamp").hits}
    assert market.lamp.product_id not in found and market.chair.product_id in found
    [refused] = checkout.place_orders(drafts=[make_draft(user=market.shopper, quantities={market.lamp: 1})])
    assert isinstance(refused, MerchantNotSelling)
    assert "Fakes." in mail.outbox[-1].body and mail.outbox[-1].to == [market.first.owner.email]

    suspending.ask_lift(suspension_id=row.pk, reason="Proved genuine.", by=second, at=AT)
    with pytest.raises(NotAllowed):
        suspending.agree(suspension_id=row.pk, by=second, at=AT)
    assert suspending.agree(suspension_id=row.pk, by=first, at=AT).state == "lifted"
    deliver_events()
    assert status_of(market.first) == "active"
    assert not bank.is_money_held(merchant_id=market.first.pk)
    kinds = list(MerchantEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["suspension asked for", "suspended", "lifting asked for", "suspension lifted"]


def test_an_urgent_suspension_is_in_force_at_once_and_ends_by_itself_when_nobody_confirms_it():
    merchant = make_merchant()
    row, _first = suspended(merchant, urgent=True)
    assert status_of(merchant) == "suspended"
    assert bank.is_money_held(merchant_id=merchant.pk)
    assert suspending.lapse_unconfirmed(at=AT + timedelta(hours=23)) == 0
    assert suspending.lapse_unconfirmed(at=AT + timedelta(hours=24)) == 1
    assert suspending.lapse_unconfirmed(at=AT + timedelta(hours=25)) == 0
    row.refresh_from_db()
    assert (row.state, status_of(merchant)) == ("lapsed", "active")
    assert not bank.is_money_held(merchant_id=merchant.pk)


def test_an_urgent_suspension_that_is_confirmed_stays_and_one_that_is_refused_is_over():
    merchant, other = make_merchant(), make_merchant()
    row, first = suspended(merchant, urgent=True)
    with pytest.raises(NotAllowed):
        suspending.agree(suspension_id=row.pk, by=first, at=AT)
    suspending.agree(suspension_id=row.pk, by=make_operations(), at=AT)
    assert suspending.lapse_unconfirmed(at=AT + timedelta(days=2)) == 0
    assert status_of(merchant) == "suspended"
    row, _first = suspended(other, urgent=True)
    suspending.refuse(suspension_id=row.pk, by=make_operations(), at=AT)
    assert status_of(other) == "active"


def test_who_is_not_of_operations_or_works_for_the_store_suspends_nothing():
    merchant = make_merchant()
    colleague = make_operations()
    Membership.objects.create(merchant=merchant, user=colleague, role="clerk", since=AT)
    for person in (make_shopper(money=0), merchant.owner, make_operations(group="risk manager"), colleague):
        with pytest.raises(NotAllowed):
            suspending.suspend(merchant_id=merchant.pk, reason="x", urgent=True, by=person, at=AT)
        with pytest.raises(NotAllowed):
            closing.ask_close(merchant_id=merchant.pk, reason="x", by=person, at=AT)
    with pytest.raises(UnableToSuspend):
        suspending.suspend(merchant_id=merchant.pk, reason=" ", urgent=True, by=make_operations(), at=AT)
    assert (status_of(merchant), Suspension.objects.count()) == ("active", 0)


def test_a_merchant_is_suspended_once_and_the_database_wants_two_people():
    merchant = make_merchant()
    row, first = suspended(merchant)
    with pytest.raises(UnableToSuspend):
        suspended(merchant)
    with pytest.raises(IntegrityError), transaction.atomic():
        Suspension.objects.filter(pk=row.pk).update(state="in_force", decided_by=first)
    with pytest.raises(DatabaseError), transaction.atomic():
        MerchantEvent.objects.all().delete()


def test_a_store_is_closed_when_its_orders_reserve_and_payouts_are_over():
    market = make_market()
    placed = checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: 1}))
    deliver_events()
    number = f"{placed.number}-1"
    row = closing.close_own(merchant_id=market.first.pk, reason="Retiring", by=staff(market.first), at=AT)
    assert status_of(market.first) == "suspended"
    assert not closing.finish(closing_id=row.pk, at=AT)
    fulfilment.dispatch_consignments(requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT)])
    deliver_events()
    fulfilment.deliver_consignments(requests=[Deliver(consignment_number=number, said_by="carrier", at=AT)])
    deliver_events()
    open_items = {item.name for item in checklist.items(merchant_id=market.first.pk, at=AT) if not item.is_done}
    assert open_items == {"Waiting for its settlement"}
    day = (AT + timedelta(days=40)).date()
    settlement.settle_due(until=day)
    settlement.mature_reserves(until=day)
    name = bank.merchant(merchant_id=market.first.pk)
    before = bank.merchant_money(merchant_id=market.first.pk)
    settlement.pay_out_due(until=day, merchants=[name])
    money = bank.merchant_money(merchant_id=market.first.pk)
    assert (money.pending, money.available) == (0, 0)
    later = AT + timedelta(days=90)
    settlement.mature_reserves(until=later.date())
    settlement.pay_out_due(until=later.date(), merchants=[name])
    assert before.in_escrow == 0
    assert closing.finish_due(at=later) == 1
    assert closing.finish_due(at=later) == 0
    assert status_of(market.first) == "closed"
    with pytest.raises(UnableToClose):
        closing.call_off(closing_id=row.pk, by=staff(market.first), at=later)
    with pytest.raises(UnableToSuspend):
        suspending.suspend(merchant_id=market.first.pk, reason="x", urgent=True, by=make_operations(), at=later)
    assert market.first.consignments.get().status == "released"


def test_an_owner_calls_his_closing_off_and_cannot_call_off_the_banks():
    merchant = make_merchant()
    row = closing.close_own(merchant_id=merchant.pk, reason="", by=staff(merchant), at=AT)
    with pytest.raises(UnableToClose):
        closing.close_own(merchant_id=merchant.pk, reason="", by=staff(merchant), at=AT)
    closing.call_off(closing_id=row.pk, by=staff(merchant), at=AT)
    assert status_of(merchant) == "active"
    first, second = make_operations(), make_operations()
    row = closing.ask_close(merchant_id=merchant.pk, reason="Fraud", by=first, at=AT)
    with pytest.raises(NotAllowed):
        closing.decide(closing_id=row.pk, agrees=True, by=first, at=AT)
    closing.decide(closing_id=row.pk, agrees=True, by=second, at=AT)
    with pytest.raises(NotAllowed):
        closing.call_off(closing_id=row.pk, by=staff(merchant), at=AT)
    assert status_of(merchant) == "suspended"
    assert closing.finish(closing_id=row.pk, at=AT)
    assert status_of(merchant) == "closed"


def test_lifting_a_suspension_does_not_open_a_store_that_is_being_closed():
    merchant = make_merchant()
    row, first = suspended(merchant, urgent=True)
    suspending.agree(suspension_id=row.pk, by=make_operations(), at=AT)
    ending = closing.close_own(merchant_id=merchant.pk, reason="", by=staff(merchant), at=AT)
    assert not closing.finish(closing_id=ending.pk, at=AT)
    suspending.ask_lift(suspension_id=row.pk, reason="Fine.", by=first, at=AT)
    suspending.agree(suspension_id=row.pk, by=make_operations(), at=AT)
    assert status_of(merchant) == "suspended"
    assert closing.finish(closing_id=ending.pk, at=AT)


@pytest.mark.parametrize("table", [states.SUSPENSION, states.CLOSING])
def test_every_state_of_a_table_is_left_or_is_an_end(table):
    ended = {*states.SUSPENSION_ENDED, *states.CLOSING_ENDED}
    assert {
        state for state in states.states_of(table=table) if state not in {source for source, _e, _n in table}
    } <= ended
    with pytest.raises(states.ForbiddenMove):
        states.move(table=table, state="closed", event="agree")
