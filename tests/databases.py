"""Databases of the tests: one template, migrated once as the owner, and quick copies of it."""

import fcntl
import hashlib
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from django.conf import settings
from psycopg2 import sql

from config import env, services
from config.services import postgres

APPS = ("config", "mall", "payments", "financing")


@dataclass(frozen=True, slots=True)
class Database:
    """One private database; `url` is the limited role's, as the application has it."""

    name: str

    @property
    def url(self) -> str:
        return services.database_url(home=env.home(), role="app", name=self.name)

    @property
    def owner_url(self) -> str:
        return services.database_url(home=env.home(), role="owner", name=self.name)

    @property
    def superuser_url(self) -> str:
        return services.database_url(home=env.home(), role="superuser", name=self.name)

    def connect(self, *, role: str = "app") -> "psycopg2.extensions.connection":
        """Open a connection of its own, as `app`, `owner` or `superuser`; the caller closes it."""
        return psycopg2.connect(services.database_url(home=env.home(), role=role, name=self.name))


def create(*, name: str) -> Database:
    """Make a database as a copy of the migrated template, which is made first when it is missing."""
    template = _template()
    with closing(_server()) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        cursor.execute(
            sql.SQL("CREATE DATABASE {} OWNER rialto_owner TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return Database(name=name)


def drop(*, name: str) -> None:
    """Remove a database, whoever is still connected to it."""
    with closing(_server()) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_leftovers(*, name: str) -> None:
    """Remove the private copies that an earlier run in this slot left behind when it was killed."""
    with closing(_server()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ %s", [f"^{name}_[0-9]+$"])
        leftovers = [row[0] for row in cursor.fetchall()]
    for leftover in leftovers:
        drop(name=leftover)


def _template() -> str:
    """Return the template's name; one process makes it while the others wait."""
    name = f"template_{_fingerprint()}"
    with (env.home() / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with closing(_server()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'template!_%' ESCAPE '!'")
            known = {row[0] for row in cursor.fetchall()}
            if name in known:
                return name
            for old in known:
                cursor.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
            draft = f"{name}_draft"
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER rialto_owner").format(sql.Identifier(draft)))
            postgres.grant_to_app(home=env.home(), name=draft)
            _migrate(Database(name=draft))
            cursor.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name))
            )
    return name


def _migrate(database: Database) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=env.CHECKOUT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_OWNER_URL": database.owner_url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The test database could not be migrated:\n{done.stdout}{done.stderr}")


def _fingerprint() -> str:
    """Return a name for what the migrations would make: their text, the installed apps and packages."""
    digest = hashlib.sha256()
    for app in APPS:
        for path in sorted((env.CHECKOUT / app).rglob("migrations/**/*")):
            if path.suffix in {".py", ".sql"}:
                digest.update(f"{path.relative_to(env.CHECKOUT)}\0".encode() + path.read_bytes())
    packages = sorted(
        entry for entry in os.listdir(Path(psycopg2.__file__).parent.parent) if entry.endswith(".dist-info")
    )
    digest.update(repr((packages, settings.INSTALLED_APPS, postgres.GRANTS)).encode())
    return digest.hexdigest()[:16]


def _server() -> "psycopg2.extensions.connection":
    connection = psycopg2.connect(services.database_url(home=env.home(), role="superuser", name="postgres"))
    connection.autocommit = True
    return connection
