"""Entering rates and classes; what was ordered keeps the rate of its day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall.actors import OPERATIONS, Actor, NotAllowed
from mall.taxes import queries
from mall.taxes.models import CLASSES, MOST_BPS, CategoryTaxClass, ProductTaxClass, TaxRate


class UnableToChangeTax(Exception):
    """The rates stay as they are."""


def enter_rate(*, country: str, tax_class: str, rate_bps: int, starts_on: date, by: Actor, at: datetime) -> int:
    """Enter a country's rate for a class of goods from a day on, in basis points; return its number.

    :raises NotAllowed: the actor is not of the bank's operations.
    :raises UnableToChangeTax: the day has begun, a rate for that day is there, or the rate is impossible.
    """
    _operations_only(by=by)
    if tax_class not in CLASSES or not 0 <= rate_bps <= MOST_BPS:
        raise UnableToChangeTax(_("A rate lies between 0 and 50 per cent."))
    if starts_on <= at.date():
        raise UnableToChangeTax(_("What was sold today has its rate already: choose a day from tomorrow on."))
    try:
        with transaction.atomic():
            row = TaxRate.objects.create(
                country=country,
                tax_class=tax_class,
                rate_bps=rate_bps,
                starts_on=starts_on,
                entered_by=str(by),
                entered_at=at,
            )
    except IntegrityError:
        raise UnableToChangeTax(_("A rate of this class starts on that day already: take it back first.")) from None
    _forget()
    return row.pk


def take_back(*, rate_id: int, by: Actor, at: datetime) -> None:
    """Take back a rate that has not begun.

    :raises NotAllowed: the actor is not of the bank's operations.
    :raises UnableToChangeTax: it is in force, or was: orders were taxed by it.
    """
    _operations_only(by=by)
    gone, _rows = TaxRate.objects.filter(pk=rate_id, starts_on__gt=at.date()).delete()
    _forget()
    if not gone:
        raise UnableToChangeTax(_("This rate has begun, and stays: enter a new one from a later day."))


def set_category_class(*, category_id: int, tax_class: str, by: Actor) -> None:
    """Say under which class a category's goods fall; an empty one leaves it to the category above.

    :raises NotAllowed: the actor is not of the bank's operations.
    :raises UnableToChangeTax: there is no such class.
    """
    _operations_only(by=by)
    if not tax_class:
        CategoryTaxClass.objects.filter(category_id=category_id).delete()
        return
    if tax_class not in CLASSES:
        raise UnableToChangeTax(_("There is no such class of tax."))
    CategoryTaxClass.objects.update_or_create(category_id=category_id, defaults={"tax_class": tax_class})


def set_product_classes(*, product_ids: Iterable[int], tax_class: str) -> None:
    """Say under which class products fall, whatever their categories say.

    :raises UnableToChangeTax: there is no such class.
    """
    if tax_class not in CLASSES:
        raise UnableToChangeTax(_("There is no such class of tax."))
    ProductTaxClass.objects.bulk_create(
        [ProductTaxClass(product_id=product_id, tax_class=tax_class) for product_id in sorted(set(product_ids))],
        update_conflicts=True,
        unique_fields=["product"],
        update_fields=["tax_class"],
    )


def _forget() -> None:
    queries.forget_table()
    # Nobody may keep what he read before this was committed.
    transaction.on_commit(queries.forget_table)


def _operations_only(*, by: Actor) -> None:
    if by.kind != OPERATIONS:
        raise NotAllowed("Only the bank's operations may do this.")
