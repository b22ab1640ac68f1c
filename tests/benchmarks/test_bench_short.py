"""The other benchmarks run in a short form on the configured server, and say what they measured as JSON."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.test_bench_ledger import bench


@pytest.mark.parametrize(
    ("subject", "arguments", "figures"),
    [
        (
            "payments",
            ("--seconds", "0.3"),
            {"what does not hold afterwards", "a webhook from receipt to answer, p95", "capture, p95"},
        ),
        (
            "search",
            ("--products", "1000"),
            {"order of results, nDCG@10", "suggestions, p95", "search with facets, p95"},
        ),
        (
            "shop",
            ("--seconds", "0.3", "--products", "1000"),
            {"bare view, median", "listing, median", "basket of 8 lines, median", "guest purchases, 4 shoppers"},
        ),
        ("imports", ("--lines", "60"), {"lines missing afterwards", "60 new lines listed", "60 lines undone"}),
        ("settlement", ("--consignments", "200", "--merchants", "20"), set()),
    ],
)
def test_a_short_measurement_ends_with_its_figures(
    server_home: Path, subject: str, arguments: tuple[str, ...], figures: set[str]
) -> None:
    done = bench(server_home, "--json", *arguments, subject=subject)
    assert done.returncode in (0, 1), done.stderr[-2_000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["bench"] == subject
    assert said["met"] is (done.returncode == 0)
    told = {figure["name"]: figure for figure in said["figures"]}
    assert figures <= set(told)
    if subject == "payments":
        assert told["what does not hold afterwards"]["value"] == 0
    if subject == "search":
        assert told["order of results, nDCG@10"]["met"]
