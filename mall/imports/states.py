"""Where an import stands, and how it moves: one table."""

from __future__ import annotations

MAPPING = "mapping"
CHECKING = "checking"
CHECKED = "checked"
QUEUED = "queued"
APPLYING = "applying"
DONE = "done"
UNDO_QUEUED = "undo_queued"
UNDOING = "undoing"
UNDONE = "undone"
REFUSED = "refused"
DISCARDED = "discarded"

STATES = (
    MAPPING, CHECKING, CHECKED, QUEUED, APPLYING, DONE, UNDO_QUEUED, UNDOING, UNDONE, REFUSED, DISCARDED,
)  # fmt: skip
# A worker has something to do.
WORKING = (CHECKING, QUEUED, APPLYING, UNDO_QUEUED, UNDOING)
# What one merchant has one of at a time.
WRITING = (APPLYING, UNDOING)
# The same file is not taken a second time while it is here.
OPEN = (MAPPING, CHECKING, CHECKED, QUEUED, APPLYING)

TRANSITIONS = (
    (MAPPING, "columns known", CHECKING),
    (CHECKING, "checked", CHECKED),
    (CHECKING, "file not readable", REFUSED),
    (CHECKED, "columns named anew", MAPPING),
    (CHECKED, "confirm", QUEUED),
    (QUEUED, "begin", APPLYING),
    (APPLYING, "all lines done", DONE),
    (DONE, "undo", UNDO_QUEUED),
    (UNDO_QUEUED, "begin undoing", UNDOING),
    (UNDOING, "all lines undone", UNDONE),
    (MAPPING, "discard", DISCARDED),
    (CHECKED, "discard", DISCARDED),
)


class ForbiddenMove(Exception):
    """An import does not move like that."""


def move(*, state: str, event: str) -> str:
    """Return where an event leads from a state.

    :raises ForbiddenMove: it leads nowhere from there.
    """
    for before, named, after in TRANSITIONS:
        if (before, named) == (state, event):
            return after
    raise ForbiddenMove(f"An import that is {state} cannot {event}.")
