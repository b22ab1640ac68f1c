"""Web servers for a measurement: on loopback, of two workers, ended by their own id."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import stripe

from config import env, services
from config.benchmarks.throwaway import UnableToMeasure
from payments.providers import card_api

WORKERS, THREADS = 2, 4
START_SECONDS = 60


@contextmanager
def home() -> Iterator[Path]:
    """Make a home with a Redis and a card stand-in of the measurement's own, and remove it."""
    with tempfile.TemporaryDirectory(prefix="rialto-bench-") as folder:
        made = Path(folder) / "home"
        made.mkdir(mode=0o711)
        holding = services.hold(home=made, names=["redis", "cards"])
        try:
            yield made
        finally:
            holding.release()


def card_seconds(*, home: Path) -> float:
    """Return how long the card stand-in itself takes for one purchase: its customer, and the hold on the card."""
    address = f"http://127.0.0.1:{services.states(home=home)['cards'].port}"
    client = stripe.StripeClient(card_api.STAND_IN_KEY, base_addresses={"api": address, "files": address})
    times = []
    for _ in range(20):
        began = time.perf_counter()
        customer = client.v1.customers.create({})
        client.v1.payment_intents.create(
            {
                "amount": 1_000, "currency": "eur", "customer": customer.id, "payment_method": "pm_card_visa",
                "payment_method_types": ["card"], "capture_method": "manual", "confirm": True,
            }
        )  # fmt: skip
        times.append(time.perf_counter() - began)
    return median(times)


@contextmanager
def served(*, application: str, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Serve a WSGI application, and return where (`127.0.0.1:4711`).

    :raises UnableToMeasure: it does not start; the text names the log.
    """
    port = _free_port()
    with log.open("w") as file:
        process = subprocess.Popen(  # noqa: S603
            [
                str(Path(sys.executable).parent / "gunicorn"), application, "--bind", f"127.0.0.1:{port}",
                "--workers", str(WORKERS), "--threads", str(THREADS), "--preload", "--graceful-timeout", "4",
                "--no-control-socket",
            ],
            cwd=env.CHECKOUT, env=os.environ | environment, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait(process=process, port=port, log=log)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(*, process: subprocess.Popen, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    said = " / ".join(log.read_text().strip().splitlines()[-3:])
    raise UnableToMeasure(f"The server of the measurement did not start: {said or 'it said nothing'}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
