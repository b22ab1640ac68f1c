"""Search measured: how long people wait for suggestions and results, and how good the order is."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from statistics import median, quantiles

from django.db import transaction

from mall.benchmarks import judged, market
from mall.search import facets, queries

ROUNDS = 3
HEAD, TORSO, TAIL, TYPOS, NOTHING = 60, 60, 40, 20, 20
SUGGESTED, FOUND, GOOD = 50, 150, 0.85


def mix() -> dict[str, list[str]]:
    """Return the fixed mix of 200 searches: common words, some together, rare ones, misspelled ones, and nonsense."""
    draw = random.Random(11)  # noqa: S311 - for a fixed mix, not for secrets
    names = market.brands()
    typos = []
    while len(typos) < TYPOS:
        word = draw.choice([noun for noun in market.NOUNS[:60] if len(noun) > 4])
        cut = draw.randrange(1, len(word) - 1)
        slip = draw.choice((word[:cut] + word[cut + 1 :], word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]))
        if slip != word and slip not in market.NOUNS:
            typos.append(slip)
    return {
        "head": [*market.NOUNS[:40], *market.COLORS[:8], *market.QUALITIES[:12]],
        "torso": [f"{draw.choice(market.QUALITIES)} {draw.choice(market.NOUNS[:50])}" for _ in range(TORSO // 2)]
        + [" ".join(map(draw.choice, (market.NOUNS, market.COLORS, market.MATERIALS))) for _ in range(TORSO // 2)],
        "tail": [f"{draw.choice(names)} {draw.choice(market.NOUNS)}" for _ in range(TAIL)],
        "typos": typos,
        "nothing": [
            "".join(draw.choices("bcdfghjkqvwxz", k=draw.randint(6, 10))) for _ in range(NOTHING // 2)
        ] + [f"{draw.choice(market.NOUNS)} {''.join(draw.choices('qxzvkj', k=7))}" for _ in range(NOTHING // 2)],
    }  # fmt: skip


def prefixes() -> list[str]:
    """Return what the search box sends while somebody types: 200 beginnings, of two letters to most of two words."""
    draw = random.Random(13)  # noqa: S311 - for a fixed mix, not for secrets
    found = []
    for _ in range(100):
        noun = draw.choice(market.NOUNS[:80])
        found.append(noun[: draw.randint(2, max(2, len(noun) - 1))])
        found.append(f"{draw.choice(market.QUALITIES)} {noun[: draw.randint(2, max(2, len(noun) - 1))]}")
    return found


def run(
    *,
    products: int,
    at: datetime,
    tidy: Callable[[], object],
    say: Callable[[str], object],
    figure: Callable[..., object],
) -> list[object]:
    """Return the figures; ``figure`` makes one of a name, a value, a unit and a target, ``tidy`` vacuums."""
    with transaction.atomic():
        said = _judge(at=at, figure=figure)
        transaction.set_rollback(True)
    began = time.perf_counter()
    market.open_stores(at=at)
    market.fill(products=products, at=at, say=say)
    tidy()
    said.append(figure(name=f"catalogue of {products:,} made and indexed", value=time.perf_counter() - began, unit="s"))
    began = time.perf_counter()
    counted = queries.count_common()
    ahead = time.perf_counter() - began
    said.append(figure(name=f"counting ahead for {counted} common words, as each hour", value=ahead, unit="s"))
    suggesting = _timed(act=lambda text: queries.suggest(text=text), texts=prefixes())
    said.append(figure(name="suggestions, p95", value=_p95(suggesting), unit="ms", target=SUGGESTED, at_most=True))
    said.append(figure(name="suggestions, median", value=median(suggesting), unit="ms"))
    everything: list[float] = []
    for kind, texts in mix().items():
        times = _timed(act=lambda text: queries.search(text=text), texts=texts)
        everything += times
        said.append(figure(name=f"search with facets, {kind}, p95", value=_p95(times), unit="ms"))
    said.append(figure(name="search with facets, p95", value=_p95(everything), unit="ms", target=FOUND, at_most=True))
    said.append(figure(name="search with facets, median", value=median(everything), unit="ms"))
    return said


def _judge(*, at: datetime, figure: Callable[..., object]) -> list[object]:
    products = judged.load(merchant_id=market.open_stores(at=at), at=at)
    scores = judged.score(products=products)
    said = [figure(name="order of results, nDCG@10", value=scores.pop(""), unit="of 1", target=GOOD, at_most=False)]
    return said + [figure(name=f"nDCG@10, {name}", value=value, unit="of 1") for name, value in sorted(scores.items())]


def _timed(*, act: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Return milliseconds of each call; of counts only those made ahead are there, none that an earlier call kept."""
    times = []
    kept, facets.KEPT = facets.KEPT, 0
    try:
        for text in texts:
            act(text)
        for _ in range(ROUNDS):
            for text in texts:
                began = time.perf_counter()
                act(text)
                times.append((time.perf_counter() - began) * 1_000)
    finally:
        facets.KEPT = kept
    return times


def _p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1]
