"""The door to the outbox for the apps above: what happened there leaves with the transaction it happened in."""

from collections.abc import Sequence

from payments import events, outbox


def publish(*, happened: Sequence[events.Event]) -> None:
    """Write events in the caller's transaction; an event whose key was seen before is left out."""
    outbox.record(happened=happened)


def deliver(*, strict: bool = False) -> int:
    """Deliver what waits in the outbox, and what that brings about, here and now; return how many events.

    For those who live through long histories: with ``strict`` the first error of a handler is raised.
    """
    return outbox.drain(strict=strict)


def take_back() -> int:
    """Free what a deliverer had in hand that was killed; return how many events. For who takes its place at once."""
    return outbox.take_back()


def undelivered() -> int:
    """Return how many events wait to be delivered for the first time."""
    backlog = outbox.backlog()
    return backlog["waiting"] - backlog["failing"]


# Within `with held():` nobody else is asked to deliver; the caller does it.
held = outbox.held

# Within `with lane():` only what is recorded there is delivered there.
lane = outbox.lane
in_lane = outbox.in_lane
