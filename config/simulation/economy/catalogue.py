"""The made-up catalog: titles, descriptions and attributes put together from the vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.simulation.economy import targets, words
from config.simulation.economy.draw import Floats, by_quantiles, ranks

_PROPER = {"Chelsea", "Oxford", "USB-C", "Moka"}


@dataclass(frozen=True, slots=True)
class Listing:
    """What is written about a product, and what it weighs and costs (minor units)."""

    title: str
    description: str
    category: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]
    weight_g: int
    price: int


def write_listings(*, generator: np.random.Generator, aisles: list[int], sales: Floats) -> list[Listing]:
    """Return one listing per entry of ``aisles`` (indices of :data:`words.AISLES`), no two with the same title.

    Prices of what is sold follow the target distribution (``sales`` weighs the products); which product gets which
    follows what such things are worth.
    """
    count = len(aisles)
    picks = generator.random((count, 6))
    drafts = []
    taken: set[str] = set()
    worth = np.empty(count)
    for index, place in enumerate(aisles):
        aisle = words.AISLES[place]
        thing, title, facts = _title(aisle, picks[index], taken)
        taken.add(title)
        worth[index] = np.log(thing.worth) + 0.55 * generator.standard_normal()
        drafts.append((aisle, thing, title, facts))
    prices = _round_prices(by_quantiles(ranks(worth, sales), targets.PRICE))
    weights = generator.lognormal(0.0, 0.2, count)
    return [
        Listing(
            title=title,
            description=_description(aisle, thing, facts, pick),
            category=(*aisle.path, thing.noun if thing.noun.endswith("s") else _plural(thing.noun)),
            attributes=tuple(facts.items()),
            weight_g=max(20, int(thing.grams * weight)),
            price=int(price),
        )
        for (aisle, thing, title, facts), price, weight, pick in zip(drafts, prices, weights, picks, strict=True)
    ]


def _title(aisle: words.Aisle, pick: Floats, taken: set[str]) -> tuple[words.Thing, str, dict[str, str]]:
    thing = _choose(aisle.things, pick[0])
    made = words.MADE_OF.get(thing.noun, aisle.materials)
    brands = words.BRANDS[aisle.path[0]]
    # When a name is taken the next brand, then the next color, is tried in turn.
    for turn in range(len(brands) * len(aisle.colors) * len(thing.sizes)):
        brand = _choose(brands, pick[1], turn)
        color = _choose(aisle.colors, pick[3], turn // len(brands))
        size = _choose(thing.sizes, pick[4], turn // (len(brands) * len(aisle.colors)))
        material = _choose(made, pick[2])
        title = f"{brand} {material} {thing.noun}, {color}"
        if len(thing.sizes) > 1:
            title += f", {size}"
        if title not in taken:
            break
    else:
        title = f"{title} No. {len(taken) + 1}"
    return thing, title, {"Brand": brand, "Material": material, aisle.color_word: color, aisle.size_word: size}


def _description(aisle: words.Aisle, thing: words.Thing, facts: dict[str, str], pick: Floats) -> str:
    noun = " ".join(word if word in _PROPER else word.lower() for word in thing.noun.split())
    material = facts["Material"].lower().replace("-", " ")
    article = "" if noun.endswith("s") else ("an " if material[0] in "aeiou" else "a ")
    opening = f"{article}{material} {noun} {thing.use}."
    praise = _choose(aisle.praise, pick[5])
    *_, color, size = facts.values()
    closing = f"By {facts['Brand']}, {color.lower()}" + (f", {size}" if len(thing.sizes) > 1 else "")
    return f"{opening[0].upper()}{opening[1:]} {praise}. {closing}."


def _round_prices(prices: Floats) -> Floats:
    """Return prices as shops write them: whole steps less a cent, coarser for dear things."""
    steps = np.where(prices < 2_000, 50, np.where(prices < 20_000, 100, 500))
    return np.maximum(np.round(prices / steps) * steps - 1, 99)


def _plural(noun: str) -> str:
    if noun == "Mouse":
        return "Mice"
    if noun.endswith(("x", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y"):
        return f"{noun[:-1]}ies"
    return noun if noun.endswith(("Oil", "Honey", "Paper", "Parfum")) else f"{noun}s"


def _choose(options: tuple, place: float, turn: int = 0):
    return options[(int(place * len(options)) + turn) % len(options)]
