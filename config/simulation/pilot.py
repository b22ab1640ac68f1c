"""Lending before there is a scorecard: plans and advances by a rule that looks at no trait."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from config.simulation.acts import RHYTHM_DAYS, end_of, is_before_sitting
from config.simulation.credit import ADVANCE, Borrowers
from config.simulation.founding import Known
from config.simulation.history import History, MoneyOut, Purchase
from config.simulation.roles import Whose
from config.simulation.trading import must
from financing.lending import products
from financing.lending.disclosure import disclose
from financing.lending.models import Loan, Product, ProductKind
from financing.lending.operations import NewLoan
from financing.lending.quotes import quote
from financing.servicing import close
from financing.servicing import operations as servicing
from mall.checkout.drafts import order_number
from payments import operations as bank
from payments import queries as payments
from payments.money import exponent
from payments.operations import PaymentOutcome

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

    def before(self, first: date, last: date, *, whose: Whose) -> None:
        """Have money leave for other banks at a sitting, then bring in what borrowers pay."""
        if self._leaving is None:
            self._leaving = defaultdict(list)
            for one in self.history.money_out():
                self._leaving[one.at.date()].append(one)
        for day in (first + timedelta(days=offset) for offset in range((last - first).days + 1)):
            if leaving := [one for one in self._leaving.pop(day, ()) if whose(one.who)]:
                self._send(leaving)
        super().before(first, last, whose=whose)

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
                    bank.Deposit(account_number=number, amount=amount, key=key, reference="standing order", at=one.at)
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

    def after(self, first: date, last: date, *, closed: int = 0) -> None:
        """Close these days; at every second sitting some merchants take an advance on what they sold."""
        close.close_day(until=last, closed=closed)
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
