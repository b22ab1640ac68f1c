"""Classes of products and what they are described by, kept by the bank's staff."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from oscar.core.loading import get_model

from mall.actors import NotAllowed
from mall.attributes.models import AttributeRule
from mall.attributes.values import NUMBER, OPTION, OPTIONS, TEXT, TYPES, WHOLE
from mall.customer.models import User
from mall.merchants.applications import is_operations

AttributeOption = get_model("catalogue", "AttributeOption")
AttributeOptionGroup = get_model("catalogue", "AttributeOptionGroup")
ProductAttribute = get_model("catalogue", "ProductAttribute")
ProductClass = get_model("catalogue", "ProductClass")

NAME_MOST, OPTIONS_MOST = 60, 200
VARYING = (TEXT, WHOLE, NUMBER, OPTION)


class UnableToDefine(Exception):
    """Nothing was defined or changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeWish:
    """An attribute: its `type` is one of `mall.attributes.values.TYPES`; bounds and unit are for numbers."""

    name: str
    type: str
    unit: str = ""
    least: float | None = None
    most: float | None = None
    required: bool = False
    varies: bool = False
    filterable: bool = True
    options: tuple[str, ...] = ()


def define_class(*, name: str, by: User) -> int:
    """Add a class of products; return its number.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToDefine: it has no name, or is there already.
    """
    _allowed(by=by)
    clean = _name(name)
    try:
        with transaction.atomic():
            return ProductClass.objects.create(name=clean, slug=slugify(clean) or "class").pk
    except IntegrityError:
        raise UnableToDefine(f"There is a class “{clean}” already.") from None


def define_attribute(*, class_id: int, wish: AttributeWish, by: User) -> int:
    """Add an attribute to a class, after those it has; return its number.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToDefine: it is there already, or does not make sense.
    """
    _allowed(by=by)
    name = _name(wish.name)
    options = _checked(wish=wish)
    try:
        with transaction.atomic():
            product_class = ProductClass.objects.select_for_update(no_key=True).filter(pk=class_id).first()
            if product_class is None:
                raise UnableToDefine("There is no such class of products.")
            attribute = ProductAttribute.objects.create(
                product_class=product_class, name=name, code=_code(name), type=wish.type, required=wish.required
            )
            if options:
                group = AttributeOptionGroup.objects.create(
                    name=f"{product_class.name}: {name}"[:128], code=f"attribute-{attribute.pk}"
                )
                _add_options(group_id=group.pk, options=options)
                ProductAttribute.objects.filter(pk=attribute.pk).update(option_group=group)
            AttributeRule.objects.create(
                attribute=attribute,
                unit=wish.unit.strip(),
                least=wish.least,
                most=wish.most,
                varies=wish.varies,
                filterable=wish.filterable,
                position=AttributeRule.objects.filter(attribute__product_class=product_class).count(),
            )
    except IntegrityError:
        raise UnableToDefine(f"This class has an attribute “{name}” already.") from None
    return attribute.pk


def change_attribute(
    *, attribute_id: int, required: bool, filterable: bool, more_options: Sequence[str], by: User
) -> None:
    """Change whether an attribute must be filled in and can be filtered by, and give it more options.

    Its name, type and unit stay: products say things by them. Listings follow as their products are written anew.

    :raises NotAllowed: the person is not of operations.
    :raises UnableToDefine: there is none, or it has no options to add to.
    """
    _allowed(by=by)
    with transaction.atomic():
        attribute = ProductAttribute.objects.select_for_update(no_key=True).filter(pk=attribute_id).first()
        if attribute is None:
            raise UnableToDefine("There is no such attribute.")
        fresh = _clean(more_options)
        if fresh and attribute.option_group_id is None:
            raise UnableToDefine(f"“{attribute.name}” has no options to choose from.")
        if fresh:
            known = {text.casefold() for text in attribute.option_group.options.values_list("option", flat=True)}
            if len(known) + len(fresh) > OPTIONS_MOST:
                raise UnableToDefine(f"An attribute has at most {OPTIONS_MOST} options.")
            _add_options(
                group_id=attribute.option_group_id, options=[text for text in fresh if text.casefold() not in known]
            )
        ProductAttribute.objects.filter(pk=attribute_id).update(required=required)
        AttributeRule.objects.update_or_create(attribute=attribute, defaults={"filterable": filterable})


def _allowed(*, by: User) -> None:
    if not is_operations(user=by):
        raise NotAllowed("Only the bank's operations define what products are described by.")


def _name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise UnableToDefine("Please give it a name.")
    if len(clean) > NAME_MOST:
        raise UnableToDefine(f"A name has at most {NAME_MOST} characters.")
    return clean


def _checked(*, wish: AttributeWish) -> list[str]:
    """Return the options of a wish that makes sense."""
    options = _clean(wish.options)
    if wish.type not in TYPES:
        raise UnableToDefine("Please choose what kind of thing it says.")
    if wish.type in (OPTION, OPTIONS) and len(options) < 2:
        raise UnableToDefine("Give at least two options, each on a line of its own.")
    if len(options) > OPTIONS_MOST:
        raise UnableToDefine(f"An attribute has at most {OPTIONS_MOST} options.")
    if wish.type not in (OPTION, OPTIONS) and options:
        raise UnableToDefine("Only an attribute to choose from has options.")
    if wish.type not in (WHOLE, NUMBER) and (wish.unit.strip() or wish.least is not None or wish.most is not None):
        raise UnableToDefine("Only a number has a unit and bounds.")
    if len(wish.unit.strip()) > 16:
        raise UnableToDefine("A unit has at most 16 characters.")
    if wish.least is not None and wish.most is not None and wish.least > wish.most:
        raise UnableToDefine("The least is above the most: change one of them.")
    if wish.varies and wish.type not in VARYING:
        raise UnableToDefine("Variants differ by a text, a number or one option.")
    return options


def _clean(options: Sequence[str]) -> list[str]:
    found: dict[str, str] = {}
    for text in options:
        clean = " ".join(text.split())[:NAME_MOST]
        if clean:
            found.setdefault(clean.casefold(), clean)
    return list(found.values())


def _add_options(*, group_id: int, options: Sequence[str]) -> None:
    AttributeOption.objects.bulk_create([AttributeOption(group_id=group_id, option=text) for text in options])


def _code(name: str) -> str:
    code = re.sub(r"\W+", "_", slugify(name).replace("-", "_"))[:100] or "attribute"
    return f"_{code}" if code[0].isdigit() else code
