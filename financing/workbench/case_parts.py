"""The parts of a case page: prices, bounds, the score's points, features against peers, trade by month."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache import cache
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from financing.features.models import SubjectFeatures
from financing.features.registry import catalogue
from financing.underwriting.models import Application
from financing.workbench import charts
from mall.queries.trade import TradeMonth
from payments.money import Money, exponent

_PEERS_KEPT = 3600


def price_of(application: Application) -> str:
    """Return the price in words."""
    if application.fee_bps:
        return _("%(percent)s %% flat fee") % {"percent": f"{application.fee_bps / 100:g}"}
    if application.annual_rate_bps:
        return _("%(percent)s %% interest a year") % {"percent": f"{application.annual_rate_bps / 100:g}"}
    return _("no interest; the merchant pays %(percent)s %%") % {"percent": f"{application.subsidy_bps / 100:g}"}


def bounds(outcome: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return what set the limit, in the order it was measured."""
    return [(name, int(amount)) for name, amount in outcome.get("bounds", ())]


def points(kind: str, outcome: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the score's points, those that lost most first, each with its feature in words."""
    words = {one.name: one.description for one in catalogue(kind).features}
    found = [one | {"label": words.get(one["feature"], one["feature"])} for one in outcome.get("points", ())]
    return sorted(found, key=lambda one: one["points"] - one["best"])


def score_chart(rows: Sequence[Mapping[str, Any]]) -> SafeString | str:
    """Return the points as a chart; nothing where no score was made."""
    if not rows:
        return ""
    return charts.points(
        labels=[row["label"] for row in rows],
        values=[row["points"] for row in rows],
        title=_("Points of the score"),
    )


def trade_chart(history: Sequence[TradeMonth], application: Application) -> SafeString | str:
    """Return trade by month as a chart; nothing where there was none."""
    if not any(month.orders for month in history):
        return ""
    unit = 10 ** exponent(application.currency)
    title = _("Sales by month") if application.kind == "merchant" else _("Purchases by month")
    return charts.bars(
        labels=[date_format(month.month, "M y") for month in history],
        values=[month.amount / unit for month in history],
        title=title,
        unit=application.currency,
    )


def features(kind: str, currency: str, values: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Return the features that were known, in words, with how many of their peers in a hundred have less."""
    peers = _peers(kind, currency)
    rows = []
    for one in catalogue(kind).features:
        value = values.get(one.name)
        if value is None:
            continue
        others = peers.get(one.name, ())
        rows.append(
            {
                "name": one.name,
                "description": one.description,
                "text": _in_words(float(value), one.unit, currency),
                "below": round(100 * bisect_left(others, value) / len(others)) if len(others) > 1 else None,
            }
        )
    return rows


def _in_words(value: float, unit: str, currency: str) -> str:
    if unit == "minor units":
        return Money(round(value), currency).format()
    if unit == "share":
        return f"{value * 100:.1f} %"
    number = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"
    return number if unit in ("ratio", "flag") else f"{number} {unit}"


def _peers(kind: str, currency: str) -> dict[str, list[float]]:
    """Return up to 101 quantiles of each feature over everybody; kept for an hour, since offers are made nightly."""
    key = f"peers:{kind}:{currency}"
    found = cache.get(key)
    if found is None:
        rows = SubjectFeatures.objects.filter(kind=kind, currency=currency).values_list("values", flat=True)
        columns: dict[str, list[float]] = {}
        for values in rows.iterator():
            for name, value in values.items():
                if value is not None:
                    columns.setdefault(name, []).append(float(value))
        found = {name: _quantiles(sorted(column)) for name, column in columns.items()}
        cache.set(key, found, _PEERS_KEPT)
    return found


def _quantiles(ordered: Sequence[float]) -> list[float]:
    last = len(ordered) - 1
    return [ordered[last * step // 100] for step in range(101)] if last > 100 else list(ordered)
