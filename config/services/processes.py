"""Processes of ours, known by number *and* start time, because numbers are used again."""

import json
import os
import pwd
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.services.errors import ServiceError
from config.services.home import refusal
from config.services.root import as_user


@dataclass(frozen=True, slots=True)
class Process:
    """A process we started: its number, its start time, and its port when it has one."""

    pid: int
    started: float
    port: int = 0

    @property
    def is_alive(self) -> bool:
        """Tell whether this very process still runs."""
        try:
            found = psutil.Process(self.pid)
            return abs(found.create_time() - self.started) < 1.0 and found.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def spawn(
    *,
    command: list[str],
    log: Path,
    folder: Path,
    environment: dict[str, str],
    user: pwd.struct_passwd | None = None,
    port: int = 0,
) -> Process:
    """Start a program on its own, its output in a log, out of reach of this terminal's Ctrl-C.

    :raises ServiceError: when it cannot be started.
    """
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as output:
            child = subprocess.Popen(  # noqa: S603 - the program is one of ours
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_user(user),
            )
    except OSError as problem:
        raise ServiceError(refusal(path=Path(problem.filename or command[0]), problem=problem)) from None
    _children[child.pid] = child
    return Process(pid=child.pid, started=psutil.Process(child.pid).create_time(), port=port)


def end(*, process: Process, first: signal.Signals, seconds: float) -> None:
    """End a process: ask, wait, then kill; a number taken over by somebody else's process is left alone."""
    for ask, patience in ((first, seconds), (signal.SIGKILL, 5.0)):
        if not process.is_alive:
            break
        os.kill(process.pid, ask)
        deadline = time.monotonic() + patience
        while process.is_alive and time.monotonic() < deadline:
            time.sleep(0.02)
    reap(pid=process.pid)


def reap(*, pid: int) -> None:
    """Collect the exit state of a child that ended, so that nothing is left in the process table."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def read_state(*, home: Path) -> dict[str, Process]:
    """Return the processes that were noted down; a lost or broken note is an empty one."""
    try:
        rows = json.loads((home / "state.json").read_text())
        return {name: Process(**row) for name, row in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def write_state(*, home: Path, processes: dict[str, Process]) -> None:
    """Note down the processes, whole or not at all.

    :raises ServiceError: when the disk refuses.
    """
    target = home / "state.json"
    draft = target.with_suffix(f".{os.getpid()}")
    rows = {
        name: {"pid": process.pid, "started": process.started, "port": process.port}
        for name, process in processes.items()
    }
    try:
        draft.write_text(json.dumps(rows))
        draft.chmod(0o600)
        draft.replace(target)
    except OSError as problem:
        raise ServiceError(refusal(path=home, problem=problem)) from None


def last_lines(*, log: Path) -> str:
    """Return the end of a log for an error's sentence."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return " / ".join(lines[-2:])[-400:] or "it said nothing"


_children: dict[int, subprocess.Popen[bytes]] = {}
