"""The door to the outbox for the apps above: what happened there leaves with the transaction it happened in."""

from collections.abc import Sequence

from payments import events, outbox


def publish(*, happened: Sequence[events.Event]) -> None:
    """Write events in the caller's transaction; an event whose key was seen before is left out."""
    outbox.record(happened=happened)
