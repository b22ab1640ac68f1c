"""The database and Redis are killed while people pay, with fsync on: nothing is lost, nothing is doubled."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config import env, services
from tests.factories.steady_payer import AMOUNT

pytestmark = pytest.mark.xdist_group("payments restarts")
NAMES = ["postgres", "redis"]


class Servers:
    """A database and a Redis of the test's own, whole with all tables, that may be killed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.holding = services.hold(home=home, names=NAMES)
        self.environment = os.environ | {
            "RIALTO_ENV": "test",
            "RIALTO_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": services.database_url(home=home, role="app"),
            "DATABASE_OWNER_URL": services.database_url(home=home, role="owner"),
            "REDIS_URL": services.redis_url(home=home),
        }
        self.run("manage.py", "migrate", "--verbosity", "0")

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=env.CHECKOUT, env=self.environment, capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2_000:]
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, *command], cwd=env.CHECKOUT, env=self.environment, stdout=subprocess.PIPE, text=True
        )

    def restart(self, name: str) -> None:
        """Kill a server with all its processes, then start it again."""
        server = psutil.Process(services.states(home=self.home)[name].pid)
        for process in [server, *server.children(recursive=True)]:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs([server], timeout=30)
        before, self.holding = self.holding, services.hold(home=self.home, names=NAMES)
        before.release()


def pay_through_restarts(servers: Servers, *, payments: int, kills: int, chance: random.Random) -> dict:
    """Let a process pay, kill a server now and then, and return what there is at the end."""
    payer = servers.start("-m", "tests.factories.steady_payer", "pay", str(payments))
    try:
        assert payer.stdout.readline() == "ready\n"
        at = sorted(chance.sample(range(1, payments - 1), kills))
        for number in range(1, payments + 1):
            assert payer.stdout.readline() == f"done {number}\n"
            if number in at:
                servers.restart(NAMES[at.index(number) % 2])
        assert payer.wait(60) == 0
    finally:
        payer.kill()
        payer.communicate()
    return json.loads(servers.run("-m", "tests.factories.steady_payer", "tell"))


def check(said: dict, payments: int) -> None:
    assert said == {
        "problems": [],
        "states": ["released"],
        "captures": payments,
        "releases": payments,
        "spent": payments * AMOUNT,
        "waiting": 0,
    }


def test_people_pay_on_while_database_and_redis_are_killed(server_home: Path, tell: Callable[[str], None]) -> None:
    seed = random.SystemRandom().randrange(10**6)
    check(pay_through_restarts(Servers(server_home), payments=60, kills=2, chance=random.Random(seed)), 60)
    tell(f"60 payments, 2 kills, seed {seed}")


@pytest.mark.long
def test_dozens_of_kills_lose_and_double_no_payment(server_home: Path, tell: Callable[[str], None]) -> None:
    seed = random.SystemRandom().randrange(10**6)
    check(pay_through_restarts(Servers(server_home), payments=2_000, kills=40, chance=random.Random(seed)), 2_000)
    tell(f"2,000 payments, 40 kills, seed {seed}")
