"""Money that comes and goes without a purchase: pay, costs of living, takings, and what is left of who gives up.

All of it moves at sittings, because what leaves depends on what is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from config.simulation.acts import RHYTHM_DAYS
from config.simulation.economy import people, trade
from config.simulation.economy.draw import Floats, ranks, sigmoid
from config.simulation.history import MoneyIn, MoneyOut, Shop, Shopper

# Pay and costs come every second sitting.
PAY_DAYS = 2 * RHYTHM_DAYS
# Share of shoppers whose pay comes here, likelier those who buy often.
BANKS_HERE = 0.17
# Typical pay in minor units.
TYPICAL_PAY = 130_000
EVERYTHING = 10**12
# Between who tries to pay in the night without enough money and everything else of the day.
_PAID, _SPENT = 0.235, 0.24


@dataclass(frozen=True, slots=True)
class Households:
    """What is earned and spent, by time; ``broke`` tells from which day a shopper pays no plan (infinite: always)."""

    earned: list[MoneyIn]
    spent: list[MoneyOut]
    broke: Floats


def draw(
    *,
    seed: int,
    days: int,
    first_day: date,
    shoppers: people.ShopperTraits,
    orders: trade.Orders,
    persons: Sequence[Shopper],
    shops: Sequence[Shop],
) -> Households:
    """Return the money of everybody outside purchases."""
    generator = np.random.default_rng((seed, 2))
    book = _Book(first_day, days)
    broke = np.full(len(persons), np.inf)
    stops = (orders.bad == 1) & (orders.installments > 1) & (orders.related == 0)
    np.minimum.at(broke, orders.shopper[stops], orders.placed[stops])
    here = generator.random(len(persons)) < 2 * BANKS_HERE * ranks(shoppers.appetite)
    irregular = generator.random(len(persons)) < sigmoid(-1.2 - 1.2 * shoppers.income)
    saved = np.clip(0.02 + 0.1 * shoppers.thrift + 0.03 * generator.standard_normal(len(persons)), -0.1, 0.4)
    # The first shopper is the demo's: her pay comes here, and much of it stays.
    here[0], irregular[0], saved[0] = True, False, 0.6
    for index in np.flatnonzero(here):
        typical = TYPICAL_PAY * float(np.exp(0.35 * shoppers.income[index]))
        for day in book.pay_days(persons[index], until=float(broke[index])):
            pay, costs = _month(generator, typical, bool(irregular[index]), float(saved[index]))
            if pay:
                book.earn(persons[index].key, pay, day)
            book.spend(persons[index].key, costs, day)
    for index in np.flatnonzero(np.isfinite(broke)):
        # Who stops paying takes away what is there, and does not bring more.
        for day in book.sittings(float(broke[index]))[:2]:
            book.spend(persons[index].key, EVERYTHING, day)
    for shop in shops:
        for day in book.pay_days(shop):
            book.spend(shop.key, EVERYTHING, day)
    book.earned.sort(key=lambda one: (one.at, one.key))
    book.spent.sort(key=lambda one: (one.at, one.key))
    return Households(book.earned, book.spent, broke)


def _month(generator: np.random.Generator, typical: float, irregular: bool, saved: float) -> tuple[int, int]:
    """Return a month's pay and costs in minor units."""
    luck, noise, other = generator.random(), *generator.standard_normal(2)
    pay = typical * (np.exp(0.45 * noise) if irregular else 1 + 0.01 * noise)
    if luck < (0.3 if irregular else 0.02):
        pay = 0
    costs = typical * (0.85 if irregular else 1.0) * (1 - saved) * (1 + 0.05 * other)
    return round(pay / 100) * 100, max(100, round(costs / 100) * 100)


class _Book:
    def __init__(self, first_day: date, days: int) -> None:
        self._first_day, self._days = first_day, days
        self.earned: list[MoneyIn] = []
        self.spent: list[MoneyOut] = []

    def sittings(self, since: float, every: int = RHYTHM_DAYS, until: float = np.inf) -> list[float]:
        """Return the days of the sittings after ``since``."""
        first = float(trade.next_sitting(np.array([since]), self._first_day.toordinal())[0])
        return [float(day) for day in np.arange(first, min(self._days, until), every)]

    def pay_days(self, who: Shopper | Shop, until: float = np.inf) -> list[float]:
        """Return the days of every second sitting since ``who`` came."""
        came = who.opened_at if isinstance(who, Shopper) else who.joined_at
        since = (came - people.moment(self._first_day, 0)).total_seconds() / 86_400
        return self.sittings(since, PAY_DAYS, until)

    def earn(self, who: str, amount: int, day: float) -> None:
        key = f"pay:{who}:{day:.0f}"
        self.earned.append(MoneyIn(key, who, amount, people.moment(self._first_day, day + _PAID)))

    def spend(self, who: str, most: int, day: float) -> None:
        key = f"out:{who}:{day:.0f}:{'all' if most == EVERYTHING else 'costs'}"
        self.spent.append(MoneyOut(key, who, most, people.moment(self._first_day, day + _SPENT)))
