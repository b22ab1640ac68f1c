"""Verifying the book, and keeping what was found for operations to see."""

from __future__ import annotations

from datetime import datetime

from payments.ledger import operations as ledger
from payments.models import Verification


def verify_book(*, at: datetime) -> list[str]:
    """Verify the whole book with every check of ``RIALTO_CHECKS``, keep the result, return the problems."""
    found = ledger.verify()
    problems = [f"{check.name}: {problem}" for check in found.checks for problem in check.problems]
    Verification.objects.create(
        at=at,
        journals=found.journals,
        transfers=found.transfers,
        seals=found.seals,
        checks=[check.name for check in found.checks],
        problems=problems,
    )
    return problems
