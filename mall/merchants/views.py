"""A merchant's pages: the day, and the store."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from mall import bank
from mall.context import address_of
from mall.merchants import navigation, operations, roles
from mall.merchants.access import CHOSEN, actor, staff_page
from mall.merchants.forms import StoreForm
from mall.merchants.models import Merchant
from mall.order.timeline import badge
from mall.queries import desk, packing
from mall.queries.merchants import Workplace, merchant_home, workplaces


@staff_page
@require_safe
def home(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the day: what to pack, what was sold, where the money stands."""
    waiting = packing.parcels_of(
        merchant_id=place.merchant_id, state=packing.TO_PACK, sort=packing.BY_PROMISE, size=8
    ).rows
    sees = {name: roles.may(role=place.role, permission=name) for name in (roles.MONEY, roles.FINANCING)}
    context = {
        "figures": merchant_home(merchant_id=place.merchant_id, at=bank.now()),
        "waiting": [(part, badge(part=part)) for part in waiting],
        "money": bank.merchant_money(merchant_id=place.merchant_id) if sees[roles.MONEY] else None,
        "desk": desk.desk(merchant_id=place.merchant_id, at=bank.now()),
        "sees_returns": roles.may(role=place.role, permission=roles.RETURNS),
        "sees_messages": roles.may(role=place.role, permission=roles.MESSAGES),
        "financing_url": address_of("merchant-financing") if sees[roles.FINANCING] else "",
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


@staff_page(may=roles.STORE)
@require_http_methods(["GET", "POST"])
def store(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Edit what the store says of itself."""
    merchant = Merchant.objects.get(pk=place.merchant_id)
    form = StoreForm(request.POST or None, initial={"description": merchant.description})
    if request.method == "POST" and form.is_valid():
        operations.set_store(
            merchant_id=place.merchant_id,
            by=actor(request=request, place=place),
            description=form.cleaned_data["description"],
        )
        messages.success(request, _("Saved."))
        return redirect("merchant-store")
    context = framed(request, place, "merchant-store") | {"form": form}
    return render(request, "mall/merchant/store.html", context, status=422 if form.errors else 200)


def framed(request: HttpRequest, place: Workplace, here: str) -> dict[str, object]:
    """Return what the frame of every merchant's page needs: the store, its pages, and which one this is."""
    return {
        "place": place,
        # These pages tell of the store's money, not of the person's own.
        "hide_money": True,
        "workplaces": request.workplaces,
        "subnav": navigation.subnav(role=place.role, here=here),
    }
