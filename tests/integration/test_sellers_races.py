"""Staff and merchants at once, on real connections: one decision, one store, no order of a suspended merchant."""

import time

import pytest

from mall.actors import MERCHANT, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import MerchantNotSelling
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.requests import CancelConsignment, UnableToMoveConsignment
from mall.lifecycle import suspending
from mall.merchants import roles, staffing
from mall.merchants.applications import UnableToDecide
from mall.merchants.models import Membership, Merchant, MerchantApplication
from mall.onboarding import deciding
from mall.onboarding import operations as onboarding
from tests.factories.mall import AT, deliver_events, make_draft, make_market, make_shopper, staff
from tests.factories.onboarding import make_operations, sent
from tests.races import in_open_transaction, race, start


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    settings.RIALTO_HOME = tmp_path


def test_two_people_who_decide_at_once_open_one_store(fresh_database):
    row = sent()
    first, second, third = make_operations(), make_operations(), make_operations()
    deciding.agree(application_id=row.pk, by=first, at=AT)

    results = race(
        lambda: deciding.agree(application_id=row.pk, by=second, at=AT),
        lambda: deciding.agree(application_id=row.pk, by=third, at=AT),
    )

    row.refresh_from_db()
    assert sorted(isinstance(result, UnableToDecide) for result in results) == [False, True]
    assert (row.state, Merchant.objects.count()) == ("approved", 1)
    assert row.second_decision_by in (second, third)


def test_an_order_placed_while_its_merchant_is_suspended_waits_and_is_refused(fresh_database):
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    by = make_operations()

    def suspend():
        return suspending.suspend(merchant_id=market.first.pk, reason="Fakes.", urgent=True, by=by, at=AT)

    with in_open_transaction(suspend):
        placing = start(lambda: checkout.place_orders(drafts=[draft]))
        time.sleep(0.3)
    [result] = placing()

    assert isinstance(result, MerchantNotSelling)
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated in (None, 0)


def test_an_order_that_came_first_is_there_when_the_suspension_is_in_force(fresh_database):
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    by = make_operations()
    with in_open_transaction(lambda: checkout.place_orders(drafts=[draft])):
        suspended = start(
            lambda: suspending.suspend(merchant_id=market.first.pk, reason="Fakes.", urgent=True, by=by, at=AT)
        )
        time.sleep(0.3)

    assert suspended().state == "urgent"
    market.first.refresh_from_db()
    assert (market.first.status, market.first.consignments.count()) == ("suspended", 1)


def test_a_role_taken_away_while_its_holder_acts_is_asked_after_the_change(fresh_database):
    market = make_market()
    placed = checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: 1}))
    deliver_events()
    clerk = make_shopper(money=0)
    Membership.objects.create(merchant=market.first, user=clerk, role=roles.CLERK, since=AT)
    owner, by = staff(market.first), Actor(MERCHANT, clerk.pk, market.first.pk, roles.CLERK)
    request = CancelConsignment(number=f"{placed.number}-1", by=by, reason="mine", at=AT)

    with in_open_transaction(
        lambda: staffing.remove_staff(merchant_id=market.first.pk, user_id=clerk.pk, by=owner, at=AT)
    ):
        cancelling = start(lambda: fulfilment.cancel_consignments(requests=[request]))
        time.sleep(0.3)

    [result] = cancelling()
    assert isinstance(result, UnableToMoveConsignment)
    assert market.first.consignments.get().status == "confirmed"


def test_two_tabs_that_begin_at_once_have_one_draft(fresh_database):
    applicant = make_shopper(money=0)
    results = race(*[lambda: onboarding.begin(applicant_id=applicant.pk, at=AT)] * 3)
    assert {row.pk for row in results} == {MerchantApplication.objects.get().pk}
