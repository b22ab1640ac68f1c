"""The folder from which another bank's agent takes our files.

A file is laid ready beside the folder under a name of its attempt, then renamed into it. The rename happens once for
ever, however often it is tried and whether or not the file was taken away meanwhile: what was laid ready is gone.
"""

from __future__ import annotations

import os
from pathlib import Path

READY = ".ready"


def stage(*, folder: Path, name: str, token: str, content: bytes) -> None:
    """Lay a file ready, whole and on the disk; again is the same.

    :raises OSError: the folder cannot be written.
    """
    ready = folder / READY
    ready.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = ready / f"{name}.{token}.part"
    with open(half, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(half, ready / f"{name}.{token}")
    _keep(ready)


def deliver(*, folder: Path, name: str, token: str) -> bool:
    """Move a file that was laid ready into the folder; return whether this call did it.

    :raises OSError: the folder cannot be written.
    """
    try:
        os.rename(folder / READY / f"{name}.{token}", folder / name)
    except FileNotFoundError:
        return False
    _keep(folder)
    return True


def _keep(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
