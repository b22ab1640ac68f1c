"""Figures of a measurement, their targets, and how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value; what it is compared with, and the ratio or value it must reach.

    ``ratio`` is value / yardstick. ``target`` is for the ratio where there is one, else for the value itself; it is a
    least value, or with ``at_most`` a greatest. Without a target the figure is only told.
    """

    name: str
    value: float
    unit: str
    yardstick: str = ""
    ratio: float | None = None
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Tell whether the target is reached; a figure without one is."""
        if self.target is None:
            return True
        reached = self.value if self.ratio is None else self.ratio
        return reached <= self.target if self.at_most else reached >= self.target

    def to_json(self) -> Mapping[str, object]:
        """Return the figure as plain values."""
        return {name: getattr(self, name) for name in (*self.__slots__, "met")}


def against(
    *, name: str, values: Sequence[float], unit: str, yardstick: str, by: Sequence[float], target: float
) -> Figure:
    """Return the median of ``values``, with its ratio to the yardstick's median and the least it must reach."""
    ratio = round(median(values) / median(by), 3)
    return Figure(name=name, value=round(median(values), 1), unit=unit, yardstick=yardstick, ratio=ratio, target=target)


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not pass; nothing measured is nothing."""
    return sorted(values)[int(len(values) * 0.95)] if values else 0.0


def table(*, figures: Sequence[Figure]) -> list[str]:
    """Return the figures as lines for people."""
    lines = [f"{'figure':<58}{'value':>14} {'unit':<14}{'ratio':>7}  {'target':>8}   yardstick"]
    for one in figures:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        target = "" if one.target is None else f"{'≤' if one.at_most else '≥'} {one.target:g}"
        sign = "" if one.target is None else "✓" if one.met else "✗"
        measured = f"{one.name:<58}{one.value:>14,.1f} {one.unit:<14}{ratio:>7}"
        lines.append(f"{measured}  {target:>8} {sign or ' '} {one.yardstick}".rstrip())
    return lines
