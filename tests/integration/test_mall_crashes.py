"""A checkout killed at each step: afterwards no money without an order, and no order without its money."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings

from config import env
from mall import bank
from mall.checkout import operations as checkout
from mall.fulfilment.checks import check_consignments
from mall.order.models import Order
from payments import operations as payments
from payments.ledger import queries as ledger
from payments.ledger import verification
from payments.models import OutboxEvent
from tests.factories.mall import AT, account_of, deliver_events, make_draft, make_market

TOTAL = 2_500 + 8_000 + 2 * 490

# The point, and what is left of the order when nobody comes back to it.
POINTS = [
    ("when stock is taken", None),
    ("when the payment is recorded", None),
    ("before the order is committed", None),
    ("before the payment is asked for", "Cancelled"),
    ("when the hold is posted", "Cancelled"),
    ("after the payment is promised", "Confirmed"),
    ("before the confirmation is committed", "Confirmed"),
    ("after the confirmation", "Confirmed"),
    ("while events are delivered", "Confirmed"),
]


def crash(*, market, point: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.factories.mall_crash",
            point,
            str(market.shopper.pk),
            str(market.lamp.pk),
            str(market.chair.pk),
        ],
        cwd=env.CHECKOUT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def restart(*, at) -> None:
    """Do what a restarted installation does by itself: deliver what was left, and sweep."""
    # The claim of the dead process on its events has run out by then.
    OutboxEvent.objects.filter(delivered_at__isnull=True).update(available_at=AT - timedelta(days=1))
    for _ in range(2):
        payments.sweep(at=at)
        checkout.sweep_orders(at=at)
        deliver_events()


def assert_sound(*, market) -> None:
    orders = list(Order.objects.all())
    states = bank.payment_states(payment_ids=[order.payment_id for order in orders])
    for order in orders:
        assert (order.status == "Confirmed") == (states[order.payment_id] == "authorised")
    held = sum(order.total_minor for order in orders if order.status == "Confirmed")
    assert sum(row.balance for row in ledger.trial_balance() if row.code.startswith("held:")) == held
    assert ledger.balance(code=f"deposit:{account_of(market.shopper)}") == 100_000 - held
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == (1 if held else 0)
    assert check_consignments() == []
    assert verification.verify().problems == []


@pytest.mark.parametrize(("point", "left"), POINTS, ids=[point for point, _left in POINTS])
def test_after_a_crash_money_and_orders_agree(fresh_database, point, left):
    market = make_market()

    crash(market=market, point=point)
    restart(at=AT + timedelta(minutes=20))

    assert [order.status for order in Order.objects.all()] == ([left] if left else [])
    assert_sound(market=market)


@pytest.mark.parametrize("point", [point for point, _left in POINTS])
def test_after_a_crash_the_same_click_completes_the_order_once(fresh_database, point):
    market = make_market()

    crash(market=market, point=point)
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1}, key="the-order")
    outcome = checkout.submit_order(draft=draft)
    restart(at=AT + timedelta(minutes=20))

    assert (outcome.state, outcome.number) == ("confirmed", draft.number)
    assert [order.status for order in Order.objects.all()] == ["Confirmed"]
    assert Order.objects.get().total_minor == TOTAL
    assert_sound(market=market)
    assert settings.RIALTO_CHECKS
