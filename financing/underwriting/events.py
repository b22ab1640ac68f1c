"""What happened in underwriting."""

from dataclasses import dataclass

from payments.events import Event


@dataclass(frozen=True, kw_only=True)
class OfferMade(Event):
    """A subject may have credit they were not offered before, or at other numbers."""

    name = "financing.offer_made"
    offer_id: int
    subject_id: str
    product: str
    limit: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class CreditApproved(Event):
    """An application was approved, by the machine or by officers."""

    name = "financing.credit_approved"
    application_id: int
    subject_id: str


@dataclass(frozen=True, kw_only=True)
class CreditDeclined(Event):
    """An application was declined."""

    name = "financing.credit_declined"
    application_id: int
    subject_id: str


@dataclass(frozen=True, kw_only=True)
class CreditReferred(Event):
    """An application waits for an officer."""

    name = "financing.credit_referred"
    application_id: int
    subject_id: str
