"""A consignment's life as one table."""

from payments.machines import Machine

AWAITING_PAYMENT = "awaiting_payment"
CONFIRMED = "confirmed"
DISPATCHED = "dispatched"
DELIVERED = "delivered"
RELEASED = "released"
REFUNDED = "refunded"
CANCELLED = "cancelled"

STATUSES = (AWAITING_PAYMENT, CONFIRMED, DISPATCHED, DELIVERED, RELEASED, REFUNDED, CANCELLED)

# state, event, next state
TRANSITIONS = (
    (AWAITING_PAYMENT, "confirm", CONFIRMED),
    (AWAITING_PAYMENT, "cancel", CANCELLED),
    (CONFIRMED, "cancel", CANCELLED),
    (CONFIRMED, "dispatch", DISPATCHED),
    (DISPATCHED, "deliver", DELIVERED),
    (DELIVERED, "release", RELEASED),
    (DISPATCHED, "refund in full", REFUNDED),
    (DELIVERED, "refund in full", REFUNDED),
    (RELEASED, "refund in full", REFUNDED),
)
CONSIGNMENT = Machine(
    name="consignment", meaning="One merchant's part of an order on its way to the buyer.", transitions=TRANSITIONS
)

# The division of a consignment: asked for, made, or refused by the holds on its money.
DIVISION_ASKED, DIVISION_MADE, DIVISION_REFUSED = "asked", "made", "refused"
DIVISION_STATES = (DIVISION_ASKED, DIVISION_MADE, DIVISION_REFUSED)

# What a history also says, beside the states: packed, unpacked, divided, and money that went back.
PACKED, UNPACKED, DIVIDED, REFUND = "packed", "unpacked", "divided", "refund"

# Who can say that goods arrived; never the merchant. `time`: nobody spoke for as long as the policy waits.
SAID_BY = ("carrier", "buyer", "operations", "time")

_NEXT = {(state, event): following for state, event, following in TRANSITIONS}


class ForbiddenMove(ValueError):
    """A consignment cannot make this move from where it is."""


def move(*, state: str, event: str) -> str:
    """Return the state that follows.

    :raises ForbiddenMove: the table has no such edge.
    """
    try:
        return _NEXT[state, event]
    except KeyError:
        raise ForbiddenMove(f"A consignment that is {state.replace('_', ' ')} cannot {event}.") from None


def sources(*, event: str) -> tuple[str, ...]:
    """Return the states from which an event can happen."""
    return tuple(state for state, named, _following in TRANSITIONS if named == event)
