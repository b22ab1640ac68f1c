"""One process that pays: record, authorise, capture and release, one payment at a time, as a checkout would.

Started by :mod:`payments.benchmarks.paying` with the database's address in its environment. It says ``ready``, begins
at a line on its input, and ends with one JSON object: payments, seconds, and milliseconds by step.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

SHOPPERS = 200
MERCHANTS = 10
AMOUNT = 2_000
STEPS = ("record", "authorise", "capture", "release")


def main(worker: str, seconds: str, at: str) -> None:
    """Open accounts, wait for the start, pay for ``seconds``, tell what was done."""
    import django
    from django.conf import settings

    django.setup()
    # Nobody is there to enter a code; whoever pays by himself has been asked already.
    settings.RIALTO_STEP_UP_ABOVE = settings.RIALTO_STEP_UP_FREE_PAYMENTS = settings.RIALTO_STEP_UP_FREE_SUM = 10**12
    settings.RIALTO_OUTBOX_KICK = False
    payer = Payer(worker=worker, at=datetime.fromisoformat(at))
    payer.pay()
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(payer.run(seconds=float(seconds))), flush=True)


class Payer:
    """Shoppers of its own, merchants it shares with the others."""

    def __init__(self, *, worker: str, at: datetime) -> None:
        self.worker, self.at = worker, at
        self.shoppers = self._accounts([f"user:{worker}{number:04d}" for number in range(SHOPPERS)])
        self.merchants = [f"merchant:{number}" for number in range(1, MERCHANTS + 1)]
        self.done = 0
        self.spent: dict[str, list[float]] = defaultdict(list)

    def run(self, *, seconds: float) -> dict[str, object]:
        """Pay for so long; return what was done."""
        self.spent.clear()
        first, start = self.done, time.perf_counter()
        while (now := time.perf_counter()) < start + seconds:
            self.pay()
        return {"payments": self.done - first, "seconds": now - start, "steps": self.spent}

    def pay(self) -> None:
        """Take one payment from its recording to its release."""
        from payments import operations

        number, self.done = self.done, self.done + 1
        # A shopper pays six times an hour, which no velocity rule minds.
        at = self.at + timedelta(minutes=10 * (number // SHOPPERS))
        name, account = f"B{self.worker}-{number}", self.shoppers[number % SHOPPERS]
        payment = self._timed(
            "record",
            lambda: operations.record_payments(
                requests=[
                    operations.PaymentRequest(
                        key=name,
                        reference=name,
                        payer=f"user:{self.worker}{number % SHOPPERS:04d}",
                        currency="EUR",
                        tenders=(operations.TenderRequest(method="bank_account", source=account, amount=AMOUNT),),
                        parts=(
                            operations.PartRequest(
                                reference=f"{name}-1",
                                merchant=self.merchants[number % MERCHANTS],
                                goods=AMOUNT,
                                shipping=0,
                            ),
                        ),
                        return_url="",
                        expires_at=at + timedelta(minutes=15),
                        at=at,
                    )
                ]
            ),
        )
        asked = [operations.Authorise(payment_id=payment, at=at)]
        outcome = self._timed("authorise", lambda: operations.authorise_payments(requests=asked))
        if outcome.state != "authorised":
            raise RuntimeError(f"A payment of the measurement is {outcome.state}, not authorised.")
        take = [operations.CapturePart(part_reference=f"{name}-1", amount=None, key=f"c:{name}", at=at)]
        self._timed("capture", lambda: operations.capture_parts(requests=take))
        give = [operations.ReleasePart(part_reference=f"{name}-1", amount=None, key=f"r:{name}", at=at)]
        self._timed("release", lambda: operations.release_parts(requests=give))

    def _timed(self, step: str, act: Callable[[], list]) -> Any:
        from payments import operations

        start = time.perf_counter()
        result = operations.one(act())
        self.spent[step].append((time.perf_counter() - start) * 1_000)
        return result

    def _accounts(self, holders: list[str]) -> list[str]:
        from payments import operations

        opened = operations.open_customer_accounts(
            requests=[operations.OpenAccount(holder=holder, currency="EUR", at=self.at) for holder in holders]
        )
        operations.receive_money(
            requests=[
                operations.Deposit(
                    account_number=one.number, amount=10**11, key=f"in:{one.number}", reference="", at=self.at
                )
                for one in opened
            ]
        )
        return [one.number for one in opened]


if __name__ == "__main__":
    main(*sys.argv[1:])
