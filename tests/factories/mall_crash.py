"""A checkout in a process of its own, killed at a named point: `python -m ... POINT USER LAMP CHAIR`."""

import os
import signal
import sys
from collections.abc import Callable
from unittest import mock

import django


def die(*_args: object, **_named: object) -> None:
    """End this process at once, as `kill -9` does: nothing is rolled back, closed or flushed by us."""
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(act: Callable) -> Callable:
    """Return the act, with death after it."""

    def acted(*args: object, **named: object) -> None:
        act(*args, **named)
        die()

    return acted


def on_call(act: Callable, number: int) -> Callable:
    """Return the act, with death instead of its n-th call."""
    calls = [0]

    def acted(*args: object, **named: object) -> object:
        calls[0] += 1
        if calls[0] == number:
            die()
        return act(*args, **named)

    return acted


def main() -> None:
    """Order a lamp and a chair, and die on the way."""
    point, user_id, lamp_id, chair_id = sys.argv[1], *map(int, sys.argv[2:5])
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()

    from mall import bank, mail
    from mall.checkout import _stock
    from mall.checkout import operations as checkout
    from mall.customer.models import User
    from mall.partner.models import StockRecord
    from payments import operations as payments
    from payments.ledger import operations as ledger
    from tests.factories.mall import make_draft

    offers = StockRecord.objects.select_related("partner__merchant")
    draft = make_draft(
        user=User.objects.get(pk=user_id),
        quantities={offers.get(pk=lamp_id): 1, offers.get(pk=chair_id): 1},
        key="the-order",
    )
    points = {
        "when stock is taken": (_stock, "take", then_die(_stock.take)),
        "when the payment is recorded": (bank, "record_payments", then_die(bank.record_payments)),
        "before the order is committed": (bank, "publish", die),
        "before the payment is asked for": (bank, "authorise", die),
        "when the hold is posted": (ledger, "post_many", then_die(ledger.post_many)),
        "after the payment is promised": (bank, "authorise", then_die(bank.authorise)),
        "before the confirmation is committed": (bank, "publish", on_call(bank.publish, 2)),
        "after the confirmation": (checkout, "confirm_orders", then_die(checkout.confirm_orders)),
        "while events are delivered": (mail, "send_order_confirmations", die),
    }
    owner, name, replacement = points[point]
    with mock.patch.object(owner, name, replacement):
        checkout.submit_order(draft=draft)
        payments.deliver()
    sys.exit("The process outlived its death.")


if __name__ == "__main__":
    main()
