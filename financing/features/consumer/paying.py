"""How a consumer pays, and what is cancelled, returned, refused."""

from financing.features import measures
from financing.features.registry import Feature

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
        expression=measures.total(of="amount", days=365),
        empty=0,
    ),
    Feature(
        name="refund_share",
        base="row",
        description="Refunds of a year relative to its spend",
        unit="share",
        low=0,
        high=10,
        expression=measures.ratio(of="refunded_365d", to="spend_365d"),
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
        expression=measures.rows(days=365),
        empty=0,
    ),
)
