"""What the book says. Amounts are minor units; a balance is on the account's normal side.

An ``at`` is inclusive: everything that happened up to and at that instant.
"""

from payments.ledger.queries.balances import (
    FamilyLine,
    TrialLine,
    accounts,
    balance,
    balances,
    families,
    trial_balance,
)
from payments.ledger.queries.journals import (
    BookJournal,
    SealState,
    find_key,
    journal,
    journals_for,
    posted,
    seal_state,
)
from payments.ledger.queries.reports import ReportLine, balance_sheet, profit_and_loss
from payments.ledger.queries.statements import Statement, StatementLine, statement

__all__ = [
    "BookJournal",
    "FamilyLine",
    "ReportLine",
    "SealState",
    "Statement",
    "StatementLine",
    "TrialLine",
    "accounts",
    "balance",
    "balance_sheet",
    "balances",
    "families",
    "find_key",
    "journal",
    "journals_for",
    "posted",
    "profit_and_loss",
    "seal_state",
    "statement",
    "trial_balance",
]
