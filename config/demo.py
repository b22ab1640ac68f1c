"""The demo: everything on this machine in one terminal, stopped by one Ctrl-C."""

import base64
import errno
import hashlib
import hmac
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from honcho.manager import Manager
from honcho.printer import Message, Printer

from config import env, services
from config.celery import QUEUES
from config.services import card_stand_in_address, cards
from config.services import home as folders
from config.services.processes import Process

Say = Callable[[str], object]


class UnableToRunDemo(services.ServiceError):
    """The demo cannot start; the text is one sentence with the remedy."""


def run(*, say: Say, fill_options: Sequence[str] = ()) -> int:
    """Run the demo until it is told to stop; return its exit code. The options go to `manage.py fill`.

    :raises UnableToRunDemo: when something it needs is not to be had.
    :raises ServiceError: when an embedded server cannot be started.
    """
    if env.environment() == "production":
        raise UnableToRunDemo(
            "The demo does not run with RIALTO_ENV=production: see docs/operations.md for the real thing."
        )
    home, port = env.home(), env.port()
    folders.prepare(home=home)
    descriptor = _only_demo(home=home)
    try:
        _end_leftovers(home=home)
        _require_free(port=port)
        holding = services.hold(home=home, names=_embedded())
        try:
            _bring_up_to_date(fill_options=fill_options, say=say)
            return _supervise(home=home, port=port, say=say)
        finally:
            holding.release()
    finally:
        os.close(descriptor)


def processes(*, home: Path, port: int) -> dict[str, list[str]]:
    """Return the command line of each process: web, worker and scheduler."""
    programs = Path(sys.executable).parent
    web = [str(programs / "gunicorn"), "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
           "--preload", "--timeout", "60", "--graceful-timeout", "4", "--pid", str(home / "web.pid"),
           "--no-control-socket"]  # fmt: skip
    celery = [str(programs / "celery"), "--app", "config.celery", "--quiet"]
    worker = [*celery, "worker", "--queues", ",".join(QUEUES), "--concurrency", "2", "--loglevel", "WARNING",
              "--hostname", f"demo-{port}@%h", "--pidfile", str(home / "worker.pid"), "--without-gossip",
              "--without-mingle"]  # fmt: skip
    scheduler = [*celery, "beat", "--loglevel", "WARNING", "--pidfile", str(home / "scheduler.pid")]
    return {"web": web, "worker": worker, "scheduler": scheduler}


def one_time_code(*, secret: str, moment: float) -> str:
    """Return the six digits an authenticator shows for a secret at a moment (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, int(moment // 30).to_bytes(8), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


def _embedded() -> list[str]:
    names = ["postgres"] if env.database(name="DATABASE_URL") is None else []
    names += ["redis"] if env.redis() is None else []
    return names if env.text(name="STRIPE_API_KEY") else [*names, "cards"]


def _only_demo(*, home: Path) -> int:
    """Take the demo's lock and return its descriptor; a demo that was killed outright is cleared away first."""
    path = home / "demo.lock"
    descriptor = folders.open_lock(path=path)
    deadline = time.monotonic() + 15
    while not folders.try_lock(descriptor=descriptor, exclusive=True):
        # The children of a killed demo hold its lock on; the note in it tells whether the demo itself is alive.
        if _noted(path=path).is_alive or time.monotonic() > deadline:
            raise UnableToRunDemo(
                f"A demo already runs on {home}: stop it, or set RIALTO_HOME and PORT for a second one."
            )
        _end_leftovers(home=home)
        time.sleep(0.1)
    path.write_text(f"{os.getpid()} {psutil.Process().create_time()}")
    return descriptor


def _noted(*, path: Path) -> Process:
    try:
        pid, started = path.read_text().split()
        return Process(pid=int(pid), started=float(started))
    except (OSError, ValueError):
        return Process(pid=0, started=0)


def _require_free(*, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError as problem:
            if problem.errno == errno.EACCES:
                remedy = f"Port {port} needs more rights than this user has: choose one above 1023 with PORT."
            else:
                remedy = (
                    f"Port {port} is in use by another program: stop that, "
                    f"or choose another port, as in `PORT={port + 1} make demo`."
                )
            raise UnableToRunDemo(remedy) from None


def _end_leftovers(*, home: Path) -> None:
    """End what a demo left behind that was killed outright; the files name it, its command line proves it."""
    for name in processes(home=home, port=0):
        path = home / f"{name}.pid"
        with suppress(OSError, ValueError, psutil.Error):
            found = psutil.Process(int(path.read_text()))
            if str(path) in " ".join(found.cmdline()):
                _end_family([found, *found.children(recursive=True)])
        path.unlink(missing_ok=True)


def _end_family(family: list[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(family, timeout=8)[1]:
        with suppress(psutil.Error):
            process.kill()


def _bring_up_to_date(*, fill_options: Sequence[str], say: Say) -> None:
    """Migrate where a migration is missing, fill a database that is empty or was left half filled."""
    from django.db import connection

    count = _missing_migrations()
    if count:
        _manage("migrate", "--verbosity", "0", because=f"Preparing the database ({count} migrations)", say=say)
    if _wants_filling():
        _manage("fill", "--incidents", *fill_options, because="Filling the market", say=say)
    connection.close()


def _missing_migrations() -> int:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _wants_filling() -> bool:
    from config.simulation.models import Run
    from mall.customer.models import User

    runs = Run.objects.filter(name__startswith="economy:")
    return runs.filter(finished_at=None).exists() or not (runs.exists() or User.objects.exists())


def _manage(command: str, *options: str, because: str, say: Say) -> None:
    say(f"{because} ...")
    done = subprocess.run([sys.executable, "manage.py", command, *options], cwd=env.CHECKOUT, check=False)  # noqa: S603
    if done.returncode != 0:
        raise UnableToRunDemo(f"`manage.py {command}` did not succeed: its last lines above say why.")


def _supervise(*, home: Path, port: int, say: Say) -> int:
    signal.signal(signal.SIGHUP, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
    surroundings = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore:You're running the worker"}
    manager = Manager(printer=_Announcer(announce=lambda: _announce(port=port, say=say)))
    for name, command in processes(home=home, port=port).items():
        manager.add_process(name, f"exec {shlex.join(command)}", cwd=str(env.CHECKOUT), env=surroundings)
    manager.loop()
    say("Everything is stopped.")
    return manager.returncode or 0


def _have_events_sent(*, port: int) -> None:
    """Tell the card stand-in where its events go; without them the poller finds everything a little later."""
    from payments import webhooks

    if env.text(name="STRIPE_API_KEY"):
        return
    with suppress(OSError):
        cards.send_events(
            address=card_stand_in_address(), to=f"http://127.0.0.1:{port}/webhooks/cards/", secret=webhooks.secrets()[0]
        )


def _announce(*, port: int, say: Say) -> None:
    from config.simulation.people import sign_ins

    _have_events_sent(port=port)
    address = f"http://127.0.0.1:{port}"
    say(f"\nRialto runs at {address}/  (stop it with Ctrl-C)\n")
    for what, path in (("Market", "/"), ("Merchants", "/merchant/"), ("Officers", "/officer/"), ("Operations", "/ops/"),
                       ("State", "/healthz")):  # fmt: skip
        say(f"  {what:<12}{address}{path}")
    people = sign_ins()
    if people:
        say(f"\n  {'Sign in as':<18}{'e-mail':<34}{'password':<20}second factor: code now (secret)")
    for role, email, password, secret in people:
        code = f"{one_time_code(secret=secret, moment=time.time())} ({secret})" if secret else "-"
        say(f"  {role:<18}{email:<34}{password:<20}{code}")
    say(f"\n  Letters the market would send lie in {env.home() / 'mail'}\n")


class _Announcer(Printer):
    """Prints every process's lines, and says once that all is up when web and worker have both said so."""

    SIGNS = {"web": "Listening at", "worker": "worker ready"}

    def __init__(self, *, announce: Callable[[], None]) -> None:
        super().__init__(sys.stdout)
        self.announce = announce
        self.awaited = set(self.SIGNS)

    def write(self, message: Message) -> None:
        super().write(message)
        text = message.data.decode(errors="replace") if isinstance(message.data, bytes) else str(message.data)
        if message.name in self.awaited and self.SIGNS[message.name] in text:
            self.awaited.discard(message.name)
            if not self.awaited:
                self.announce()
