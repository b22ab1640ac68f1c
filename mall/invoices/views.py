"""Invoices and credit notes to keep, for who bought and for who sold."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mall import bank
from mall.invoices import operations, queries
from mall.invoices.models import Paper
from mall.merchants.access import staff_page
from mall.order import access
from mall.queries.merchants import Workplace
from mall.queries.orders import OrderPage


@require_safe
@access.buyer_page
def of_order(request: HttpRequest, found: OrderPage, paper: str) -> HttpResponse:
    """Hand a paper of an order to its buyer."""
    return _file(queries.paper_of(number=paper, order_number=found.number))


@staff_page
@require_safe
def of_merchant(request: HttpRequest, place: Workplace, paper: str) -> HttpResponse:
    """Hand a paper to the merchant who issued it."""
    return _file(queries.paper_of(number=paper, merchant_id=place.merchant_id))


def _file(paper: Paper | None) -> HttpResponse:
    if paper is None:
        raise Http404
    response = HttpResponse(operations.file_of(paper=paper, at=bank.now()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{paper.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
