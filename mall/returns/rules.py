"""Until when what can go back, by which right, and who pays the way: pure, from the policy's data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from mall.returns.reasons import FAULT, STORE, WITHDRAWAL, Reason

# What a rule without a name is for: every other country or category.
OTHERS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The market's rules of return; days are calendar days after the goods arrived, categories are paths."""

    withdrawal_days: Mapping[str, int]
    market_days: Mapping[str, int]
    fault_days: int
    not_returned: Collection[str]
    delivery_paid_by: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What a rule needs to know of a piece: where it went, when it arrived, what it is, what its store gives."""

    country: str
    delivered_at: datetime | None
    categories: frozenset[str]
    is_digital: bool
    store_days: int = 0
    store_pays: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Until when each right runs; nothing where the right does not exist, or before the goods arrived."""

    is_digital: bool
    is_kept: bool
    withdrawal_until: datetime | None
    store_until: datetime | None
    fault_until: datetime | None

    def right(self, *, reason: Reason, at: datetime) -> str:
        """Return the right by which a piece can go back for this reason now; empty when there is none."""
        if self.is_digital:
            return ""
        if reason.fault:
            return FAULT if self.fault_until is None or at <= self.fault_until else ""
        if self.is_kept:
            return ""
        if self.withdrawal_until is None or at <= self.withdrawal_until:
            return WITHDRAWAL
        return STORE if self.store_until is None or at <= self.store_until else ""

    def is_open(self, *, at: datetime) -> bool:
        """Tell whether a piece can go back for any reason now."""
        return not self.is_digital and (self.fault_until is None or at <= self.fault_until)


def window(*, bought: Bought, policy: Policy) -> Window:
    """Return the rights there are on a piece. What has not arrived can go back: its days have not begun."""
    legal = policy.withdrawal_days.get(bought.country, policy.withdrawal_days[OTHERS])
    given = days(categories=bought.categories, store_days=bought.store_days, policy=policy)
    return Window(
        is_digital=bought.is_digital,
        is_kept=not bought.categories.isdisjoint(policy.not_returned),
        withdrawal_until=_end(bought.delivered_at, legal),
        store_until=_end(bought.delivered_at, max(legal, given)),
        fault_until=_end(bought.delivered_at, policy.fault_days),
    )


def days(*, categories: Collection[str], store_days: int, policy: Policy) -> int:
    """Return how many days a store gives: the market's for the category, or its own when they are more."""
    fitting = (found for name, found in policy.market_days.items() if name in categories)
    return max(min(fitting, default=policy.market_days[OTHERS]), store_days)


def _end(start: datetime | None, days: int) -> datetime | None:
    """Return the last instant of the day so many days after one."""
    if start is None:
        return None
    day = start.astimezone(UTC).date() + timedelta(days=days)
    return datetime.combine(day, time(23, 59, 59), tzinfo=UTC)


def payer(*, reason: Reason, store_pays: bool, policy: Policy) -> str:
    """Return who pays the way back: `buyer` or `store`."""
    return "store" if store_pays else policy.delivery_paid_by[reason.code]


def delivery_back(*, right: str, whole: bool, shipping: int) -> int:
    """Return what of the delivery charge goes back, in minor units.

    All of it with the last piece of a consignment, by law and where the store is at fault; a store's longer window
    gives back the goods alone.
    """
    return shipping if whole and right in (WITHDRAWAL, FAULT) else 0


def value(*, amount: int, bought: int, back: int, back_value: int, pieces: int) -> int:
    """Return what was paid for so many more pieces of a line, in minor units.

    `amount` was paid for all that were bought; of these, `back` pieces worth `back_value` go back already. All
    pieces together are worth the amount to the cent, in whatever portions they go back.
    """
    return max(0, amount * (back + pieces) // bought - back_value)
