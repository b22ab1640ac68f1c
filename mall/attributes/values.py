"""Typed attributes of a product class: what is asked, how it is written, how it is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

ProductAttribute = get_model("catalogue", "ProductAttribute")
ProductAttributeValue = get_model("catalogue", "ProductAttributeValue")
AttributeOption = get_model("catalogue", "AttributeOption")

TEXT, WHOLE, NUMBER, YES_NO, DAY = "text", "integer", "float", "boolean", "date"
OPTION, OPTIONS = "option", "multi_option"
TYPES = (TEXT, WHOLE, NUMBER, YES_NO, DAY, OPTION, OPTIONS)
_LAST = 1_000

# What a form or a proposal holds of an attribute: text, number, yes or no, a day as ISO text, an option, or several.
Value = str | int | float | bool | list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """An attribute as a form asks for it, with its rule."""

    attribute_id: int
    code: str
    name: str
    type: str
    required: bool
    unit: str
    least: float | None
    most: float | None
    varies: bool
    filterable: bool
    options: tuple[tuple[int, str], ...]

    @property
    def label(self) -> str:
        """Return the name with the unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class Fact:
    """What a product says of itself by one attribute, in the reader's words."""

    code: str
    name: str
    text: str


def asked_of(*, product_class_id: int) -> list[Asked]:
    """Return the attributes of a class that people fill in, in order, in two statements."""
    attributes = (
        ProductAttribute.objects.filter(product_class_id=product_class_id, type__in=TYPES)
        .select_related("rule")
        .prefetch_related("option_group__options")
    )
    return [
        _asked(attribute=attribute)
        for attribute in sorted(attributes, key=lambda attribute: (_position(attribute), attribute.name))
    ]


def _asked(*, attribute: ProductAttribute) -> Asked:
    rule = getattr(attribute, "rule", None)
    options = attribute.option_group.options.all() if attribute.option_group_id else ()
    return Asked(
        attribute_id=attribute.pk,
        code=attribute.code,
        name=attribute.name,
        type=attribute.type,
        required=attribute.required,
        unit=rule.unit if rule else "",
        least=rule.least if rule else None,
        most=rule.most if rule else None,
        varies=rule.varies if rule else False,
        filterable=rule.filterable if rule else True,
        options=tuple((option.pk, option.option) for option in sorted(options, key=lambda option: option.pk)),
    )


def _position(attribute: ProductAttribute) -> int:
    rule = getattr(attribute, "rule", None)
    return rule.position if rule else _LAST


def said(*, kind: str, unit: str, value: Value) -> str:
    """Return a value as text in the reader's language."""
    if kind == YES_NO:
        return _("Yes") if value else _("No")
    if kind == DAY:
        return date_format(date.fromisoformat(str(value)), "DATE_FORMAT")
    if kind == OPTIONS:
        return ", ".join(value)
    if kind in (WHOLE, NUMBER):
        return f"{value:g} {unit}".strip()
    return str(value)


def write(*, product_id: int, asked: Iterable[Asked], values: Mapping[str, Value]) -> None:
    """Make a product's values of these attributes what is given; one that is not given, or empty, goes.

    :raises KeyError: an option that the attribute does not have.
    """
    attributes = list(asked)
    ProductAttributeValue.objects.filter(
        product_id=product_id, attribute_id__in=[attribute.attribute_id for attribute in attributes]
    ).delete()
    for attribute in attributes:
        value = values.get(attribute.code)
        if value is None or value == "" or value == []:
            continue
        row = ProductAttributeValue(product_id=product_id, attribute_id=attribute.attribute_id)
        options = {text: pk for pk, text in attribute.options}
        if attribute.type == OPTION:
            row.value_option_id = options[value]
        elif attribute.type == DAY:
            row.value_date = date.fromisoformat(value)
        elif attribute.type != OPTIONS:
            setattr(row, f"value_{attribute.type}", value)
        row.save()
        if attribute.type == OPTIONS:
            row.value_multi_option.set([options[text] for text in value])


def _value(row: ProductAttributeValue) -> Value | None:
    kind = row.attribute.type
    if kind == OPTION:
        return row.value_option.option if row.value_option_id else None
    if kind == OPTIONS:
        return [option.option for option in sorted(row.value_multi_option.all(), key=lambda option: option.pk)]
    value = getattr(row, f"value_{kind}") if kind in TYPES else row.value_as_text
    return value.isoformat() if isinstance(value, date) else value


def _rows(*, product_ids: Collection[int]) -> list[ProductAttributeValue]:
    return list(
        ProductAttributeValue.objects.filter(product_id__in=product_ids)
        .select_related("attribute__rule", "value_option")
        .prefetch_related("value_multi_option")
    )


def values_of(*, product_ids: Collection[int]) -> dict[int, dict[str, Value]]:
    """Return what each product says, by the attributes' codes, in two statements."""
    found: dict[int, dict[str, Value]] = {}
    for row in _rows(product_ids=product_ids):
        value = _value(row)
        if value is not None and value != "":
            found.setdefault(row.product_id, {})[row.attribute.code] = value
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What products say: facts in order, and of each product what tells it from its siblings, by attribute."""

    facts: dict[int, tuple[Fact, ...]]
    varying: dict[int, dict[str, tuple[str, str, int]]]


def told(*, product_ids: Collection[int]) -> Told:
    """Return what products say of themselves in the reader's words, in two statements for any number of them.

    ``varying`` has, by product and code, the attribute's name, the value and the value's place among the options.
    """
    facts: dict[int, list[Fact]] = {}
    varying: dict[int, dict[str, tuple[str, str, int]]] = {}
    for row in sorted(_rows(product_ids=product_ids), key=lambda row: (_position(row.attribute), row.attribute.name)):
        value = _value(row)
        if value is None or value == "":
            continue
        attribute, kind = row.attribute, row.attribute.type
        rule = getattr(attribute, "rule", None)
        text = said(kind=kind, unit=rule.unit if rule else "", value=value)
        facts.setdefault(row.product_id, []).append(Fact(attribute.code, attribute.name, text))
        if rule and rule.varies:
            place = int(value) if kind in (WHOLE, NUMBER) else row.value_option_id or 0
            varying.setdefault(row.product_id, {})[attribute.code] = (attribute.name, text, place)
    return Told(facts={pk: tuple(rows) for pk, rows in facts.items()}, varying=varying)
