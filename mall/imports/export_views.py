"""Files out for a merchant: the catalogue and the orders."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from mall import bank
from mall.imports import exports
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.queries.merchants import Workplace
from mall.queries.packing import STATUSES


@staff_page(may=roles.CATALOGUE)
@require_safe
def catalogue(request: HttpRequest, place: Workplace, form: str) -> HttpResponseBase:
    """Hand out the whole catalogue in the format of the import."""
    return exports.catalogue_file(
        merchant_id=place.merchant_id, slug=place.slug, currency=place.currency, form=form, at=bank.now()
    )


@staff_page(may=roles.ORDERS_READ)
@require_safe
def orders(request: HttpRequest, place: Workplace, form: str) -> HttpResponseBase:
    """Hand out the orders, or those in the state that the list shows."""
    statuses = STATUSES.get(request.GET.get("state", ""), ())
    return exports.orders_file(
        merchant_id=place.merchant_id, slug=place.slug, statuses=statuses, form=form, at=bank.now()
    )
