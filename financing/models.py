"""Every model of financing, imported from the stage packages that own them."""

from financing.features.models import ExportedDay, SubjectFeatures
from financing.lending.models import Agreement, Borrower, Installment, Loan, Product
from financing.scoring.models import ScoringModel
from financing.servicing.models import ClosedDay, LoanEvent, LoanTransaction
from financing.underwriting.models import (
    Application,
    Authority,
    CaseAction,
    Decision,
    NoOffer,
    Offer,
    PolicyVersion,
)

__all__ = [
    "Agreement",
    "Application",
    "Authority",
    "Borrower",
    "CaseAction",
    "ClosedDay",
    "Decision",
    "ExportedDay",
    "Installment",
    "Loan",
    "LoanEvent",
    "LoanTransaction",
    "NoOffer",
    "Offer",
    "PolicyVersion",
    "Product",
    "ScoringModel",
    "SubjectFeatures",
]
