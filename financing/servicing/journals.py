"""Which journals a loan's acts make: one function per event. Transfers come from the acts themselves."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from financing.servicing.account import Codes, Movement
from financing.servicing.days import end_of
from payments import chart
from payments.ledger.journal import AccountSpec, Journal, Transfer

# A journal carries at most 32,767 transfers; a day's accruals are cut well below.
ACCRUALS_PER_JOURNAL = 20_000


@lru_cache(maxsize=64)
def _house(currency: str) -> tuple[str, ...]:
    return tuple(spec.code for spec in house_accounts(currency=currency))


def house_accounts(*, currency: str) -> tuple[AccountSpec, ...]:
    """Return the bank's own accounts that loans of a currency post to."""
    return (
        chart.income("interest", currency),
        chart.income("fees", currency),
        chart.income("late", currency),
        chart.income("recovery", currency),
        chart.expense("chargeoff", currency),
    )


def codes(*, loan: int, party: int, currency: str) -> Codes:
    """Return the accounts of one loan; written out, since a close names those of every loan."""
    interest, fees, late, recovery, chargeoff = _house(currency)
    own = f"loan:{loan}"
    return Codes(
        principal=f"{own}:principal",
        interest=f"{own}:interest",
        fees=f"{own}:fees",
        deferred=f"{own}:deferred",
        suspended=f"{own}:suspended",
        income_interest=interest,
        income_fees=fees,
        income_late=late,
        income_recovery=recovery,
        chargeoff=chargeoff,
        credit=f"borrower:{party}:credit",
    )


def loan_accounts(*, loan: int, party: int, currency: str, owner: str) -> tuple[AccountSpec, ...]:
    """Return the accounts to open for one loan."""
    return (
        chart.loan_principal(loan, currency, owner),
        chart.loan_interest(loan, currency, owner),
        chart.loan_fees(loan, currency, owner),
        chart.loan_deferred(loan, currency, owner),
        chart.loan_suspended(loan, currency, owner),
        chart.borrower_credit(party, currency, owner),
    )


def moved(*, movement: Movement, loan: int, currency: str) -> Journal:
    """Book one act on one loan: disbursement, repayment, withholding, late fee, charge-off, recovery."""
    return Journal(
        key=movement.key,
        event=f"loan.{movement.kind}",
        reference=f"loan:{loan}",
        happened_at=movement.at,
        currency=currency,
        transfers=movement.transfers,
    )


def accrued(*, day: date, currency: str, loans: Sequence[int], transfers: Sequence[Transfer]) -> Iterable[Journal]:
    """Book a day's interest, and fees and subsidies earned, of many loans in one journal."""
    digest = hashlib.sha256(",".join(map(str, loans)).encode()).hexdigest()[:16]
    for start in range(0, len(transfers), ACCRUALS_PER_JOURNAL):
        yield Journal(
            key=f"loans:accrued:{day.isoformat()}:{currency}:{digest}:{start}",
            event="loan.accrued",
            reference=f"close:{day.isoformat()}",
            happened_at=end_of(day),
            currency=currency,
            transfers=tuple(transfers[start : start + ACCRUALS_PER_JOURNAL]),
        )


def credit_returned(*, party: int, code: str, account: str, amount: int, day: date, currency: str) -> Journal:
    """Give back what a borrower paid too much."""
    return Journal(
        key=f"borrower:{party}:returned:{day.isoformat()}",
        event="loan.credit_returned",
        reference=f"borrower:{party}",
        happened_at=end_of(day),
        currency=currency,
        transfers=(Transfer(code, account, amount),),
    )
