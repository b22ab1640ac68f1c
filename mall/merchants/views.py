"""A merchant's pages: the day, and the store."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from mall import bank
from mall.context import address_of
from mall.health import queries as health
from mall.merchants import navigation, roles
from mall.merchants.access import CHOSEN, staff_page
from mall.order.timeline import badge
from mall.queries import desk, packing, setting_up
from mall.queries.merchants import Workplace, merchant_home, workplaces


@staff_page
@require_safe
def home(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the day: what to pack, what was sold, where the money stands."""
    at = bank.now()
    may = {permission: roles.may(role=place.role, permission=permission) for permission, _name, _roles in roles.MATRIX}
    figures = merchant_home(merchant_id=place.merchant_id, at=at)
    waiting = []
    if figures.to_pack:
        waiting = packing.parcels_of(
            merchant_id=place.merchant_id, state=packing.TO_PACK, sort=packing.BY_PROMISE, size=8
        ).rows
    # A store that sells is past setting up.
    is_new = not (figures.orders_30_days or figures.to_pack or figures.under_way)
    context = {
        "tasks": setting_up.tasks(merchant_id=place.merchant_id, role=place.role, has_product=bool(figures.offers))
        if is_new
        else [],
        "health": health.latest(merchant_id=place.merchant_id),
        "may": may,
        "figures": figures,
        "waiting": [(part, badge(part=part)) for part in waiting],
        "money": bank.merchant_money(merchant_id=place.merchant_id) if may[roles.MONEY] else None,
        "desk": desk.desk(merchant_id=place.merchant_id, at=at),
        "sees_returns": may[roles.RETURNS],
        "sees_messages": may[roles.MESSAGES],
        "financing_url": address_of("merchant-financing") if may[roles.FINANCING] else "",
    }
    return render(request, "mall/merchant/home.html", framed(request, place, "merchant") | context)


@login_required
@require_http_methods(["GET", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Ask at which of one's stores to work, or go to work there."""
    places = workplaces(user_id=request.user.pk)
    asked = request.POST.get("merchant", "")
    onward = request.POST.get("next") or request.GET.get("next", "")
    if asked in {str(known.merchant_id) for known in places}:
        request.session[CHOSEN] = int(asked)
        fits = url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure())
        return redirect(onward if fits else reverse("merchant"))
    if len(places) < 2:
        return redirect("merchant")
    return render(request, "mall/merchant/choose.html", {"places": places, "next": onward, "hide_money": True})


def framed(request: HttpRequest, place: Workplace, here: str) -> dict[str, object]:
    """Return what the frame of every merchant's page needs: the store, its pages, and which one this is."""
    return {
        "place": place,
        # These pages tell of the store's money, not of the person's own.
        "hide_money": True,
        "workplaces": request.workplaces,
        "subnav": navigation.subnav(role=place.role, here=here),
    }
