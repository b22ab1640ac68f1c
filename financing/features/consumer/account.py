"""What comes into a consumer's account, what leaves it, what stays."""

from financing.features import measures
from financing.features.registry import Feature

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
        expression=measures.variation(of="amount"),
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
        expression=measures.mean(of="near_zero", days=180),
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
        expression=measures.ratio(of="balance_last", to="monthly_inflow"),
        risk="falls",
        reason="Little money is kept on the account",
    ),
)
