"""Fixtures that every test may use.

`db` rolls back and runs as the limited role, like the application. A test that commits, uses threads or
processes, or kills something takes `fresh_database`, a private copy. Nothing is ever flushed.
"""

import os
from collections.abc import Iterator
from itertools import count

import pytest
import structlog
from django.core.cache import cache
from django.db import connection
from redis import Redis

from config import env, services
from tests import databases

pytest_plugins = ["tests.browsers"]

_numbers = count()


def pytest_report_header() -> str:
    from tests import browsers

    return f"home: {env.home()}; browser: {browsers.found().description}"


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
