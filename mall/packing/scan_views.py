"""The scanner at the door: a code and Enter send a parcel; what cannot be sent is told in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mall import bank
from mall.fulfilment import carriers, operations, states
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Dispatch, UnableToMoveConsignment
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.views import framed
from mall.queries.merchants import Workplace

SESSION = "scanned"
KEPT = 12
_LONGEST = 60
# What scanners type on keyboards of other layouts instead of a hyphen.
_HYPHENS = str.maketrans({"ß": "-", "–": "-", "−": "-", "'": "-"})


@dataclass(frozen=True, slots=True)
class Scan:
    """What came of a code: whether the parcel is sent, and the sentence for whoever scanned it."""

    number: str
    is_good: bool
    said: str
    asks_tracking: bool = False


@staff_page(may=roles.ORDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def scan(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Take a code, send its parcel, and wait for the next."""
    kept = request.session.get(SESSION, {})
    if request.method == "POST":
        carrier, asks = request.POST.get("carrier", "").strip()[:64], bool(request.POST.get("with_tracking"))
        code = request.POST.get("code", "").strip()[:_LONGEST]
        result = _scan(request, place=place, code=code, carrier=carrier, asks=asks)
        lines = kept.get("lines", [])
        if not result.asks_tracking:
            lines = [[result.number, result.is_good, result.said], *lines][:KEPT]
        request.session[SESSION] = {
            "lines": lines,
            "carrier": carrier,
            "asks": asks,
            "waits": result.number if result.asks_tracking else "",
        }
        return redirect("merchant-scan")
    context = {
        "lines": kept.get("lines", []),
        "carrier": kept.get("carrier", ""),
        "asks": kept.get("asks", False),
        "waits": kept.get("waits", ""),
        "carriers": carriers.names(),
    }
    return render(request, "mall/merchant/scan.html", framed(request, place, "merchant-orders") | context)


def _scan(request: HttpRequest, *, place: Workplace, code: str, carrier: str, asks: bool) -> Scan:
    number = code.translate(_HYPHENS).upper()
    if not number:
        return Scan("", False, _("Nothing was scanned. Hold the scanner to the code of a label or a slip."))
    row = Consignment.objects.filter(number=number, merchant_id=place.merchant_id).first()
    if row is None or row.status == states.AWAITING_PAYMENT:
        return Scan(number, False, _("%(number)s is no parcel of this store.") % {"number": number})
    if row.status != states.CONFIRMED:
        return Scan(number, False, _why_not(row))
    tracking = request.POST.get("tracking", "").strip()[:128]
    if asks and not tracking and request.POST.get("skip") != "1":
        return Scan(number, True, "", asks_tracking=True)
    [result] = operations.dispatch_consignments(
        requests=[
            Dispatch(
                consignment_number=number,
                by=actor(request=request, place=place),
                at=bank.now(),
                carrier=carrier,
                tracking=tracking,
            )
        ]
    )
    if isinstance(result, UnableToMoveConsignment):
        return Scan(number, False, str(result))
    if result.replayed:
        # Somebody else was quicker by a blink.
        return Scan(number, False, _("%(number)s was sent a moment ago.") % {"number": number})
    return Scan(number, True, _("%(number)s is on its way.") % {"number": number})


def _why_not(row: Consignment) -> str:
    values = {"number": row.number}
    if row.status == states.CANCELLED:
        return _("%(number)s was cancelled: do not send it, put the goods back.") % values
    when = row.dispatched_at or row.placed_at
    values["moment"] = date_format(localtime(when), "DATETIME_FORMAT")
    return _("%(number)s was sent already, on %(moment)s.") % values
