"""Advances on a merchant's sales: applied for from an offer, signed, and paid out to his available money."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from financing.lending import operations as lending
from financing.lending import products
from financing.lending.disclosure import Disclosure, disclose
from financing.lending.models import Loan, Product, ProductKind
from financing.lending.operations import NewLoan
from financing.lending.queries import exposures, terms_of
from financing.lending.quotes import Quote, quote
from financing.servicing import operations as servicing
from financing.servicing.acts import UnableToService
from financing.underwriting import operations as underwriting
from financing.underwriting.errors import UnableToApply
from financing.underwriting.models import Application
from financing.underwriting.operations import CreditApplication
from payments import queries as payments


class UnableToAdvance(UnableToService):
    """An advance cannot be applied for or signed."""


class NotApproved(UnableToAdvance):
    """The application is not, or no longer, approved."""


class TermsChanged(UnableToAdvance):
    """What was shown is not what would be signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAdvance:
    """A merchant asks for ``amount`` of an offered advance; ``applied_by`` is the person who asks."""

    key: str
    merchant: str
    currency: str
    amount: int
    at: datetime
    offer_id: int | None = None
    applied_by: str = ""
    code: str = "advance"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignAdvance:
    """A signature under an approved advance. ``sha256`` names the disclosure that was shown, where one was."""

    application_id: int
    signer: str
    signature: str
    at: datetime
    sha256: str = ""
    evidence: dict[str, str] = field(default_factory=dict)


def ask_for_advances(*, requests: Sequence[AskAdvance]) -> list[Application | UnableToApply]:
    """Apply for advances and return each application as it was decided; a key gives the same one again.

    :raises NotReady: no policy or scorecard is at work.
    """
    with transaction.atomic():
        lent = products.active_by_code(codes=[(item.code, item.currency) for item in requests])
        known = [item for item in requests if (item.code, item.currency) in lent]
        lending.lock_borrowers(borrowers=[(item.merchant, item.currency) for item in known])
        owed = exposures(borrowers=sorted({item.merchant for item in known}))
        applications = iter(
            underwriting.apply_for_credit(
                requests=[
                    CreditApplication(
                        key=f"advance:{item.key}",
                        kind="merchant",
                        subject_id=item.merchant,
                        product=terms_of(lent[item.code, item.currency]),
                        amount=item.amount,
                        at=item.at,
                        offer_id=item.offer_id,
                        purpose="advance on sales",
                        applied_by=item.applied_by,
                    )
                    for item in known
                ],
                exposures=owed,
            )
            if known
            else ()
        )
        return [
            next(applications)
            if (item.code, item.currency) in lent
            else UnableToApply(f"No advance is lent in {item.currency}.")
            for item in requests
        ]


def quote_approved(*, application: Application, product: Product, at: datetime) -> tuple[Quote, Disclosure]:
    """Return what an approved advance costs and the text to sign, as of ``at``."""
    quoted = quote(
        product=product,
        amount=application.approved_amount or application.amount,
        starts_on=at.date(),
        fee_bps=application.fee_bps,
        share_bps=application.terms["share_bps"],
    )
    return quoted, disclose_advance(quote=quoted, merchant=application.subject_id)


def disclose_advance(*, quote: Quote, merchant: str) -> Disclosure:
    """Return the text a merchant signs for an advance."""
    return disclose(quote=quote, borrower=merchant, purpose="your business")


def sign_advances(*, requests: Sequence[SignAdvance]) -> list[Loan | UnableToAdvance]:
    """Sign approved advances and pay them out; return each loan, or why not. One signed before gives its loan."""
    with transaction.atomic():
        found = Application.objects.in_bulk([item.application_id for item in requests])
        merchants = {
            (row.subject_id, row.currency) for row in found.values() if row.product_kind == ProductKind.ADVANCE
        }
        lending.lock_borrowers(borrowers=sorted(merchants))
        signed = {loan.application: loan for loan in Loan.objects.filter(application__in=found)}
        lent = products.active_by_code(codes=[(row.product, row.currency) for row in found.values()])
        numbers = payments.account_numbers(holders=sorted({merchant for merchant, _ in merchants}))
        results: list[Loan | UnableToAdvance | NewLoan] = []
        for item in requests:
            application = found.get(item.application_id)
            if application is not None and application.pk in signed:
                results.append(signed[application.pk])
                continue
            product = lent.get((application.product, application.currency)) if application else None
            results.append(_new_loan(item, application, product, numbers))
        return _pay_out(results)


def _new_loan(
    item: SignAdvance, application: Application | None, product: Product | None, numbers: dict[tuple[str, str], str]
) -> NewLoan | UnableToAdvance:
    if application is None or product is None or product.kind != ProductKind.ADVANCE:
        return NotApproved("There is no approved advance to sign.")
    expired = application.valid_until is not None and application.valid_until < item.at
    if application.state != Application.State.APPROVED or expired:
        return NotApproved("This advance is not approved, or its approval has run out: apply again.")
    quoted, text = quote_approved(application=application, product=product, at=item.at)
    if item.sha256 and item.sha256 != text.sha256:
        return TermsChanged("The terms have changed since you read them: read them again before you sign.")
    return NewLoan(
        key=f"advance:{application.pk}",
        quote=quoted,
        disclosure=text,
        borrower=application.subject_id,
        application=application.pk,
        reference=f"application:{application.pk}",
        merchant=application.subject_id,
        repay_account=numbers.get((application.subject_id, application.currency), ""),
        signer=item.signer,
        signature=item.signature,
        evidence=item.evidence,
        at=item.at,
    )


def _pay_out(results: list[Loan | UnableToAdvance | NewLoan]) -> list[Loan | UnableToAdvance]:
    opening = {item.key: item for item in results if isinstance(item, NewLoan)}
    if not opening:
        return results
    loans = dict(zip(opening, servicing.open_loans(requests=list(opening.values())), strict=True))
    underwriting.mark_taken(
        application_ids=[item.application for item in opening.values()],
        at=min(item.at for item in opening.values()),
    )
    servicing.disburse_advances(
        requests=[
            servicing.Draw(loan_id=loan.pk, amount=loan.principal, to=(), key=f"advance:{loan.pk}", at=loan.signed_at)
            for loan in loans.values()
        ]
    )
    fresh = Loan.objects.in_bulk([loan.pk for loan in loans.values()])
    return [fresh[loans[item.key].pk] if isinstance(item, NewLoan) else item for item in results]
