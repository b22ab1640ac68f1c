"""A merchant's pages: the day, the store, its people."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.context import address_of
from mall.fulfilment import states
from mall.merchants import operations
from mall.merchants.access import CHOSEN, actor, staff_page
from mall.merchants.forms import StaffForm, StoreForm
from mall.merchants.models import OWNER, Merchant
from mall.order.timeline import badge_of
from mall.queries.merchants import Workplace, merchant_home, staff_of
from mall.queries.orders import consignments_of


@staff_page
@require_safe
def home(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the day: what to pack, what was sold, where the money stands."""
    waiting, _total = consignments_of(merchant_id=place.merchant_id, statuses=(states.CONFIRMED,), page_size=8)
    context = {
        "figures": merchant_home(merchant_id=place.merchant_id, at=bank.now()),
        "waiting": [(part, badge_of(status=part.status)) for part in waiting],
        "money": bank.merchant_money(merchant_id=place.merchant_id) if place.role == OWNER else None,
        "financing_url": address_of("merchant-financing") if place.role == OWNER else "",
    }
    return render(request, "mall/merchant/home.html", framed(request, place, "merchant") | context)


@require_POST
@staff_page
def choose(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Go to work for another of one's stores."""
    asked = request.POST.get("merchant", "")
    if asked in {str(known.merchant_id) for known in request.workplaces}:
        request.session[CHOSEN] = int(asked)
    return redirect("merchant")


@staff_page(owner=True)
@require_http_methods(["GET", "POST"])
def staff(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show who works here, and let somebody in."""
    form = StaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.add_staff(
                merchant_id=place.merchant_id,
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                by=actor(request=request, place=place),
                at=bank.now(),
            )
        except (operations.UnableToChangeStaff, NotAllowed) as problem:
            form.add_error("email", str(problem))
        else:
            messages.success(request, _("%(email)s works here now.") % {"email": form.cleaned_data["email"]})
            return redirect("merchant-staff")
    context = {"people": staff_of(merchant_id=place.merchant_id), "form": form, "me": request.user.pk}
    status = 422 if form.errors else 200
    return render(
        request, "mall/merchant/staff.html", framed(request, place, "merchant-staff") | context, status=status
    )


@require_POST
@staff_page(owner=True)
def staff_remove(request: HttpRequest, place: Workplace, user_id: int) -> HttpResponse:
    """Let somebody go."""
    try:
        operations.remove_staff(merchant_id=place.merchant_id, user_id=user_id, by=actor(request=request, place=place))
    except (operations.UnableToChangeStaff, NotAllowed) as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("This person does not work here any more."))
    return redirect("merchant-staff")


@staff_page(owner=True)
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
    links = [
        ("merchant", _("Today")),
        ("merchant-orders", _("Orders")),
        ("merchant-catalogue", _("Catalogue")),
        ("merchant-promotions", _("Promotions")),
    ]
    if place.role == OWNER:
        links += [
            ("merchant-money", _("Money")),
            ("merchant-disputes", _("Disputes")),
            ("merchant-financing", _("Financing")),
            ("merchant-staff", _("Staff")),
            ("merchant-store", _("Store page")),
            ("merchant-delivery", _("Delivery")),
        ]
    return {
        "place": place,
        # These pages tell of the store's money, not of the person's own.
        "hide_money": True,
        "workplaces": request.workplaces,
        "subnav": [(label, address_of(name), name == here) for name, label in links if address_of(name)],
    }
