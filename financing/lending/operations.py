"""Writing loans down: the loan, its schedule and the signed agreement, in one go and once for a key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from financing.lending.disclosure import Disclosure
from financing.lending.models import Agreement, Borrower, Loan
from financing.lending.quotes import Quote
from financing.lending.rows import insert_rows
from payments import rows

_LINE_COLUMNS = (
    ("loan_id", "bigint"),
    ("number", "int"),
    ("starts_on", "date"),
    ("due_on", "date"),
    ("principal", "bigint"),
    ("interest_planned", "bigint"),
    ("fee_planned", "bigint"),
    ("interest", "bigint"),
    ("fee", "bigint"),
    ("principal_paid", "bigint"),
    ("interest_paid", "bigint"),
    ("fee_paid", "bigint"),
    ("principal_days", "bigint"),
    ("late_fee", "bigint"),
    ("overdue_said", "int"),
)
# Of a line nothing has accrued, been charged, paid or said when it is written.
_NOTHING_YET = (0,) * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoan:
    """A loan to write down, as it was quoted, disclosed and signed. ``key`` names it once for ever."""

    key: str
    quote: Quote
    disclosure: Disclosure
    borrower: str
    reference: str
    signer: str
    signature: str
    at: datetime
    application: int | None = None
    tender_id: int | None = None
    payment_id: int | None = None
    merchant: str = ""
    repay_account: str = ""
    expires_at: datetime | None = None
    evidence: dict[str, str] = field(default_factory=dict)


def lock_borrowers(*, borrowers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Hold and return the rows of (borrower, currency) pairs until the transaction ends, in their sorted order.

    Whoever measures an exposure and then adds to it holds these, so that one limit is not used twice.
    """
    pairs = sorted(set(borrowers))
    rows.insert(
        rows=[Borrower(reference=reference, currency=currency) for reference, currency in pairs],
        ignore_conflicts=True,
    )
    references = {reference for reference, _ in pairs}
    found = Borrower.objects.select_for_update().filter(reference__in=references)
    return {
        (reference, currency): pk
        for reference, currency, pk in found.order_by("pk").values_list("reference", "currency", "pk")
    }


def create_loans(*, requests: Sequence[NewLoan], parties: dict[tuple[str, str], int]) -> tuple[list[Loan], list[Loan]]:
    """Write down what is not yet there and return (the loan of each request, those that are new).

    Call it inside a transaction that holds the borrowers' rows: ``parties``, from :func:`lock_borrowers`.
    """
    known = {loan.key: loan for loan in Loan.objects.filter(key__in=[item.key for item in requests])}
    fresh = {item.key: item for item in requests if item.key not in known}
    created = rows.insert(rows=[_loan(item, parties) for item in fresh.values()])
    insert_rows(
        table="financing_installment",
        columns=_LINE_COLUMNS,
        rows=[row for loan, item in zip(created, fresh.values(), strict=True) for row in _schedule(loan, item.quote)],
    )
    rows.insert(rows=[_agreement(loan, item) for loan, item in zip(created, fresh.values(), strict=True)])
    known.update((loan.key, loan) for loan in created)
    return [known[item.key] for item in requests], created


def _loan(item: NewLoan, parties: dict[tuple[str, str], int]) -> Loan:
    quote, today = item.quote, item.at.date()
    return Loan(
        key=item.key,
        product=quote.product,
        kind=quote.product.kind,
        borrower=item.borrower,
        party_id=parties[item.borrower, quote.currency],
        currency=quote.currency,
        application=item.application,
        tender_id=item.tender_id,
        payment_id=item.payment_id,
        reference=item.reference,
        merchant=item.merchant,
        repay_account=item.repay_account,
        principal=quote.amount,
        undrawn=quote.amount,
        annual_rate_bps=quote.rate_bps,
        fee=quote.fee,
        share_bps=quote.share_bps,
        subsidy_bps=quote.subsidy_bps,
        apr_bps=quote.apr_bps,
        earning_rate=quote.earning_rate,
        starts_on=quote.starts_on,
        ends_on=quote.dues[-1].due_on,
        signed_at=item.at,
        expires_at=item.expires_at,
        # The close of the day before signing has nothing to do for it; the day itself is its first.
        closed_through=today - timedelta(days=1),
    )


def _schedule(loan: Loan, quote: Quote) -> list[tuple]:
    return [
        (loan.pk, due.number, due.starts_on, due.due_on, due.principal, due.interest, due.fee, *_NOTHING_YET)
        for due in quote.dues
    ]


def _agreement(loan: Loan, item: NewLoan) -> Agreement:
    return Agreement(
        loan=loan,
        text=item.disclosure.text,
        text_version=item.disclosure.text_version,
        terms=item.disclosure.terms,
        sha256=item.disclosure.sha256,
        signer=item.signer,
        signature=item.signature,
        evidence=item.evidence,
        signed_at=item.at,
    )
