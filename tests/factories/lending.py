"""Loans for tests: products, quotes, signed loans with their ledger accounts."""

from datetime import UTC, datetime, timedelta
from itertools import count

from django.db import transaction

from financing.lending import products
from financing.lending.disclosure import disclose
from financing.lending.models import Loan, Product
from financing.lending.operations import NewLoan
from financing.lending.quotes import quote
from financing.scoring.models import ScoringModel
from financing.servicing import operations as servicing
from financing.underwriting.models import Offer, PolicyVersion
from payments import chart
from payments.ledger import operations as ledger
from payments.ledger.journal import Journal, Transfer

START = datetime(2026, 1, 15, 10, tzinfo=UTC)
_numbers = count(1)


def product(code: str, *, currency: str = "EUR") -> Product:
    """Return a starting product, installed if it is not yet there."""
    found = {row.code: row for row in products.install_products(currency=currency, at=START)}
    return found[code]


def deposit(*, number: str, amount: int, at: datetime = START, currency: str = "EUR") -> str:
    """Open a current account in the book and pay ``amount`` in."""
    specs = [chart.deposit(number, currency), chart.nostro("main", currency)]
    ledger.open_accounts(specs=specs, at=at)
    if amount:
        transfer = Transfer(chart.nostro("main", currency).code, f"deposit:{number}", amount)
        ledger.post(
            journal=Journal(f"in:{number}:{next(_numbers)}", "money.received", number, at, currency, (transfer,))
        )
    return number


def deposit_into(*, code: str, amount: int, at: datetime = START, currency: str = "EUR") -> None:
    """Post ``amount`` onto any account of the book, past every operation that would know why."""
    transfer = Transfer(code, chart.nostro("main", currency).code, amount)
    ledger.open_accounts(specs=[chart.nostro("main", currency)], at=at)
    ledger.post(journal=Journal(f"stray:{next(_numbers)}", "money.received", "stray", at, currency, (transfer,)))


def signed_loan(
    code: str = "months-6",
    *,
    amount: int = 60_000,
    borrower: str = "user:1",
    account: str = "",
    merchant: str = "",
    at: datetime = START,
    currency: str = "EUR",
    **price: int,
) -> Loan:
    """Sign a loan of ``amount``; nothing of it is drawn yet."""
    number = next(_numbers)
    quoted = quote(product=product(code, currency=currency), amount=amount, starts_on=at.date(), **price)
    with transaction.atomic():
        [loan] = servicing.open_loans(
            requests=[
                NewLoan(
                    key=f"loan-{number}",
                    quote=quoted,
                    disclosure=disclose(quote=quoted, borrower=borrower, purpose="a test"),
                    borrower=borrower,
                    reference=f"ORDER{number}",
                    tender_id=None if merchant else 1_000_000 + number,
                    merchant=merchant,
                    repay_account=account,
                    signer=borrower,
                    signature="Ada Tester",
                    at=at,
                )
            ]
        )
    return loan


def drawn_loan(code: str = "months-6", *, amount: int = 60_000, at: datetime = START, **rest) -> Loan:
    """Sign a loan and lend all of it into an escrow of its own."""
    loan = signed_loan(code, amount=amount, at=at, **rest)
    escrow = chart.escrow(f"E{loan.pk}", loan.currency)
    ledger.open_accounts(specs=[escrow], at=at)
    servicing.draw(
        requests=[
            servicing.Draw(loan_id=loan.pk, amount=amount, to=((escrow.code, amount),), key=f"draw-{loan.pk}", at=at)
        ]
    )
    loan.refresh_from_db()
    return loan


def open_merchant(*, merchant: str = "merchant:3", currency: str = "EUR", at: datetime = START) -> str:
    """Open a merchant's ledger accounts and return the reference."""
    number = merchant.removeprefix("merchant:")
    kinds = (chart.merchant_pending, chart.merchant_available, chart.merchant_reserve, chart.merchant_receivable)
    ledger.open_accounts(specs=[kind(number, currency) for kind in kinds], at=at)
    return merchant


def after(days: int, *, since: datetime = START) -> datetime:
    """Return the moment so many days later."""
    return since + timedelta(days=days)


def make_offer(code: str, *, subject: str, limit: int = 200_000, at: datetime = START, currency: str = "EUR") -> Offer:
    """Make an offer of an installed product that stands for a month; policy and scorecards must be at work."""
    lent = products.active_by_code(codes=[(code, currency)])[code, currency]
    kind = "merchant" if subject.startswith("merchant") else "consumer"
    return Offer.objects.create(
        kind=kind,
        subject_id=subject,
        product=code,
        product_kind=lent.kind,
        currency=currency,
        limit=limit,
        minimum=lent.minimum_amount,
        installments=lent.installments,
        annual_rate_bps=lent.annual_rate_bps,
        fee_bps=lent.fee_bps,
        subsidy_bps=lent.subsidy_bps,
        score=640,
        grade="A",
        as_of=at,
        made_at=at - timedelta(days=1),
        valid_until=at + timedelta(days=30),
        policy=PolicyVersion.objects.get(state="active"),
        model=ScoringModel.objects.get(kind=kind, state="active"),
    )
