"""What must always hold of loans, for ``manage.py ledger verify``: each check returns its problems as sentences."""

from django.db import connection

from financing.lending.models import Loan
from payments.ledger import queries as ledger

_LOANS_AT_ONCE = 5_000
_KINDS = ("principal", "interest", "fees", "deferred", "suspended")
# Principal in the schedule that is not paid is out, not drawn yet, or lost; interest and fees as long as none is lost.
_SCHEDULES = """
SELECT loan.id, loan.outstanding + loan.undrawn + loan.charged_off, sum(line.principal - line.principal_paid),
    loan.state, loan.interest, sum(line.interest - line.interest_paid), loan.fees, sum(line.fee - line.fee_paid)
FROM financing_loan loan JOIN financing_installment line ON line.loan_id = loan.id
GROUP BY loan.id
HAVING loan.outstanding + loan.undrawn + loan.charged_off <> sum(line.principal - line.principal_paid)
    OR (loan.state <> 'charged_off' AND (loan.interest <> sum(line.interest - line.interest_paid)
        OR loan.fees <> sum(line.fee - line.fee_paid)))
ORDER BY loan.id
"""
_MOVEMENTS = """
SELECT loan.id, loan.disbursed, loan.repaid, loan.refunded, loan.charged_off, moved.*
FROM financing_loan loan
JOIN LATERAL (
    SELECT coalesce(sum(principal) FILTER (WHERE kind = 'disbursement'), 0) AS disbursed,
        coalesce(sum(principal) FILTER (WHERE kind IN ('repayment', 'autopay', 'withholding')), 0) AS repaid,
        coalesce(sum(principal) FILTER (WHERE kind = 'refund'), 0) AS refunded,
        coalesce(sum(principal) FILTER (WHERE kind = 'charge_off'), 0) AS charged_off
    FROM financing_loantransaction WHERE loan_id = loan.id
) AS moved ON true
WHERE (loan.disbursed, loan.repaid, loan.refunded, loan.charged_off)
    <> (moved.disbursed, moved.repaid, moved.refunded, moved.charged_off)
    OR loan.disbursed <> loan.repaid + loan.refunded + loan.charged_off + loan.outstanding
ORDER BY loan.id
"""


def check_loans() -> list[str]:
    """5. For every loan: disbursed = repaid + refunded + charged off + outstanding; schedule, loan and ledger agree."""
    return [*_movements_agree(), *_schedules_agree(), *_ledger_agrees()]


def _movements_agree() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_MOVEMENTS)
        return [
            f"Loan {loan}: {disbursed} was disbursed, but its movements and what is out say otherwise."
            for loan, disbursed, *_ in cursor.fetchall()
        ]


def _schedules_agree() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_SCHEDULES)
        return [
            f"Loan {loan}: its schedule has {schedule} of principal open, the loan says {owed}"
            f" (interest {line_interest} and {interest}, fees {line_fees} and {fees})."
            for loan, owed, schedule, _, interest, line_interest, fees, line_fees in cursor.fetchall()
        ]


def _ledger_agrees() -> list[str]:
    problems, after = [], 0
    while True:
        rows = Loan.objects.filter(pk__gt=after).order_by("pk")
        page = list(rows.values_list("pk", "outstanding", "interest", "fees", "deferred", "suspended")[:_LOANS_AT_ONCE])
        if not page:
            return problems
        codes = [f"loan:{loan}:{kind}" for loan, *_ in page for kind in _KINDS]
        balances = ledger.balances(codes=codes)
        for loan, *amounts in page:
            for kind, amount in zip(_KINDS, amounts, strict=True):
                booked = balances[f"loan:{loan}:{kind}"]
                if booked != amount:
                    problems.append(f"Loan {loan}: {amount} of {kind} by its own record, {booked} in the ledger.")
        after = page[-1][0]
