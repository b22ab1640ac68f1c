"""Everything that writes in underwriting: policy, offers, applications, review."""

from financing.underwriting.operations.applications import (
    CreditApplication,
    apply_for_credit,
    lapse_approvals,
    mark_taken,
    withdraw_application,
)
from financing.underwriting.operations.offers import OffersReport, make_offers, withdraw_consent
from financing.underwriting.operations.policies import approve_policy, install_defaults, propose_policy
from financing.underwriting.operations.review import approve, claim, decline, release, second_approve, send_back

__all__ = [
    "CreditApplication",
    "OffersReport",
    "apply_for_credit",
    "approve",
    "approve_policy",
    "claim",
    "decline",
    "install_defaults",
    "lapse_approvals",
    "make_offers",
    "mark_taken",
    "propose_policy",
    "release",
    "second_approve",
    "send_back",
    "withdraw_application",
    "withdraw_consent",
]
