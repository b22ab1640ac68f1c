"""How well scores separate good from bad, with intervals; numpy alone, the same numbers every time."""

from typing import Any

import numpy as np

BANDS = 5
REPLICATES = 200


def measure(*, bad: np.ndarray, pd: np.ndarray, groups: np.ndarray, seed: int) -> dict[str, Any]:
    """Return AUC, Gini, KS and Brier with 95 % bootstrap intervals over subjects, and calibration by band."""
    found = _of(bad, pd)
    generator = np.random.default_rng(seed)
    members = _members(groups)
    drawn: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(REPLICATES):
        rows = np.concatenate([members[i] for i in generator.integers(0, len(members), len(members))])
        if 0 < bad[rows].sum() < len(rows):
            for name, value in _of(bad[rows], pd[rows]).items():
                drawn[name].append(value)
    return {
        "rows": len(bad),
        "bads": int(bad.sum()),
        **{
            name: {
                "value": round(value, 6),
                "low": round(float(np.quantile(drawn[name], 0.025)), 6) if drawn[name] else None,
                "high": round(float(np.quantile(drawn[name], 0.975)), 6) if drawn[name] else None,
            }
            for name, value in found.items()
        },
        "calibration": _calibration(bad, pd),
    }


def auc(*, bad: np.ndarray, pd: np.ndarray) -> float:
    """Return the chance that a bad one is given the higher probability; ties count half."""
    order = np.argsort(pd, kind="stable")
    ranks = np.empty(len(pd))
    ranks[order] = np.arange(1, len(pd) + 1)
    values, where = np.unique(pd, return_inverse=True)
    ranks = (np.bincount(where, ranks, len(values)) / np.bincount(where, minlength=len(values)))[where]
    bads = bad.sum()
    goods = len(bad) - bads
    return float((ranks[bad == 1].sum() - bads * (bads + 1) / 2) / (bads * goods))


def _of(bad: np.ndarray, pd: np.ndarray) -> dict[str, float]:
    area = auc(bad=bad, pd=pd)
    values = np.unique(pd)
    bads = np.searchsorted(np.sort(pd[bad == 1]), values, side="right") / max(1, bad.sum())
    goods = np.searchsorted(np.sort(pd[bad == 0]), values, side="right") / max(1, (1 - bad).sum())
    return {
        "auc": area,
        "gini": 2 * area - 1,
        "ks": float(np.max(np.abs(goods - bads))),
        "brier": float(np.mean((pd - bad) ** 2)),
    }


def _members(groups: np.ndarray) -> list[np.ndarray]:
    _, where = np.unique(groups, return_inverse=True)
    order = np.argsort(where, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(where[order])) + 1)


def _calibration(bad: np.ndarray, pd: np.ndarray) -> list[dict[str, float]]:
    bands = np.array_split(np.argsort(pd, kind="stable"), min(BANDS, len(pd)))
    return [
        {
            "rows": len(rows),
            "expected": round(float(pd[rows].mean()), 6),
            "actual": round(float(bad[rows].mean()), 6),
        }
        for rows in bands
    ]
