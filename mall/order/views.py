"""A shopper's orders: the list, one order, and what its buyer can do with it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from oscar.core.loading import get_model

from mall import bank
from mall.actors import BUYER, Actor
from mall.basket import operations as baskets
from mall.checkout.drafts import CancelOrder, UnableToCancelOrder
from mall.checkout.operations import cancel_orders
from mall.context import forget_basket_count
from mall.fulfilment import operations
from mall.fulfilment.requests import Deliver, PostReview, UnableToMoveConsignment
from mall.fulfilment.reviews import post_reviews
from mall.messages import queries as conversations
from mall.order.forms import ReviewForm
from mall.order.timeline import badge_of, order_badge, steps
from mall.papers.queries import taxes_of
from mall.queries.orders import ConsignmentView, OrderPage, order_page, orders_of
from mall.returns import words

StockRecord = get_model("partner", "StockRecord")

PAGE_SIZE = 15


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """List the shopper's orders, newest first."""
    asked = request.GET.get("page", "")
    page = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 else 1
    rows, total = orders_of(user_id=request.user.pk, page=page, page_size=PAGE_SIZE)
    context = {
        "rows": [(row, order_badge(status=row.status, parts=row.consignments)) for row in rows],
        "number": max(page, 1),
        "pages": max(1, -(-total // PAGE_SIZE)),
        "total": total,
    }
    return render(request, "mall/orders.html", context)


@login_required
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Show one order with each parcel's way."""
    return _page(request, order=_mine(request, number=number))


@login_required
@require_POST
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Give the whole order up, before anything of it was sent."""
    found = _mine(request, number=number)
    reason = request.POST.get("reason", "").strip()[:150] or _("The buyer changed his mind.")
    [result] = cancel_orders(
        requests=[CancelOrder(number=found.number, reason=reason, at=bank.now(), by=_buyer(request))]
    )
    if isinstance(result, UnableToCancelOrder):
        messages.error(request, str(result))
    else:
        forget_basket_count(request=request)
        messages.success(request, _("The order is cancelled. What was held for it is yours again."))
    return redirect("order", number)


@login_required
@require_POST
def received(request: HttpRequest, number: str, consignment: str) -> HttpResponse:
    """Say that a parcel arrived; its store gets its money."""
    part = _part(order=_mine(request, number=number), consignment=consignment)
    [result] = operations.deliver_consignments(
        requests=[Deliver(consignment_number=part.number, said_by="buyer", at=bank.now(), by=_buyer(request))]
    )
    if isinstance(result, UnableToMoveConsignment):
        messages.error(request, str(result))
    else:
        messages.success(request, _("Thank you. %(store)s gets its money now.") % {"store": part.merchant})
    return redirect("order", number)


@login_required
@require_POST
def review(request: HttpRequest, number: str, consignment: str) -> HttpResponse:
    """Say what the parcel, its goods and its store were like."""
    found = _mine(request, number=number)
    part = _part(order=found, consignment=consignment)
    form = ReviewForm(request.POST, prefix=part.number)
    if not form.is_valid():
        return _page(request, order=found, review_forms={part.number: form}, status=422)
    [result] = post_reviews(
        requests=[
            PostReview(
                consignment_number=part.number,
                score=form.cleaned_data["score"],
                body=form.cleaned_data["body"],
                product_ids=tuple(line.product_id for line in part.lines),
                by=_buyer(request),
                at=bank.now(),
            )
        ]
    )
    if isinstance(result, UnableToMoveConsignment):
        messages.error(request, str(result))
    else:
        messages.success(request, _("Thank you for your review."))
    return redirect("order", number)


@login_required
@require_POST
def again(request: HttpRequest, number: str) -> HttpResponse:
    """Put what was bought into the basket once more, as far as it is still sold."""
    found = _mine(request, number=number)
    wanted = {line.stockrecord_id: line.quantity for part in found.consignments for line in part.lines}
    records = StockRecord.objects.filter(
        pk__in=wanted, product__is_public=True, partner__merchant__status="active", price__isnull=False
    ).select_related("product__product_class")
    added = 0
    for record in records:
        if record.can_be_bought and record.price_currency == found.currency:
            free = wanted[record.pk] if record.num_in_stock is None else record.net_stock_level
            try:
                baskets.add(
                    basket_id=request.basket.pk,
                    stockrecord_id=record.pk,
                    quantity=min(wanted[record.pk], free),
                )
            except baskets.UnableToChangeBasket:
                continue
            added += 1
    forget_basket_count(request=request)
    if added < len(wanted):
        messages.warning(request, _("Some of it is not sold any more, or sold out."))
    return redirect("basket")


def _page(
    request: HttpRequest, *, order: OrderPage, review_forms: dict[str, ReviewForm] | None = None, status: int = 200
) -> HttpResponse:
    given = review_forms or {}
    parts = [
        {
            "part": part,
            "steps": steps(part=part),
            "badge": badge_of(status=part.status),
            "review_form": given.get(part.number) or ReviewForm(prefix=part.number),
        }
        for part in order.consignments
    ]
    badge = order_badge(status=order.status, parts=tuple(part.status for part in order.consignments))
    hold = bank.hold_question(payment_id=order.payment_id)
    context = {"order": order, "badge": badge, "parts": parts, "hold": hold, "taxes": taxes_of(number=order.number)}
    context["returns"] = words.of_order(order_number=order.number, user_id=request.user.pk, at=bank.now())
    context["threads"] = conversations.of_order(order_number=order.number, user_id=request.user.pk)
    return render(request, "mall/order.html", context, status=status)


def _mine(request: HttpRequest, *, number: str) -> OrderPage:
    found = order_page(number=number, user_id=request.user.pk)
    if found is None:
        raise Http404
    return found


def _part(*, order: OrderPage, consignment: str) -> ConsignmentView:
    part = next((part for part in order.consignments if part.number == consignment), None)
    if part is None:
        raise Http404
    return part


def _buyer(request: HttpRequest) -> Actor:
    return Actor(BUYER, user_id=request.user.pk)
