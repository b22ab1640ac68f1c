"""The scorecard itself, pure: look up the bin of each feature, add the points, say what cost most.

A card is plain JSON. A bin holds values from `low` up to but not including `high`; no bound means unbounded.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

BASE_SCORE = 600
BASE_ODDS = 30  # good to bad at the base score
POINTS_TO_DOUBLE_ODDS = 20
MOST_REASONS = 4
PER_MILLION = 1_000_000

Card = Mapping[str, Any]


class WrongCard(ValueError):
    """The JSON is not a scorecard of ours, or was changed by hand into something that cannot score."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """What one feature gave, and the best it could have given."""

    feature: str
    value: float | None
    bin: str
    points: int
    best: int
    reason: str

    @property
    def lost(self) -> int:
        """Return the points short of the best bin."""
        return self.best - self.points


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A score, the probability of going bad within a year in parts of a million, and where it came from."""

    score: int
    pd_ppm: int
    points: tuple[Points, ...]


def score(*, card: Card, values: Mapping[str, float | None]) -> Scored:
    """Return the score of one subject's features; a feature that is not there counts as unknown."""
    given = tuple(_points(feature, values.get(feature["name"])) for feature in card["features"])
    total = card["base_points"] + sum(points.points for points in given)
    return Scored(score=total, pd_ppm=probability(score=total), points=given)


def probability(*, score: int) -> int:
    """Return the probability of bad at a score, in parts of a million (never quite zero)."""
    odds = BASE_ODDS * 2 ** ((score - BASE_SCORE) / POINTS_TO_DOUBLE_ODDS)
    return max(1, round(PER_MILLION / (1 + odds)))


def reasons(*, scored: Scored, at_most: int = MOST_REASONS) -> tuple[str, ...]:
    """Return, in plain words, what cost the most points against the best attainable; at most four."""
    losing = [points for points in scored.points if points.lost > 0]
    # Among equals the card's own order decides, which is by strength.
    losing.sort(key=lambda points: -points.lost)
    return tuple(dict.fromkeys(points.reason for points in losing))[: min(at_most, MOST_REASONS)]


def fingerprint(*, card: Card) -> str:
    """Return the digest of a card; the same card has the same digest on every machine."""
    return sha256(json.dumps(card, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def label(*, low: float | None, high: float | None) -> str:
    """Return the range of a bin as people read it."""
    if low is None and high is None:
        return "any"
    if low is None:
        return f"below {_number(high)}"
    if high is None:
        return f"{_number(low)} and above"
    return f"{_number(low)} to {_number(high)}"


def check(*, card: Card) -> None:
    """Refuse a card that could not score: bins with gaps, points that are no whole numbers.

    :raises WrongCard: naming what is wrong.
    """
    try:
        for feature in card["features"]:
            bins = feature["bins"]
            bounds = [None, *(item["high"] for item in bins)]
            if not bins or bounds[-1] is not None or any(
                item["low"] != bound for item, bound in zip(bins, bounds, strict=False)
            ):
                raise WrongCard(f"The bins of {feature['name']} leave a gap.")
            highs = [item["high"] for item in bins[:-1]]
            if highs != sorted(set(highs)):
                raise WrongCard(f"The bins of {feature['name']} are not in order.")
            if any(type(item["points"]) is not int for item in [*bins, feature["missing"]]):
                raise WrongCard(f"The points of {feature['name']} are not whole numbers.")
        if type(card["base_points"]) is not int or not card["features"]:
            raise WrongCard("A scorecard needs whole base points and at least one feature.")
    except (KeyError, TypeError) as problem:
        raise WrongCard(f"This is not a scorecard: {problem} is missing or of another shape.") from problem


def _points(feature: Mapping[str, Any], value: float | None) -> Points:
    bins: Sequence[Mapping[str, Any]] = feature["bins"]
    if value is None or value != value:
        found, name = feature["missing"], "unknown"
    else:
        found = bins[bisect_right([item["high"] for item in bins[:-1]], value)]
        name = label(low=found["low"], high=found["high"])
    return Points(
        feature=feature["name"],
        value=value,
        bin=name,
        points=found["points"],
        best=max(item["points"] for item in bins),
        reason=feature["reason"],
    )


def _number(value: float | None) -> str:
    return f"{value:,.4g}" if value is not None and abs(value) < 1_000 else f"{value:,.0f}"
