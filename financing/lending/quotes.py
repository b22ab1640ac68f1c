"""What a product costs: one computation for the hint on a product page, the signing page and the booked loan."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from financing.lending import apr, schedules
from financing.lending.models import Product, ProductKind
from payments.money import largest_remainder

# An advance's repayment by sales is projected in weekly steps, and over half a year where sales are unknown.
PROJECTION_STEP_DAYS = 7
PROJECTED_DAYS = 180


@dataclass(frozen=True, slots=True)
class Due:
    """One payment as it is shown and booked: what is due on a day, by its parts."""

    number: int
    starts_on: date
    due_on: date
    principal: int
    interest: int
    fee: int

    @property
    def amount(self) -> int:
        """Return all of it."""
        return self.principal + self.interest + self.fee


@dataclass(frozen=True)
class Quote:
    """A product at one amount: its payments and its cost. Amounts are minor units, rates basis points."""

    product: Product
    currency: str
    amount: int
    rate_bps: int
    fee: int
    share_bps: int
    starts_on: date
    dues: tuple[Due, ...]
    # In how many days sales are expected to repay an advance; its minimums alone may take longer.
    projected_days: int = 0
    # What the merchant pays for a plan without interest.
    subsidy_bps: int = 0

    @cached_property
    def total(self) -> int:
        """Return everything the borrower pays back."""
        return sum(due.amount for due in self.dues)

    @property
    def cost(self) -> int:
        """Return what credit costs: the total less what was lent."""
        return self.total - self.amount

    @property
    def regular(self) -> int:
        """Return the payment most months have."""
        return self.dues[0].amount

    @cached_property
    def apr(self) -> float:
        """Return the European yearly rate in percent; 0 when credit is free."""
        if self.cost == 0:
            return 0.0
        return apr.of_dated_flows(flows=[(self.starts_on, self.amount), *self._repayments()])

    @property
    def apr_bps(self) -> int:
        """Return the yearly rate in whole basis points."""
        return round(self.apr * 100)

    @property
    def apr_shown(self) -> Decimal:
        """Return the yearly rate as it is disclosed: percent, one digit, rounded half up."""
        return apr.disclosed(self.apr)

    @cached_property
    def earning_rate(self) -> int:
        """Return the day's rate at which a fee or subsidy kept back is earned, in parts of 10^12."""
        kept_back = self.fee or self.amount * self.subsidy_bps // 10_000
        if not kept_back:
            return 0
        received = self.amount if self.fee else self.amount - kept_back
        return apr.daily_rate(flows=[(self.starts_on, received), *self._repayments()])

    def _repayments(self) -> list[tuple[date, int]]:
        """Return the dated repayments: as agreed, or for an advance as its sales are expected to make them."""
        if not self.projected_days:
            return [(due.due_on, -due.amount) for due in self.dues]
        steps = max(1, round(self.projected_days / PROJECTION_STEP_DAYS))
        return [
            (self.starts_on + timedelta(days=round(self.projected_days * step / steps)), -part)
            for step, part in enumerate(largest_remainder(self.total, [1] * steps), start=1)
        ]


class UnableToQuote(ValueError):
    """The product does not lend this amount."""


def schedule_terms(*, product: Product, amount: int, rate_bps: int, starts_on: date) -> schedules.Terms:
    """Return the schedule terms of a plan."""
    return schedules.Terms(
        principal=amount,
        annual_rate=Fraction(rate_bps, 10_000),
        installments=product.installments,
        starts_on=starts_on,
        frequency=product.frequency,
        repay_every=product.repay_every,
        amortization=product.amortization,
        day_count=product.day_count,
    )


def quote(
    *,
    product: Product,
    amount: int,
    starts_on: date,
    rate_bps: int | None = None,
    fee_bps: int | None = None,
    share_bps: int | None = None,
    subsidy_bps: int | None = None,
    projected_days: int = PROJECTED_DAYS,
) -> Quote:
    """Return what ``amount`` costs under ``product`` from ``starts_on``; a decision may set another price.

    :raises UnableToQuote: the amount is below or above what the product lends.
    """
    if not product.minimum_amount <= amount <= product.maximum_amount:
        raise UnableToQuote("The amount is outside what this product lends.")
    if product.kind == ProductKind.ADVANCE:
        return _advance(
            product,
            amount,
            starts_on,
            product.fee_bps if fee_bps is None else fee_bps,
            product.share_bps if share_bps is None else share_bps,
            projected_days,
        )
    rate_bps = product.annual_rate_bps if rate_bps is None or not product.annual_rate_bps else rate_bps
    terms = schedule_terms(product=product, amount=amount, rate_bps=rate_bps, starts_on=starts_on)
    rows = schedules.plan(terms=terms) if rate_bps else schedules.without_interest(terms=terms)
    dues = tuple(Due(row.number, row.starts_on, row.due_on, row.principal, row.interest, 0) for row in rows)
    subsidy = product.subsidy_bps if subsidy_bps is None or not product.subsidy_bps else subsidy_bps
    return Quote(product, product.currency, amount, rate_bps, 0, 0, starts_on, dues, subsidy_bps=subsidy)


def _advance(
    product: Product, amount: int, starts_on: date, fee_bps: int, share_bps: int, projected_days: int
) -> Quote:
    fee = schedules.rounded(Fraction(amount * fee_bps, 10_000))
    rows = schedules.minimums(
        principal=amount,
        fee=fee,
        starts_on=starts_on,
        periods=product.installments,
        days=product.repay_every,
        minimum_bps=product.minimum_bps,
    )
    dues = tuple(Due(row.number, row.starts_on, row.due_on, row.principal, 0, row.fee) for row in rows)
    return Quote(product, product.currency, amount, 0, fee, share_bps, starts_on, dues, projected_days)
