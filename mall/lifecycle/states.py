"""A suspension's and a closing's life, each as one table; both are open until they reach one of their last states."""

from __future__ import annotations

# A suspension that was asked for begins when a second person agrees; an urgent one is in force at once and ends by
# itself when nobody confirms it in time.
SUSPENSION = (
    ("asked", "agree", "in_force"),
    ("asked", "refuse", "refused"),
    ("urgent", "agree", "in_force"),
    ("urgent", "refuse", "refused"),
    ("urgent", "lapse", "lapsed"),
    ("in_force", "ask_lift", "lifting"),
    ("lifting", "agree", "lifted"),
    ("lifting", "refuse", "in_force"),
)
# The bank's wish to close takes two people; the owner's takes the owner.
CLOSING = (
    ("asked", "agree", "winding_up"),
    ("asked", "refuse", "refused"),
    ("winding_up", "call_off", "called_off"),
    ("winding_up", "finish", "closed"),
)
SUSPENSION_ENDED = ("refused", "lapsed", "lifted")
CLOSING_ENDED = ("refused", "called_off", "closed")
# While a suspension is in one of these, the merchant does not sell.
IN_EFFECT = ("urgent", "in_force", "lifting")


class ForbiddenMove(ValueError):
    """There is no such move from here."""


def move(*, table: tuple[tuple[str, str, str], ...], state: str, event: str) -> str:
    """Return the state that follows.

    :raises ForbiddenMove: the table has no such edge.
    """
    for source, named, following in table:
        if (source, named) == (state, event):
            return following
    raise ForbiddenMove(f"From {state} nothing can {event}.")


def states_of(*, table: tuple[tuple[str, str, str], ...]) -> tuple[str, ...]:
    """Return every state of a table."""
    return tuple(dict.fromkeys(state for source, _event, following in table for state in (source, following)))
