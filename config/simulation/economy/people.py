"""Shoppers and merchants with traits nobody in the bank can see."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist

import numpy as np

from config.simulation.economy import words
from config.simulation.economy.draw import Floats, sigmoid
from config.simulation.history import Address, Shop, Shopper


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
        """Return the true chance that a plan of the shopper goes bad. For tests alone."""
        return sigmoid(self.default_odds)


@dataclass(frozen=True, slots=True)
class MerchantTraits:
    """Standardized hidden traits, one entry per merchant.

    ``growth`` is the yearly log growth of sales, ``season`` how strongly the winter holidays lift them, ``shock_day``
    the day trade breaks down (beyond the end for most), ``related`` the share of sales that are made up.
    """

    size: Floats
    skill: Floats
    honesty: Floats
    growth: Floats
    season: Floats
    shock_day: Floats
    related: Floats
    closes: Floats

    @property
    def default_probability(self) -> Floats:
        """Return the true chance that an advance is not repaid within its term. For tests alone."""
        return sigmoid(-2.9 + 3.4 * self.closes - 0.5 * self.skill - 0.4 * self.honesty - 0.5 * self.growth)


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
    odds = -2.2 - 0.7 * income - 1.2 * thrift - 0.8 * honesty + 0.4 * luck
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
    fails = generator.random(count) < sigmoid(-2.1 - 0.8 * skill - 0.5 * honesty)
    fails[0] = False
    shock_day = np.where(fails, generator.uniform(0.35, 0.95, count) * days, days * 10.0)
    related = np.zeros(count)
    # Those who trade with themselves are neither giants nor beginners.
    middle = np.argsort(size)[count // 2 : max(count * 9 // 10, count // 2 + 1)]
    cheats = middle[np.argsort(honesty[middle])][: max(round(count * 0.03), 1)]
    related[cheats] = generator.uniform(0.35, 0.7, len(cheats))
    return MerchantTraits(size, skill, honesty, growth, season, shock_day, related, fails.astype(np.float64))


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
