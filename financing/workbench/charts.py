"""Charts of the workbench: columns, and the points of a score."""

from collections.abc import Sequence

from django.utils.safestring import SafeString

from payments.views.charts import drawn


def bars(*, labels: Sequence[str], values: Sequence[float], title: str, unit: str) -> SafeString:
    """Return a column chart; every column reads as ``label: value`` to who cannot see it."""
    rows = [{"label": label, "value": value} for label, value in zip(labels, values, strict=True)]
    return drawn(
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
    return drawn(
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
