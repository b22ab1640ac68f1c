"""What a feature is, and the list of all of them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis

from financing.features.lake import Facts

Kind = Literal["consumer", "merchant"]
Base = Callable[[Facts, ibis.Table], ibis.Table]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One number about a subject as of a moment.

    `base` names the prepared table whose rows `expression` aggregates, per subject; `row` stands for the features
    already made, for those that combine others. `empty` is the value of a subject without rows (None: unknown).
    `risk` says which way more of it moves the risk, and so which way its bins must run; None: the feature sets
    limits or explains, and is never scored. `reason` is what a person is told when it costs them points.
    """

    name: str
    base: str
    description: str
    unit: str
    low: float
    high: float
    expression: Callable[[ibis.Table], ibis.Value]
    empty: float | None = None
    risk: Literal["rises", "falls"] | None = None
    reason: str = ""
    owner: str = "credit risk"

    def __post_init__(self) -> None:
        if self.risk is not None and not self.reason:
            raise ValueError(f"{self.name} is scored and must say its reason in plain words.")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All features of one kind of subject, and the tables they are made from."""

    kind: Kind
    bases: dict[str, Base]
    features: tuple[Feature, ...]

    @property
    def version(self) -> str:
        """Return a short fingerprint of names, units and order; a score knows what it was made from."""
        text = "|".join(f"{feature.name}:{feature.base}:{feature.unit}:{feature.empty}" for feature in self.features)
        return hashlib.sha256(f"{self.kind}|{text}".encode()).hexdigest()[:16]

    @property
    def scored(self) -> tuple[Feature, ...]:
        """Return the features a scorecard may use."""
        return tuple(feature for feature in self.features if feature.risk)


def catalogue(kind: Kind) -> Catalogue:
    """Return the catalogue of `consumer` or `merchant` features.

    :raises ValueError: there is no such kind.
    """
    from financing.features import consumer, merchant

    found = {"consumer": consumer.CATALOGUE, "merchant": merchant.CATALOGUE}.get(kind)
    if found is None:
        raise ValueError(f"There are features of a consumer and of a merchant, not of {kind!r}.")
    return found
