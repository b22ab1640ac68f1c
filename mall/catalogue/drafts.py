"""A product as somebody describes it, before it is one; checked against its class, and kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from django.utils.translation import gettext as _

from mall.attributes.values import (
    DAY,
    NUMBER,
    OPTION,
    OPTIONS,
    TEXT,
    WHOLE,
    YES_NO,
    Asked,
    Value,
    said,
)
from mall.catalogue import gtin

TITLE_MOST, DESCRIPTION_MOST, VARIANTS_MOST, TEXT_MOST = 160, 8_000, 100, 500


@dataclass(frozen=True, slots=True)
class VariantDraft:
    """One variant: its values of what varies; `product_id` where it exists already."""

    values: dict[str, Value]
    gtin: str = ""
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product: without variants `gtin` is its own and `values` hold all it says."""

    title: str
    class_id: int
    category_ids: tuple[int, ...]
    description: str = ""
    gtin: str = ""
    values: dict[str, Value] | None = None
    variants: tuple[VariantDraft, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return what is kept of it."""
        return asdict(self)

    @property
    def gtins(self) -> list[str]:
        """Return every trade item number in it."""
        return [number for number in (self.gtin, *(variant.gtin for variant in self.variants)) if number]


def from_json(kept: Mapping[str, object]) -> ProductDraft:
    """Return the draft that was kept."""
    return ProductDraft(
        title=kept["title"],
        class_id=kept["class_id"],
        category_ids=tuple(kept["category_ids"]),
        description=kept["description"],
        gtin=kept["gtin"],
        values=dict(kept["values"] or {}),
        variants=tuple(VariantDraft(**variant) for variant in kept["variants"]),
    )


def problems(*, draft: ProductDraft, asked: Sequence[Asked]) -> list[tuple[str, str]]:
    """Return what is wrong with a draft, each (the field it is about, a sentence); an empty list when nothing is."""
    found = []
    if not draft.title.strip():
        found.append(("title", _("Please give the product a name.")))
    elif len(draft.title) > TITLE_MOST:
        found.append(("title", _("A name has at most %(most)d characters.") % {"most": TITLE_MOST}))
    if len(draft.description) > DESCRIPTION_MOST:
        found.append(("description", _("A description has at most %(most)d characters.") % {"most": DESCRIPTION_MOST}))
    if not draft.category_ids:
        found.append(("category", _("Please choose where shoppers will look for it.")))
    found += _number_problems(draft=draft)
    own = [attribute for attribute in asked if not (attribute.varies and draft.variants)]
    found += _value_problems(asked=own, values=draft.values or {}, prefix="a_")
    if draft.variants:
        found += _variant_problems(draft=draft, asked=[attribute for attribute in asked if attribute.varies])
    return found


def _number_problems(*, draft: ProductDraft) -> list[tuple[str, str]]:
    found, seen = [], set()
    places = [("gtin", draft.gtin)] + [(f"v{place}-gtin", one.gtin) for place, one in enumerate(draft.variants)]
    for field, number in places:
        try:
            normal = gtin.normal(text=number)
        except gtin.NoGtin as problem:
            found.append((field, str(problem)))
            continue
        if normal and normal in seen:
            found.append((field, _("The number %(number)s stands here twice.") % {"number": number}))
        seen.add(normal)
    return found


def _variant_problems(*, draft: ProductDraft, asked: Sequence[Asked]) -> list[tuple[str, str]]:
    if len(draft.variants) > VARIANTS_MOST:
        return [("variants", _("A product has at most %(most)d variants.") % {"most": VARIANTS_MOST})]
    found, seen = [], {}
    for place, variant in enumerate(draft.variants):
        prefix = f"v{place}-a_"
        found += _value_problems(asked=asked, values=variant.values, prefix=prefix)
        combination = tuple(variant.values.get(attribute.code) for attribute in asked)
        if all(value in (None, "") for value in combination):
            found.append((f"v{place}", _("Variant %(n)d says nothing that tells it apart.") % {"n": place + 1}))
        elif combination in seen:
            words = _("Variants %(one)d and %(two)d are the same: change one of them or take it out.")
            found.append((f"v{place}", words % {"one": seen[combination] + 1, "two": place + 1}))
        seen.setdefault(combination, place)
    return found


def _value_problems(*, asked: Sequence[Asked], values: Mapping[str, Value], prefix: str) -> list[tuple[str, str]]:
    found = []
    for attribute in asked:
        value = values.get(attribute.code)
        if value is None or value == "" or value == []:
            if attribute.required:
                found.append((prefix + attribute.code, _("Please fill in “%(name)s”.") % {"name": attribute.name}))
            continue
        problem = _value_problem(asked=attribute, value=value)
        if problem:
            found.append((prefix + attribute.code, problem))
    return found


def _value_problem(*, asked: Asked, value: Value) -> str:
    words = {"name": asked.label}
    if asked.type in (WHOLE, NUMBER):
        if isinstance(value, bool) or not isinstance(value, int if asked.type == WHOLE else int | float):
            return _("“%(name)s” is a number.") % words
        if (asked.least is not None and value < asked.least) or (asked.most is not None and value > asked.most):
            return _bounds(asked=asked)
        if abs(value) > 2**31 - 1:
            return _("“%(name)s” is a smaller number.") % words
    elif asked.type == YES_NO and not isinstance(value, bool):
        return _("“%(name)s” is yes or no.") % words
    elif asked.type == DAY:
        try:
            date.fromisoformat(str(value))
        except ValueError:
            return _("“%(name)s” is a day.") % words
    elif asked.type in (OPTION, OPTIONS):
        known = {text for _pk, text in asked.options}
        chosen = value if isinstance(value, list) else [value]
        if (asked.type == OPTION and isinstance(value, list)) or not set(chosen) <= known:
            return _("“%(name)s” has no such choice: pick one from the list.") % words
    elif asked.type == TEXT and (not isinstance(value, str) or len(value) > TEXT_MOST):
        return _("“%(name)s” is a text of at most %(most)d characters.") % (words | {"most": TEXT_MOST})
    return ""


def _bounds(*, asked: Asked) -> str:
    if asked.least is not None and asked.most is not None:
        words = _("“%(name)s” is between %(least)g and %(most)g.")
    elif asked.least is not None:
        words = _("“%(name)s” is at least %(least)g.")
    else:
        words = _("“%(name)s” is at most %(most)g.")
    return words % {"name": asked.label, "least": asked.least, "most": asked.most}


def variant_title(*, title: str, asked: Sequence[Asked], values: Mapping[str, Value]) -> str:
    """Return a variant's full name, as baskets and orders show it: the product's, then what tells it apart."""
    told = [
        said(kind=attribute.type, unit=attribute.unit, value=values[attribute.code])
        for attribute in asked
        if attribute.varies and values.get(attribute.code) not in (None, "", [])
    ]
    return f"{title}, {', '.join(told)}"[:255] if told else title
