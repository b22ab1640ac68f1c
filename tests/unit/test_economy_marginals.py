"""The made-up economy against the published statistics it is fitted to, and against the real files where they are."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from config.simulation.economy import targets
from config.simulation.economy.generate import Economy

DATA = Path(os.environ.get("RIALTO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "olist"


@pytest.fixture(scope="module")
def economy() -> Economy:
    return Economy(seed=11, last_day=date(2026, 6, 30))


def prices(economy: Economy) -> np.ndarray:
    orders = economy.orders
    cost = np.array([article.price for article in economy.articles])
    return np.repeat(cost[orders.article], orders.quantity)


def delivery_days(economy: Economy) -> np.ndarray:
    orders = economy.orders
    arrived = orders.delivered >= 0
    return (orders.delivered - orders.placed)[arrived & (orders.short == 0)]


def close(found: float, wanted: float, tolerance: float) -> bool:
    return abs(found / wanted - 1) <= tolerance


@pytest.mark.parametrize("place", [0.05, 0.25, 0.5, 0.75, 0.95])
def test_prices_freight_and_delivery_days_meet_the_published_quantiles(economy: Economy, place: float) -> None:
    orders = economy.orders
    freight = np.repeat(orders.freight, orders.quantity)

    assert close(np.quantile(prices(economy), place), targets.PRICE[place], 0.12)
    assert close(np.quantile(freight, place), targets.FREIGHT[place], 0.05)
    assert close(np.quantile(delivery_days(economy), place), targets.DELIVERY_DAYS[place], 0.05)


def test_counts_and_shares_meet_the_published_ones(economy: Economy) -> None:
    orders = economy.orders
    count = len(orders.placed)
    arrived = orders.delivered >= 0

    for number, share in targets.ITEMS_PER_ORDER.items():
        assert abs(np.mean(orders.quantity == number) - share) < 0.003
    scores = orders.score[orders.reviewed >= 0]
    for score, share in targets.REVIEW_SCORES.items():
        assert abs(np.mean(scores == score) - share) < 0.02
    wants = orders.installments[orders.installments > 0]
    for number, share in targets.INSTALLMENTS.items():
        assert abs(np.mean(wants == number) - share) < 0.01
    assert abs(np.mean((orders.delivered > orders.promised)[arrived]) - targets.LATE) < 0.01
    assert abs(np.sum(orders.cancelled >= 0) / count - targets.CANCELED) < 0.006
    assert 0 < np.mean(orders.other_merchant >= 0) <= targets.SEVERAL_MERCHANTS + 0.004


def test_merchants_sizes_are_as_uneven_as_the_published_ones(economy: Economy) -> None:
    sales = np.sort(np.bincount(economy.orders.merchant, minlength=len(economy.shops)))[::-1]

    assert abs(np.median(sales) / sales.mean() - targets.MERCHANT_MEDIAN_OVER_MEAN) < 0.1
    assert abs(sales[: len(sales) // 10].sum() / sales.sum() - targets.MERCHANT_TOP_TENTH) < 0.12


@pytest.mark.data
def test_the_economy_agrees_with_the_real_files(economy: Economy) -> None:
    if not DATA.is_dir():
        pytest.skip(f"the Olist files are not in {DATA}")
    from config.simulation.olist.extract import load

    extract = load(DATA)
    real_prices = np.array([item.price for order in extract.orders for item in order.items])
    real_freight = np.array([item.freight for order in extract.orders for item in order.items])
    real_days = np.array(
        [
            (order.delivered_at - order.placed_at).total_seconds() / 86_400
            for order in extract.orders
            if order.status == "delivered" and order.delivered_at
        ]
    )
    real_items = np.array([len(order.items) for order in extract.orders])
    orders = economy.orders
    for place in (0.25, 0.5, 0.75, 0.95):
        assert close(np.quantile(prices(economy), place), np.quantile(real_prices, place), 0.15)
        assert close(
            np.quantile(np.repeat(orders.freight, orders.quantity), place), np.quantile(real_freight, place), 0.15
        )
        assert close(np.quantile(delivery_days(economy), place), np.quantile(real_days, place), 0.15)
    assert abs(np.mean(orders.quantity == 1) - np.mean(real_items == 1)) < 0.02
