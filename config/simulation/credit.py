"""What borrowers and lenders add to a history: plans and advances taken, instalments paid or not, offers made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from config.simulation.acts import end_of, month_end
from config.simulation.founding import Known
from config.simulation.history import History, Purchase
from config.simulation.roles import Whose
from config.simulation.trading import must
from financing.features.export import export_facts
from financing.lending import products, queries
from financing.lending.models import Loan, ProductKind
from financing.scoring import operations as scoring
from financing.scoring import queries as models
from financing.servicing import advances, close
from financing.underwriting import operations as underwriting
from financing.underwriting.models import Application, Offer
from mall.checkout.drafts import order_number
from payments import operations as bank
from payments.operations import PaymentOutcome

ADVANCE = "advance"
# How far back an instalment may have fallen due and still be paid by somebody who pays late.
_LONGEST_DELAY = timedelta(days=60)
# What the pilot asks of a shopper: so long a relationship, and an order before this one.
_ACQUAINTANCE = timedelta(days=45)
_DUE = """
SELECT line.number, line.due_on, loan.reference, loan.repay_account,
    line.principal - line.principal_paid + line.interest_planned - line.interest_paid,
    line.principal / 50, loan.worst_days_late > 0
FROM financing_installment line JOIN financing_loan loan ON loan.id = line.loan_id
WHERE line.settled_on IS NULL AND line.due_on BETWEEN %s AND %s
    AND loan.state = 'active' AND loan.kind = 'installments' AND loan.currency = %s
ORDER BY loan.id, line.number
"""


def prepare(*, currency: str, at: datetime) -> None:
    """Have products for ``currency``, the opening policy, and the starter scorecards that are shipped."""
    products.install_products(currency=currency, at=at)
    underwriting.install_defaults(at=at)
    scoring.install_starters(at=at)


class Borrowers:
    """People who took plans: each pays every instalment as late as the history says, or never."""

    def __init__(self, *, history: History, known: Known) -> None:
        self.history, self.known = history, known
        self.currency = history.currency
        # Instalments by the number of the order they paid.
        self._repays: dict[str, tuple[int | None, ...]] = {}
        # Purchases of people who had bought before, some time after they came.
        self._regular: set[str] = set()
        opened = {person.key: person.opened_at for person in history.founding().shoppers}
        bought: set[str] = set()
        for purchase in history.purchases():
            if purchase.repays:
                self._repays[order_number(key=f"{history.name}:{purchase.key}")] = purchase.repays
            if purchase.shopper in bought and purchase.placed_at - opened[purchase.shopper] >= _ACQUAINTANCE:
                self._regular.add(purchase.key)
            bought.add(purchase.shopper)

    def before(self, first: date, last: date, *, whose: Whose) -> None:
        """Have the money for instalments arrive in time, or as late as the borrower is."""
        with connection.cursor() as cursor:
            cursor.execute(_DUE, [first - _LONGEST_DELAY, last, self.currency])
            lines = cursor.fetchall()
        deposits = []
        for number, due_on, reference, account, amount, more, was_late in lines:
            habit = self._repays.get(reference)
            late = habit[number - 1] if habit and number <= len(habit) else None
            if late is None or amount <= 0:
                continue
            day = due_on + timedelta(days=late)
            # Paying late costs a fee, and more interest than was planned, on this payment and on those after it.
            if late or was_late:
                amount += more
            if first <= day <= last and whose(account):
                deposits.append(
                    bank.Deposit(
                        account_number=account,
                        amount=amount + (products.LATE_FEE * 100 if late > 0 else 0),
                        key=f"{self.history.name}:instalment:{reference}:{number}",
                        reference=f"instalment {number} of order {reference}",
                        at=datetime.combine(day, time(6), tzinfo=UTC),
                    )
                )
        if deposits:
            must(bank.receive_money(requests=deposits))

    def close_plans(self, last: date) -> int:
        """Close the days of shoppers' plans, and return how many plans that were."""
        return close.close_loans(until=last, kind=ProductKind.INSTALLMENTS).loans


class Offers(Borrowers):
    """Lending as it is: at each month's end features, scores and offers; merchants take what they are offered."""

    by_month = True

    def __init__(
        self,
        *,
        history: History,
        known: Known,
        nights: Sequence[dict[str, object]] = (),
        keep: Callable[[list[dict[str, object]]], None] = lambda nights: None,
    ) -> None:
        """``nights`` are those an earlier run had; ``keep`` is told of all after each."""
        super().__init__(history=history, known=known)
        self._keep = keep
        self._owners = {
            f"merchant:{known.merchants[shop.key]}": f"user:{known.users[shop.owner]}"
            for shop in history.founding().shops
        }
        self.nights: list[dict[str, object]] = list(nights)

    def product_for(self, purchase: Purchase) -> str | None:
        """Return that a purchase is paid at once, as it was."""

    def sign(self, waiting: Sequence[tuple[Purchase, PaymentOutcome, datetime]]) -> None:
        """Sign nothing."""

    def after(self, first: date, last: date, *, closed: int = 0) -> None:
        """Close these days, and at a month's end make offers and take advances."""
        close.close_day(until=last, closed=closed)
        if last == month_end(last):
            self.month_end(last)

    def month_end(self, last: date) -> None:
        """Export facts through ``last``, make offers of both kinds, and let merchants take theirs."""
        # Days of the past may be in the lake without these facts: the month is written anew.
        export_facts(until=last + timedelta(days=1), again_from=last.replace(day=1))
        at = end_of(last)
        night: dict[str, object] = {"day": last.isoformat()}
        owed = queries.exposures()
        for kind in ("consumer", "merchant"):
            if models.active(kind=kind) is None:
                night[kind] = "no scorecard at work"
                continue
            report = underwriting.make_offers(
                kind=kind,
                as_of=at + timedelta(seconds=1),
                products=queries.terms_for(kind=kind, currencies=[self.currency]),
                exposures=owed,
                at=at,
            )
            night[kind] = {"subjects": report.subjects, "offers": report.offers}
        night["advances"] = self._take(at)
        # A night that is lived again after a crash takes the place of its first try.
        self.nights = [other for other in self.nights if other["day"] != night["day"]] + [night]
        self._keep(self.nights)

    def _take(self, at: datetime) -> int:
        """Have every merchant with an offer and without an advance take half of it; return how many were paid out."""
        busy = Loan.objects.filter(kind=ADVANCE, state__in=["signed", "active"]).values("merchant")
        live = Offer.objects.filter(
            kind="merchant", currency=self.currency, state=Offer.State.LIVE, subject_id__in=list(self._owners)
        ).exclude(subject_id__in=busy)
        requests = [
            advances.AskAdvance(
                key=f"{self.history.name}:{offer.subject_id}:{at:%Y-%m-%d}",
                merchant=offer.subject_id,
                currency=self.currency,
                amount=max(offer.minimum, offer.limit // 2),
                offer_id=offer.pk,
                applied_by=self._owners[offer.subject_id],
                at=at,
            )
            for offer in live.order_by("subject_id")
        ]
        if not requests:
            return 0
        applications = advances.ask_for_advances(requests=requests)
        signed = advances.sign_advances(
            requests=[
                advances.SignAdvance(
                    application_id=application.pk,
                    signer=request.applied_by,
                    signature=request.applied_by,
                    at=at,
                )
                for request, application in zip(requests, applications, strict=True)
                if isinstance(application, Application) and application.state == Application.State.APPROVED
            ]
        )
        return sum(1 for loan in signed if isinstance(loan, Loan))
