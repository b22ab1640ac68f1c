"""A list of sanctioned names, made up for this market; a bank puts its own file in its place."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process, utils

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Listed:
    """A name on the list; `born` is a date as text, or empty."""

    name: str
    born: str
    program: str


@dataclass(frozen=True, slots=True)
class Match:
    """A listed name that is close to one of ours; `score` from 0 to 100."""

    listed: Listed
    score: int


def version() -> str:
    """Return the list's version."""
    return max(path.stem for path in _FOLDER.glob("*.csv"))


@cache
def _entries() -> tuple[Listed, ...]:
    with (_FOLDER / f"{version()}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Listed(row["name"], row["born"], row["program"]) for row in csv.DictReader(file))


def closest(*, name: str, threshold: int) -> Match | None:
    """Return the listed name closest to this one, however its words are ordered; nothing below the threshold."""
    names = [entry.name for entry in _entries()]
    found = process.extractOne(
        name, names, scorer=fuzz.token_sort_ratio, processor=utils.default_process, score_cutoff=threshold
    )
    return None if found is None else Match(_entries()[found[2]], round(found[1]))
