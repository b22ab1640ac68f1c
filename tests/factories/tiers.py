"""Tiers agreed on by two people."""

from datetime import date, timedelta

from payments import operations
from tests.factories.payments import AT


def give_tier(subject: str, tier: str, *, kind: str = "reserve", begins_on: date | None = None) -> int:
    """Have two people give somebody a tier, from the day after ``AT`` on; return the change's number."""
    change = operations.propose_tier(
        proposal=operations.TierProposal(
            kind=kind,
            subject=subject,
            tier=tier,
            begins_on=begins_on or AT.date() + timedelta(days=1),
            reason="known for a year",
            by="user:8",
            at=AT,
        )
    )
    operations.agree_to_tier(change_id=change, by="user:9", at=AT)
    return change
