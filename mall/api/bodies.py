"""Reading what programs send: items with a number and a figure, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from mall.api import problems
from mall.imports.amounts import UnclearFigure, money
from mall.partner.operations import MAX_STOCK, UNLIMITED

MOST_ITEMS = 1_000
MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """One wish: the merchant's number of the offer, the figure (pieces or minor units), the version it counts on."""

    sku: str
    figure: int | str
    expected_version: int | None


def items(*, body: bytes, field: str, currency: str) -> list[Item]:
    """Return the items of a body whose figures stand in `field` (``stock`` or ``price``).

    :raises mall.api.problems.Problem: it is not JSON, or items are wrong; none is to be done then.
    """
    try:
        said = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise problems.not_readable(detail=_("The body is not JSON.")) from None
    given = said.get("items") if isinstance(said, dict) else None
    if not isinstance(given, list) or not given:
        raise problems.not_readable(detail=_("The body has no list “items”, or an empty one."))
    if len(given) > MOST_ITEMS:
        detail = _("The body has %(count)d items; at most %(most)d are taken at once.")
        raise problems.not_readable(detail=detail % {"count": len(given), "most": MOST_ITEMS})
    found: list[Item] = []
    errors: list[dict] = []
    seen: dict[str, int] = {}
    for number, one in enumerate(given):
        try:
            item = _item(one=one, field=field, currency=currency)
            if item.sku in seen:
                raise _Wrong("sku", _("“%(sku)s” stands in item %(number)d already.")
                             % {"sku": item.sku, "number": seen[item.sku]}, _("Keep one of the two."))  # fmt: skip
        except _Wrong as wrong:
            sku = one.get("sku") if isinstance(one, dict) else None
            errors.append(
                {
                    "item": number,
                    "sku": sku if isinstance(sku, str) else None,
                    "pointer": f"/items/{number}" + (f"/{wrong.field}" if wrong.field else ""),
                    "detail": wrong.detail,
                    "remedy": wrong.remedy,
                }
            )
        else:
            seen[item.sku] = number
            found.append(item)
    if errors:
        raise problems.wrong_items(errors=errors)
    return found


class _Wrong(Exception):
    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.field, self.detail, self.remedy = field, detail, remedy


def _item(*, one: object, field: str, currency: str) -> Item:
    if not isinstance(one, dict):
        raise _Wrong("", _("The item is not an object."), _("Send an object with “sku” and “%(f)s”.") % {"f": field})
    if unknown := sorted(set(one) - {"sku", field, "expected_version"}):
        raise _Wrong(unknown[0], _("There is no field “%(f)s”.") % {"f": unknown[0][:40]}, _("Leave it out."))
    sku = one.get("sku")
    if not isinstance(sku, str) or not sku.strip() or len(sku) > 128 or "\x00" in sku:
        raise _Wrong("sku", _("The item names no offer."), _("Give your article number as text."))
    version = one.get("expected_version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or not 0 < version < 2**63):
        raise _Wrong("expected_version", _("The version is no whole number."), _("Send the version that you read."))
    read = _pieces if field == "stock" else _price
    return Item(sku, read(one.get(field), currency), version)


def _pieces(value: object, _currency: str) -> int | str:
    if value == UNLIMITED:
        return UNLIMITED
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_STOCK:
        raise _Wrong("stock", _("The stock is no whole number of pieces."), _("Send a number from 0, or “unlimited”."))
    return value


def _price(value: object, currency: str) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Wrong("price", _("There is no price."), _("Send the price as text, like “49.90”."))
    text = str(value)
    if "," in text:
        raise _Wrong("price", _("The price has a comma."), _("Send the price with a point, like “49.90”."))
    if text.count(".") == 1:
        # In a program's text a point is always the decimal sign.
        whole, fraction = text.split(".")
        text = f"{whole}.{fraction.rstrip('0')}".rstrip(".")
    try:
        return money(text=text, currency=currency)
    except UnclearFigure as problem:
        raise _Wrong("price", str(problem), problem.remedy) from None
