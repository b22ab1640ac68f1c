"""Charts as Vega-Lite specifications, drawn to SVG on the server and cached. Colors are the site's tokens."""

import hashlib
import json
import re
from collections.abc import Sequence

from django.core.cache import cache
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


def bars(*, labels: Sequence[str], values: Sequence[float], title: str, unit: str) -> SafeString:
    """Return a column chart; every column reads as ``label: value`` to who cannot see it."""
    rows = [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)]
    return _drawn(
        {
            "width": 560,
            "height": 200,
            "data": {"values": rows},
            "description": title,
            "mark": {"type": "bar", "color": "var(--accent)", "cornerRadiusEnd": 3},
            "encoding": {
                "x": {"field": "label", "type": "ordinal", "sort": None, "axis": {"title": None, "labelAngle": 0}},
                "y": {"field": "value", "type": "quantitative", "axis": {"title": unit, "tickCount": 4}},
            },
        }
    )


def points(*, labels: Sequence[str], values: Sequence[int], title: str) -> SafeString:
    """Return the points of a score as bars to the left and right of nothing."""
    rows = [
        {"label": label, "points": value, "side": "gain" if value >= 0 else "loss"}
        for label, value in zip(labels, values, strict=True)
    ]
    return _drawn(
        {
            "width": 420,
            "height": {"step": 24},
            # The reader's font may be wider than the one the labels were measured in.
            "padding": {"left": 32, "top": 5, "right": 12, "bottom": 5},
            "data": {"values": rows},
            "description": title,
            "mark": {"type": "bar", "cornerRadius": 2},
            "encoding": {
                "y": {
                    "field": "label",
                    "type": "nominal",
                    "sort": None,
                    "axis": {"title": None, "labelLimit": 260, "ticks": False},
                },
                "x": {"field": "points", "type": "quantitative", "axis": {"title": "points", "tickCount": 5}},
                "color": {
                    "field": "side",
                    "type": "nominal",
                    "legend": None,
                    "scale": {"domain": ["gain", "loss"], "range": ["var(--good)", "var(--bad)"]},
                },
            },
        }
    )


def _drawn(spec: dict[str, object]) -> SafeString:
    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **spec}
    text = json.dumps(spec, sort_keys=True)
    key = f"chart:{hashlib.sha256(text.encode()).hexdigest()}"
    svg = cache.get(key)
    if svg is None:
        import vl_convert

        svg = vl_convert.vegalite_to_svg(vl_spec=text)
        svg = _NAMESPACES.sub("", svg).replace("<svg ", '<svg role="img" ', 1)
        cache.set(key, svg, _KEPT_SECONDS)
    return mark_safe(svg)  # noqa: S308 - drawn from our own figures; the labels are escaped by the drawing
