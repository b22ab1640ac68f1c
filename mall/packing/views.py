"""The merchant's list of parcels, and what is done with many of them at once."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.fulfilment import carriers, operations, packing
from mall.fulfilment.requests import Dispatch, MovedConsignment, Pack, UnableToMoveConsignment
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.views import framed
from mall.order import timeline
from mall.packing import papers
from mall.papers.queries import notes_of
from mall.queries import packing as desk
from mall.queries.merchants import Workplace

PAGE_SIZE = 50
# Of so many parcels papers are made at once, and so many are moved.
MOST = 200
PAPERS = {"slips": papers.slips, "labels": papers.labels}


@staff_page(may=roles.ORDERS_READ)
@require_safe
def orders(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List the store's parcels: what to pack by its promise, everything else newest first."""
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip()[:80]
    waiting = state in (desk.TO_PACK, desk.PACKED)
    sort = request.GET.get("sort", "") or (desk.BY_PROMISE if waiting else desk.NEWEST)
    page = desk.parcels_of(
        merchant_id=place.merchant_id,
        state=state,
        text=text,
        sort=sort,
        after=request.GET.get("after", ""),
        size=PAGE_SIZE,
    )
    now = bank.now()
    names = {
        "": _("All"),
        desk.TO_PACK: _("To pack"),
        desk.PACKED: _("Packed"),
        desk.UNDER_WAY: _("On their way"),
        desk.DONE: _("Delivered"),
        desk.UNDONE: _("Undone"),
    }
    context = {
        "rows": [
            (part, timeline.badge(part=part), timeline.days_late(part=part, now=now) if part.can_dispatch else 0)
            for part in page.rows
        ],
        "filters": [(code, name, code == state) for code, name in names.items()],
        "sorts": [
            (code, name, code == sort)
            for code, name in ((desk.BY_PROMISE, _("Promised first")), (desk.NEWEST, _("Newest first")))
        ],
        "state": state,
        "text": text,
        "sort": sort,
        "after": page.after,
        "is_first": not request.GET.get("after"),
        "carriers": carriers.names(),
        "may_act": roles.may(role=place.role, permission=roles.ORDERS),
    }
    return render(request, "mall/merchant/orders.html", framed(request, place, "merchant-orders") | context)


@require_POST
@staff_page(may=roles.ORDERS)
def bulk(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Print for the chosen parcels, say that they are packed, or send them."""
    wanted = request.POST.getlist("shown" if request.POST.get("all") else "number")[:MOST]
    back = request.POST.get("back", "")
    fits = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    act = request.POST.get("do", "")
    if not wanted:
        messages.error(request, _("Choose the parcels first: tick them, or tick all that are shown."))
    elif act in PAPERS:
        found = desk.parcels_to_print(merchant_id=place.merchant_id, numbers=wanted)
        if found:
            return _pdf(PAPERS[act](store=place.name, parcels=found, notes=notes_of(numbers=wanted)), name=act)
        messages.error(request, _("None of these parcels is your store's."))
    elif act in ("pack", "unpack", "dispatch"):
        _tell(request, act=act, results=_act(request, place=place, act=act, numbers=wanted))
    else:
        messages.error(request, _("Choose what to do with the parcels."))
    return redirect(back if fits else reverse("merchant-orders"))


def _act(
    request: HttpRequest, *, place: Workplace, act: str, numbers: Sequence[str]
) -> list[MovedConsignment | UnableToMoveConsignment]:
    by, at = actor(request=request, place=place), bank.now()
    if act != "dispatch":
        move = packing.pack_consignments if act == "pack" else packing.unpack_consignments
        return move(requests=[Pack(number=number, by=by, at=at) for number in numbers])
    return operations.dispatch_consignments(
        requests=[
            Dispatch(
                consignment_number=number,
                by=by,
                at=at,
                carrier=request.POST.get("carrier", "").strip(),
                tracking=request.POST.get(f"tracking-{number}", "").strip(),
            )
            for number in numbers
        ]
    )


def _tell(request: HttpRequest, *, act: str, results: Sequence[MovedConsignment | UnableToMoveConsignment]) -> None:
    done = sum(isinstance(result, MovedConsignment) and not result.replayed for result in results)
    before = sum(isinstance(result, MovedConsignment) and result.replayed for result in results)
    if done and act == "dispatch":
        text = ngettext("%(n)d parcel is on its way.", "%(n)d parcels are on their way.", done)
        messages.success(request, text % {"n": done})
    elif done:
        text = ngettext("%(n)d parcel is marked.", "%(n)d parcels are marked.", done)
        messages.success(request, text % {"n": done})
    if before:
        text = ngettext("%(n)d parcel was so before.", "%(n)d parcels were so before.", before)
        messages.info(request, text % {"n": before})
    for problem in [result for result in results if isinstance(result, Exception)][:10]:
        messages.error(request, str(problem))


def _pdf(content: bytes, *, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
