"""Fixtures that every test may use.

`db` rolls back and runs as the limited role, like the application. A test that commits, uses threads or
processes, or kills something takes `fresh_database`, a private copy. Nothing is ever flushed.
"""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog
from django.core.cache import cache
from django.db import connection
from redis import Redis

from config import env, services
from tests import databases, homes

pytest_plugins = ["tests.browsers"]

_numbers = count()
_skipped_data_tests: list[str] = []


def pytest_report_header() -> str:
    from tests import browsers

    return f"home: {env.home()}; browser: {browsers.found().description}"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and "data" in report.keywords:
        _skipped_data_tests.append(report.nodeid)


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Print what tests had to `tell`: how much a random or a long one did."""
    told = [
        f"{report.nodeid.split('::')[-1]} ({report.duration:.0f} s): {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, text in getattr(report, "user_properties", ())
        if name == "did" and report.when == "call"
    ]
    if told:
        terminalreporter.section("what was done")
        terminalreporter.write_line("\n".join(told))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of one `xdist_group` in one process: pytest 9.2 does not read where pytest-xdist 3.8 writes."""
    for item in items:
        grouped = vars(item).get("_nodeid")
        if grouped:
            item._id = type(item._id).parse(grouped)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under `.ci/run` a test that reads the data sets may not be skipped where they are at hand."""
    if os.environ.get("RIALTO_CI") and _skipped_data_tests and shared_data().is_dir():
        print(f"\nSkipped although {shared_data()} is there: {', '.join(_skipped_data_tests)}", file=sys.stderr)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def shared_data() -> Path:
    """Return where the data sets lie: `RIALTO_DATA`, or beside the checkout."""
    return Path(os.environ.get("RIALTO_DATA") or env.CHECKOUT.parent / "shared" / "data")


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return what a test calls with a line on what it did, printed at the end of the run."""
    return lambda text: record_property("did", text)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of the data sets; a test that takes it is marked `data` and skipped where they are not."""
    if not shared_data().is_dir():
        pytest.skip(f"{shared_data()} is not there: set RIALTO_DATA to the folder of the data sets.")
    return shared_data()


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """Hold the embedded PostgreSQL and Redis of the tests' home."""
    holding = services.hold(home=env.home(), names=["postgres", "redis"])
    yield
    holding.release()


@pytest.fixture(scope="session")
def django_db_setup(servers: None, django_db_blocker: "pytest.FixtureRequest") -> Iterator[None]:
    """Make this process's database from the template."""
    name = connection.settings_dict["NAME"]
    databases.drop_leftovers(name=name)
    databases.create(name=name)
    yield
    with django_db_blocker.unblock():
        connection.close()
    databases.drop(name=name)


@pytest.fixture
def transactional_db() -> None:
    pytest.fail("Tables are never flushed here: a test that commits takes `fresh_database`.")


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    if {"db", "fresh_database", "servers"} & set(request.fixturenames):
        request.getfixturevalue("servers")
        cache.clear()


@pytest.fixture(autouse=True)
def _no_leftover_log_context() -> Iterator[None]:
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def server_home() -> Iterator[Path]:
    """Return a folder for embedded servers of a test's own, where the database's user can reach it."""
    with homes.made() as home:
        yield home


@pytest.fixture
def redis_client(servers: None) -> Iterator[Redis]:
    """Return a client of an empty logical database that no other process uses."""
    url = services.redis_database(url=os.environ["REDIS_URL"], offset=2)
    with Redis.from_url(url, decode_responses=True) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def fresh_database(
    django_db_setup: None, django_db_blocker: "pytest.FixtureRequest", monkeypatch: pytest.MonkeyPatch
) -> Iterator[databases.Database]:
    """Connect this process to a private copy of the template, in which everything may be committed.

    Threads and commands started by the test use it too. It is dropped afterwards.
    """
    usual = connection.settings_dict["NAME"]
    database = databases.create(name=f"{usual}_{next(_numbers)}")
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = database.name
        monkeypatch.setenv("DATABASE_URL", database.url)
        try:
            yield database
        finally:
            connection.close()
            connection.settings_dict["NAME"] = usual
            databases.drop(name=database.name)


@pytest.fixture
def live_site(fresh_database: databases.Database) -> Iterator[str]:
    """Serve the site from a thread, on the fresh database, and return its address."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("127.0.0.1")
    yield server.url
    server.stop()
