"""What financing does when something happened elsewhere; every handler may get an event twice."""

from collections.abc import Sequence
from typing import Protocol

from financing.lending.models import Loan, LoanState
from financing.servicing import operations as servicing
from financing.underwriting import operations as underwriting
from payments.events import Event, PaymentExpired, PaymentRefused, PaymentVoided

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


def free_unused_plans(events: Sequence[PaymentExpired | PaymentRefused | PaymentVoided]) -> None:
    """End the plans that were signed for payments that came to nothing; their limit is free again."""
    moments = {event.payment_id: event.at for event in events}
    signed = Loan.objects.filter(payment_id__in=moments, state=LoanState.SIGNED)
    unused = list(signed.order_by("pk").values_list("pk", "payment_id"))
    if unused:
        servicing.cancel(
            requests=[
                servicing.Cancel(loan_id=loan, key=f"unused:{loan}", at=moments[payment]) for loan, payment in unused
            ]
        )
