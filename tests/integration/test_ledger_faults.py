"""Client and database are killed in the middle of posting: what was acknowledged is there, nothing is half there."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import env, services
from tests.databases import Database

POSTER = [sys.executable, "-m", "tests.factories.ledger_poster"]


def start_poster(environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen([*POSTER, "post"], cwd=env.CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True)


def acknowledged(poster: subprocess.Popen, least: int) -> list[str]:
    return [poster.stdout.readline().strip() for _ in range(least)]


def wrong(environment: dict[str, str], keys: list[str]) -> str:
    done = subprocess.run(
        [*POSTER, "verify"],
        cwd=env.CHECKOUT,
        env=environment,
        input="\n".join(keys),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.strip()


def test_a_killed_client_leaves_whole_journals_and_no_doubt(fresh_database: Database, tmp_path: Path) -> None:
    environment = os.environ | {
        "RIALTO_ENV": "test",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": fresh_database.url,
        "RIALTO_SEAL_FILE": str(tmp_path / "heads.log"),
    }
    posters = [start_poster(environment) for _ in range(2)]
    try:
        keys = [key for poster in posters for key in acknowledged(poster, 40)]
    finally:
        for poster in posters:
            poster.kill()
    keys += [key for poster in posters for key in poster.communicate()[0].split("\n")[:-1]]
    assert wrong(environment, keys) == ""


@pytest.fixture
def own_server() -> Iterator[Path]:
    """A database server of its own, with nothing but the ledger in it, that may be killed."""
    home = Path(tempfile.mkdtemp(prefix="rialto-fault-"))
    holding = services.hold(home=home, names=["postgres"])
    try:
        yield home
    finally:
        holding.release()
        shutil.rmtree(home, ignore_errors=True)


def test_a_killed_database_has_every_acknowledged_journal_when_it_is_back(own_server: Path) -> None:
    environment = os.environ | {
        "RIALTO_ENV": "test",
        "RIALTO_HOME": str(own_server),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": services.database_url(home=own_server, role="app"),
        "DATABASE_OWNER_URL": services.database_url(home=own_server, role="owner"),
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "ledger", "--verbosity", "0"],
        cwd=env.CHECKOUT,
        env=environment,
        check=True,
        timeout=120,
    )
    poster = start_poster(environment)
    try:
        keys = acknowledged(poster, 60)
        os.kill(services.states(home=own_server)["postgres"].pid, signal.SIGKILL)
        time.sleep(0.2)
    finally:
        poster.kill()
    keys += poster.communicate()[0].split("\n")[:-1]
    services.hold(home=own_server, names=["postgres"]).release()
    again = services.hold(home=own_server, names=["postgres"])
    try:
        assert wrong(environment, keys) == ""
    finally:
        again.release()
