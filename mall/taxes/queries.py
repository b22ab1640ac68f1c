"""Which rates are in force, and under which class a product falls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.core.cache import cache
from django.db import connection

from mall.taxes.computing import RateTable
from mall.taxes.models import DIGITAL, STANDARD, CategoryTaxClass, TaxRate

# The class of product `p`, whose class of product is `kind` and whose own class of tax is `own`.
CLASS_OF = f"""
coalesce(
    own.tax_class,
    CASE WHEN NOT coalesce(kind.requires_shipping, true) THEN '{DIGITAL}' END,
    (SELECT c.tax_class
     FROM taxes_categorytaxclass c
     JOIN catalogue_category above ON above.id = c.category_id
     JOIN catalogue_category its ON starts_with(its.path, above.path)
     JOIN catalogue_productcategory pc ON pc.category_id = its.id
     WHERE pc.product_id = coalesce(p.parent_id, p.id)
     ORDER BY above.depth DESC, above.id LIMIT 1),
    '{STANDARD}')
"""  # noqa: S608 - what is put in are constants
_CLASSES = f"""
SELECT p.id, {CLASS_OF}
FROM catalogue_product p
LEFT JOIN taxes_producttaxclass own ON own.product_id = p.id
LEFT JOIN catalogue_product parent ON parent.id = p.parent_id
LEFT JOIN catalogue_productclass kind ON kind.id = coalesce(p.product_class_id, parent.product_class_id)
WHERE p.id = ANY(%s)
"""  # noqa: S608 - nothing of it comes from outside

_TABLE, KEPT = "mall.tax-rates", 300


def classes_of(*, product_ids: Iterable[int]) -> dict[int, str]:
    """Return each product's class, in one statement.

    Its own, else the one of goods that nobody carries, else its nearest category's, else the standard one.
    """
    wanted = sorted(set(product_ids))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CLASSES, [wanted])
        return dict(cursor.fetchall())


def table() -> RateTable:
    """Return all rates. They are kept for some minutes: a new one starts tomorrow at the earliest."""
    return cache.get_or_set(_TABLE, _read_table, KEPT)


def forget_table() -> None:
    """Read the rates anew the next time."""
    cache.delete(_TABLE)


def _read_table() -> RateTable:
    rows: dict[tuple[str, str], list[tuple[date, int]]] = {}
    found = TaxRate.objects.order_by("-starts_on")
    for country, tax_class, starts_on, rate_bps in found.values_list("country", "tax_class", "starts_on", "rate_bps"):
        rows.setdefault((country, tax_class), []).append((starts_on, rate_bps))
    return RateTable(rows={key: tuple(dated) for key, dated in rows.items()})


@dataclass(frozen=True, slots=True)
class RateView:
    """A rate as staff see it; `state` is `past`, `now` or `coming`."""

    rate_id: int
    country: str
    tax_class: str
    rate_bps: int
    starts_on: date
    entered_by: str
    state: str


def rates(*, country: str, on: date) -> list[RateView]:
    """Return a country's rates, the newest of each class first."""
    seen: set[str] = set()
    views = []
    for row in TaxRate.objects.filter(country=country).order_by("tax_class", "-starts_on"):
        state = "coming" if row.starts_on > on else "past" if row.tax_class in seen else "now"
        if state == "now":
            seen.add(row.tax_class)
        views.append(RateView(row.pk, row.country, row.tax_class, row.rate_bps, row.starts_on, row.entered_by, state))
    return views


def countries() -> list[str]:
    """Return the countries of which a rate is known."""
    return list(TaxRate.objects.order_by("country").values_list("country", flat=True).distinct())


def categories() -> list[tuple[int, str, str]]:
    """Return (id, name, class) of each category that has a class of its own."""
    rows = CategoryTaxClass.objects.select_related("category").order_by("category__path")
    return [(row.category_id, row.category.name, row.tax_class) for row in rows]
