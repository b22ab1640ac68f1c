"""The page on which a store's owner says how it delivers."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mall import bank
from mall.delivery import operations, queries
from mall.delivery.forms import WAY_NAMES, DeliveryForm, as_typed
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.models import Merchant
from mall.merchants.views import framed
from mall.queries.merchants import Workplace


@staff_page(may=roles.DELIVERY)
@require_http_methods(["GET", "POST"])
def delivery(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show how the store delivers and what shoppers are promised now; take a change."""
    at = bank.now()
    merchant = Merchant.objects.get(pk=place.merchant_id)
    plan = queries.plan_of(merchant=merchant)
    form = DeliveryForm(
        request.POST or None,
        initial=as_typed(plan=plan, currency=merchant.currency),
        currency=merchant.currency,
        country=plan.country,
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_delivery(
                merchant_id=merchant.pk, plan=form.plan(), by=actor(request=request, place=place), at=at
            )
        except operations.UnableToSetDelivery as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("Saved. New orders are promised accordingly."))
            return redirect("merchant-delivery")
    context = framed(request, place, "merchant-delivery") | {
        "form": form,
        "leaves_on": plan.leaves_on(at=at),
        "promises": [(WAY_NAMES[way.code], plan.arrives_on(way=way, at=at)) for way in plan.ways],
    }
    return render(request, "mall/delivery/settings.html", context, status=422 if form.errors else 200)
