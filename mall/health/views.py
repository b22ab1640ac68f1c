"""A store's health: each figure, what it counts, and the orders it is made of."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mall import bank
from mall.health import figures, queries
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.merchants.views import framed
from mall.order.timeline import badge_of
from mall.queries.merchants import Workplace


@staff_page(may=roles.HEALTH)
@require_safe
def health(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show every figure with its threshold and trend."""
    context = {
        "health": queries.latest(merchant_id=place.merchant_id),
        "least": bank.policy().HEALTH_COUNTS_FROM,
        "case_after": bank.policy().HEALTH_CASE_AFTER.days,
        "dispatch_days": bank.policy().DISPATCHED_WITHIN.days,
    }
    return render(request, "mall/health/health.html", framed(request, place, "merchant-health") | context)


@staff_page(may=roles.HEALTH)
@require_safe
def orders(request: HttpRequest, place: Workplace, code: str, days: int) -> HttpResponse:
    """Show the orders that made a figure what it is."""
    if code not in figures.BY_CODE or days not in figures.WINDOWS:
        raise Http404
    at = queries.counted_at(merchant_id=place.merchant_id) or bank.now()
    text = request.GET.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None
    rows = queries.orders_behind(merchant_id=place.merchant_id, code=code, days=days, at=at, before=before)
    shown = rows[: queries.PAGE_SIZE]
    context = {
        "figure": figures.BY_CODE[code],
        "days": days,
        "rows": [(number, badge_of(status=status), placed_at) for _id, number, status, placed_at in shown],
        "before": shown[-1][0] if len(rows) > queries.PAGE_SIZE else None,
    }
    return render(request, "mall/health/orders.html", framed(request, place, "merchant-health") | context)
