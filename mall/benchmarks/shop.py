"""The shop measured: pages and whole guest purchases of a running server, beside a bare Django view."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from mall.catalogue import tree
from mall.search.models import SearchEntry

ROUNDS = 3
CROWD = 4
# Medians in milliseconds for one shopper, by the name of the page.
TARGETS = {"listing": 40, "search with facets": 60, "product": 25, "basket of 8 lines": 60, "whole purchase": 220}
PURCHASES = {1: 4.5, CROWD: 8}
KNOWN = 200


class UnableToVisit(Exception):
    """A visitor could not go on; the text says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Hosts (`127.0.0.1:8000`) of the shop and of the bare view, and how long a round lasts."""

    shop: str
    bare: str
    folder: Path
    seconds: float
    card_seconds: Callable[[], float]
    say: Callable[[str], object]
    figure: Callable[..., object]


def run(*, setting: Setting) -> list[object]:
    """Return the figures."""
    pages, products = _pages(), _products()
    spent: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    with _visitor(folder=setting.folder) as visit:
        for number in range(ROUNDS):
            setting.say(f"Round {number + 1} of {ROUNDS} …")
            for host, name, act, shoppers in _acts(setting=setting):
                told = visit(
                    host=host,
                    act=act,
                    seconds=setting.seconds,
                    shoppers=shoppers,
                    pages=[("bare view", ["/"])] if host == setting.bare else pages,
                    products=products,
                    seed=number * 1_000,
                )
                one = told["spent"].pop("whole purchase", [])
                rates.setdefault(name, []).append((len(one) if act == "buy" else told["answers"]) / told["seconds"])
                if shoppers == 1:
                    for page, times in (told["spent"] | ({"whole purchase": one} if one else {})).items():
                        spent.setdefault(page, []).extend(times)
    return [*_page_figures(spent=spent, figure=setting.figure), *_rate_figures(rates=rates, setting=setting)]


def _acts(*, setting: Setting) -> Iterator[tuple[str, str, str, int]]:
    """Yield host, name of the rate, act and shoppers of each part of a round."""
    for shoppers in (1, CROWD):
        many = f"{shoppers} shopper" + ("s" if shoppers > 1 else "")
        yield setting.bare, f"bare view, {many}", "look", shoppers
        yield setting.shop, f"pages, {many}", "look", shoppers
        yield setting.shop, f"guest purchases, {many}", "buy", shoppers
    yield setting.shop, "basket of 8 lines", "basket", 1


def _page_figures(*, spent: dict[str, list[float]], figure: Callable[..., object]) -> Iterator[object]:
    bare = median(spent["bare view"])
    for name, times in spent.items():
        yield figure(
            name=f"{name}, median", value=round(median(times), 1), unit="ms",
            yardstick="" if name == "bare view" else f"the bare view: {median(times) / bare:.1f} times",
            target=TARGETS.get(name), at_most=name in TARGETS,
        )  # fmt: skip
        yield figure(name=f"{name}, p95", value=round(sorted(times)[int(len(times) * 0.95)], 1), unit="ms")


def _rate_figures(*, rates: dict[str, list[float]], setting: Setting) -> Iterator[object]:
    for name, values in rates.items():
        if name == "basket of 8 lines":
            continue
        shoppers = CROWD if str(CROWD) in name else 1
        bought = name.startswith("guest purchases")
        bare = median(rates[f"bare view, {name.partition(', ')[2]}"])
        yield setting.figure(
            name=name,
            value=round(median(values), 2),
            unit="purchases/s" if bought else "requests/s",
            yardstick="" if name.startswith("bare") else f"the bare view: {median(values) / bare:.4f}",
            target=PURCHASES[shoppers] if bought else None,
        )
    yield setting.figure(
        name="of a purchase, the card stand-in's own time", value=round(setting.card_seconds() * 1_000, 1), unit="ms"
    )


def _pages() -> list[tuple[str, list[str]]]:
    """Return the kinds of pages with addresses of each, from what the search table knows."""
    # Words that many products have, so that results have facets.
    titles = SearchEntry.objects.order_by("product_id").values_list("title", flat=True)[: KNOWN * 5]
    words: dict[str, int] = {}
    for title in titles:
        for word in {word.strip(",.()").lower() for word in title.split() if len(word) > 3 and word.isalpha()}:
            words[word] = words.get(word, 0) + 1
    common = sorted(words, key=lambda word: (-words[word], word))[:40]
    categories = [node.url for node in tree.tree().values()][:KNOWN]
    return [
        ("home", ["/"]),
        ("listing", categories),
        ("search with facets", [f"/search/?q={word}" for word in common]),
        ("suggestions", [f"/search/suggest/?q={word[:4]}" for word in common]),
        ("product", _products()),
    ]


def _products() -> list[str]:
    rows = SearchEntry.objects.filter(in_stock=True).order_by("product_id").values_list("product_id", "slug")[:KNOWN]
    return [f"/p/{slug}-{product_id}/" for product_id, slug in rows]


@contextmanager
def _visitor(*, folder: Path) -> Iterator[Callable[..., dict]]:
    """Keep a visiting process, so that its work is not measured as the server's."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mall.benchmarks.visitor"],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def visit(**wanted: object) -> dict:
        process.stdin.write(json.dumps(wanted) + "\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline() or '{"problem": "The visiting process ended."}')
        if "problem" in told:
            raise UnableToVisit(f"{wanted['act']} at {wanted['host']}: {told['problem']}")
        return told

    try:
        yield visit
    finally:
        process.kill()
        process.communicate()


