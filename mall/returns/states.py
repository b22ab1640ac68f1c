"""A return's life as one table."""

from payments import machines

ASKED = "asked"
OFFERED = "offered"
ACCEPTED = "accepted"
SENT = "sent"
REDUCED = "reduced"
DECLINED = "declined"
ESCALATED = "escalated"
PROPOSED = "proposed"
REFUNDING = "refunding"
REFUNDED = "refunded"
CLOSED = "closed"
WITHDRAWN = "withdrawn"

STATES = (
    ASKED,
    OFFERED,
    ACCEPTED,
    SENT,
    REDUCED,
    DECLINED,
    ESCALATED,
    PROPOSED,
    REFUNDING,
    REFUNDED,
    CLOSED,
    WITHDRAWN,
)
OVER = (REFUNDED, CLOSED, WITHDRAWN)
OPEN = tuple(state for state in STATES if state not in OVER)

# How a return ended.
MONEY_BACK, KEPT, PART, DENIED, DECIDED_AGAINST = "money back", "kept", "part", "declined", "against"
NOT_SENT, NOT_ARRIVED, TAKEN_BACK = "not sent", "not arrived", "withdrawn"
OUTCOMES = (MONEY_BACK, KEPT, PART, DENIED, DECIDED_AGAINST, NOT_SENT, NOT_ARRIVED, TAKEN_BACK)
# After these the same pieces may be asked for once more.
GIVEN_UP = (NOT_SENT, TAKEN_BACK)

RETURN = machines.Machine(
    name="return",
    meaning="Goods that go back from a buyer to a merchant, and the money that follows them.",
    transitions=(
        (ASKED, "accept", ACCEPTED),
        (ASKED, "let keep", REFUNDING),
        (ASKED, "offer", OFFERED),
        (ASKED, "decline", DECLINED),
        (ASKED, "escalate", ESCALATED),
        (ASKED, "withdraw", WITHDRAWN),
        (ASKED, "time out", ACCEPTED),
        (OFFERED, "take offer", REFUNDING),
        (OFFERED, "refuse offer", ASKED),
        (OFFERED, "withdraw", WITHDRAWN),
        (OFFERED, "time out", ASKED),
        (ACCEPTED, "send", SENT),
        (ACCEPTED, "receive", REFUNDING),
        (ACCEPTED, "reduce", REDUCED),
        (ACCEPTED, "withdraw", WITHDRAWN),
        (ACCEPTED, "time out", CLOSED),
        (SENT, "receive", REFUNDING),
        (SENT, "reduce", REDUCED),
        (SENT, "escalate", ESCALATED),
        (SENT, "time out", REFUNDING),
        (SENT, "get lost", CLOSED),
        (REDUCED, "agree", REFUNDING),
        (REDUCED, "escalate", ESCALATED),
        (REDUCED, "time out", REFUNDING),
        (DECLINED, "escalate", ESCALATED),
        (DECLINED, "withdraw", WITHDRAWN),
        (DECLINED, "time out", CLOSED),
        (ESCALATED, "propose", PROPOSED),
        (ESCALATED, "award", REFUNDING),
        (ESCALATED, "refuse", CLOSED),
        (ESCALATED, "withdraw", WITHDRAWN),
        (PROPOSED, "award", REFUNDING),
        (PROPOSED, "refuse", CLOSED),
        (PROPOSED, "object", ESCALATED),
        (REFUNDING, "pay", REFUNDED),
    ),
)

ForbiddenMove = machines.ForbiddenTransition


def may(*, state: str, event: str) -> bool:
    """Tell whether an event can happen in a state."""
    return machines.may(machine=RETURN, state=state, event=event)


def move(*, state: str, event: str) -> str:
    """Return the state that follows.

    :raises ForbiddenMove: the table has no such edge.
    """
    return machines.move(machine=RETURN, state=state, event=event)
