"""What financing does when something happened elsewhere; every handler may get an event twice."""

from collections.abc import Sequence
from typing import Protocol

from financing.underwriting import operations as underwriting
from payments.events import Event

CREDIT = "credit"


class ConsentChanged(Protocol):
    """What is read of the mall's event."""

    subject: str
    purpose: str
    granted: bool


def forget_without_consent(events: Sequence[Event | ConsentChanged]) -> None:
    """End the offers, and forget the features, of who took consent to credit use back."""
    withdrawn = [event for event in events if event.purpose == CREDIT and not event.granted]
    if withdrawn:
        underwriting.withdraw_consent(
            subject_ids=[event.subject for event in withdrawn], at=max(event.at for event in withdrawn)
        )
