"""Every model of financing, imported from the stage packages that own them."""

from financing.lending.models import Agreement, Borrower, Installment, Loan, Product
from financing.servicing.models import ClosedDay, LoanEvent, LoanTransaction

__all__ = [
    "Agreement",
    "Borrower",
    "ClosedDay",
    "Installment",
    "Loan",
    "LoanEvent",
    "LoanTransaction",
    "Product",
]
