"""What borrowers and lenders add to a history: plans and advances taken, instalments paid or not, offers made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction

from config.simulation.acts import RHYTHM_DAYS, is_before_sitting, month_end
from config.simulation.drive import end_of, must
from config.simulation.founding import Known
from config.simulation.history import History, MoneyOut, Purchase
from financing.features.export import export_facts
from financing.lending import products, queries
from financing.lending.disclosure import disclose
from financing.lending.models import Loan, Product, ProductKind
from financing.lending.operations import NewLoan
from financing.lending.quotes import quote
from financing.scoring import operations as scoring
from financing.scoring import queries as models
from financing.servicing import advances, close
from financing.servicing import operations as servicing
from financing.underwriting import operations as underwriting
from financing.underwriting.models import Application, Offer
from mall.checkout.drafts import order_number
from payments import operations as bank
from payments import queries as payments
from payments.money import exponent
from payments.operations import PaymentOutcome

ADVANCE = "advance"
# How far back an instalment may have fallen due and still be paid by somebody who pays late.
_LONGEST_DELAY = timedelta(days=60)
# What the pilot asks of a shopper: so long a relationship, and an order before this one.
_ACQUAINTANCE = timedelta(days=45)
# The advance that is sold while outcomes are still to be found: small and short, so that they come soon.
_SHORT = {
    "name": "Short advance on sales",
    "installments": 2,
    "frequency": "days",
    "repay_every": 45,
    "fee_bps": 300,
    "share_bps": 2_500,
    "minimum_bps": 3_000,
    "grace_days": 10,
}
_SHORT_MINIMUM = 50
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

    def before(self, first: date, last: date) -> None:
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
            if first <= day <= last:
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


class Pilot(Borrowers):
    """Lending before there is a scorecard: plans and advances by a simple rule, so that outcomes come to exist."""

    by_month = False

    def __init__(self, *, history: History, known: Known) -> None:
        super().__init__(history=history, known=known)
        people = history.founding()
        self._consent = {person.key: person.consents for person in people.shoppers}
        self._names = {person.key: person.name for person in people.shoppers}
        self._owners = {known.merchants[shop.key]: known.users[shop.owner] for shop in people.shops if shop.consents}
        rows = products.active_products(currency=history.currency)
        self._products: dict[str, Product] = {row.code: row for row in rows}
        self._late = self._who_is_late()
        self._chosen: dict[str, str | None] = {}
        self._leaving: dict[date, list[MoneyOut]] | None = None
        self._shop_accounts: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def product_for(self, purchase: Purchase) -> str | None:
        """Return the plan for a purchase: a known shopper who consents, is not late and wants one gets what fits."""
        if purchase.key not in self._chosen:
            self._chosen[purchase.key] = self._choose(purchase)
        return self._chosen[purchase.key]

    def _choose(self, purchase: Purchase) -> str | None:
        [tender] = [tender for tender in purchase.tenders if tender.method == "plan"]
        borrower = f"user:{self.known.users[purchase.shopper]}"
        # Three in four of those who could take a plan do.
        wanted = self._consent[purchase.shopper] and sum(purchase.key.encode()) % 4 < 3
        if not wanted or purchase.key not in self._regular or borrower in self._late:
            return None
        count = tender.installments
        codes = ("plan-3",) if count <= 3 else ("plan-6", "months-6") if count <= 6 else ("months-12", "months-6")
        for code in codes:
            product = self._products[code]
            if product.minimum_amount <= tender.amount <= product.maximum_amount:
                return code
        return None

    def sign(self, waiting: Sequence[tuple[Purchase, PaymentOutcome, datetime]]) -> None:
        """Open the loans of these purchases."""
        requests = []
        for purchase, outcome, at in waiting:
            [tender] = [tender for tender in purchase.tenders if tender.method == "plan"]
            code = self.product_for(purchase)
            if code is None:
                continue
            product = self._products[code]
            borrower = f"user:{self.known.users[purchase.shopper]}"
            number = order_number(key=f"{self.history.name}:{purchase.key}")
            quoted = quote(product=product, amount=tender.amount, starts_on=at.date())
            # The method names the tender it waits for in the address of its signing page.
            tender_id = int(outcome.action_url.strip("/").rsplit("/", 1)[-1])
            requests.append(
                NewLoan(
                    key=f"plan:{tender_id}",
                    quote=quoted,
                    disclosure=disclose(quote=quoted, borrower=borrower, purpose=f"order {number}"),
                    borrower=borrower,
                    reference=number,
                    signer=borrower,
                    signature=self._names[purchase.shopper],
                    at=at,
                    tender_id=tender_id,
                    payment_id=outcome.payment_id,
                    repay_account=self.known.accounts[purchase.shopper],
                    expires_at=at + timedelta(days=60),
                )
            )
        with transaction.atomic():
            servicing.open_loans(requests=requests)
        self.counts["plans signed"] += len(requests)

    def before(self, first: date, last: date) -> None:
        """Have money leave for other banks at a sitting, then bring in what borrowers pay."""
        if self._leaving is None:
            self._leaving = defaultdict(list)
            for one in self.history.money_out():
                self._leaving[one.at.date()].append(one)
        for day in (first + timedelta(days=offset) for offset in range((last - first).days + 1)):
            if leaving := self._leaving.pop(day, None):
                self._send(leaving)
        super().before(first, last)

    def _send(self, leaving: Sequence[MoneyOut]) -> None:
        """Send to other banks what is asked, or what is there when that is less."""
        numbers = {one.who: self._account_of(one.who) for one in leaving}
        keys = {one: f"{self.history.name}:{one.key}" for one in leaving}
        # A life cut short may have come so far; what is there is told as of that moment for the same reason.
        done = payments.moved_before(keys=keys.values())
        left = payments.balances_at(numbers=numbers.values(), at=leaving[0].at)
        requests = []
        for one, key in keys.items():
            number = numbers[one.who]
            amount = min(one.most, left[number])
            if key not in done and amount > 0:
                left[number] -= amount
                requests.append(
                    bank.Deposit(
                        account_number=number, amount=amount, key=key, reference="standing order", at=one.at
                    )
                )
        if requests:
            must(bank.withdraw_money(requests=requests))

    def _account_of(self, who: str) -> str:
        if who in self.known.accounts:
            return self.known.accounts[who]
        if not self._shop_accounts:
            holders = {key: f"merchant:{merchant}" for key, merchant in self.known.merchants.items()}
            numbers = payments.account_numbers(holders=list(holders.values()))
            self._shop_accounts = {key: numbers[holder, self.currency] for key, holder in holders.items()}
        return self._shop_accounts[who]

    def refresh(self) -> None:
        """Look again who is late, for a helper who does not close the days."""
        self._late = self._who_is_late()

    def after(self, first: date, last: date) -> None:
        """Close these days; at every second sitting some merchants take an advance on what they sold."""
        close.close_day(until=last)
        if last == self.history.last_day:
            self._end_pilot(last)
        if not is_before_sitting(last):
            return
        self._late = self._who_is_late()
        if (last - self.history.first_day).days >= 70 and last != self.history.last_day:
            self._advance(last)

    def _who_is_late(self) -> set[str]:
        loans = Loan.objects.filter(currency=self.currency)
        late = loans.filter(state="active", days_late__gt=0) | loans.filter(state="charged_off")
        return set(late.values_list("borrower", flat=True))

    def _advance(self, last: date) -> None:
        product = self._short_advance(last)
        busy = set(
            Loan.objects.filter(kind=ADVANCE, state__in=["signed", "active"], currency=self.currency).values_list(
                "merchant", flat=True
            )
        )
        at = end_of(last)
        requests = []
        for merchant_id, monthly in self._monthly_sales(last):
            merchant = f"merchant:{merchant_id}"
            turn = (merchant_id * 7 + last.toordinal() // RHYTHM_DAYS) % 2
            amount = int(monthly * 0.4) // 1_000 * 1_000
            if merchant in busy or merchant in self._late or turn or amount < product.minimum_amount:
                continue
            quoted = quote(product=product, amount=min(amount, product.maximum_amount), starts_on=last)
            key = f"{self.history.name}:advance:{merchant_id}:{last}"
            owner = f"user:{self._owners[merchant_id]}"
            requests.append(
                NewLoan(
                    key=key,
                    quote=quoted,
                    disclosure=disclose(quote=quoted, borrower=merchant, purpose="your business"),
                    borrower=merchant,
                    reference=key,
                    signer=owner,
                    signature=owner,
                    at=at,
                    merchant=merchant,
                )
            )
        if not requests:
            return
        accounts = payments.account_numbers(holders=[request.merchant for request in requests])
        with transaction.atomic():
            loans = servicing.open_loans(requests=requests)
            servicing.disburse_advances(
                requests=[
                    servicing.Draw(
                        loan_id=loan.pk,
                        amount=loan.principal,
                        # Straight to the account: what is available is paid out by other rules of time.
                        to=((f"deposit:{accounts[loan.merchant, self.currency]}", loan.principal),),
                        key=f"advance:{loan.pk}",
                        at=at,
                    )
                    for loan in loans
                ]
            )
        self.counts["advances paid out"] += len(requests)

    def _short_advance(self, day: date) -> Product:
        """Return the pilot's advance, put on sale in the place of the usual one if it is not."""
        active = products.active_by_code(codes=[(ADVANCE, self.currency)])[ADVANCE, self.currency]
        if active.name == _SHORT["name"]:
            return active
        draft = Product(
            code=ADVANCE,
            kind=ProductKind.ADVANCE,
            currency=self.currency,
            minimum_amount=_SHORT_MINIMUM * 10 ** exponent(self.currency),
            maximum_amount=active.maximum_amount,
            text_version=active.text_version,
            **_SHORT,
        )
        return self._put_on_sale(draft, day)

    def _end_pilot(self, day: date) -> None:
        """Put the advance on sale again that was sold before the pilot."""
        usual = Product.objects.filter(code=ADVANCE, currency=self.currency).exclude(name=_SHORT["name"])
        active = products.active_by_code(codes=[(ADVANCE, self.currency)])[ADVANCE, self.currency]
        if active.name == _SHORT["name"]:
            self._put_on_sale(usual.latest("version"), day)

    def _put_on_sale(self, product: Product, day: date) -> Product:
        draft = products.propose_product(product=product, by=products.PROPOSED_BY, at=end_of(day))
        return products.approve_product(product_id=draft.pk, by=products.APPROVED_BY, at=end_of(day))

    def _monthly_sales(self, last: date) -> list[tuple[int, int]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT merchant, sum(released) / 2 FROM payments_settlement "
                "WHERE day > %s AND day <= %s AND currency = %s GROUP BY merchant ORDER BY merchant",
                [last - timedelta(days=60), last, self.currency],
            )
            rows = [(int(merchant.removeprefix("merchant:")), int(amount)) for merchant, amount in cursor.fetchall()]
        return [(merchant_id, amount) for merchant_id, amount in rows if merchant_id in self._owners]


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

    def after(self, first: date, last: date) -> None:
        """Close these days, and at a month's end make offers and take advances."""
        close.close_day(until=last)
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
