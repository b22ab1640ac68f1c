"""The tax inside a price, in whole minor units: rounded per line, delivery shared by what the goods cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from mall import bank
from mall.taxes.models import STANDARD, ZERO


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rates known of some countries: (country, class) -> (first day, basis points), the newest first."""

    rows: Mapping[tuple[str, str], tuple[tuple[date, int], ...]] = field(default_factory=dict)

    def rate(self, *, country: str, tax_class: str, on: date) -> int:
        """Return the basis points in force that day; goods that go where no rate is known leave untaxed."""
        if tax_class == ZERO:
            return 0
        for wanted in dict.fromkeys((tax_class, STANDARD)):
            for starts_on, rate_bps in self.rows.get((country, wanted), ()):
                if starts_on <= on:
                    return rate_bps
        return 0


@dataclass(frozen=True, slots=True)
class LineTax:
    """What of a line is tax. `shipping`: the line's share of the delivery charge; `shipping_tax`: the tax in that."""

    rate_bps: int
    tax: int
    shipping: int = 0
    shipping_tax: int = 0


def included(*, amount: int, rate_bps: int) -> int:
    """Return the tax inside an amount that includes it, half a cent rounded up."""
    whole = 10_000 + rate_bps
    return (2 * amount * rate_bps + whole) // (2 * whole)


def of_parcel(*, lines: Sequence[tuple[int, int]], shipping: int) -> list[LineTax]:
    """Return the tax of each (amount, basis points); the delivery charge is taxed as the goods it brings."""
    if not lines:
        return []
    weights = [amount for amount, _rate in lines]
    shares = bank.split(total=shipping, weights=weights if any(weights) else [1] * len(lines))
    return [
        LineTax(
            rate_bps=rate,
            tax=included(amount=amount, rate_bps=rate),
            shipping=share,
            shipping_tax=included(amount=share, rate_bps=rate),
        )
        for (amount, rate), share in zip(lines, shares, strict=True)
    ]


def by_rate(*, taxes: Sequence[LineTax]) -> tuple[tuple[int, int], ...]:
    """Return (basis points, tax of goods and delivery) of each rate above zero, the highest first."""
    sums: dict[int, int] = {}
    for line in taxes:
        if line.rate_bps:
            sums[line.rate_bps] = sums.get(line.rate_bps, 0) + line.tax + line.shipping_tax
    return tuple(sorted(sums.items(), reverse=True))
