"""The close of the day over every loan: resumable, once for each loan and day, a bad loan stops nobody else."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import DatabaseError, transaction

from financing.lending.models import Borrower, Loan
from financing.servicing import journals
from financing.servicing.acts import UnableToService
from financing.servicing.book import Book, loans_behind
from financing.servicing.models import ClosedDay
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError

logger = logging.getLogger(__name__)
# Loans closed in one transaction; days closed in one go when many are open.
LOANS_AT_ONCE = 5_000
DAYS_AT_ONCE = 92


@dataclass(frozen=True, slots=True)
class CloseReport:
    """What a close reached; ``failed`` loans keep their day open and are named with the reason."""

    until: date
    loans: int
    days: int
    failed: tuple[tuple[int, str], ...]


def close_day(*, until: date, closed: int = 0, progress: Callable[[date], None] | None = None) -> CloseReport:
    """Close every open day of every loan through ``until``; days closed before are not touched again.

    Each transaction closes some loans through some days, so that an interrupted close goes on where it stopped.

    :param closed: how many loans :func:`close_loans` closed through the same day just before.
    """
    report = close_loans(until=until, progress=progress)
    _return_credits(until)
    ClosedDay.objects.bulk_create([ClosedDay(day=until, loans=closed + report.loans)], ignore_conflicts=True)
    return report


def close_loans(
    *, until: date, kind: str | None = None, progress: Callable[[date], None] | None = None
) -> CloseReport:
    """Close every open day of the loans of a kind (or of all) through ``until``; the day itself is not over by that.

    Plans take from shoppers' accounts and advances from merchants' sales: their closes may run beside each other.
    """
    first = Loan.objects.filter(state__in=["signed", "active"]).order_by("closed_through")
    if kind is not None:
        first = first.filter(kind=kind)
    oldest = first.values_list("closed_through", flat=True).first()
    reached: set[int] = set()
    failed: list[tuple[int, str]] = []
    start = until if oldest is None else min(oldest, until)
    step = start
    while step < until:
        step = min(until, step + timedelta(days=DAYS_AT_ONCE))
        after = 0
        while loans := loans_behind(until=step, after=after, limit=LOANS_AT_ONCE, kind=kind):
            reached.update(loans)
            failed += _close(loans, step)
            after = loans[-1]
        if progress:
            progress(step)
    return CloseReport(until, len(reached), (until - start).days, tuple(failed))


def _close(loans: Sequence[int], until: date) -> list[tuple[int, str]]:
    """Close some loans together; where that fails, halve them until the bad one stands alone."""
    try:
        with transaction.atomic():
            book = Book(loans=loans)
            book.catch_up(loans=list(book.accounts), until=until)
            book.write()
    except (UnableToService, LedgerError, DatabaseError, ArithmeticError) as problem:
        if len(loans) == 1:
            logger.exception("The close of loan %s through %s failed.", loans[0], until)
            return [(loans[0], str(problem))]
        half = len(loans) // 2
        return _close(loans[:half], until) + _close(loans[half:], until)
    return []


def _return_credits(day: date) -> None:
    """Give borrowers back what they paid too much, to the account their loans are paid from."""
    with transaction.atomic():
        owing = Borrower.objects.select_for_update().filter(credit__gt=0).order_by("pk")
        rows = {row.pk: row for row in owing}
        if not rows:
            return
        accounts = dict(
            Loan.objects.filter(party__in=rows).exclude(repay_account="").values_list("party_id", "repay_account")
        )
        chosen = [row for pk, row in rows.items() if pk in accounts]
        results = ledger.post_many(
            journals=[
                journals.credit_returned(
                    party=row.pk,
                    code=f"borrower:{row.pk}:credit",
                    account=f"deposit:{accounts[row.pk]}",
                    amount=row.credit,
                    day=day,
                    currency=row.currency,
                )
                for row in chosen
            ]
        )
        for row, result in zip(chosen, results, strict=True):
            if not isinstance(result, LedgerError):
                row.credit = 0
        Borrower.objects.bulk_update(chosen, ["credit"])
