"""Shoppers and merchants with traits nobody in the bank can see."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from config.simulation.economy import words
from config.simulation.economy.draw import Floats, Whole, sigmoid
from config.simulation.history import Address, Shop, Shopper

# So long before trade breaks down buyers can notice: parcels are late, orders cancelled, reviews fall.
WARNING_DAYS = 75


@dataclass(frozen=True, slots=True)
class ShopperTraits:
    """Standardized hidden traits, one entry per shopper; ``default_odds`` are log odds of not repaying a plan."""

    income: Floats
    thrift: Floats
    honesty: Floats
    appetite: Floats
    default_odds: Floats

    @property
    def default_probability(self) -> Floats:
        """Return the true chance that the shopper stops paying a plan. For tests alone."""
        return sigmoid(self.default_odds)


@dataclass(frozen=True, slots=True)
class MerchantTraits:
    """Standardized hidden traits, one entry per merchant.

    ``growth`` is the yearly log growth of sales, ``season`` how strongly the winter holidays lift them, ``shock_day``
    the day trade breaks down (beyond the end for many), after :data:`WARNING_DAYS` in which it can be seen coming;
    ``recovers`` the day it is over, ``related`` the share of sales that are made up.
    """

    size: Floats
    skill: Floats
    honesty: Floats
    growth: Floats
    season: Floats
    shock_day: Floats
    recovers: Floats
    related: Floats
    fails: Floats

    @property
    def default_probability(self) -> Floats:
        """Return the true chance that an advance is not repaid within its term. For tests alone."""
        return sigmoid(-3.2 + 2.4 * self.fails - 0.5 * self.skill - 0.4 * self.honesty - 0.5 * self.growth)

    def in_trouble(self, merchant: Whole, placed: Floats) -> NDArray[np.bool_]:
        """Tell for each sale whether its merchant's trade breaks down then, or soon."""
        return (placed >= self.shock_day[merchant] - WARNING_DAYS) & (placed < self.recovers[merchant])


def draw_shoppers(*, generator: np.random.Generator, count: int) -> ShopperTraits:
    """Return the traits of ``count`` shoppers."""
    income, thrift, honesty = (generator.standard_normal(count) for _ in range(3))
    # The first shopper is the demo's: a good customer who buys often.
    income[0], thrift[0], honesty[0] = 1.2, 0.9, 0.8
    luck = generator.standard_normal(count)
    # Who earns more can save more; the rest is character.
    thrift = 0.35 * income + np.sqrt(1 - 0.35**2) * thrift
    appetite = np.exp(0.45 * generator.standard_normal(count) + 0.25 * income)
    appetite[0] = appetite.sum() / 400
    odds = -3.9 - 0.8 * income - 1.1 * thrift - 0.6 * honesty + 0.3 * luck
    return ShopperTraits(income, thrift, honesty, appetite, odds)


def draw_merchants(*, generator: np.random.Generator, count: int, days: int) -> MerchantTraits:
    """Return the traits of ``count`` merchants over ``days``."""
    places = (np.arange(count) + 0.5) / count
    # Even spaced places of the normal distribution: a hundred merchants must still have a few giants.
    size = generator.permutation(np.exp(1.74 * _normal_at(places)))
    skill, honesty = generator.standard_normal(count), generator.standard_normal(count)
    # The first merchant is the demo's: large, able and honest.
    large = int(np.argsort(size)[int(0.93 * (count - 1))])
    size[0], size[large] = size[large], size[0]
    skill[0], honesty[0] = 0.9, 0.9
    growth = 0.25 + 0.35 * skill + 0.25 * generator.standard_normal(count)
    season = np.clip(generator.normal(0.35, 0.25, count), 0, 1.2)
    fails = generator.random(count) < sigmoid(-0.95 - 1.0 * skill - 0.7 * honesty)
    fails[0] = False
    shock_day = np.where(fails, generator.uniform(0.3, 0.95, count) * days, days * 10.0)
    # Two of three come back after some months.
    closes = generator.random(count) < 0.35
    recovers = np.where(closes, days * 10.0, shock_day + generator.uniform(110, 200, count))
    related = np.zeros(count)
    # Those who trade with themselves are neither giants nor beginners.
    middle = np.argsort(size)[count // 2 : max(count * 9 // 10, count // 2 + 1)]
    cheats = middle[np.argsort(honesty[middle])][: max(round(count * 0.03), 1)]
    related[cheats] = generator.uniform(0.35, 0.7, len(cheats))
    return MerchantTraits(size, skill, honesty, growth, season, shock_day, recovers, related, fails.astype(np.float64))


def write_shoppers(*, generator: np.random.Generator, count: int, first_day: date, days: int) -> list[Shopper]:
    """Return names, addresses and opening days; nobody opens an account in the last tenth of the time."""
    opened = np.sort(generator.random(count) ** 1.6) * days * 0.9
    picks = generator.random((count, 7))
    return [
        _shopper(f"shopper:{index}", index, picks[index], moment(first_day, float(np.floor(opened[index]))))
        for index in range(count)
    ]


def write_owner(*, index: int, pick: Floats, opened_at: datetime) -> Shopper:
    """Return the person who owns merchant ``index``."""
    return _shopper(f"owner:{index}", index, pick, opened_at, domain="merchants.example")


def write_shop(
    *, index: int, aisle: words.Aisle, owner: Shopper, pick: Floats, joined_at: datetime, taken: set[str]
) -> Shop:
    """Return a merchant's name and address; ``taken`` gains its name."""
    heads, tails = words.SHOP_FIRST, words.SHOP_SECOND[aisle.path[0]]
    for turn in range(len(heads) * len(tails)):
        head = heads[(int(pick[0] * len(heads)) + turn) % len(heads)]
        tail = tails[(int(pick[1] * len(tails)) + turn // len(heads)) % len(tails)]
        name = f"{head} {tail}"
        if name not in taken:
            break
    else:
        name = f"{name} {index}"
    taken.add(name)
    home = owner.address
    street = words.STREETS[int(pick[2] * len(words.STREETS))]
    address = Address(name, f"{street} {1 + int(pick[3] * 120)}", home.city, home.region, home.postcode, home.country)
    described = f"{name} of {home.city}: {aisle.path[-1].lower()}, chosen with care and sent within days."
    return Shop(f"shop:{index}", name, owner.key, address, joined_at, bool(pick[4] < 0.92), described)


def moment(first_day: date, days: float) -> datetime:
    """Return the time ``days`` after the start of ``first_day``, in whole seconds."""
    start = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)
    return start + timedelta(seconds=int(days * 86_400))


def _shopper(key: str, index: int, pick: Floats, opened_at: datetime, domain: str = "shoppers.example") -> Shopper:
    first = words.FIRST_NAMES[int(pick[0] * len(words.FIRST_NAMES))]
    last = words.LAST_NAMES[int(pick[1] * len(words.LAST_NAMES))]
    city, region, country, digits = words.CITIES[int(pick[2] ** 1.4 * len(words.CITIES))]
    length = {"AT": 4, "BE": 4, "SI": 4, "NL": 4, "PT": 4}.get(country, 5)
    postcode = digits + f"{int(pick[3] * 1000):03d}"[: length - 2]
    street = words.STREETS[int(pick[4] * len(words.STREETS))]
    address = Address(f"{first} {last}", f"{street} {1 + int(pick[5] * 140)}", city, region, postcode, country)
    email = f"{_ascii(first)}.{_ascii(last)}.{index + 1}@{domain}"
    return Shopper(key, email, f"{first} {last}", address, opened_at, bool(pick[6] < 0.9))


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ø", "o").replace(" ", ""))
    return plain.encode("ascii", "ignore").decode().lower()


def _normal_at(places: Floats) -> Floats:
    normal = NormalDist()
    return np.array([normal.inv_cdf(float(place)) for place in places])
