"""What lending tells the other stages: product terms for underwriting, and what everybody owes."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F, Sum

from financing.lending.models import Loan, LoanState, Product, ProductKind
from financing.lending.products import active_products
from financing.underwriting import queries as underwriting
from financing.underwriting.models import Offer
from financing.underwriting.terms import Exposure, ProductTerms

_DAYS = {"months": 365 / 12, "weeks": 7, "days": 1}
# Debt a month is the greatest payment to come, not what some days ahead hold: 31 days hold two payments of a plan in a
# month of 30, and none when the next one is far.
_EXPOSURES = """
SELECT loan.borrower,
    sum(loan.outstanding + loan.interest + loan.fees) FILTER (WHERE loan.state = 'active'),
    sum(loan.undrawn) FILTER (WHERE loan.state IN ('signed', 'active')),
    count(*) FILTER (WHERE loan.state IN ('signed', 'active')),
    max(loan.days_late) FILTER (WHERE loan.state = 'active'),
    sum(loan.charged_off - loan.recovered) FILTER (WHERE loan.state = 'charged_off'),
    sum(ceil(coming.due * CASE product.frequency WHEN 'months' THEN 12.0 WHEN 'weeks' THEN 365.0 / 7 ELSE 365.0 END
        / product.repay_every / 12)) FILTER (WHERE loan.kind = 'installments')
FROM financing_loan loan
JOIN financing_product product ON product.id = loan.product_id
LEFT JOIN LATERAL (
    SELECT max(principal - principal_paid + greatest(interest, interest_planned) - interest_paid
        + fee - fee_paid) AS due
    FROM financing_installment
    WHERE loan_id = loan.id AND settled_on IS NULL
) AS coming ON loan.state IN ('signed', 'active')
WHERE loan.state IN ('signed', 'active', 'charged_off') AND (%(all)s OR loan.borrower = ANY (%(borrowers)s))
GROUP BY loan.borrower
"""


def terms_of(product: Product) -> ProductTerms:
    """Return a product version as underwriting sees it."""
    return ProductTerms(
        code=product.code,
        kind=product.kind,
        currency=product.currency,
        installments=product.installments,
        days=round(product.installments * product.repay_every * _DAYS[product.frequency]),
        minimum_amount=product.minimum_amount,
        maximum_amount=product.maximum_amount,
        annual_rate_bps=product.annual_rate_bps,
        fee_bps=product.fee_bps,
        subsidy_bps=product.subsidy_bps,
        share_bps=product.share_bps,
    )


def terms_for(*, kind: str, currencies: Sequence[str]) -> list[ProductTerms]:
    """Return what may be offered to ``consumer`` or ``merchant`` subjects in these currencies."""
    lent = ProductKind.ADVANCE if kind == "merchant" else ProductKind.INSTALLMENTS
    return [terms_of(row) for currency in currencies for row in active_products(currency=currency, kind=lent)]


def exposures(*, borrowers: Sequence[str] | None = None) -> dict[str, Exposure]:
    """Return what borrowers (all of them by default) owe; who owes nothing is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPOSURES, {"all": borrowers is None, "borrowers": list(borrowers or ())})
        return {
            borrower: Exposure(
                outstanding=int(outstanding or 0),
                reserved=int(reserved or 0),
                monthly_due=int(due or 0),
                open_loans=loans,
                days_late=late or 0,
                charged_off=int(lost or 0),
            )
            for borrower, outstanding, reserved, loans, late, lost, due in cursor.fetchall()
        }


def offers_left(
    *, subject_id: str, at: datetime, currency: str | None = None, offers: list[Offer] | None = None
) -> list[Offer]:
    """Return a subject's offers that stand at a moment, each with the limit that is left of it (not to be saved).

    Since the night that made them loans were signed and advances asked for, out of one limit for all products; what
    is left below the minimum is no offer. ``offers`` are the live ones, where the caller has them.
    """
    if offers is None:
        offers = underwriting.live_offers(subject_id=subject_id, at=at, currency=currency)
    if not offers:
        return []
    since = min(offer.as_of for offer in offers)
    loans = Loan.objects.filter(
        borrower=subject_id, signed_at__gte=since, state__in=[LoanState.SIGNED, LoanState.ACTIVE]
    ).values_list("currency").annotate(owed=Sum(F("outstanding") + F("undrawn")))
    taken = dict(loans.order_by("currency"))
    for code, amount in underwriting.asked_for(subject_id=subject_id, at=at):
        taken[code] = taken.get(code, 0) + amount
    best: dict[str, int] = {}
    for offer in offers:
        best[offer.currency] = max(best.get(offer.currency, 0), offer.limit)
    for offer in offers:
        offer.limit = max(0, min(offer.limit, best[offer.currency] - taken.get(offer.currency, 0)))
    return [offer for offer in offers if offer.limit >= offer.minimum]
