"""The tax inside a price, by rate: pure sums of whole minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mall import bank
from mall.taxes.computing import included


@dataclass(frozen=True, slots=True)
class RateSum:
    """What falls under one rate (basis points): the whole, the tax in it, and the rest."""

    rate_bps: int
    gross: int
    tax: int

    @property
    def net(self) -> int:
        """Return what remains without the tax."""
        return self.gross - self.tax


def of_lines(*, lines: Sequence[tuple[int, int, int]]) -> list[RateSum]:
    """Return the sums of lines that say their tax, each (rate, gross, tax), the highest rate first."""
    sums: dict[int, tuple[int, int]] = {}
    for rate_bps, gross, tax in lines:
        before = sums.get(rate_bps, (0, 0))
        sums[rate_bps] = before[0] + gross, before[1] + tax
    return [RateSum(rate, *sums[rate]) for rate in sorted(sums, reverse=True) if sums[rate][0]]


def by_rate(*, amounts: Sequence[tuple[int, int]], delivery: int) -> list[RateSum]:
    """Return (gross, rate) amounts and delivery by rate, the highest first; delivery shares the rates of the goods."""
    sums: dict[int, int] = {}
    for gross, rate_bps in amounts:
        sums[rate_bps] = sums.get(rate_bps, 0) + gross
    rates = sorted(sums, reverse=True)
    weights = [sums[rate] for rate in rates]
    shares = bank.split(total=delivery, weights=weights if any(weights) else [1] * len(rates)) if delivery else []
    for rate, share in zip(rates, shares, strict=False):
        sums[rate] += share
    return [RateSum(rate, sums[rate], included(amount=sums[rate], rate_bps=rate)) for rate in rates if sums[rate]]


def share_of(*, rates: Sequence[RateSum], amount: int) -> list[RateSum]:
    """Divide an amount that was paid back over the rates of its invoice."""
    parts = bank.split(total=amount, weights=[rate.gross for rate in rates])
    return [
        RateSum(rate.rate_bps, part, included(amount=part, rate_bps=rate.rate_bps))
        for rate, part in zip(rates, parts, strict=True)
        if part
    ]
