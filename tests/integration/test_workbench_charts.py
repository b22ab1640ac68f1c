"""Charts are drawn on the server, once, in the site's own colors, and ask no other host for anything."""

import re

import pytest

from financing.workbench import charts

pytestmark = pytest.mark.usefixtures("servers")


def test_a_chart_is_an_svg_in_the_tokens_colors():
    drawn = charts.bars(labels=["Jan", "Feb"], values=[3, 5], title="Sales", unit="EUR")
    assert drawn.startswith("<svg ")
    assert "var(--accent)" in drawn
    assert "Jan" in drawn
    assert "http" not in drawn


def test_a_label_cannot_write_markup():
    drawn = charts.points(labels=["<script>alert(1)</script>", "fine"], values=[-5, 7], title="Points")
    assert "<script" not in drawn
    assert len(re.findall(r'fill="var\(--(?:good|bad)\)"', drawn)) == 2


def test_the_same_chart_is_drawn_once(monkeypatch):
    import vl_convert

    first = charts.bars(labels=["a"], values=[1], title="t", unit="EUR")
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda **given: pytest.fail("drawn again"))
    assert charts.bars(labels=["a"], values=[1], title="t", unit="EUR") == first
