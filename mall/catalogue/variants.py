"""Choosing a variant: each value of each option leads to the variant that has it, the other options kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

AVAILABLE, SOLD_OUT, ELSEWHERE = "available", "sold_out", "elsewhere"


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: its option values by attribute code as (attribute, value, place), and what its best offer asks."""

    product_id: int
    slug: str
    values: Mapping[str, tuple[str, str, int]]
    price: int | None
    currency: str
    in_stock: bool

    @property
    def url(self) -> str:
        """Return the address of its page."""
        return reverse("product", args=[self.slug, self.product_id])


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that can be chosen: `state` says whether this combination is in stock, sold out or not made at all.

    What is not made leads `elsewhere`: to the nearest variant that has the value.
    """

    value: str
    url: str
    chosen: bool
    state: str
    price: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Option:
    """What variants differ by, with its values in their order."""

    code: str
    name: str
    chosen: str
    choices: tuple[Choice, ...]


def best(*, variants: Sequence[Variant]) -> Variant | None:
    """Return the variant to show where none was chosen: in stock before sold out, then the cheapest."""
    if not variants:
        return None
    return min(
        variants,
        key=lambda variant: (
            not variant.in_stock,
            variant.price is None,
            variant.price or 0,
            variant.product_id,
        ),
    )


def options(*, variants: Sequence[Variant], chosen: Variant) -> tuple[Option, ...]:
    """Return the options of a product's variants as seen from the chosen one."""
    codes = dict.fromkeys(code for variant in [chosen, *variants] for code in variant.values)
    found = (_option(code=code, variants=variants, chosen=chosen) for code in codes)
    return tuple(option for option in found if option is not None)


def _option(*, code: str, variants: Sequence[Variant], chosen: Variant) -> Option | None:
    having = [variant for variant in variants if code in variant.values]
    values = {variant.values[code][1]: variant.values[code][2] for variant in having}
    if not having or code not in chosen.values:
        return None
    name, own, _place = chosen.values[code]
    ordered = sorted(values, key=lambda value: (values[value], value))
    choices = tuple(_choice(code=code, value=value, having=having, chosen=chosen) for value in ordered)
    return Option(code=code, name=name, chosen=own, choices=choices)


def _choice(*, code: str, value: str, having: Sequence[Variant], chosen: Variant) -> Choice:
    wanted = {other: said[1] for other, said in chosen.values.items() if other != code}

    def fit(variant: Variant) -> tuple[int, bool, bool, int, int]:
        same = sum(variant.values.get(other, ("", "", 0))[1] == text for other, text in wanted.items())
        return (-same, not variant.in_stock, variant.price is None, variant.price or 0, variant.product_id)

    nearest = min((variant for variant in having if variant.values[code][1] == value), key=fit)
    exact = all(nearest.values.get(other, ("", "", 0))[1] == text for other, text in wanted.items())
    state = ELSEWHERE if not exact else AVAILABLE if nearest.in_stock else SOLD_OUT
    return Choice(
        value=value,
        url=nearest.url,
        chosen=nearest.product_id == chosen.product_id,
        state=state,
        price=nearest.price,
        currency=nearest.currency,
    )
