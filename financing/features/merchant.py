"""The merchant's features: sales, buyers, goods, delivery, money, earlier advances."""

import ibis

from financing.features import subjects
from financing.features.lake import Facts
from financing.features.registry import Catalogue, Feature


def _sales(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "order_lines", "merchant_id", merchants, currency=True)


def _sales_with_related(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """Return all sales: only to tell how large a part of them the merchant bought from himself."""
    rows = facts.known("order_lines").rename(subject_id="merchant_id")
    return rows.semi_join(merchants, ["subject_id", "currency"])


def _months(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """One row per 30 days of the last 360 with a sale."""
    sales = _sales(facts, merchants)
    recent = sales.filter(sales.age <= 360)
    return (
        recent.mutate(month=(recent.age / 30).floor())
        .group_by(["subject_id", "month"])
        .aggregate(amount=lambda t: t.amount.sum())
    )


def _buyers(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """One row per buyer of the last 365 days."""
    sales = _sales(facts, merchants)
    recent = sales.filter(sales.age <= 365)
    return recent.group_by(["subject_id", "consumer_id"]).aggregate(
        amount=recent.amount.sum(), orders=recent.order.nunique()
    )


def _categories(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    sales = _sales(facts, merchants)
    recent = sales.filter(sales.age <= 365)
    return recent.group_by(["subject_id", "category"]).aggregate(amount=recent.amount.sum())


def _consignments(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """One row per consignment: how old each of its steps is, and what it is worth."""
    rows = subjects.of_subject(facts, "consignment_events", "merchant_id", merchants, currency=True)

    def step(name: str) -> ibis.Value:
        return rows.age.max(where=rows.event == name)

    made = rows.group_by(["subject_id", "consignment"]).aggregate(
        confirmed=step("confirmed"),
        dispatched=step("dispatched"),
        delivered=step("delivered"),
        released=step("released"),
        cancelled=step("cancelled"),
        cancelled_by=rows.said_by.max(where=rows.event == "cancelled"),
        promised=facts.days_since(rows.promised_at.max()),
        amount=rows.amount.max(where=rows.event == "confirmed"),
    )
    made = made.filter(made.confirmed.notnull())
    return made.mutate(
        dispatch_days=made.confirmed - made.dispatched,
        # An age shrinks as time passes: delivered after the promise means a smaller age than the promise has.
        late=made.delivered < made.promised,
        open=made.released.isnull() & made.cancelled.isnull(),
    )


def _refunds(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.refunds(facts, "merchant_id", merchants)


def _reviews(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "reviews", "merchant_id", merchants, currency=False)


def _listings(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "listings", "merchant_id", merchants, currency=False)


def _payouts(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "payouts", "merchant_id", merchants, currency=False)


SALES = (
    Feature(
        name="tenure_days",
        base="accounts",
        description="Days since the merchant joined",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.age.max().floor(),
        risk="falls",
        reason="The store has not been open for long",
    ),
    Feature(
        name="gmv_30d",
        base="sales",
        description="Goods sold in 30 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.age <= 30),
        empty=0,
    ),
    Feature(
        name="gmv_90d",
        base="sales",
        description="Goods sold in 90 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.age <= 90),
        empty=0,
    ),
    Feature(
        name="gmv_180d",
        base="sales",
        description="Goods sold in 180 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.age <= 180),
        empty=0,
    ),
    Feature(
        name="gmv_365d",
        base="sales",
        description="Goods sold in 365 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.age <= 365),
        empty=0,
    ),
    Feature(
        name="orders_90d",
        base="sales",
        description="Orders of 90 days",
        unit="orders",
        low=0,
        high=1e7,
        expression=lambda t: t.order.nunique(where=t.age <= 90),
        empty=0,
        risk="falls",
        reason="Few orders in the last three months",
    ),
    Feature(
        name="orders_365d",
        base="sales",
        description="Orders of 365 days",
        unit="orders",
        low=0,
        high=1e8,
        expression=lambda t: t.order.nunique(where=t.age <= 365),
        empty=0,
        risk="falls",
        reason="Few orders in the last year",
    ),
    Feature(
        name="gmv_trend",
        base="sales",
        description="Sales of the last 90 days against the 90 before",
        unit="ratio",
        low=0,
        high=1e6,
        expression=lambda t: (
            t.amount.sum(where=t.age <= 90).fill_null(0)
            / t.amount.sum(where=(t.age > 90) & (t.age <= 180)).nullif(0)
        ),
        risk="falls",
        reason="Sales have fallen against the three months before",
    ),
    Feature(
        name="days_since_sale",
        base="sales",
        description="Days since the last sale",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.age.min().floor(),
        risk="rises",
        reason="The last sale is some time ago",
    ),
    Feature(
        name="active_months_12",
        base="months",
        description="30-day months of the last 12 with a sale",
        unit="months",
        low=0,
        high=12,
        expression=lambda t: t.month.count(),
        empty=0,
        risk="falls",
        reason="Sales in few months of the last year",
    ),
    Feature(
        name="gmv_variation",
        base="months",
        description="Standard deviation of monthly sales of a year, relative to their mean",
        unit="ratio",
        low=0,
        high=100,
        expression=lambda t: t.amount.std(how="pop") / t.amount.mean().nullif(0),
        risk="rises",
        reason="Monthly sales vary a lot",
    ),
    Feature(
        name="order_value",
        base="sales",
        description="Mean value of an order, 365 days",
        unit="minor units",
        low=0,
        high=1e12,
        expression=lambda t: t.amount.sum(where=t.age <= 365) / t.order.nunique(where=t.age <= 365).nullif(0),
    ),
    Feature(
        name="related_share",
        base="sales_with_related",
        description="Share of a year's sales bought by people close to the merchant; these count in no other feature",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (
            t.amount.sum(where=(t.age <= 365) & t.related).fill_null(0)
            / t.amount.sum(where=t.age <= 365).nullif(0)
        ),
        empty=0,
    ),
)

BUYERS_AND_GOODS = (
    Feature(
        name="buyers_365d",
        base="buyers",
        description="Distinct buyers of 365 days",
        unit="buyers",
        low=0,
        high=1e8,
        expression=lambda t: t.consumer_id.count(),
        empty=0,
        risk="falls",
        reason="Sales to few buyers",
    ),
    Feature(
        name="top_buyer_share",
        base="buyers",
        description="Share of a year's sales to the largest buyer",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.amount.max() / t.amount.sum().nullif(0),
        risk="rises",
        reason="Sales depend on one buyer",
    ),
    Feature(
        name="repeat_buyer_share",
        base="buyers",
        description="Share of a year's buyers who ordered more than once",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (t.orders > 1).mean(),
        risk="falls",
        reason="Few buyers come back",
    ),
    Feature(
        name="products_sold_365d",
        base="sales",
        description="Distinct products sold in 365 days",
        unit="products",
        low=0,
        high=1e7,
        expression=lambda t: t.product_id.nunique(where=t.age <= 365),
        empty=0,
        risk="falls",
        reason="Sales of few products",
    ),
    Feature(
        name="top_category_share",
        base="categories",
        description="Share of a year's sales in the largest category",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.amount.max() / t.amount.sum().nullif(0),
    ),
    Feature(
        name="products_listed",
        base="listings",
        description="Products ever listed",
        unit="products",
        low=0,
        high=1e7,
        expression=lambda t: t.product_id.nunique(where=t.event == "listed"),
        empty=0,
        risk="falls",
        reason="The catalogue is small",
    ),
    Feature(
        name="days_since_listing",
        base="listings",
        description="Days since a product was last listed",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: t.age.min(where=t.event == "listed").floor(),
        risk="rises",
        reason="No new products for some time",
    ),
)

DELIVERY = (
    Feature(
        name="dispatch_days",
        base="consignments",
        description="Median days from confirmation to dispatch, confirmed within 180 days",
        unit="days",
        low=0,
        high=1_000,
        expression=lambda t: ibis.ifelse(t.confirmed <= 180, t.dispatch_days, None).median(),
        risk="rises",
        reason="Orders are dispatched slowly",
    ),
    Feature(
        name="late_delivery_share",
        base="consignments",
        description="Share of 180 days' deliveries that came after the promised day",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.late.mean(where=t.delivered <= 180),
        risk="rises",
        reason="Deliveries came later than promised",
    ),
    Feature(
        name="cancelled_share",
        base="consignments",
        description="Share of 180 days' confirmed consignments cancelled",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: t.cancelled.notnull().mean(where=t.confirmed <= 180),
        risk="rises",
        reason="Orders were often cancelled",
    ),
    Feature(
        name="cancelled_180d",
        base="consignments",
        description="Goods of consignments cancelled in 180 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.cancelled <= 180),
        empty=0,
    ),
    Feature(
        name="escrow_now",
        base="consignments",
        description="Goods sold of 60 days and neither released nor cancelled yet",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.open & (t.confirmed <= 60)),
        empty=0,
    ),
    Feature(
        name="review_mean",
        base="reviews",
        description="Mean review score of 365 days",
        unit="stars",
        low=1,
        high=5,
        expression=lambda t: t.score.mean(where=t.age <= 365),
        risk="falls",
        reason="Buyers' reviews are low",
    ),
    Feature(
        name="review_trend",
        base="reviews",
        description="Mean review score of 90 days less that of 365",
        unit="stars",
        low=-4,
        high=4,
        expression=lambda t: t.score.mean(where=t.age <= 90) - t.score.mean(where=t.age <= 365),
        risk="falls",
        reason="Buyers' reviews are getting worse",
    ),
    Feature(
        name="low_review_share",
        base="reviews",
        description="Share of a year's reviews with one or two stars",
        unit="share",
        low=0,
        high=1,
        expression=lambda t: (t.score <= 2).mean(where=t.age <= 365),
        risk="rises",
        reason="Many reviews give one or two stars",
    ),
)

MONEY = (
    Feature(
        name="refunded_180d",
        base="refunds",
        description="Refunded in 180 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.amount.sum(where=t.age <= 180),
        empty=0,
    ),
    Feature(
        name="refund_share",
        base="row",
        description="Refunds of 180 days relative to sales",
        unit="share",
        low=0,
        high=100,
        expression=lambda t: t.refunded_180d / t.gmv_180d.nullif(0),
        risk="rises",
        reason="A large part of sales was refunded",
    ),
    Feature(
        name="monthly_net_gmv",
        base="row",
        description="Mean monthly sales of 180 days, less cancellations and refunds",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: ((t.gmv_180d - t.cancelled_180d - t.refunded_180d) / 6).clip(0, None),
        empty=0,
    ),
    Feature(
        name="paid_out_90d",
        base="payouts",
        description="Paid out in 90 days",
        unit="minor units",
        low=0,
        high=1e13,
        expression=lambda t: t.paid_out.sum(where=t.age <= 90),
        empty=0,
    ),
    Feature(
        name="payout_to_sales",
        base="row",
        description="Paid out in 90 days relative to sales",
        unit="ratio",
        low=0,
        high=100,
        expression=lambda t: t.paid_out_90d / t.gmv_90d.nullif(0),
        risk="falls",
        reason="Little of the sales has been settled and paid out",
    ),
    Feature(
        name="settled_days_90",
        base="payouts",
        description="Days of the last 90 with a settlement",
        unit="days",
        low=0,
        high=90,
        expression=lambda t: t.day.nunique(where=t.age <= 90),
        empty=0,
    ),
    Feature(
        name="escrow_share",
        base="row",
        description="Sales still in escrow relative to the sales of 90 days",
        unit="share",
        low=0,
        high=100,
        expression=lambda t: t.escrow_now / t.gmv_90d.nullif(0),
    ),
)

ADVANCES = (
    Feature(
        name="advances_taken",
        base="loans",
        description="Advances ever taken",
        unit="advances",
        low=0,
        high=10_000,
        expression=lambda t: t.age.count(),
        empty=0,
    ),
    Feature(
        name="advances_open",
        base="loans",
        description="Advances running now",
        unit="advances",
        low=0,
        high=10_000,
        expression=lambda t: t.running.sum(),
        empty=0,
    ),
    Feature(
        name="advances_repaid",
        base="loans",
        description="Advances repaid in full",
        unit="advances",
        low=0,
        high=10_000,
        expression=lambda t: t.closed.sum(),
        empty=0,
        risk="falls",
        reason="Few advances have been repaid yet",
    ),
    Feature(
        name="advance_days_over",
        base="loans",
        description="Days the oldest running advance is past the day it should have been repaid",
        unit="days",
        low=0,
        high=20_000,
        expression=lambda t: ibis.ifelse(t.running & (t.horizon > 0), t.horizon.floor(), 0.0).max(),
        empty=0,
        risk="rises",
        reason="An advance should have been repaid by now",
    ),
    Feature(
        name="repayment_speed",
        base="loans",
        description="Days planned for repaid advances against days taken; above one is faster",
        unit="ratio",
        low=0,
        high=1_000,
        expression=lambda t: (
            (t.age - t.horizon).sum(where=t.closed) / (t.age - t.ended_age).sum(where=t.closed).nullif(0)
        ),
        risk="falls",
        reason="Earlier advances were repaid slowly",
    ),
    Feature(
        name="charged_off",
        base="loans",
        description="Advances ever charged off",
        unit="advances",
        low=0,
        high=10_000,
        expression=lambda t: t.charged_off.sum(),
        empty=0,
    ),
)

CATALOGUE = Catalogue(
    kind="merchant",
    bases={
        "accounts": subjects.accounts,
        "sales": _sales,
        "sales_with_related": _sales_with_related,
        "months": _months,
        "buyers": _buyers,
        "categories": _categories,
        "consignments": _consignments,
        "refunds": _refunds,
        "reviews": _reviews,
        "listings": _listings,
        "payouts": _payouts,
        "loans": subjects.loans,
    },
    features=(*SALES, *BUYERS_AND_GOODS, *DELIVERY, *MONEY, *ADVANCES),
)
