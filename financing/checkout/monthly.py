"""What any price means by the month, for listings: a few plans, each a straight line, instead of a quote a product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil, floor

from financing.checkout import options
from financing.lending import daycount, quotes, schedules
from financing.lending.models import Product
from payments import money


@dataclass(frozen=True, slots=True)
class MonthlyPlan:
    """The prices a plan pays, and which part of a price is due each month; amounts are minor units.

    ``margin``: by how much rounding can raise a payment above its part of the price. ``unit``: what a month's amount
    is rounded up to, so that a listing never names less than the agreement does.
    """

    lowest: int
    highest: int
    part: Fraction
    margin: int
    unit: int

    def monthly(self, *, price: int) -> int | None:
        """Return what ``price`` is by the month, rounded up; nothing where the plan does not pay it."""
        if not self.lowest <= price <= self.highest:
            return None
        return ceil((price * self.part + self.margin) / self.unit) * self.unit

    def prices(self, *, monthly: int) -> tuple[int, int] | None:
        """Return the lowest and the highest price that is at most ``monthly`` by the month, if any is."""
        most = min(self.highest, floor((monthly // self.unit * self.unit - self.margin) / self.part))
        return (self.lowest, most) if most >= self.lowest else None


def plans(*, payer: str, currency: str, at: datetime) -> list[MonthlyPlan]:
    """Return the plans that prices can be paid with, at the payer's own price; a guest sees what the bank asks usually.

    None for a payer whom nothing is offered.
    """
    return [
        _line(product=product, rate_bps=rate_bps, lowest=lowest, highest=highest, at=at)
        for product, rate_bps, lowest, highest in options.reach(payer=payer, currency=currency, at=at)
        if product.frequency == "months" and product.repay_every == 1 and lowest <= highest
    ]


def _line(*, product: Product, rate_bps: int, lowest: int, highest: int, at: datetime) -> MonthlyPlan:
    unit = 10 ** money.exponent(product.currency)
    if not rate_bps:
        return MonthlyPlan(lowest, highest, Fraction(1, product.installments), 0, unit)
    terms = quotes.schedule_terms(product=product, amount=highest, rate_bps=rate_bps, starts_on=at.date())
    if terms.amortization == "equal_installments":
        part = 1 / _discount(terms=terms)
    else:
        part = Fraction(schedules.plan(terms=terms)[0].due, highest)
    # A payment is rounded, and may take its share of what the last one would stray by.
    return MonthlyPlan(lowest, highest, part, 1, unit)


def _discount(*, terms: schedules.Terms) -> Fraction:
    """Return what one minor unit a period is worth today, over all periods."""
    discount, factor, since = Fraction(0), Fraction(1), terms.starts_on
    for step in range(1, terms.installments + 1):
        until = daycount.shift(start=terms.starts_on, frequency=terms.frequency, count=terms.repay_every * step)
        factor /= 1 + schedules.period_rate(terms=terms, since=since, until=until)
        discount += factor
        since = until
    return discount
