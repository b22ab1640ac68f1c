"""What a schema restricts beyond types, as the generated models carry it: lengths, patterns, digits."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from functools import cache
from typing import Any

_RULES = ("pattern", "min_length", "max_length", "min_inclusive", "total_digits", "fraction_digits")


def check(value: Any) -> None:
    """See that a model and all below it keep their schema's restrictions.

    :raises ValueError: naming the element.
    """
    stack = [value]
    while stack:
        model = stack.pop()
        for name, label, rules in _fields(type(model)):
            found = getattr(model, name)
            for one in found if isinstance(found, list) else (found,):
                if one is None:
                    continue
                if dataclasses.is_dataclass(one):
                    stack.append(one)
                elif rules:
                    _restrict(label, one, rules)


@cache
def _fields(model: type) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    return tuple(
        (
            field.name,
            field.metadata.get("name", model.__name__),
            {rule: field.metadata[rule] for rule in _RULES if rule in field.metadata},
        )
        for field in dataclasses.fields(model)
    )


def _restrict(label: str, value: Any, rules: dict[str, Any]) -> None:
    if isinstance(value, str):
        if not rules.get("min_length", 0) <= len(value) <= rules.get("max_length", len(value)):
            raise ValueError(f"{label} has {len(value)} characters, which its schema forbids")
        if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
            raise ValueError(f"{label} is {value[:40]!r}, which its schema forbids")
    elif isinstance(value, Decimal):
        digits = value.normalize().as_tuple()
        places = max(0, -int(digits.exponent))
        whole = max(len(digits.digits) + int(digits.exponent), 0)
        if "min_inclusive" in rules and value < rules["min_inclusive"]:
            raise ValueError(f"{label} is {value}, below what its schema allows")
        if places > rules.get("fraction_digits", places) or whole + places > rules.get("total_digits", whole + places):
            raise ValueError(f"{label} is {value}, with more digits than its schema allows")
