"""How a merchant repaid earlier advances."""

import ibis

from financing.features.registry import Feature

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
