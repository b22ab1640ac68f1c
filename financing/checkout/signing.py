"""Signing a plan at checkout: applied for, decided, limit reserved, written down and archived in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from financing.checkout.method import CODE, SOURCE
from financing.lending import operations as lending
from financing.lending import products
from financing.lending.disclosure import Disclosure, disclose
from financing.lending.models import Loan, Product
from financing.lending.operations import NewLoan
from financing.lending.queries import exposures, terms_of
from financing.lending.quotes import Quote, UnableToQuote, quote
from financing.servicing import operations as servicing
from financing.underwriting import operations as underwriting
from financing.underwriting import queries as cases
from financing.underwriting.errors import UnableToApply
from financing.underwriting.models import Application, Offer
from financing.underwriting.operations import CreditApplication
from payments import queries as payments
from payments.queries import TenderStanding

# What is signed and not captured in so many days can no longer be drawn.
SIGNED_VALID_FOR = timedelta(days=60)
_CLOSED = ("refused", "expired", "voided", "captured")


class UnableToSign(Exception):
    """A plan cannot be signed; nothing was written down."""


class NotYourPlan(UnableToSign):
    """The payment is somebody else's, or is not paid by a plan."""


class NoLongerOffered(UnableToSign):
    """The offer, or the payment, is over."""


class Declined(UnableToSign):
    """The application was declined; its reasons are in the text."""


class Referred(UnableToSign):
    """An officer has to look first."""


class TermsChanged(UnableToSign):
    """What was shown is not what would be signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignPlan:
    """A signature under the plan of a tender. ``sha256`` names the disclosure that was shown, where one was."""

    tender_id: int
    signer: str
    signature: str
    at: datetime
    sha256: str = ""
    evidence: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A plan as the signing page shows it: at the price of an offer, or of what an officer granted."""

    tender: TenderStanding
    product: Product
    offer: Offer
    granted: Application | None
    quote: Quote
    disclosure: Disclosure


def sign_plans(*, requests: Sequence[SignPlan]) -> list[Loan | UnableToSign]:
    """Sign the plans of tenders and return the loan of each, or why not; a tender signed before gives its loan.

    The payment itself goes on when it is authorised again (``payments.operations.authorise_payments``).

    :raises NotReady: no policy or scorecard is at work.
    """
    with transaction.atomic():
        tenders = payments.tenders(tender_ids=[item.tender_id for item in requests])
        lending.lock_borrowers(
            borrowers=[(row.payer, row.currency) for row in tenders.values() if row.payer.startswith("user:")]
        )
        signed = {loan.tender_id: loan for loan in Loan.objects.filter(tender_id__in=list(tenders))}
        shown = _shown(requests, tenders, signed)
        wanted = [(item, given) for item, given in zip(requests, shown, strict=True) if isinstance(given, Shown)]
        applications = _apply(wanted)
        results: list[Loan | UnableToSign | None] = [
            given if isinstance(given, UnableToSign) else signed.get(item.tender_id)
            for item, given in zip(requests, shown, strict=True)
        ]
        _open(requests, wanted, applications, results)
    return results


def show(*, tender_id: int, signer: str, at: datetime) -> Shown | Loan:
    """Return what the payer of a tender would sign, or the loan when it is signed already.

    :raises UnableToSign: it is not theirs, or nothing is offered any more.
    """
    tenders = payments.tenders(tender_ids=[tender_id])
    signed = {loan.tender_id: loan for loan in Loan.objects.filter(tender_id=tender_id)}
    [found] = _shown([SignPlan(tender_id=tender_id, signer=signer, signature="", at=at)], tenders, signed)
    if isinstance(found, UnableToSign):
        raise found
    return found


def _shown(
    requests: Sequence[SignPlan], tenders: dict[int, TenderStanding], signed: dict[int, Loan]
) -> list[Shown | Loan | UnableToSign]:
    subjects = {row.payer for row in tenders.values()}
    offers = {
        (row.subject_id, row.product, row.currency): row
        for row in Offer.objects.filter(subject_id__in=subjects, state=Offer.State.LIVE)
    }
    granted = {
        (row.subject_id, row.product, row.currency): row
        for row in cases.approvals(subject_ids=list(subjects), at=max(item.at for item in requests))
    }
    lent = products.active_by_code(codes=[(row.source.removeprefix(SOURCE), row.currency) for row in tenders.values()])
    return [_show_one(item, tenders.get(item.tender_id), signed, offers, granted, lent) for item in requests]


def _show_one(
    item: SignPlan,
    tender: TenderStanding | None,
    signed: dict[int, Loan],
    offers: dict[tuple[str, str, str], Offer],
    granted: dict[tuple[str, str, str], Application],
    lent: dict[tuple[str, str], Product],
) -> Shown | Loan | UnableToSign:
    if tender is None or tender.method != CODE or tender.payer != item.signer:
        return NotYourPlan("There is no plan of yours to sign here.")
    if tender.tender_id in signed:
        return signed[tender.tender_id]
    if tender.payment_state in _CLOSED or tender.expires_at < item.at:
        return NoLongerOffered("The time to pay for this order is over: order again.")
    code = tender.source.removeprefix(SOURCE)
    product, offer = lent.get((code, tender.currency)), offers.get((tender.payer, code, tender.currency))
    if product is None or offer is None or not offer.made_at <= item.at <= offer.valid_until:
        return NoLongerOffered("This plan is no longer offered to you: choose another way to pay.")
    # What an officer granted is for any order of that plan up to the amount: the order it was asked for has expired.
    grant = granted.get((tender.payer, code, tender.currency))
    if grant is not None and grant.approved_amount < tender.amount:
        grant = None
    price = grant or offer
    try:
        quoted = quote(
            product=product,
            amount=tender.amount,
            starts_on=item.at.date(),
            rate_bps=price.annual_rate_bps,
            subsidy_bps=price.subsidy_bps,
        )
    except UnableToQuote as problem:
        return NoLongerOffered(str(problem))
    text = disclose(quote=quoted, borrower=tender.payer, purpose=f"order {tender.reference}")
    if item.sha256 and item.sha256 != text.sha256:
        return TermsChanged("The terms have changed since you read them: read them again before you sign.")
    return Shown(tender=tender, product=product, offer=offer, granted=grant, quote=quoted, disclosure=text)


def _apply(wanted: Sequence[tuple[SignPlan, Shown]]) -> list[Application | UnableToApply]:
    """Return the application behind each plan: one that was granted before, once, or one that is decided now."""
    asking = [(item, shown) for item, shown in wanted if shown.granted is None]
    decided = iter(_decide(asking) if asking else ())
    used: set[int] = set()
    applications: list[Application | UnableToApply] = []
    for _, shown in wanted:
        if shown.granted is None:
            applications.append(next(decided))
        elif shown.granted.pk in used:
            applications.append(UnableToApply("What was granted pays another order: look at the plans again."))
        else:
            used.add(shown.granted.pk)
            applications.append(shown.granted)
    return applications


def _decide(asking: Sequence[tuple[SignPlan, Shown]]) -> list[Application | UnableToApply]:
    # One after the other for a borrower who signs twice: what the first adds counts for the second.
    return underwriting.apply_for_credit(
        requests=[
            CreditApplication(
                key=f"plan:{item.tender_id}",
                kind="consumer",
                subject_id=item.signer,
                product=terms_of(shown.product),
                amount=shown.quote.amount,
                at=item.at,
                offer_id=shown.offer.pk,
                purpose=f"order {shown.tender.reference}",
            )
            for item, shown in asking
        ],
        exposures=exposures(borrowers=sorted({item.signer for item, _ in asking})),
    )


def _open(
    requests: Sequence[SignPlan],
    wanted: Sequence[tuple[SignPlan, Shown]],
    applications: Sequence[Application | Exception],
    results: list[Loan | UnableToSign | None],
) -> None:
    decided = {
        item.tender_id: (item, shown, application)
        for (item, shown), application in zip(wanted, applications, strict=True)
    }
    numbers = payments.account_numbers(holders=sorted({item.signer for item, _ in wanted})) if wanted else {}
    opening: dict[int, NewLoan] = {}
    for index, request in enumerate(requests):
        if results[index] is not None:
            continue
        item, shown, application = decided[request.tender_id]
        refusal = _refusal(application)
        if refusal is not None:
            results[index] = refusal
            continue
        opening[request.tender_id] = _new_loan(item, shown, application, numbers)
    loans = dict(zip(opening, servicing.open_loans(requests=list(opening.values())) if opening else (), strict=True))
    for index, request in enumerate(requests):
        if results[index] is None:
            results[index] = loans[request.tender_id]
    if opening:
        underwriting.mark_taken(
            application_ids=[item.application for item in opening.values()],
            at=min(item.at for item in opening.values()),
        )


def _refusal(application: Application | Exception) -> UnableToSign | None:
    if isinstance(application, Exception):
        return NoLongerOffered(str(application))
    if application.state in (Application.State.APPROVED, Application.State.TAKEN):
        return None
    if application.state in (Application.State.LAPSED, Application.State.WITHDRAWN):
        return NoLongerOffered("What was granted for this order has run out: order again.")
    if application.state == Application.State.DECLINED:
        reasons = "; ".join(reason["text"] for reason in application.reasons)
        return Declined(f"We cannot offer this plan now: {reasons}.")
    return Referred(
        "One of our officers has to look at this first. Once it is approved you find the plan at the checkout; choose"
        " another way to pay until then."
    )


def _new_loan(item: SignPlan, shown: Shown, application: Application, numbers: dict[tuple[str, str], str]) -> NewLoan:
    tender = shown.tender
    return NewLoan(
        key=f"plan:{item.tender_id}",
        quote=shown.quote,
        disclosure=shown.disclosure,
        borrower=tender.payer,
        application=application.pk,
        tender_id=tender.tender_id,
        payment_id=tender.payment_id,
        reference=tender.reference,
        repay_account=numbers.get((tender.payer, tender.currency), ""),
        signer=item.signer,
        signature=item.signature,
        evidence=item.evidence,
        at=item.at,
        expires_at=item.at + SIGNED_VALID_FOR,
    )
