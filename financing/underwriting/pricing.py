"""Limits and prices from features, score and policy: whole numbers and decimals, no floats. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from typing import Any

from financing.underwriting.terms import Exposure, Price, ProductTerms

_BPS = Decimal(10_000)
_YEAR_DAYS = 365
_MONTH_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What may be lent of one product now, and the bounds it is the least of, in minor units."""

    available: int
    bounds: tuple[tuple[str, int], ...]


def annual_cost_bps(*, price: Mapping[str, int], pd_ppm: int) -> int:
    """Return funding + operating cost + PD × LGD + capital × hurdle a year, rounded up to the policy's step."""
    loss = -(-pd_ppm * price["lgd_percent"] // 10_000)
    capital = -(-price["capital_percent"] * price["hurdle_bps"] // 100)
    return _up(price["funding_bps"] + price["operating_bps"] + loss + capital, price["round_to_bps"])


def price_of(*, product: ProductTerms, price: Mapping[str, int], pd_ppm: int) -> Price | None:
    """Return the price that covers the risk, at least the product's own; nothing when the law's cap forbids it."""
    yearly = annual_cost_bps(price=price, pd_ppm=pd_ppm)
    if yearly > price["cap_bps"]:
        return None
    step = price["round_to_bps"]
    if product.kind == "advance":
        return Price(fee_bps=max(product.fee_bps, _up(_over_life(yearly, product), step)))
    if product.annual_rate_bps == 0:
        return Price(subsidy_bps=max(product.subsidy_bps, _up(_over_life(yearly, product), step)))
    return Price(annual_rate_bps=max(product.annual_rate_bps, yearly))


def consumer_limit(
    *, policy: Mapping[str, Any], features: Mapping[str, float | None], exposure: Exposure,
    product: ProductTerms, price: Price, cap: int,
) -> Limit:
    """Return min(grade cap, k × median monthly spend, what the affordable instalment buys), less what is owed."""
    limit = policy["limit"]
    spend = _percent(features.get("median_monthly_spend"), limit["spend_percent"])
    total = _stepped(min(cap, spend), features, limit)
    room = affordable_monthly(policy=policy["affordability"], features=features, exposure=exposure)
    buys = principal_for(monthly=room, installments=product.installments, annual_rate_bps=price.annual_rate_bps)
    bounds = (
        ("grade", cap),
        ("spending", spend),
        ("first time" if total < min(cap, spend) else "spending and grade", total),
        ("affordable instalment", buys),
        ("product", product.maximum_amount),
    )
    owed = exposure.outstanding + exposure.reserved
    available = min(total - owed, buys, product.maximum_amount)
    return Limit(available=_down(available, limit["round_to"]), bounds=(*bounds, ("owed already", owed)))


def merchant_limit(
    *, policy: Mapping[str, Any], features: Mapping[str, float | None], exposure: Exposure,
    product: ProductTerms, price: Price, cap: int,
) -> Limit:
    """Return min(grade cap, m × mean monthly net sales, concentration cap, what the share repays), less what is owed.

    The concentration cap counts sales without the largest buyer's.
    """
    limit = policy["limit"]
    monthly = _decimal(features.get("monthly_net_gmv"))
    sales = _percent(monthly, limit["sales_percent"])
    spread = _percent(
        monthly * (1 - _decimal(features.get("top_buyer_share"))), limit["without_largest_buyer_percent"]
    )
    repays = monthly * product.days / _MONTH_DAYS * product.share_bps / _BPS * limit["capacity_percent"] / 100
    buys = _whole(repays / (1 + price.fee_bps / _BPS))
    least = min(cap, sales, spread, buys)
    total = _stepped(least, features, limit)
    owed = exposure.outstanding + exposure.reserved
    bounds = (
        ("grade", cap),
        ("sales", sales),
        ("sales without the largest buyer", spread),
        ("repaid from sales in time", buys),
        ("first time" if total < least else "all of these", total),
        ("product", product.maximum_amount),
        ("owed already", owed),
    )
    available = min(total - owed, product.maximum_amount)
    return Limit(available=_down(available, limit["round_to"]), bounds=bounds)


def affordable_monthly(
    *, policy: Mapping[str, int], features: Mapping[str, float | None], exposure: Exposure
) -> int:
    """Return the new instalment a month that fits, in minor units: the least of two bounds, or nothing.

    Income is all that comes into the account from outside, before anything leaves it; stressed, it is less the
    policy's stress. Essentials are the policy's share of income before stress: who earns less does not eat less.
    Debt is what falls due a month on plans here.

    - What is left: stressed income less essentials less debt.
    - Debt service: the policy's share of stressed income, less debt.
    """
    income = _decimal(features.get("monthly_inflow"))
    stressed = income * (100 - policy["stress_percent"]) / 100
    left = stressed - income * policy["essentials_percent"] / 100
    service = stressed * policy["debt_service_percent"] / 100
    return max(0, _whole(min(left, service)) - exposure.monthly_due)


def principal_for(*, monthly: int, installments: int, annual_rate_bps: int) -> int:
    """Return the amount that so many equal monthly instalments repay, rounded down to the minor unit."""
    with localcontext(prec=28):
        return _whole(monthly * _annuity(installments, annual_rate_bps))


def installment_for(*, principal: int, installments: int, annual_rate_bps: int) -> int:
    """Return the equal monthly instalment that repays an amount, rounded up to the minor unit."""
    with localcontext(prec=28):
        return int((principal / _annuity(installments, annual_rate_bps)).to_integral_value(rounding=ROUND_CEILING))


def _annuity(installments: int, annual_rate_bps: int) -> Decimal:
    """Return what so many monthly payments of one are worth today."""
    if annual_rate_bps == 0:
        return Decimal(installments)
    rate = Decimal(annual_rate_bps) / _BPS / 12
    return (1 - (1 + rate) ** -installments) / rate


def _over_life(yearly_bps: int, product: ProductTerms) -> int:
    """Return a yearly price over a product's average life: equal repayments, half out on average."""
    steps = product.installments if product.kind == "installments" else max(1, product.days // _MONTH_DAYS)
    return -(-yearly_bps * product.days * (steps + 1) // (2 * steps * _YEAR_DAYS))


def _stepped(amount: int, features: Mapping[str, float | None], limit: Mapping[str, Any]) -> int:
    """Start low: less for who has not repaid anything yet."""
    return amount if (features.get(limit["repaid_feature"]) or 0) > 0 else amount * limit["first_time_percent"] // 100


def _percent(value: float | Decimal | None, percent: int) -> int:
    return _whole(_decimal(value) * percent / 100)


def _decimal(value: float | Decimal | None) -> Decimal:
    return Decimal(0) if value is None else Decimal(str(value))


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_FLOOR))


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _down(value: int, step: int) -> int:
    return max(0, value // step * step)
