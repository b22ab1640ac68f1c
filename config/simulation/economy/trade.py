"""Who buys what of whom, and what becomes of it: drawn for all orders at once, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.simulation.acts import RHYTHM_DAYS
from config.simulation.economy import people, targets
from config.simulation.economy.draw import (
    Floats,
    Whole,
    by_quantiles,
    by_shares,
    ranks,
    shuffled_places,
    sigmoid,
)
from config.simulation.economy.people import MerchantTraits, ShopperTraits


@dataclass(frozen=True, slots=True)
class Stock:
    """The articles as arrays, those of a merchant side by side in the order of their listing."""

    first: Whole
    count: Whole
    listed: Floats
    price: Whole
    weight: Whole


@dataclass(frozen=True, slots=True)
class Orders:
    """One entry per order, by time. Times are days from the first day; -1 where a thing never happens."""

    placed: Floats
    merchant: Whole
    shopper: Whole
    related: Whole
    article: Whole
    quantity: Whole
    other_merchant: Whole
    other_article: Whole
    freight: Whole
    other_freight: Whole
    promised: Floats
    dispatched: Floats
    delivered: Floats
    cancelled: Floats
    refunded: Floats
    refund_share: Floats
    complaint: Whole
    score: Whole
    reviewed: Floats
    installments: Whole
    short: Whole
    voucher: Floats
    spare: Floats
    device: Whole
    bad: Whole
    late_habit: Floats
    luck: Floats


def sales_weights(*, merchants: MerchantTraits, joined: Floats, days: int, first_ordinal: int) -> Floats:
    """Return how much each merchant sells on each day, relative to the whole: merchants × days."""
    day = np.arange(days, dtype=np.float64)
    growing = np.exp(np.outer(merchants.growth, (day - days / 2) / 365))
    # The holidays lie where the year ends in the last third of a run of eighteen months.
    holidays = np.exp(-(((day - days * 0.62) / 22) ** 2) / 2) + 0.7 * np.exp(-(((day - days * 0.95) / 15) ** 2) / 2)
    season = 1 + np.outer(merchants.season, 2.2 * holidays)
    weekday = np.array([1.1, 1.1, 1.05, 1.0, 1.0, 0.8, 0.9])[(day.astype(int) + first_ordinal - 1) % 7]
    whole_economy = 0.35 + 0.65 * day / days
    weights = merchants.size[:, None] * growing * season * weekday * whole_economy
    since = day[None, :] - merchants.shock_day[:, None]
    level = np.interp(since, [-people.WARNING_DAYS, 0.0], [1.0, 0.4])
    level[since >= 0] = 0.05
    level[day[None, :] >= merchants.recovers[:, None]] = 0.8
    weights *= level
    weights[day[None, :] <= joined[:, None] + 1] = 0.0
    return weights / weights.sum()


def draw_orders(
    *,
    generator: np.random.Generator,
    count: int,
    days: int,
    first_ordinal: int,
    shoppers: ShopperTraits,
    merchants: MerchantTraits,
    opened: Floats,
    joined: Floats,
    weights: Floats,
    stock: Stock,
) -> Orders:
    """Return ``count`` orders with their fates; ``opened`` must ascend."""
    cells = np.searchsorted(np.cumsum(weights.ravel()), np.sort(shuffled_places(generator, count)))
    cells = np.minimum(cells, weights.size - 1)
    merchant = (cells // days).astype(np.int64)
    placed = cells % days + _hours(generator, count)
    order = np.argsort(placed, kind="stable")
    merchant, placed = merchant[order], placed[order]
    shopper = _buyers(generator, shoppers.appetite, opened, placed)
    placed = _at_night(generator, shoppers, shopper, placed, first_ordinal)
    related = (generator.random(count) < merchants.related[merchant]).astype(np.int64)
    article = _articles(generator, stock, merchant, placed)
    items = by_shares(shuffled_places(generator, count), targets.ITEMS_PER_ORDER)
    other = np.where(generator.random(count) < targets.SEVERAL_MERCHANTS, generator.permutation(merchant), -1)
    other = np.where((other >= 0) & (other != merchant) & (joined[other] + 1 < placed) & (related == 0), other, -1)
    other_article = np.where(other >= 0, _articles(generator, stock, np.maximum(other, 0), placed), -1)
    freight = _freight(generator, stock.weight[article])
    fate = _journeys(generator, merchants, merchant, placed)
    since = np.maximum(np.maximum(opened[shopper], joined[merchant] + 1), stock.listed[article])
    since = np.where(other >= 0, np.maximum(since, joined[other] + 1), since)
    since = np.where(other >= 0, np.maximum(since, stock.listed[other_article]), since)
    short, sitting = _short(generator, shoppers, shopper, related, placed, since, first_ordinal)
    placed = np.where(short == 1, sitting, placed)
    amount = stock.price[article] * items + freight * items
    plan = _plans(generator, shoppers, shopper, amount) * (related == 0) * (short == 0)
    # The first shopper is the demo's: of late she paid at once, so that an offer waits for her.
    plan = np.where((shopper == 0) & (placed > days - 130), np.minimum(plan, 1), plan)
    refunds = _refunds(generator, shoppers, merchants, shopper, merchant, fate, first_ordinal)
    pay_back = generator.random(count)
    ordered = Orders(
        placed=placed,
        merchant=merchant,
        shopper=shopper,
        related=related,
        article=article,
        quantity=items,
        other_merchant=other,
        other_article=other_article,
        freight=freight,
        other_freight=generator.permutation(freight),
        promised=placed + fate["promised"],
        dispatched=fate["dispatched"],
        delivered=fate["delivered"],
        cancelled=fate["cancelled"],
        refunded=refunds["at"],
        refund_share=refunds["share"],
        complaint=refunds["complaint"],
        score=_scores(generator, merchants, merchant, fate),
        reviewed=np.where(generator.random(count) < 0.55, fate["delivered"] + 1 + 4 * generator.random(count), -1.0),
        installments=plan,
        short=short,
        voucher=np.where(generator.random(count) < 0.04, 0.05 + 0.2 * generator.random(count), 0.0),
        spare=_spare(generator, shoppers, shopper),
        device=np.where(generator.random(count) < sigmoid(1.6 + shoppers.honesty[shopper]), 0, 1),
        bad=(pay_back < shoppers.default_probability[shopper]).astype(np.int64),
        late_habit=sigmoid(-2.0 - 1.1 * shoppers.thrift[shopper] - 0.4 * shoppers.income[shopper]),
        luck=generator.random(count),
    )
    return _by_time(ordered)


def next_sitting(times: Floats, first_ordinal: int) -> Floats:
    """Return the first sitting after each time, at the start of its day (a Monday, every second week).

    What depends on balances (returns, cancellations) is dealt with at sittings, so that living a history in windows
    of two weeks leaves what living it day by day leaves.
    """
    day = np.floor(times)
    return day + RHYTHM_DAYS - (day + first_ordinal - 1) % RHYTHM_DAYS


def _by_time(orders: Orders) -> Orders:
    index = np.argsort(orders.placed, kind="stable")
    return Orders(*(getattr(orders, name)[index] for name in Orders.__slots__))


def _hours(generator: np.random.Generator, count: int) -> Floats:
    """Return times of day between eight and midnight, most in the evening."""
    return (8 + 15.5 * generator.beta(1.6, 1.2, count)) / 24


def _at_night(
    generator: np.random.Generator, shoppers: ShopperTraits, shopper: Whole, placed: Floats, first_ordinal: int
) -> Floats:
    """Return the times of orders: who cannot wait for the next morning buys at night, but for the days of sittings."""
    chance = sigmoid(-3.2 - 0.9 * shoppers.thrift[shopper] - 0.5 * shoppers.honesty[shopper])
    night = np.floor(placed) + 0.01 + 0.19 * generator.random(len(placed))
    wakes = generator.random(len(placed)) < chance
    return np.where(wakes & ((np.floor(placed) + first_ordinal - 1) % RHYTHM_DAYS != 0), night, placed)


def _spare(generator: np.random.Generator, shoppers: ShopperTraits, shopper: Whole) -> Floats:
    """Return how much more than the price buyers bring to their account, relative to it."""
    saved = 0.08 + 0.3 * shoppers.thrift[shopper] + 0.15 * shoppers.income[shopper]
    return np.maximum(0.0, saved + 0.12 * generator.standard_normal(len(shopper)))


def _buyers(generator: np.random.Generator, appetite: Floats, opened: Floats, placed: Floats) -> Whole:
    reach = np.cumsum(appetite)
    known = np.maximum(np.searchsorted(opened, placed - 0.4), 1)
    return np.searchsorted(reach, generator.random(len(placed)) * reach[known - 1]).astype(np.int64)


def _articles(generator: np.random.Generator, stock: Stock, merchant: Whole, placed: Floats) -> Whole:
    """Return an article of each merchant that is listed by then; those listed first sell best."""
    chosen = np.floor(generator.random(len(merchant)) ** 1.7 * stock.count[merchant]).astype(np.int64)
    article = stock.first[merchant] + chosen
    return np.where(stock.listed[article] < placed, article, stock.first[merchant])


def _freight(generator: np.random.Generator, weight: Whole) -> Whole:
    heavy = np.log(weight) - np.log(weight).mean()
    latent = 0.7 * heavy / max(heavy.std(), 1e-9) + 0.7 * generator.standard_normal(len(weight))
    return np.round(by_quantiles(ranks(latent), targets.FREIGHT)).astype(np.int64)


def _journeys(
    generator: np.random.Generator, merchants: MerchantTraits, merchant: Whole, placed: Floats
) -> dict[str, Floats]:
    count = len(merchant)
    slow = -0.45 * merchants.skill[merchant] + generator.standard_normal(count)
    trouble = merchants.in_trouble(merchant, placed)
    slow += 1.1 * trouble
    whole = by_quantiles(ranks(slow), targets.DELIVERY_DAYS)
    handover = generator.beta(2.2, 6.0, count) - 0.06 * merchants.skill[merchant] + 0.12 * trouble
    handover = np.clip(handover, 0.04, 0.8)
    promised = 22 * np.exp(0.3 * generator.standard_normal(count))
    promised *= np.quantile(whole / promised, 1 - targets.LATE)
    troubled = sigmoid(-5.8 - 0.6 * merchants.skill[merchant] - 0.3 * merchants.honesty[merchant] + 2.0 * trouble)
    cancelled = generator.random(count) < troubled
    lost = ~cancelled & (generator.random(count) < 0.006)
    never = cancelled | lost
    return {
        "promised": promised,
        "dispatched": np.where(cancelled, -1.0, placed + np.clip(whole * handover, 0.25, 30.0)),
        "delivered": np.where(never, -1.0, placed + np.maximum(whole, 0.6)),
        "cancelled": np.where(cancelled, placed + 2 + 3 * generator.random(count), -1.0),
        "lost": lost.astype(np.float64),
        "trouble": trouble.astype(np.float64),
    }


def _short(
    generator: np.random.Generator,
    shoppers: ShopperTraits,
    shopper: Whole,
    related: Whole,
    placed: Floats,
    since: Floats,
    first_ordinal: int,
) -> tuple[Whole, Floats]:
    """Return who tries to pay without enough money, and when: early on the day of a sitting after ``since``."""
    chance = sigmoid(-3.9 - 1.0 * shoppers.thrift[shopper] - 0.8 * shoppers.income[shopper])
    short = (generator.random(len(placed)) < chance) & (related == 0)
    sitting = next_sitting(placed, first_ordinal) - RHYTHM_DAYS + 0.02 + 0.2 * generator.random(len(placed))
    return (short & (sitting > RHYTHM_DAYS) & (sitting > since)).astype(np.int64), sitting


def _plans(generator: np.random.Generator, shoppers: ShopperTraits, shopper: Whole, amount: Whole) -> Whole:
    """Return how many instalments each buyer would like, by the target shares; dear things on many."""
    latent = 0.9 * np.log(amount) - 0.35 * shoppers.income[shopper] - 0.2 * shoppers.thrift[shopper]
    latent += generator.standard_normal(len(amount))
    return by_shares(ranks(latent), targets.INSTALLMENTS)


def _refunds(generator, shoppers, merchants, shopper, merchant, fate, first_ordinal) -> dict[str, np.ndarray]:
    count = len(shopper)
    chance = -3.7 - 0.9 * shoppers.honesty[shopper] - 0.5 * merchants.skill[merchant]
    chance = sigmoid(chance - 0.4 * merchants.honesty[merchant] + 0.9 * fate["trouble"])
    returned = (fate["delivered"] >= 0) & (generator.random(count) < chance)
    after = next_sitting(fate["delivered"] + 4 + 16 * generator.random(count), first_ordinal)
    lost = next_sitting(fate["dispatched"] + 1, first_ordinal)
    at = np.where(returned, after + 0.4, np.where(fate["lost"] > 0, lost + 0.4, -1.0))
    share = np.where(generator.random(count) < 0.7, 1.0, 0.2 + 0.5 * generator.random(count))
    complaint = generator.integers(0, 5, count)
    return {"at": at, "share": np.where(fate["lost"] > 0, 1.0, share), "complaint": complaint}


def _scores(generator, merchants: MerchantTraits, merchant: Whole, fate: dict[str, Floats]) -> Whole:
    late = np.maximum(fate["delivered"] - fate["dispatched"] - fate["promised"] * 0.8, 0) / 5
    pleased = 0.6 * merchants.skill[merchant] + 0.3 * merchants.honesty[merchant] - late - 0.8 * fate["trouble"]
    pleased += generator.standard_normal(len(merchant))
    return by_shares(ranks(pleased), targets.REVIEW_SCORES)
