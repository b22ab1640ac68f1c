"""A process that pays whatever happens to the servers: what is not answered is asked again under the same key.

`pay COUNT` says `done N` after each payment; `tell` finishes what is half done and tells as JSON what there is.
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import django

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
AMOUNT = 1_250
MONEY = 10**9
PATIENCE = 120


def insist(act: Callable[[], list]) -> object:
    """Do one thing until somebody answers."""
    from django.db import InterfaceError, OperationalError, connection

    from payments import operations

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return operations.one(act())
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise


def pay(count: int) -> None:
    """Pay so often, each payment from its recording to its release."""
    from payments import operations
    from tests.factories import payments as market

    account, merchant = market.make_shopper(money=MONEY), market.make_merchant()
    print("ready", flush=True)
    for number in range(count):
        key, at = f"o{number}", AT + timedelta(hours=number)
        request = market.make_request(
            tenders=[("bank_account", account, AMOUNT)], parts=[(merchant, AMOUNT)], key=key, at=at
        )
        payment = insist(lambda: operations.record_payments(requests=[request]))
        asked = operations.Authorise(payment_id=payment, at=at)
        insist(lambda: operations.authorise_payments(requests=[asked]))
        insist(lambda: [market.capture(f"{key}-1", key=f"c{key}", at=at)])
        insist(lambda: [market.release(f"{key}-1", key=f"r{key}", at=at)])
        print(f"done {number + 1}", flush=True)


def tell() -> None:
    """Finish what is half done, then say what there is and what does not hold."""
    from payments import models, operations, outbox
    from payments.ledger import operations as ledger
    from payments.ledger import queries

    operations.sweep(at=AT + timedelta(days=9_000))
    outbox.sweep()
    number = models.CustomerAccount.objects.get(holder="user:1").number
    said = {
        "problems": ledger.verify().problems,
        "states": sorted(set(models.Part.objects.values_list("state", flat=True))),
        "captures": models.Capture.objects.count(),
        "releases": models.Release.objects.count(),
        "spent": MONEY - queries.balance(code=f"deposit:{number}"),
        "waiting": models.OutboxEvent.objects.filter(delivered_at__isnull=True).count(),
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    django.setup()
    from django.conf import settings

    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_PAYMENTS = settings.RIALTO_STEP_UP_FREE_SUM = 10**12
    tell() if sys.argv[1] == "tell" else pay(int(sys.argv[2]))
