"""A merchant's orders: what to pack, sending, cancelling, paying back."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.fulfilment import operations, states
from mall.fulfilment.requests import CancelConsignment, Dispatch, RefundConsignment, UnableToMoveConsignment
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.forms import CancelForm, DispatchForm, RefundForm
from mall.merchants.views import framed
from mall.order.timeline import badge_of, steps
from mall.papers.queries import note_by_number
from mall.queries.merchants import Workplace
from mall.queries.orders import MerchantConsignment, consignment_page, consignments_of

PAGE_SIZE = 25
FILTERS = {
    "pack": (states.CONFIRMED,),
    "way": (states.DISPATCHED,),
    "done": (states.DELIVERED, states.RELEASED),
    "back": (states.CANCELLED, states.REFUNDED),
}


@staff_page(may=roles.ORDERS_READ)
@require_safe
def orders(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List the store's parcels, newest first."""
    chosen = request.GET.get("state", "")
    asked = request.GET.get("page", "")
    page = int(asked) if asked.isascii() and asked.isdecimal() and 0 < len(asked) < 7 else 1
    rows, total = consignments_of(
        merchant_id=place.merchant_id, statuses=FILTERS.get(chosen, ()), page=page, page_size=PAGE_SIZE
    )
    names = {"": _("All"), "pack": _("To pack"), "way": _("On their way"), "done": _("Delivered"), "back": _("Undone")}
    context = {
        "rows": [(part, badge_of(status=part.status)) for part in rows],
        "filters": [(code, name, code == chosen) for code, name in names.items()],
        "number": max(page, 1),
        "pages": max(1, -(-total // PAGE_SIZE)),
    }
    return render(request, "mall/merchant/orders.html", framed(request, place, "merchant-orders") | context)


@staff_page(may=roles.ORDERS_READ)
@require_safe
def order(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Show one parcel, with what can be done with it."""
    return _page(request, place=place, found=_own(place=place, number=number))


@require_POST
@staff_page(may=roles.ORDERS)
def dispatch(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Say that the parcel was handed to the carrier."""
    found = _own(place=place, number=number)
    form = DispatchForm(request.POST)
    if not form.is_valid():
        return _page(request, place=place, found=found, dispatch_form=form)
    [result] = operations.dispatch_consignments(
        requests=[
            Dispatch(
                consignment_number=number,
                carrier=form.cleaned_data["carrier"],
                tracking=form.cleaned_data["tracking"],
                by=actor(request=request, place=place),
                at=bank.now(),
            )
        ]
    )
    return _after(request, result=result, number=number, well=_("The parcel is on its way, and the buyer is told."))


@require_POST
@staff_page(may=roles.ORDERS)
def cancel(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Say that the parcel will not be sent."""
    found = _own(place=place, number=number)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _page(request, place=place, found=found, cancel_form=form)
    [result] = operations.cancel_consignments(
        requests=[
            CancelConsignment(
                number=number,
                by=actor(request=request, place=place),
                reason=form.cleaned_data["reason"],
                at=bank.now(),
            )
        ]
    )
    return _after(
        request, result=result, number=number, well=_("The parcel is cancelled, and the buyer has his money.")
    )


@require_POST
@staff_page(may=roles.ORDERS)
def refund(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Give the buyer money back; the form's key makes a double click one refund."""
    found = _own(place=place, number=number)
    part = found.part
    form = RefundForm(request.POST, currency=part.currency, most=part.refundable)
    if not form.is_valid():
        return _page(request, place=place, found=found, refund_form=form)
    [result] = operations.refund_consignments(
        requests=[
            RefundConsignment(
                number=number,
                amount=form.cleaned_data["amount"],
                reason=form.cleaned_data["reason"],
                by=actor(request=request, place=place),
                key=f"refund:{number}:{request.POST.get('key', '')[:40]}",
                at=bank.now(),
            )
        ]
    )
    shown = bank.text(amount=form.cleaned_data["amount"], currency=part.currency)
    return _after(request, result=result, number=number, well=_("%(sum)s went back to the buyer.") % {"sum": shown})


def _own(*, place: Workplace, number: str) -> MerchantConsignment:
    found = consignment_page(number=number, merchant_id=place.merchant_id)
    if found is None:
        raise Http404
    return found


def _after(request: HttpRequest, *, result: object, number: str, well: str) -> HttpResponse:
    if isinstance(result, UnableToMoveConsignment):
        messages.error(request, str(result))
    else:
        messages.success(request, well)
    return redirect("merchant-order", number)


def _page(
    request: HttpRequest,
    *,
    place: Workplace,
    found: MerchantConsignment,
    dispatch_form: DispatchForm | None = None,
    cancel_form: CancelForm | None = None,
    refund_form: RefundForm | None = None,
) -> HttpResponse:
    part = found.part
    context = {
        "found": found,
        "part": part,
        "may_act": roles.may(role=place.role, permission=roles.ORDERS),
        "steps": steps(part=part, for_buyer=False),
        "history": [(badge_of(status=event.status)[0], event) for event in part.events],
        "badge": badge_of(status=part.status),
        "note": note_by_number(number=part.number),
        "dispatch_form": dispatch_form or DispatchForm(),
        "cancel_form": cancel_form or CancelForm(),
        "refund_form": refund_form or RefundForm(currency=part.currency, most=part.refundable),
        "key": request.POST.get("key") or secrets.token_urlsafe(12),
    }
    wrong = any(form is not None for form in (dispatch_form, cancel_form, refund_form))
    frame = framed(request, place, "merchant-orders")
    return render(request, "mall/merchant/order.html", frame | context, status=422 if wrong else 200)
