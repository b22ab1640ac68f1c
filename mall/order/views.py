"""A shopper's orders: the list, one order, and the way in for guests."""

from __future__ import annotations

import secrets

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from mall import bank
from mall.fulfilment.carriers import tracking_link
from mall.invoices import queries as invoices
from mall.messages import queries as conversations
from mall.order import access, timeline
from mall.order.forms import GuestForm, ReviewForm
from mall.papers.queries import taxes_of
from mall.queries import order_lists
from mall.queries.orders import ConsignmentView, OrderPage
from mall.returns import words

PAGE_SIZE = 20


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """List the shopper's orders, newest first."""
    text, state = request.GET.get("q", "").strip()[:80], request.GET.get("state", "")
    page = order_lists.orders_of(
        user_id=request.user.pk, text=text, state=state, after=request.GET.get("after", ""), size=PAGE_SIZE
    )
    names = {
        "": _("All"),
        order_lists.OPEN: _("To be sent"),
        order_lists.UNDER_WAY: _("On their way"),
        order_lists.DONE: _("Delivered"),
        order_lists.UNDONE: _("Cancelled or paid back"),
    }
    context = {
        "rows": [(row, timeline.order_badge(status=row.status, parts=row.consignments)) for row in page.rows],
        "filters": [(code, name, code == state) for code, name in names.items()],
        "text": text,
        "state": state,
        "after": page.after,
        "is_first": not request.GET.get("after"),
        "now": bank.now(),
    }
    return render(request, "mall/orders.html", context)


@require_safe
@never_cache
@access.buyer_page
def order(request: HttpRequest, found: OrderPage) -> HttpResponse:
    """Show one order with each parcel's way."""
    return show(request, order=found)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def guest_order(request: HttpRequest, token: str) -> HttpResponse:
    """Ask who came by the link in his mail for the order's address, and open it."""
    number = access.number_in(token=token)
    if number is None:
        return render(request, "mall/order/link_over.html", status=404)
    form = GuestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            if access.open_by_link(request, number=number, email=form.cleaned_data["email"]):
                return redirect("order", number)
            form.add_error("email", _("The order was made with another address. Which one did its mail come to?"))
        except access.TooManyTries:
            form.add_error(None, _("Too many addresses were tried. Please come back in an hour."))
    status = 422 if form.errors else 200
    return render(request, "mall/order/guest.html", {"form": form, "number": number}, status=status)


def show(
    request: HttpRequest,
    *,
    order: OrderPage,
    review_forms: dict[str, ReviewForm] | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render an order's page; `problems` by parcel number keep what was typed."""
    now, papers = bank.now(), invoices.papers_of(numbers=[part.number for part in order.consignments])
    parts = [
        _parcel(request, part=part, now=now, is_guests=order.is_guests)
        | {
            "review_form": (review_forms or {}).get(part.number) or ReviewForm(prefix=part.number),
            "problem": (problems or {}).get(part.number, ""),
            "papers": papers.get(part.number, ()),
        }
        for part in order.consignments
    ]
    context = {
        "order": order,
        "badge": timeline.order_badge(status=order.status, parts=tuple(part.status for part in order.consignments)),
        "parts": parts,
        "hold": bank.hold_question(payment_id=order.payment_id),
        "taxes": taxes_of(number=order.number),
    }
    if request.user.is_authenticated and not order.is_guests:
        context["returns"] = words.of_order(order_number=order.number, user_id=request.user.pk, at=now)
        context["threads"] = conversations.of_order(order_number=order.number, user_id=request.user.pk)
    return render(request, "mall/order.html", context, status=status)


def _parcel(request: HttpRequest, *, part: ConsignmentView, now, is_guests: bool) -> dict[str, object]:
    typed = request.POST
    return {
        "part": part,
        "steps": timeline.steps(part=part, now=now),
        "next": timeline.next_for_buyer(part=part, now=now),
        "late": timeline.days_late(part=part, now=now),
        "badge": timeline.badge(part=part),
        "link": tracking_link(carrier=part.carrier, tracking=part.tracking),
        "pieces": [(line, typed.get(f"line-{line.line_id}", "0")) for line in part.lines],
        "reason": typed.get("reason", ""),
        "key": secrets.token_urlsafe(12),
        "can_review": part.can_review and not is_guests,
    }
