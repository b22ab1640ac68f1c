"""A figure tells whether its target is reached, by its ratio where it has one."""

from payments.benchmarks.figures import Figure, against, table


def test_a_ratio_of_medians_must_reach_its_target() -> None:
    one = against(name="post", values=[90, 110, 100], unit="/s", yardstick="TPC-B", by=[300, 50, 100], target=1.0)
    assert (one.value, one.ratio, one.met) == (100, 1.0, True)
    assert not against(name="post", values=[99], unit="/s", yardstick="TPC-B", by=[100], target=1.0).met


def test_a_value_without_a_ratio_must_itself_stay_within_its_target() -> None:
    assert Figure(name="disk", value=300, unit="bytes", target=300, at_most=True).met
    assert not Figure(name="disk", value=300.1, unit="bytes", target=300, at_most=True).met
    assert Figure(name="told", value=5, unit="ms").met


def test_every_figure_is_a_line_and_an_object() -> None:
    figures = [
        against(name="post", values=[50], unit="/s", yardstick="TPC-B", by=[100], target=1.0),
        Figure(name="disk", value=12_345.6, unit="bytes", target=20_000, at_most=True),
        Figure(name="told", value=5, unit="ms"),
    ]
    heading, *lines = table(figures=figures)
    assert heading.split() == ["figure", "value", "unit", "ratio", "target", "yardstick"]
    assert [line.split() for line in lines] == [
        ["post", "50.0", "/s", "0.50", "≥", "1", "✗", "TPC-B"],
        ["disk", "12,345.6", "bytes", "≤", "20000", "✓"],
        ["told", "5.0", "ms"],
    ]
    assert figures[0].to_json() == {
        "name": "post", "value": 50, "unit": "/s", "yardstick": "TPC-B", "ratio": 0.5, "target": 1.0, "at_most": False,
        "met": False,
    }  # fmt: skip
