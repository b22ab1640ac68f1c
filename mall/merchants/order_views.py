"""A merchant's orders: what to pack, sending, cancelling, paying back."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.fulfilment import carriers, dividing, operations, packing, states
from mall.fulfilment.requests import (
    CancelConsignment,
    Dispatch,
    Pack,
    RefundConsignment,
    UnableToMoveConsignment,
)
from mall.invoices import queries as invoices
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.forms import CancelForm, DispatchForm, RefundForm
from mall.merchants.views import framed
from mall.order import pieces, timeline
from mall.papers.queries import note_by_number
from mall.queries.merchants import Workplace
from mall.queries.orders import EventView, MerchantConsignment, consignment_page


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
def pack(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Say that the parcel is packed, or that it is not after all."""
    _own(place=place, number=number)
    undo = request.POST.get("undo") == "1"
    move = packing.unpack_consignments if undo else packing.pack_consignments
    [result] = move(requests=[Pack(number=number, by=actor(request=request, place=place), at=bank.now())])
    well = _("The parcel is to be packed again.") if undo else _("The parcel is packed and waits for its carrier.")
    return _after(request, result=result, number=number, well=well)


@require_POST
@staff_page(may=roles.ORDERS)
def divide(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Send some pieces now and the rest later: the rest gets a parcel of its own, with money of its own."""
    found = _own(place=place, number=number)
    try:
        now = pieces.chosen(part=found.part, typed=request.POST)
        later = {line.line_id: line.quantity - now[line.line_id] for line in found.part.lines}
        outcome = dividing.divide_consignment(
            request=dividing.DivideConsignment(
                number=number,
                pieces=later,
                by=actor(request=request, place=place),
                key=f"divide:{number}:{request.POST.get('key', '')[:40]}",
                at=bank.now(),
            )
        )
    except (pieces.WrongPieces, UnableToMoveConsignment) as problem:
        return _page(request, place=place, found=found, divide_problem=str(problem))
    if outcome.state == states.DIVISION_REFUSED:
        text = _("The parcel stays one: %(why)s Send everything together, or cancel what you cannot send.")
        messages.error(request, text % {"why": outcome.refusal})
    elif outcome.state == states.DIVISION_ASKED:
        messages.warning(request, _("The buyer's card is being asked. The parcel is two as soon as it has answered."))
    else:
        text = _("What you send later is parcel %(number)s. This one can go now.")
        messages.success(request, text % {"number": outcome.new_number})
    return redirect("merchant-order", number)


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
    divide_problem: str = "",
) -> HttpResponse:
    part, now = found.part, bank.now()
    context = {
        "found": found,
        "part": part,
        "may_act": roles.may(role=place.role, permission=roles.ORDERS),
        "steps": timeline.steps(part=part, now=now, for_buyer=False),
        "history": [_told(event, currency=part.currency) for event in part.events],
        "badge": timeline.badge(part=part),
        "link": carriers.tracking_link(carrier=part.carrier, tracking=part.tracking),
        "papers": invoices.papers_of(numbers=[part.number]).get(part.number, ()),
        "pieces": [(line, request.POST.get(f"line-{line.line_id}", str(line.quantity))) for line in part.lines],
        "divide_problem": divide_problem,
        "carriers": carriers.names(),
        "note": note_by_number(number=part.number),
        "dispatch_form": dispatch_form or DispatchForm(),
        "cancel_form": cancel_form or CancelForm(),
        "refund_form": refund_form or RefundForm(currency=part.currency, most=part.refundable),
        "key": request.POST.get("key") or secrets.token_urlsafe(12),
    }
    wrong = divide_problem or any(form is not None for form in (dispatch_form, cancel_form, refund_form))
    frame = framed(request, place, "merchant-orders")
    return render(request, "mall/merchant/order.html", frame | context, status=422 if wrong else 200)


def _told(event: EventView, *, currency: str) -> tuple[str, EventView, str]:
    """Return an entry of a parcel's history with its word and its note as people read it."""
    note = event.note
    if event.status == states.REFUND and note.isdecimal():
        note = bank.text(amount=int(note), currency=currency)
    return timeline.badge_of(status=event.status)[0], event, note
