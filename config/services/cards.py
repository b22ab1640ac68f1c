"""The card stand-in: localstripe on a free loopback port, its data in the home."""

import os
import signal
import socket
import sys
import time
import urllib.parse
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from config.services.errors import ServiceError
from config.services.processes import Process, end, last_lines, reap, spawn

START_SECONDS = 30


def running(*, home: Path, noted: Process | None) -> Process | None:
    """Return the noted process when it still runs and listens."""
    if noted is None or not noted.is_alive or not _listens(noted.port):
        return None
    return noted


def start(*, home: Path) -> Process:
    """Start the stand-in on a port that is free and return when it listens.

    :raises ServiceError: when it does not start.
    """
    if find_spec("localstripe") is None:
        raise ServiceError(
            "The card stand-in is not installed: run `make setup`, or set STRIPE_API_KEY to a test key of Stripe."
        )
    port = _free_port()
    log = home / "cards.log"
    process = spawn(
        command=[sys.executable, "-m", "config.services.card_stand_in", str(port), str(home / "cards.pickle")],
        log=log,
        folder=Path(__file__).resolve().parent.parent.parent,
        environment={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        port=port,
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _listens(port):
            return process
        if not process.is_alive:
            reap(pid=process.pid)
            raise ServiceError(f"The card stand-in did not start ({last_lines(log=log)}): see {log}.")
        time.sleep(0.05)
    stop(process=process)
    raise ServiceError(f"The card stand-in did not listen within {START_SECONDS} seconds: see {log}.")


def stop(*, process: Process) -> None:
    """Stop the stand-in, by its own number."""
    end(process=process, first=signal.SIGTERM, seconds=20)


def send_events(*, address: str, to: str, secret: str) -> None:
    """Have the stand-in at ``address`` send its events ``to`` an address, signed.

    :raises OSError: it does not answer.
    """
    request = urllib.request.Request(  # noqa: S310 - our own stand-in on loopback
        f"{address}/_config/webhooks/rialto", data=urllib.parse.urlencode({"url": to, "secret": secret}).encode()
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


def address(*, process: Process) -> str:
    """Return where the stand-in answers."""
    return f"http://127.0.0.1:{process.port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
