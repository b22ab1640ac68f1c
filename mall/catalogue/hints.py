"""What prices mean by the month, from whoever is connected to say so (`RIALTO_PRICE_HINTS`, `RIALTO_MONTHLY_PLANS`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from mall import bank

# What a listing can be narrowed to by the month, in whole units of the currency
STEPS = (10, 25, 50, 100, 200)


class MonthlyPlan(Protocol):
    """Which prices a plan pays, up to the highest, and what each of them is by the month; minor units."""

    highest: int

    def monthly(self, *, price: int) -> int | None:
        """Return what the price is by the month, nothing where the plan does not pay it."""

    def prices(self, *, monthly: int) -> tuple[int, int] | None:
        """Return the lowest and the highest price of at most so much by the month, if there is any."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in minor units of a currency that are at most `monthly` by the month, as ranges that do not touch."""

    monthly: int
    currency: str
    ranges: tuple[tuple[int, int], ...]


def lines(*, request: HttpRequest, amount: int, currency: str, at: datetime) -> list[str]:
    """Return what paying this amount over time means: the shortest words, then every way of it in full.

    Each connected `hint(*, payer, amount, currency, at) -> Sequence[str]` gets `payer` as `user:<pk>`, empty for a
    guest; the first that has something to say is heard.
    """
    for path in getattr(settings, "RIALTO_PRICE_HINTS", ()):
        said = import_string(path)(payer=_payer(request), amount=amount, currency=currency, at=at)
        if said:
            return list(said)
    return []


def monthly(*, request: HttpRequest, amount: int, currency: str, at: datetime) -> str:
    """Return the shortest words for paying this amount over time; empty when nobody has any."""
    said = lines(request=request, amount=amount, currency=currency, at=at)
    return said[0] if said else ""


def plans(*, request: HttpRequest, currency: str, at: datetime) -> list[MonthlyPlan]:
    """Return the plans by which prices of this currency can be paid, of all who are connected.

    Each connected `plans(*, payer, currency, at) -> Sequence[MonthlyPlan]` is asked once a page, however many products
    the page has.
    """
    paths = getattr(settings, "RIALTO_MONTHLY_PLANS", ())
    return [plan for path in paths for plan in import_string(path)(payer=_payer(request), currency=currency, at=at)]


def least(*, plans: Iterable[MonthlyPlan], price: int) -> int | None:
    """Return the least by the month that the price can be had for."""
    return min((part for plan in plans if (part := plan.monthly(price=price)) is not None), default=None)


def prices_within(*, plans: Sequence[MonthlyPlan], monthly: int, currency: str) -> Prices:
    """Return which prices of that currency are at most so much by the month."""
    found = sorted(each for plan in plans if (each := plan.prices(monthly=monthly)) is not None)
    ranges: list[tuple[int, int]] = []
    for lowest, highest in found:
        if ranges and lowest <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], highest))
        else:
            ranges.append((lowest, highest))
    return Prices(monthly=monthly, currency=currency, ranges=tuple(ranges))


def _payer(request: HttpRequest) -> str:
    return bank.shopper(user_id=request.user.pk) if request.user.is_authenticated else ""
