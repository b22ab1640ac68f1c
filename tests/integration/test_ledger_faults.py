"""Clients and the database are killed in the middle of posting, with fsync on.

Every acknowledged journal is there, none is half there, and what is repeated under its key is never doubled.
"""

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from config import env, services
from config.services import postgres
from tests import homes
from tests.factories.ledger_poster import effect

PATIENCE = 120  # seconds without a line from anybody

pytestmark = pytest.mark.xdist_group("ledger faults")


class Server:
    """A database server of the test's own, with nothing but the ledger in it, that may be killed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.known: set[str] = set()  # the keys that must be in the book
        self.holding = services.hold(home=home, names=["postgres"])
        self.environment = os.environ | {
            "RIALTO_ENV": "test",
            "RIALTO_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": services.database_url(home=home, role="app"),
            "DATABASE_OWNER_URL": services.database_url(home=home, role="owner"),
        }
        for command in (
            ["manage.py", "migrate", "ledger", "--verbosity", "0"],
            ["-m", "tests.factories.ledger_poster", "open"],
        ):
            subprocess.run([sys.executable, *command], cwd=env.CHECKOUT, env=self.environment, check=True, timeout=120)
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                cursor.execute(f"SHOW {setting}")
                assert cursor.fetchone() == ("on",)

    def connect(self) -> "psycopg2.extensions.connection":
        return psycopg2.connect(services.database_url(home=self.home, role="superuser"))

    def kill(self, what: str) -> None:
        """Kill everything at once, the postmaster alone, or one client's backend (then all the others end too)."""
        server = psutil.Process(services.states(home=self.home)["postgres"].pid)
        if what == "a backend":
            with closing(self.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'rialto_app' LIMIT 1")
                os.kill(cursor.fetchone()[0], signal.SIGKILL)
            return
        family = [server] if what == "the postmaster" else [server, *server.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue

    def come_back(self, what: str) -> None:
        """Start the server again; after a backend's death it comes back by itself."""
        while what == "a backend":
            try:
                self.connect().close()
                return
            except psycopg2.OperationalError:
                continue
        before, self.holding = self.holding, services.hold(home=self.home, names=["postgres"])
        before.release()


class Clients:
    """Posting clients, what they say, and what therefore must stand in the book."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.folder, self.known = folder, server.known
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.factories.ledger_poster"],
            cwd=env.CHECKOUT, env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.pids: dict[str, int] = {}
        self.trying: dict[str, tuple[str, list[str]]] = {}
        self.doubtful: list[tuple[str, list[str]]] = []
        self.acknowledged: dict[str, int] = {}  # since the last check
        self.did: Counter[str] = Counter()

    def _listen(self) -> None:
        for line in self.nursery.stdout:
            self.lines.put(line.rstrip("\n"))

    def order(self, text: str) -> None:
        self.nursery.stdin.write(text + "\n")
        self.nursery.stdin.flush()

    def next_line(self) -> tuple[str, str, list[str]]:
        """Take in the next line of any client, and return who said what."""
        name, word, *rest = self.lines.get(timeout=PATIENCE).split()
        if word == "pid":
            self.pids[name] = int(rest[0])
        elif word == "try":
            self.trying[name] = (rest[0], rest[1:])
        elif word == "ack":
            del self.trying[name]
            for each in rest:
                key, journal_id = each.split("=")
                assert self.acknowledged.setdefault(key, int(journal_id)) == int(journal_id)
        elif word == "gone":
            self.pids.pop(name)
        elif word == "lost":
            assert rest == ["OperationalError"]
            self.did["turns that lost the database"] += 1
        elif word in ("wrong", "failed"):
            pytest.fail(f"{name}: {' '.join(rest)}")
        return name, word, rest

    def hear(self, number: int) -> None:
        """Wait until clients have said so many things."""
        for _ in range(number):
            self.next_line()

    def wait_for(self, names: list[str], word: str) -> None:
        """Wait until each has said the word."""
        missing = set(names)
        while missing:
            name, said, _ = self.next_line()
            if said == word:
                missing.discard(name)

    def start(self, names: list[str]) -> None:
        for name in names:
            self.order(f"start {name}")
        self.wait_for(names, "pid")

    def kill(self, name: str) -> None:
        os.kill(self.pids[name], signal.SIGKILL)
        self.order(f"bury {name}")
        self.wait_for([name], "gone")
        if name in self.trying:
            self.doubtful.append(self.trying.pop(name))
            self.did["turns left in doubt"] += 1
        self.did["kills of a client"] += 1

    def check(self, *, at_rest: bool) -> None:
        """Look at what was acknowledged; when nobody posts, repeat what is in doubt, and verify the book."""
        keys = {*self.acknowledged, *(key for _, keys in self.doubtful for key in keys)} if at_rest else set()
        self.known |= keys
        file = self.folder / "told.json"
        file.write_text(
            json.dumps(
                {
                    "acknowledged": self.acknowledged,
                    "doubtful": self.doubtful if at_rest else [],
                    "expected": effect(self.known) if at_rest else None,
                }
            )
        )
        self.order(f"check auditor {file}")
        self.wait_for(["auditor"], "checked")
        self.order("bury auditor")
        self.wait_for(["auditor"], "gone")
        if at_rest:
            self.acknowledged, self.doubtful = {}, []
            self.did["checks"] += 1

    def told(self, seed: int) -> str:
        listed = ", ".join(f"{count:,} {what}" for what, count in sorted(self.did.items()))
        return f"{len(self.known):,} journals, each there once and whole, after {listed} (seed {seed})"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch, homes.made() as home:
        patch.setattr(postgres, "UNSAFE_AND_FAST", {})
        server = Server(home)
        yield server
        server.holding.release()


@pytest.fixture
def clients(server: Server, tmp_path: Path) -> Iterator[Clients]:
    clients = Clients(server, tmp_path)
    try:
        yield clients
    finally:
        for pid in clients.pids.values():
            os.kill(pid, signal.SIGKILL)
        clients.nursery.stdin.close()
        clients.nursery.wait(PATIENCE)


def kill_clients(clients: Clients, chance: random.Random, rounds: int) -> None:
    """Kill three clients a round, each at a moment of its own."""
    for turn in range(rounds):
        names = [f"c{len(clients.known)}.{turn}.{number}" for number in range(3)]
        clients.start(names)
        for name in names:
            clients.hear(chance.randrange(1, 30))
            clients.kill(name)
        clients.check(at_rest=True)


def kill_servers(server: Server, clients: Clients, chance: random.Random, rounds: int) -> None:
    """Kill the server a round under three clients, which repeat their turn when it is back, and are then killed."""
    for turn in range(rounds):
        names = [f"s{len(clients.known)}.{turn}.{number}" for number in range(3)]
        clients.start(names)
        clients.wait_for(names, "ack")
        clients.hear(chance.randrange(1, 40))
        what = chance.choice(["everything", "everything", "the postmaster", "a backend"])
        server.kill(what)
        clients.did[f"kills of the server ({what})"] += 1
        clients.wait_for(names, "lost")
        server.come_back(what)
        clients.check(at_rest=False)
        clients.order("go")
        clients.wait_for(names, "ack")
        for name in names:
            clients.kill(name)
        clients.check(at_rest=True)


def test_killed_clients_leave_whole_journals_and_no_doubt(clients: Clients, tell: Callable[[str], None]) -> None:
    seed = random.SystemRandom().randrange(10**6)
    kill_clients(clients, random.Random(seed), rounds=3)
    assert clients.did["kills of a client"] == 9
    tell(clients.told(seed))


def test_a_killed_database_has_every_acknowledged_journal_when_it_is_back(
    server: Server, clients: Clients, tell: Callable[[str], None]
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    kill_servers(server, clients, random.Random(seed), rounds=3)
    assert clients.did["turns that lost the database"] >= 9
    tell(clients.told(seed))


@pytest.mark.long
def test_hundreds_of_kills_lose_and_double_nothing(
    server: Server, clients: Clients, tell: Callable[[str], None]
) -> None:
    kills = int(os.environ.get("RIALTO_LONG_KILLS", "110"))
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    kill_clients(clients, chance, rounds=-(-kills // 3))
    kill_servers(server, clients, chance, rounds=kills)
    assert sum(count for what, count in clients.did.items() if what.startswith("kills of the server")) == kills
    tell(clients.told(seed))
