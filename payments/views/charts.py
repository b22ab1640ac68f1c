"""Charts as Vega-Lite specifications, drawn to SVG on the server and cached. Colors are the site's tokens."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import date

from django.core.cache import cache
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_KEPT_SECONDS = 7 * 24 * 3600
_FONT = "Manrope, system-ui, sans-serif"
# Inside a page an SVG needs no namespaces.
_NAMESPACES = re.compile(r' xmlns(:xlink)?="[^"]*"')
_CONFIG = {
    "background": None,
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--ink-soft)",
        "titleColor": "var(--ink-soft)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line-strong)",
        "tickColor": "var(--line-strong)",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": 500,
    },
}


def stacked(
    *, days: Sequence[tuple[date, Sequence[int]]], names: Sequence[str], colors: Sequence[str], title: str, unit: str
) -> SafeString:
    """Return columns by day, each made of parts that are ``names``; whoever cannot see it reads day, part and value."""
    rows = [
        {"day": day.isoformat(), "part": name, "value": value, "place": place}
        for day, values in days
        for place, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    every = max(1, len(days) // 6)
    shown = [day.isoformat() for day, _values in days][::every]
    return drawn(
        {
            "width": 560,
            "height": 180,
            "data": {"values": rows},
            "description": title,
            "mark": {"type": "bar"},
            "encoding": {
                "x": {
                    "field": "day",
                    "type": "ordinal",
                    "axis": {"title": None, "labelAngle": 0, "values": shown, "labelExpr": "slice(datum.value, 5)"},
                },
                "y": {"field": "value", "type": "quantitative", "axis": {"title": unit, "tickCount": 4}},
                "order": {"field": "place", "type": "quantitative"},
                "color": {
                    "field": "part",
                    "type": "nominal",
                    "scale": {"domain": list(names), "range": list(colors)},
                    "legend": {"title": None, "orient": "top", "labelColor": "var(--ink-soft)", "labelFontSize": 12},
                },
            },
        }
    )


def drawn(spec: dict[str, object]) -> SafeString:
    """Return a specification as an SVG for a page; the same one is drawn once."""
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **spec}
    text = json.dumps(spec, sort_keys=True)
    key = f"drawing:{hashlib.sha256(text.encode()).hexdigest()}"
    svg = cache.get(key)
    if svg is None:
        import vl_convert

        svg = vl_convert.vegalite_to_svg(vl_spec=text)
        # A group, not a picture: what it is made of is read out too.
        named = f'<svg role="group" aria-label="{escape(spec["description"])}" '
        svg = _NAMESPACES.sub("", svg).replace("<svg ", named, 1)
        cache.set(key, svg, _KEPT_SECONDS)
    return mark_safe(svg)  # noqa: S308 - drawn from our own figures; the labels are escaped by the drawing
