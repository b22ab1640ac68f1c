"""The consumer's features: buying, paying, the account, earlier plans."""

import ibis

from financing.features import subjects
from financing.features.lake import Facts
from financing.features.registry import Catalogue, Feature

NEAR_ZERO_SHARE = 0.05


def _lines(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "order_lines", "consumer_id", people, currency=True)


def _orders(facts: Facts, people: ibis.Table) -> ibis.Table:
    lines = _lines(facts, people)
    paid = _tenders(facts, people).filter(lambda t: t.outcome == "authorised")
    mainly = paid.group_by("order").aggregate(tender=paid.method.argmax(paid.amount))
    orders = lines.group_by(["subject_id", "order"]).aggregate(
        amount=lines.amount.sum(),
        age=lines.age.max(),
        known_at=lines.known_at.min(),
        device=lines.device.max(),
        address=lines.address.max(),
        lines=lines.count(),
        shops=lines.merchant_id.nunique(),
    )
    return orders.left_join(mainly, "order").drop("order_right").mutate(hour=orders.known_at.hour())


def _months(facts: Facts, people: ibis.Table) -> ibis.Table:
    """One row per 30 days of the last 360 in which something was bought."""
    orders = _orders(facts, people)
    recent = orders.filter(orders.age <= 360)
    return (
        recent.mutate(month=(recent.age / 30).floor())
        .group_by(["subject_id", "month"])
        .aggregate(amount=lambda t: t.amount.sum())
    )


def _categories(facts: Facts, people: ibis.Table) -> ibis.Table:
    lines = _lines(facts, people)
    recent = lines.filter(lines.age <= 365)
    return recent.group_by(["subject_id", "category"]).aggregate(amount=recent.amount.sum())


def _consignments(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "consignment_events", "consumer_id", people, currency=True)


def _tenders(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "tenders", "consumer_id", people, currency=True)


def _refunds(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.refunds(facts, "consumer_id", people)


def _reviews(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "reviews", "consumer_id", people, currency=False)


def _movements(facts: Facts, people: ibis.Table) -> ibis.Table:
    rows = subjects.of_subject(facts, "account_movements", "subject_id", people, currency=True)
    half_year = rows.filter(rows.age <= 180)
    typical = half_year.group_by("subject_id").aggregate(
        inflow=half_year.amount.sum(where=half_year.event == "received")
    )
    joined = rows.left_join(typical, "subject_id").drop("subject_id_right")
    return joined.mutate(near_zero=joined.balance_after < joined.inflow.fill_null(0) / 6 * NEAR_ZERO_SHARE)


def _inflow_months(facts: Facts, people: ibis.Table) -> ibis.Table:
    """One row per 30 days of the last 180 in which money came in from outside."""
    rows = subjects.of_subject(facts, "account_movements", "subject_id", people, currency=True)
    inflows = rows.filter((rows.event == "received") & (rows.age <= 180))
    return (
        inflows.mutate(month=(inflows.age / 30).floor())
        .group_by(["subject_id", "month"])
        .aggregate(amount=lambda t: t.amount.sum())
    )


BUYING = (
    Feature(
        name="tenure_days",
        base="accounts",
        description="Days since the first account here was opened",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.age.max().floor(),
        risk="falls",
        reason="The relationship with the bank is short",
    ),
    Feature(
        name="orders_90d",
        base="orders",
        description="Confirmed orders of the last 90 days",
        unit="orders",
        low=0,
        high=10_000,
        expression=lambda t: (t.age <= 90).sum(),
        empty=0,
        risk="falls",
        reason="Few orders in the last three months",
    ),
    Feature(
        name="orders_365d",
        base="orders",
        description="Confirmed orders of the last 365 days",
        unit="orders",
        low=0,
        high=50_000,
        expression=lambda t: (t.age <= 365).sum(),
        empty=0,
        risk="falls",
        reason="Few orders in the last year",
    ),
    Feature(
        name="spend_90d",
        base="orders",
        description="Spent on confirmed orders in the last 90 days",
        unit="minor units",
        low=0,
        high=1e12,
        expression=lambda t: t.amount.sum(where=t.age <= 90),
        empty=0,
    ),
    Feature(
        name="spend_365d",
        base="orders",
        description="Spent on confirmed orders in the last 365 days",
        unit="minor units",
        low=0,
        high=1e12,
        expression=lambda t: t.amount.sum(where=t.age <= 365),
        empty=0,
    ),
    Feature(
        name="months_bought_12",
        base="months",
        description="30-day months of the last 12 with a purchase",
        unit="months",
        low=0,
        high=12,
        expression=lambda t: t.month.count(),
        empty=0,
        risk="falls",
        reason="Purchases in few months of the last year",
    ),
    Feature(
        name="median_monthly_spend",
        base="months",
        description="Median spend of the 30-day months of the last 12 with a purchase",
        unit="minor units",
        low=0,
        high=1e12,
        expression=lambda t: t.amount.cast("float64").median(),
        empty=0,
    ),
    Feature(
        name="spend_trend",
        base="orders",
        description="Spend of the last 90 days against a quarter of the last 360",
        unit="ratio",
        low=0,
        high=4,
        expression=lambda t: (
            t.amount.sum(where=t.age <= 90).fill_null(0) * 4 / t.amount.sum(where=t.age <= 360).nullif(0)
        ),
        risk="rises",
        reason="Spending has risen quickly of late",
    ),
    Feature(
        name="order_value_variation",
        base="orders",
        description="Standard deviation of order values of a year, relative to their mean",
        unit="ratio",
        low=0,
        high=100,
        expression=lambda t: (
            t.amount.std(where=t.age <= 365, how="pop") / t.amount.mean(where=t.age <= 365).nullif(0)
        ),
        risk="rises",
        reason="Order values vary a lot",
    ),
    Feature(
        name="days_since_order",
        base="orders",
        description="Days since the last confirmed order",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.age.min().floor(),
        risk="rises",
        reason="The last order is long ago",
    ),
    Feature(
        name="basket_lines",
        base="orders",
        description="Mean number of lines an order, 365 days",
        unit="lines",
        low=1,
        high=1_000,
        expression=lambda t: t.lines.mean(where=t.age <= 365),
    ),
    Feature(
        name="categories_365d",
        base="categories",
        description="Distinct categories bought in 365 days",
        unit="categories",
        low=0,
        high=10_000,
        expression=lambda t: t.category.nunique(),
        empty=0,
        risk="falls",
        reason="Purchases in few kinds of goods",
    ),
    Feature(
        name="top_category_share",
        base="categories",
        description="Share of the year's spend in the largest category",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.amount.max() / t.amount.sum().nullif(0),
    ),
    Feature(
        name="night_share",
        base="orders",
        description="Share of a year's orders placed between midnight and five (UTC)",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (t.hour < 5).mean(where=t.age <= 365),
        risk="rises",
        reason="Many orders at night",
    ),
    Feature(
        name="devices_365d",
        base="orders",
        description="Distinct devices that ordered in 365 days",
        unit="devices",
        low=0,
        high=10_000,
        expression=lambda t: t.device.nullif("").nunique(where=t.age <= 365),
        empty=0,
        risk="rises",
        reason="Orders from many devices",
    ),
    Feature(
        name="addresses_365d",
        base="orders",
        description="Distinct delivery addresses of 365 days",
        unit="addresses",
        low=0,
        high=10_000,
        expression=lambda t: t.address.nullif("").nunique(where=t.age <= 365),
        empty=0,
        risk="rises",
        reason="Deliveries to many addresses",
    ),
)

PAYING = (
    Feature(
        name="installment_share",
        base="orders",
        description="Share of a year's spend paid mainly by instalments",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (
            t.amount.sum(where=(t.age <= 365) & (t.tender == "installments")).fill_null(0)
            / t.amount.sum(where=t.age <= 365).nullif(0)
        ),
        risk="rises",
        reason="Much of the spending is already on instalments",
    ),
    Feature(
        name="cancelled_share",
        base="consignments",
        description="Share of a year's confirmed consignments cancelled",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (
            ((t.event == "cancelled") & (t.age <= 365)).sum()
            / ((t.event == "confirmed") & (t.age <= 365)).sum().nullif(0)
        ).clip(0, 1),
        risk="rises",
        reason="Orders were often cancelled",
    ),
    Feature(
        name="refunded_365d",
        base="refunds",
        description="Refunded in 365 days",
        unit="minor units",
        low=0,
        high=1e12,
        expression=lambda t: t.amount.sum(where=t.age <= 365),
        empty=0,
    ),
    Feature(
        name="refund_share",
        base="row",
        description="Refunds of a year relative to its spend",
        unit="share",
        low=0,
        high=10,
        expression=lambda t: t.refunded_365d / t.spend_365d.nullif(0),
        risk="rises",
        reason="Many goods were returned",
    ),
    Feature(
        name="refused_payments_180d",
        base="tenders",
        description="Payment attempts refused in 180 days",
        unit="attempts",
        low=0,
        high=10_000,
        expression=lambda t: ((t.outcome == "refused") & (t.age <= 180)).sum(),
        empty=0,
        risk="rises",
        reason="Payments were refused",
    ),
    Feature(
        name="refused_share_365d",
        base="tenders",
        description="Share of a year's payment attempts refused",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (t.outcome == "refused").mean(where=t.age <= 365),
        risk="rises",
        reason="A large part of payments was refused",
    ),
    Feature(
        name="reviews_365d",
        base="reviews",
        description="Reviews written in 365 days",
        unit="reviews",
        low=0,
        high=10_000,
        expression=lambda t: (t.age <= 365).sum(),
        empty=0,
    ),
)

ACCOUNT = (
    Feature(
        name="monthly_inflow",
        base="movements",
        description="Money received from outside less money sent out, a month over 180 days",
        unit="minor units",
        low=0,
        high=1e12,
        expression=lambda t: (
            (
                t.amount.sum(where=(t.age <= 180) & (t.event == "received")).fill_null(0)
                + t.amount.sum(where=(t.age <= 180) & (t.event == "sent")).fill_null(0)
            )
            / 6
        ).clip(0, None),
        empty=0,
    ),
    Feature(
        name="inflow_months_6",
        base="inflow_months",
        description="30-day months of the last six in which money came in",
        unit="months",
        low=0,
        high=6,
        expression=lambda t: t.month.count(),
        empty=0,
        risk="falls",
        reason="Money comes into the account irregularly",
    ),
    Feature(
        name="inflow_variation",
        base="inflow_months",
        description="Standard deviation of the monthly inflow, relative to its mean",
        unit="ratio",
        low=0,
        high=100,
        expression=lambda t: t.amount.std(how="pop") / t.amount.mean().nullif(0),
        risk="rises",
        reason="The money coming in varies a lot",
    ),
    Feature(
        name="outflow_to_inflow",
        base="movements",
        description="Money out of the account relative to money in, 180 days",
        unit="ratio",
        low=0,
        high=1_000,
        expression=lambda t: (
            -t.amount.sum(where=(t.age <= 180) & (t.amount < 0)).fill_null(0)
            / t.amount.sum(where=(t.age <= 180) & (t.amount > 0)).nullif(0)
        ),
        risk="rises",
        reason="Nearly all that comes into the account leaves it",
    ),
    Feature(
        name="balance_last",
        base="movements",
        description="Last balance of the account",
        unit="minor units",
        low=-1e12,
        high=1e12,
        expression=lambda t: t.balance_after.argmax(t.sequence),
        empty=0,
    ),
    Feature(
        name="balance_min_90d",
        base="movements",
        description="Lowest balance of 90 days",
        unit="minor units",
        low=-1e12,
        high=1e12,
        expression=lambda t: t.balance_after.min(where=t.age <= 90),
        empty=0,
    ),
    Feature(
        name="near_zero_share",
        base="movements",
        description="Share of 180 days' movements that left less than 5 % of a month's inflow",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.near_zero.mean(where=t.age <= 180),
        risk="rises",
        reason="The account is often nearly empty",
    ),
    Feature(
        name="balance_in_months",
        base="row",
        description="Last balance in months of inflow",
        unit="months",
        low=-1_000,
        high=1e6,
        expression=lambda t: t.balance_last / t.monthly_inflow.nullif(0),
        risk="falls",
        reason="Little money is kept on the account",
    ),
)

PLANS = (
    Feature(
        name="plans_opened",
        base="loans",
        description="Instalment plans ever opened",
        unit="plans",
        low=0,
        high=10_000,
        expression=lambda t: t.age.count(),
        empty=0,
    ),
    Feature(
        name="plans_open",
        base="loans",
        description="Instalment plans running now",
        unit="plans",
        low=0,
        high=10_000,
        expression=lambda t: t.running.sum(),
        empty=0,
        risk="rises",
        reason="Several plans are running already",
    ),
    Feature(
        name="plans_repaid",
        base="loans",
        description="Instalment plans repaid in full",
        unit="plans",
        low=0,
        high=10_000,
        expression=lambda t: t.closed.sum(),
        empty=0,
        risk="falls",
        reason="Few plans have been repaid yet",
    ),
    Feature(
        name="worst_days_late",
        base="loans",
        description="Most days an instalment was ever late",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.worst_late.max(),
        empty=0,
        risk="rises",
        reason="Instalments were paid late",
    ),
    Feature(
        name="days_late_now",
        base="loans",
        description="Days the oldest open instalment is late",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.late_now.max(),
        empty=0,
        risk="rises",
        reason="An instalment is late now",
    ),
    Feature(
        name="paid_in_time_share",
        base="loans",
        description="Share of instalment payments made in time",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.payments_in_time.sum() / t.payments.sum().nullif(0),
        risk="falls",
        reason="Instalments were not always paid in time",
    ),
    Feature(
        name="charged_off",
        base="loans",
        description="Plans ever charged off",
        unit="plans",
        low=0,
        high=10_000,
        expression=lambda t: t.charged_off.sum(),
        empty=0,
    ),
)

CATALOGUE = Catalogue(
    kind="consumer",
    bases={
        "accounts": subjects.accounts,
        "orders": _orders,
        "months": _months,
        "categories": _categories,
        "consignments": _consignments,
        "tenders": _tenders,
        "refunds": _refunds,
        "reviews": _reviews,
        "movements": _movements,
        "inflow_months": _inflow_months,
        "loans": subjects.loans,
    },
    features=(*BUYING, *PAYING, *ACCOUNT, *PLANS),
)
