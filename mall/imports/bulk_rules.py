"""What a bulk change does to each offer, and which offers it is about."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision

from mall.imports.offers import Offer
from mall.partner.operations import UNLIMITED

PERCENT, AMOUNT, EXACT = "percent", "amount", "exact"
ADD, SET = "add", "set"
# How a new price is rounded: as it comes, to whole units, or to the nearest that ends so.
ROUNDINGS = ("cent", "five", "whole", "99", "95", "90")


_WITHIN = """
AND EXISTS (
    SELECT 1 FROM catalogue_productcategory c JOIN catalogue_category leaf ON leaf.id = c.category_id
    JOIN catalogue_category top ON leaf.path LIKE top.path || '%%'
    WHERE c.product_id = coalesce(p.parent_id, p.id) AND top.id = %s
)
"""


def condition(*, choice: Mapping[str, object]) -> tuple[str, list[object]]:
    """Return which offers a choice means, as one more condition of a statement, and its values."""
    if choice.get("ids") is not None:
        return "AND s.id = ANY(%s)", [[int(pk) for pk in choice["ids"]]]
    wanted = choice.get("filter") or {}
    parts: list[str] = []
    values: list[object] = []
    if text := str(wanted.get("text", "")).strip():
        parts.append("AND (coalesce(nullif(p.title, ''), parent.title) ILIKE %s OR s.partner_sku ILIKE %s)")
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        values += [pattern, pattern]
    if category := wanted.get("category"):
        parts.append(_WITHIN)
        values.append(int(category))
    if state := wanted.get("state"):
        parts.append("AND s.price IS NOT NULL" if state == "listed" else "AND s.price IS NULL")
    stock = wanted.get("stock")
    if stock == "out":
        parts.append("AND s.num_in_stock <= coalesce(s.num_allocated, 0)")
    elif stock == "low":
        parts.append("AND s.num_in_stock - coalesce(s.num_allocated, 0) BETWEEN 1 AND 5")
    return " ".join(parts), values


def apply(*, rule: Mapping[str, object], offer: Offer) -> dict[str, object]:
    """Return what the rule makes of an offer, by field."""
    made: dict[str, object] = {}
    if price := rule.get("price"):
        made["price"] = new_price(
            minor=int(offer.facts["price"]),
            how=str(price["how"]),
            by=Decimal(str(price["by"])),
            rounding=str(price.get("rounding", "cent")),
            currency=offer.currency,
        )
    if stock := rule.get("stock"):
        made["stock"] = _new_stock(now=offer.facts["stock"], how=str(stock["how"]), by=stock["by"])
    if (days := rule.get("days")) is not None:
        made["days"] = int(str(days))
    if state := rule.get("state"):
        made["state"] = state
    return made


def new_price(*, minor: int, how: str, by: Decimal, rounding: str, currency: str) -> int:
    """Return a price in minor units changed by percent or by an amount (in units), and rounded; never below zero."""
    digits = get_currency_precision(currency)
    unit = 10**digits
    if how == PERCENT:
        exact = Decimal(minor) * (100 + by) / 100
    elif how == AMOUNT:
        exact = minor + by * unit
    else:
        exact = by * unit
    return max(0, _rounded(exact=exact, rounding=rounding if digits == 2 else "cent", unit=unit))


def _rounded(*, exact: Decimal, rounding: str, unit: int) -> int:
    step, ends = {
        "cent": (1, 0),
        "five": (5, 0),
        "whole": (unit, 0),
        "99": (unit, 99),
        "95": (unit, 95),
        "90": (unit, 90),
    }[rounding]
    below = int(((exact - ends) / step).quantize(Decimal(1), ROUND_HALF_UP)) * step + ends
    # Nothing ends in .99 below the first that does; a cheap thing costs that.
    return max(below, ends) if ends else below


def _new_stock(*, now: object, how: str, by: object) -> object:
    if by == UNLIMITED or how == SET:
        return by if by == UNLIMITED else int(str(by))
    # What never runs out still does not when some come in.
    return UNLIMITED if now == UNLIMITED else max(0, int(str(now)) + int(str(by)))
