"""The states of an application, and which follows which: one table."""

from typing import Final

APPROVED: Final = "approved"
DECLINED: Final = "declined"
REFERRED: Final = "referred"
SECOND: Final = "second"
TAKEN: Final = "taken"
LAPSED: Final = "lapsed"
WITHDRAWN: Final = "withdrawn"

LABELS: Final = {
    APPROVED: "approved",
    DECLINED: "declined",
    REFERRED: "with an officer",
    SECOND: "with a second officer",
    TAKEN: "taken",
    LAPSED: "lapsed",
    WITHDRAWN: "withdrawn",
}

# state -> event -> next state
TRANSITIONS: Final[dict[str, dict[str, str]]] = {
    REFERRED: {"approve": APPROVED, "support": SECOND, "decline": DECLINED, "withdraw": WITHDRAWN},
    SECOND: {"approve": APPROVED, "decline": DECLINED, "return": REFERRED, "withdraw": WITHDRAWN},
    APPROVED: {"take": TAKEN, "lapse": LAPSED, "withdraw": WITHDRAWN},
}

# In these an officer still has something to do.
OPEN: Final = (REFERRED, SECOND)


def following(*, state: str, event: str) -> str | None:
    """Return the state after an event, or nothing when the event cannot happen in this state."""
    return TRANSITIONS.get(state, {}).get(event)
