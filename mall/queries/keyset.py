"""Pages of a list by the last row shown: as quick on the thousandth page as on the first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row")
_MOST = 60


class Place(NamedTuple):
    """The row a page goes on after: its moment and its id."""

    at: datetime
    id: int


class Page(NamedTuple, Generic[Row]):
    """Rows of a page, and the mark of the next one; empty on the last."""

    rows: list[Row]
    after: str


def read(*, mark: str) -> Place | None:
    """Return the place a mark in an address names; nothing when it names none."""
    moment, _dot, identifier = mark[:_MOST].rpartition(".")
    if not (identifier.isascii() and identifier.isdecimal() and len(identifier) < 19):
        return None
    try:
        at = datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Place(at, int(identifier))


def write(*, at: datetime, identifier: int) -> str:
    """Return the mark of a row."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%f}.{identifier}"


def page(*, rows: Sequence[Row], size: int, places: Sequence[Place]) -> Page[Row]:
    """Return a page of rows that were read one too many, so that it is known whether there are more."""
    after = write(at=places[size - 1].at, identifier=places[size - 1].id) if len(rows) > size else ""
    return Page(list(rows[:size]), after)
