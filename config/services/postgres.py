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
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql

from config import env
from config.services import home as folders
from config.services import root
from config.services.addresses import DATABASE, database_url
from config.services.errors import ServiceError
from config.services.processes import Process, end, last_lines, reap, spawn

VERSION = "18"
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    # Taken as it is needed: a small market stays small, a large book keeps its indexes at hand.
    "shared_buffers": f"{min(1024, psutil.virtual_memory().total // 2**22)}MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # The one method that this build has takes ten times as long as it saves: pages of keys, random as they are,
    # come out as large as they went in.
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than the short queries here ever take
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "default_text_search_config": "pg_catalog.simple",
}

# A test may lose its data with the machine (never with a process), and does not wait for the disk.
UNSAFE_AND_FAST = {"fsync": "off", "full_page_writes": "off"}


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
    if not _same_folder(Path(folder), home / "postgres"):
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
    user = root.server_user()
    programs = root.programs_folder(home=home, user=user)
    data, sockets, log = root.data_folder(home=home, user=user), _sockets(home), home / "postgres.log"
    if not (data / "PG_VERSION").exists():
        _create(data=data, programs=programs, user=user)
    found = (data / "PG_VERSION").read_text().strip()
    if found != VERSION:
        raise ServiceError(
            f"{data} was made by PostgreSQL {found} and this is {VERSION}: set RIALTO_HOME to another folder, "
            "or remove that one and start anew."
        )
    folders.private_folder(path=data, owner=user)
    folders.private_folder(path=sockets, owner=user)
    _clear_stale_locks(data=data, sockets=sockets)
    settings = SETTINGS | {"unix_socket_directories": f'"{sockets}"'}
    if env.environment() == "test":
        settings |= UNSAFE_AND_FAST
    command = [str(programs / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    process = spawn(command=command, log=log, folder=data, environment=_environment(), user=user)
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


def _sockets(home: Path) -> Path:
    return folders.sockets_folder(home=home) / "postgres"


def _environment() -> dict[str, str]:
    """Return an environment in which the user's own PostgreSQL variables and language play no part."""
    return {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _create(*, data: Path, programs: Path, user: pwd.struct_passwd | None) -> None:
    """Make the data folder beside its place and move it there whole, so that a broken start leaves no half."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    folders.private_folder(path=draft, owner=user)
    command = [
        str(programs / "initdb"), "-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions", "--no-sync",
    ]  # fmt: skip
    made = subprocess.run(  # noqa: S603
        command, env=_environment(), cwd=draft, capture_output=True, text=True, check=False, **root.as_user(user)
    )
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        reasons = [line for line in made.stderr.splitlines() if "error" in line.lower()] or ["no reason given"]
        raise ServiceError(
            f"PostgreSQL could not make its data folder {data} ({reasons[0].strip()}): "
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
        found.wait(2)
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
