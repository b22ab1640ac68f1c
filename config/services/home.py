"""Folders of the embedded servers: where they are, whose they are, and that nobody else may look."""

import errno
import fcntl
import hashlib
import os
import pwd
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.services.errors import ServiceError

# A socket's whole name has at most 103 bytes (107 on Linux); the longest of ours ends in "/postgres/.s.PGSQL.5432".
LONGEST_SOCKET_FOLDER = 80
PLAIN = re.compile(r"[A-Za-z0-9/_.+-]+")
LOCK_SECONDS = 120


def sockets_folder(*, home: Path) -> Path:
    """Return the folder of the servers' sockets: in the home, or a short and plain one where that cannot be.

    As root it is never in the home, which the database's own user may not be able to reach.
    """
    inside = home / "run"
    if os.geteuid() != 0 and len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER and PLAIN.fullmatch(str(inside)):
        return inside
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"rialto-{os.geteuid()}" / name  # noqa: S108 - made private, its owner checked


def prepare(*, home: Path) -> None:
    """Make the home and the folder of sockets, closed to everybody else.

    :raises ServiceError: when a folder cannot be made or belongs to somebody else.
    """
    private_folder(path=home, passable=True)
    sockets = sockets_folder(home=home)
    if sockets.parent != home:
        private_folder(path=sockets.parent, passable=True)
    private_folder(path=sockets, passable=True)


def private_folder(*, path: Path, owner: pwd.struct_passwd | None = None, passable: bool = False) -> None:
    """Make a folder that only its owner can read; as root a passable one lets the database's user through.

    :raises ServiceError: when it cannot be made, is a link or a file, or belongs to somebody else.
    """
    mode = 0o711 if passable and os.geteuid() == 0 else 0o700
    expected = owner.pw_uid if owner else os.geteuid()
    try:
        path.mkdir(parents=True, exist_ok=True)
        if owner:
            os.chown(path, owner.pw_uid, owner.pw_gid)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected:
            raise ServiceError(
                f"{path} is not a folder of this user's own: remove it, or set RIALTO_HOME to another folder."
            )
        if stat.S_IMODE(found.st_mode) != mode:
            path.chmod(mode)
    except OSError as problem:
        raise ServiceError(refusal(path=path, problem=problem)) from None


def refusal(*, path: Path | str, problem: OSError) -> str:
    """Say in one sentence why a folder cannot be used, and what to do."""
    return f"{path} cannot be used ({problem.strerror}): {_remedy(problem)}, or set RIALTO_HOME to another folder."


def _remedy(problem: OSError) -> str:
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free some space on the disk"
    return "make it writable for this user"


@contextmanager
def locked(*, home: Path) -> Iterator[None]:
    """Hold the home's lock, so that two starts, or a start and a stop, do not meet.

    :raises ServiceError: when somebody else holds it for very long.
    """
    descriptor = open_lock(path=home / "lock")
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not try_lock(descriptor=descriptor, exclusive=True):
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"Another command has been starting or stopping the servers of {home} for {LOCK_SECONDS} seconds: "
                    "end it and try again."
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def open_lock(*, path: Path) -> int:
    """Open a lock file and return its descriptor.

    :raises ServiceError: when the file cannot be made.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise ServiceError(refusal(path=path.parent, problem=problem)) from None


def try_lock(*, descriptor: int, exclusive: bool) -> bool:
    """Take the lock without waiting and tell whether that went well."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
