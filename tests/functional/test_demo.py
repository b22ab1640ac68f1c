"""`manage.py demo` starts everything, stops everything, and starts again quickly."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import psutil
import pytest

from config import demo, env

SMALL = "--orders 60 --shoppers 30 --merchants 4 --products 20 --days 40 --quiet"
ROLES = (
    "shopper", "merchant owner", "merchant clerk", "credit officer", "senior officer", "operations", "risk manager",
)  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def running_on(home):
    return [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline", "cwd", "status"])
        if str(home) in " ".join(process.info["cmdline"] or []) + (process.info["cwd"] or "")
    ]


class Demo:
    """A demo in a process of its own, its lines read until they say what is awaited."""

    def __init__(self, *, home, port, fill=""):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.port = port
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", f"--fill={fill}"],
            cwd=env.CHECKOUT, env=kept | {"RIALTO_HOME": str(home), "PORT": str(port)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.said = ""

    def until(self, words):
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return time.monotonic() - self.began
        pytest.fail(f"The demo never said {words!r}:\n{self.said}")

    def health(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.status, json.load(answer)

    def end(self, number):
        self.process.send_signal(number)
        self.said += self.process.communicate(timeout=40)[0]
        return self.process.returncode


def test_the_demo_starts_ends_starts_again_and_leaves_no_process(server_home):
    home, port = server_home, free_port()
    first = Demo(home=home, port=port, fill=SMALL)
    first.until(f"Rialto runs at http://127.0.0.1:{port}/")
    assert first.health() == (200, {"database": "up", "queue": "up", "ledger": "up"})
    first.until("Letters")
    assert [role for role in ROLES if f"\n  {role}  " not in first.said] == []
    assert len(re.findall(r" \d{6} \([A-Z2-7]{32}\)", first.said)) == 5
    assert first.end(signal.SIGINT) == 0
    assert first.said.endswith("Everything is stopped.\n")
    assert running_on(home) == []

    second = Demo(home=home, port=port)
    assert second.until("Rialto runs at") < 30
    assert "Preparing" not in second.said
    assert "Filling" not in second.said
    assert second.health()[0] == 200
    second.process.kill()
    second.process.wait()

    third = Demo(home=home, port=port)
    third.until("Rialto runs at")
    assert third.health()[0] == 200
    assert third.end(signal.SIGTERM) == 0
    assert running_on(home) == []


def test_a_port_in_use_is_told_and_nothing_is_started(server_home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said, _ = Demo(home=server_home, port=port).process.communicate(timeout=60)
    assert said == (
        f"Port {port} is in use by another program: stop that, or choose another port, "
        f"as in `PORT={port + 1} make demo`.\n"
    )
    assert not (server_home / "postgres").exists()


def test_a_second_demo_on_the_same_home_is_refused(server_home):
    home = server_home
    demo.folders.prepare(home=home)
    descriptor = demo._only_demo(home=home)
    try:
        other = Demo(home=home, port=free_port()).process
        said, _ = other.communicate(timeout=60)
    finally:
        os.close(descriptor)
    assert said == f"A demo already runs on {home}: stop it, or set RIALTO_HOME and PORT for a second one.\n"
    assert other.returncode == 1


def test_the_demo_does_not_run_in_production(tmp_path, monkeypatch):
    monkeypatch.setenv("RIALTO_ENV", "production")
    with pytest.raises(demo.UnableToRunDemo, match="does not run with RIALTO_ENV=production"):
        demo.run(say=print)


@pytest.mark.parametrize(
    ("moment", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_second_factor_shown_is_the_one_of_rfc_6238(moment, code):
    assert demo.one_time_code(secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", moment=moment) == code


def test_the_demo_prints_each_staff_members_secret_and_the_code_of_now(monkeypatch):
    secret = base64.b32encode(b"twenty bytes of key!").decode()
    rows = [("shopper", "s@rialto.example", "word", None), ("operations", "o@rialto.example", "word", secret)]
    monkeypatch.setattr("config.simulation.people.sign_ins", lambda: rows)
    monkeypatch.setattr(demo.time, "time", lambda: 1_111_111_109.0)
    said = []
    demo._announce(port=8123, say=said.append)
    assert any("http://127.0.0.1:8123/officer/" in line for line in said)
    [shopper] = [line for line in said if "s@rialto.example" in line]
    [operations] = [line for line in said if "o@rialto.example" in line]
    assert shopper.endswith("-")
    assert operations.endswith(f"{demo.one_time_code(secret=secret, moment=1_111_111_109)} ({secret})")
