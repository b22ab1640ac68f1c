"""Draws that land on given marginals whatever the traits behind them are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def ranks(values: Floats, weights: Floats | None = None) -> Floats:
    """Return each value's place among all, strictly between 0 and 1, each counting with its weight."""
    order = np.argsort(values, kind="stable")
    heavy = np.ones(len(values)) if weights is None else weights[order]
    places = np.empty(len(values), dtype=np.float64)
    places[order] = (np.cumsum(heavy) - heavy / 2) / heavy.sum()
    return places


def by_quantiles(places: Floats, quantiles: Mapping[float, float]) -> Floats:
    """Return the values at ``places`` of the distribution with these quantiles, interpolated on a log scale."""
    points = np.array(list(quantiles), dtype=np.float64)
    heights = np.log(np.array(list(quantiles.values()), dtype=np.float64))
    return np.exp(np.interp(places, points, heights))


def by_shares(places: Floats, shares: Mapping[int, float]) -> Whole:
    """Return the values at ``places`` of the distribution with these shares, lowest value first."""
    edges = np.cumsum(np.array(list(shares.values()), dtype=np.float64))
    values = np.array(list(shares), dtype=np.int64)
    return values[np.searchsorted(edges[:-1] / edges[-1], places, side="right")]


def sigmoid(values: Floats) -> Floats:
    """Return log odds as probabilities."""
    return 1.0 / (1.0 + np.exp(-values))


def shuffled_places(generator: np.random.Generator, count: int) -> Floats:
    """Return evenly spaced places in random order, so that even a small draw has the whole range."""
    return (generator.permutation(count) + 0.5) / max(count, 1)
