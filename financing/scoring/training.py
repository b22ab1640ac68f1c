"""Train a scorecard: optimal monotone bins, weight of evidence, logistic regression, points.

Slow to import what it needs (seconds): only training commands come here, never a page, never a score.
"""

import logging
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from financing.features.registry import Feature, Kind, catalogue
from financing.scoring import metrics, scorecard

LEAST_ROWS = 150
LEAST_BADS = 20
MOST_BINS = 5
LEAST_BIN_SHARE = 0.05
LEAST_INFORMATION = 0.02
MOST_CORRELATION = 0.75
MOST_FEATURES = 12
HOLDOUT_PERCENT = 30
# Added to the goods and bads of every bin, so that a bin without bads is not infinitely good.
SMOOTHING = 0.5


class TooLittleData(Exception):
    """The sample cannot carry a scorecard."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A scorecard and how it did."""

    card: dict[str, Any]
    metrics: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Binned:
    feature: Feature
    splits: tuple[float, ...]
    woes: tuple[float, ...]
    counts: tuple[tuple[int, int], ...]
    information: float

    def transform(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.woes)[_bin_of(values, self.splits)]


def code_version() -> str:
    """Return a digest of the code that makes features and cards; a model record carries it."""
    digest = sha256()
    here = Path(__file__).resolve().parent
    for path in sorted([*here.rglob("*.py"), *(here.parent / "features").rglob("*.py")]):
        digest.update(path.relative_to(here.parent).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def fit(*, kind: Kind, sample: pa.Table, seed: int = 0) -> Trained:
    """Return a scorecard trained on a sample of `subject_id`, `as_of`, `bad` (0 or 1) and the kind's features.

    The same sample and seed give the same card, bit for bit, on one machine. The metrics are those of a card made
    the same way from 70 % of the subjects and measured on the others; the card itself uses all of them.

    :raises TooLittleData: too few rows or bads, or no feature tells good from bad.
    """
    from threadpoolctl import threadpool_limits

    rows = sample.sort_by([("subject_id", "ascending"), ("as_of", "ascending")])
    bad = rows.column("bad").to_numpy().astype(int)
    if len(bad) < LEAST_ROWS or min(bad.sum(), len(bad) - bad.sum()) < LEAST_BADS:
        raise TooLittleData(
            f"The facts give {len(bad)} {kind} observations, {bad.sum()} of them bad: "
            f"a scorecard needs {LEAST_ROWS} with {LEAST_BADS} bad. Let more loans run their time, or use the starter."
        )
    features = catalogue(kind).scored
    columns = {
        feature.name: rows.column(feature.name).to_numpy(zero_copy_only=False).astype(float) for feature in features
    }
    subjects = np.asarray(rows.column("subject_id").to_pylist())
    with threadpool_limits(1):
        test = _holdout(subjects, seed)
        card, aside = _card(kind, features, columns, bad)
        measured = _measure(kind, features, columns, bad, subjects, test, seed)
    counted = {"rows": len(bad), "bads": int(bad.sum())}
    return Trained(card=card, metrics=measured | {"set_aside": aside, "sample": counted})


def prepare() -> None:
    """Import what takes seconds to import."""
    _optimal_binning()


def _holdout(subjects: np.ndarray, seed: int) -> np.ndarray:
    """Put 30 % of the subjects aside, by a digest of their name: no row's order matters."""
    parts = [int(sha256(f"{seed}:{name}".encode()).hexdigest()[:8], 16) % 100 for name in subjects]
    return np.asarray(parts) < HOLDOUT_PERCENT


def _measure(
    kind: Kind,
    features: Sequence[Feature],
    columns: dict[str, np.ndarray],
    bad: np.ndarray,
    subjects: np.ndarray,
    test: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    if min(bad[test].sum(), (1 - bad[test]).sum(), bad[~test].sum()) < 5:
        return {"holdout": None}
    card, _ = _card(kind, features, {name: values[~test] for name, values in columns.items()}, bad[~test])
    used = [feature["name"] for feature in card["features"]]
    pd = np.asarray(
        [
            scorecard.score(card=card, values=dict(zip(used, row, strict=True))).pd_ppm / scorecard.PER_MILLION
            for row in np.column_stack([columns[name][test] for name in used]).tolist()
        ]
    )
    return {"holdout": metrics.measure(bad=bad[test], pd=pd, groups=subjects[test], seed=seed)}


def _card(
    kind: Kind, features: Sequence[Feature], columns: dict[str, np.ndarray], bad: np.ndarray
) -> tuple[dict[str, Any], dict[str, str]]:
    aside: dict[str, str] = {}
    binned = []
    for feature in features:
        found = _bin(feature, columns[feature.name], bad)
        if isinstance(found, str):
            aside[feature.name] = found
        else:
            binned.append(found)
    chosen = _choose(binned, columns, aside)
    coefficients, intercept, chosen = _regress(chosen, columns, bad, aside)
    factor = scorecard.POINTS_TO_DOUBLE_ODDS / math.log(2)
    offset = scorecard.BASE_SCORE - factor * math.log(scorecard.BASE_ODDS)
    card = {
        "kind": kind,
        "catalogue": catalogue(kind).version,
        "base_score": scorecard.BASE_SCORE,
        "base_odds": scorecard.BASE_ODDS,
        "points_to_double_odds": scorecard.POINTS_TO_DOUBLE_ODDS,
        "base_points": round(offset - factor * intercept),
        "features": [
            _described(item, -factor * coefficient, coefficient)
            for item, coefficient in zip(chosen, coefficients, strict=True)
        ],
    }
    scorecard.check(card=card)
    return card, aside


def _bin(feature: Feature, values: np.ndarray, bad: np.ndarray) -> _Binned | str:
    known = ~np.isnan(values)
    if not known.any():
        return "all missing"
    if len(np.unique(values[known])) < 2:
        return "constant"
    splits = _splits(values[known], bad[known], rises=feature.risk == "rises")
    if not splits:
        return "no bins whose risk runs the expected way"
    where = _bin_of(values, splits)
    goods, bads = (np.bincount(where[bad == flag], minlength=len(splits) + 2) for flag in (0, 1))
    share_good = (goods + SMOOTHING) / (goods.sum() + SMOOTHING * len(goods))
    share_bad = (bads + SMOOTHING) / (bads.sum() + SMOOTHING * len(bads))
    woes = np.log(share_good / share_bad)
    # Few unknown values say nothing about those that come: neutral.
    if goods[-1] + bads[-1] < LEAST_BIN_SHARE * len(values):
        woes[-1] = 0.0
    information = float(np.sum((share_good - share_bad) * woes))
    # As many bins would find about so much in pure chance.
    chance = 2 * (len(splits)) * (1 / max(1, goods.sum()) + 1 / max(1, bads.sum()))
    if information < max(LEAST_INFORMATION, chance):
        return f"tells too little (information value {information:.3f})"
    return _Binned(
        feature=feature,
        splits=tuple(float(split) for split in splits),
        woes=tuple(round(float(woe), 10) for woe in woes),
        counts=tuple((int(good), int(one)) for good, one in zip(goods, bads, strict=True)),
        information=round(information, 6),
    )


def _splits(values: np.ndarray, bad: np.ndarray, *, rises: bool) -> list[float]:
    binning = _optimal_binning()(
        dtype="numerical",
        solver="cp",
        monotonic_trend="ascending" if rises else "descending",
        max_n_bins=MOST_BINS,
        min_bin_size=LEAST_BIN_SHARE,
        max_n_prebins=20,
        time_limit=20,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        binning.fit(values, bad)
    # Splits come as 32-bit floats: six digits are what people read, and what is stored.
    return sorted({float(f"{split:.6g}") for split in binning.splits})


def _optimal_binning() -> type:
    """Import the binning; a solver it brings along and never uses complains about another's version."""
    chatty = logging.getLogger("__cvxpy__")
    chatty.addFilter(_refuse)
    try:
        from optbinning import OptimalBinning
    finally:
        chatty.removeFilter(_refuse)
    return OptimalBinning


def _refuse(_: logging.LogRecord) -> bool:
    return False


def _bin_of(values: np.ndarray, splits: Sequence[float]) -> np.ndarray:
    """Return the number of each value's bin; unknown values have the last."""
    where = np.searchsorted(np.asarray(splits), values, side="right")
    return np.where(np.isnan(values), len(splits) + 1, where)


def _choose(binned: list[_Binned], columns: dict[str, np.ndarray], aside: dict[str, str]) -> list[_Binned]:
    """Keep the strongest features that do not say the same thing twice."""
    kept: list[_Binned] = []
    woes: list[np.ndarray] = []
    for item in sorted(binned, key=lambda one: -one.information):
        mine = item.transform(columns[item.feature.name])
        twin = next((k for k, w in zip(kept, woes, strict=True) if abs(_correlation(mine, w)) > MOST_CORRELATION), None)
        if twin is not None:
            aside[item.feature.name] = f"says the same as {twin.feature.name}"
        elif len(kept) == MOST_FEATURES:
            aside[item.feature.name] = f"weaker than the {MOST_FEATURES} used"
        else:
            kept.append(item)
            woes.append(mine)
    return kept


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _regress(
    chosen: list[_Binned], columns: dict[str, np.ndarray], bad: np.ndarray, aside: dict[str, str]
) -> tuple[list[float], float, list[_Binned]]:
    """Fit, and drop what would turn its own bins upside down, until every feature counts the right way."""
    from sklearn.linear_model import LogisticRegression

    while chosen:
        woes = np.column_stack([item.transform(columns[item.feature.name]) for item in chosen])
        model = LogisticRegression(C=1.0, solver="lbfgs", max_iter=1_000, tol=1e-8).fit(woes, bad)
        coefficients = model.coef_[0]
        worst = int(np.argmax(coefficients))
        # Evidence for good lowers the odds of bad: a coefficient must be below zero.
        if coefficients[worst] < 0:
            return [round(float(c), 10) for c in coefficients], round(float(model.intercept_[0]), 10), chosen
        aside[chosen[worst].feature.name] = "would count the wrong way beside the others"
        chosen = [item for index, item in enumerate(chosen) if index != worst]
    raise TooLittleData("No feature tells good from bad in these facts: let more loans run their time.")


def _described(item: _Binned, scale: float, coefficient: float) -> dict[str, Any]:
    bounds = [None, *item.splits, None]
    parts = [
        {"count": good + one, "bads": one, "woe": woe, "points": round(scale * woe)}
        for (good, one), woe in zip(item.counts, item.woes, strict=True)
    ]
    return {
        "name": item.feature.name,
        "description": item.feature.description,
        "unit": item.feature.unit,
        "risk": item.feature.risk,
        "reason": item.feature.reason,
        "coefficient": coefficient,
        "information_value": item.information,
        "bins": [{"low": bounds[i], "high": bounds[i + 1], **part} for i, part in enumerate(parts[:-1])],
        "missing": parts[-1],
    }
