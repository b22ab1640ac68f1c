"""How long a provider's event waits for its answer: signature, insert, hand-over to a worker, through all of Django."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import datetime

from django.test import Client, override_settings

from payments.benchmarks.figures import Figure, p95

EVENTS = 300
ANSWERED = 50  # milliseconds
SECRET = "whsec_of_the_measurement"  # noqa: S105 - of this measurement alone


class NotStored(Exception):
    """An event was not answered with 200; the text says how it was."""


def run(*, at: datetime, say: Callable[[str], object]) -> list[Figure]:
    """Send events one after another as the card provider does; return the figures."""
    say(f"{EVENTS} events of the card provider ...")
    client = Client(headers={"host": "localhost"})
    with override_settings(STRIPE_WEBHOOK_SECRET=SECRET):
        times = [_answered(client=client, number=number, at=at) for number in range(EVENTS)]
    # The first few load what every process loads once.
    return [
        Figure(
            name="a webhook from receipt to answer, p95", value=round(p95(times[5:]), 2), unit="ms", target=ANSWERED,
            at_most=True,
        )
    ]  # fmt: skip


def _answered(*, client: Client, number: int, at: datetime) -> float:
    seconds = int(at.timestamp())
    about = {"id": f"pi_{number}", "object": "payment_intent", "amount": 2_000, "currency": "eur"}
    body = json.dumps(
        {
            "id": f"evt_{number}", "object": "event", "type": "payment_intent.succeeded", "created": seconds,
            "data": {"object": about},
        }
    ).encode()  # fmt: skip
    signed = hmac.new(SECRET.encode(), b"%d.%s" % (seconds, body), hashlib.sha256).hexdigest()
    began = time.perf_counter()
    answer = client.post(
        "/webhooks/cards/", data=body, content_type="application/json",
        headers={"Stripe-Signature": f"t={seconds},v1={signed}"},
    )  # fmt: skip
    spent = (time.perf_counter() - began) * 1_000
    if answer.status_code != 200:
        raise NotStored(f"Event {number} was answered {answer.status_code}: {answer.content[:200]!r}")
    return spent
