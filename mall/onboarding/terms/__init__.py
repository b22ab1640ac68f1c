"""The terms merchants agree to, by version: the newest is asked for, each stays readable for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
CURRENT = "2026-01"


@cache
def versions() -> tuple[str, ...]:
    """Return every version there was, oldest first."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.txt")))


@cache
def text(*, version: str) -> str:
    """Return the words of a version.

    :raises KeyError: there is no such version.
    """
    if version not in versions():
        raise KeyError(version)
    return (_FOLDER / f"{version}.txt").read_text(encoding="utf-8")


def digest(*, version: str) -> str:
    """Return the SHA-256 of a version's words."""
    return hashlib.sha256(text(version=version).encode()).hexdigest()
