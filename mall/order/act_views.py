"""What a buyer does with an order: cancel it or some of it, say that it came, buy it again, review it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from oscar.core.loading import get_model

from mall import bank
from mall.basket import operations as baskets
from mall.checkout.drafts import CancelOrder, UnableToCancelOrder
from mall.checkout.operations import cancel_orders
from mall.context import forget_basket_count
from mall.fulfilment import dividing, operations
from mall.fulfilment.requests import Deliver, PostReview, UnableToMoveConsignment
from mall.fulfilment.reviews import post_reviews
from mall.order import access, pieces
from mall.order.forms import ReviewForm
from mall.order.views import show
from mall.queries.orders import ConsignmentView, OrderPage

StockRecord = get_model("partner", "StockRecord")


@require_POST
@access.buyer_page
def cancel(request: HttpRequest, found: OrderPage) -> HttpResponse:
    """Give the whole order up, before anything of it was sent."""
    [result] = cancel_orders(
        requests=[
            CancelOrder(
                number=found.number, reason=_reason(request), at=bank.now(), by=access.buyer(request, order=found)
            )
        ]
    )
    if isinstance(result, UnableToCancelOrder):
        messages.error(request, str(result))
    else:
        forget_basket_count(request=request)
        messages.success(request, _("The order is cancelled. What was held for it is yours again."))
    return redirect("order", found.number)


@require_POST
@access.buyer_page
def cancel_pieces(request: HttpRequest, found: OrderPage, consignment: str) -> HttpResponse:
    """Give up a parcel or pieces of it, before it was sent; the form's key makes a double click one."""
    part = _part(order=found, consignment=consignment)
    everything = {line.line_id: line.quantity for line in part.lines}
    try:
        wanted = everything if request.POST.get("all") else pieces.chosen(part=part, typed=request.POST)
        if not any(wanted.values()):
            raise pieces.WrongPieces(_("Choose how many of which pieces you do not want."))
        dividing.cancel_pieces(
            request=dividing.CancelPieces(
                number=part.number,
                pieces=wanted,
                by=access.buyer(request, order=found),
                reason=_reason(request),
                key=f"give-up:{part.number}:{request.POST.get('key', '')[:40]}",
                at=bank.now(),
            )
        )
    except (pieces.WrongPieces, UnableToMoveConsignment) as problem:
        return show(request, order=found, problems={part.number: str(problem)}, status=422)
    messages.success(request, _("It is cancelled. What was held for it becomes yours again."))
    return redirect("order", found.number)


@require_POST
@access.buyer_page
def received(request: HttpRequest, found: OrderPage, consignment: str) -> HttpResponse:
    """Say that a parcel arrived; its store gets its money."""
    part = _part(order=found, consignment=consignment)
    [result] = operations.deliver_consignments(
        requests=[
            Deliver(
                consignment_number=part.number,
                said_by="buyer",
                at=bank.now(),
                by=access.buyer(request, order=found),
            )
        ]
    )
    if isinstance(result, UnableToMoveConsignment):
        messages.error(request, str(result))
    else:
        messages.success(request, _("Thank you. %(store)s gets its money now.") % {"store": part.merchant})
    return redirect("order", found.number)


@require_POST
@access.buyer_page
def review(request: HttpRequest, found: OrderPage, consignment: str) -> HttpResponse:
    """Say what the parcel, its goods and its store were like."""
    part = _part(order=found, consignment=consignment)
    if found.is_guests:
        raise Http404
    form = ReviewForm(request.POST, prefix=part.number)
    if not form.is_valid():
        return show(request, order=found, review_forms={part.number: form}, status=422)
    [result] = post_reviews(
        requests=[
            PostReview(
                consignment_number=part.number,
                score=form.cleaned_data["score"],
                body=form.cleaned_data["body"],
                product_ids=tuple(line.product_id for line in part.lines),
                by=access.buyer(request, order=found),
                at=bank.now(),
            )
        ]
    )
    if isinstance(result, UnableToMoveConsignment):
        messages.error(request, str(result))
    else:
        messages.success(request, _("Thank you for your review."))
    return redirect("order", found.number)


@require_POST
@access.buyer_page
def again(request: HttpRequest, found: OrderPage) -> HttpResponse:
    """Put what was bought into the basket once more, as far as it is still sold; tell what is not."""
    wanted: dict[int, int] = {}
    titles: dict[int, str] = {}
    for part in found.consignments:
        for line in part.lines:
            wanted[line.stockrecord_id] = wanted.get(line.stockrecord_id, 0) + line.quantity
            titles[line.stockrecord_id] = line.title
    records = StockRecord.objects.filter(
        pk__in=wanted, product__is_public=True, partner__merchant__status="active", price__isnull=False
    ).select_related("product__product_class")
    added: dict[int, int] = {}
    for record in records:
        if record.can_be_bought and record.price_currency == found.currency:
            free = wanted[record.pk] if record.num_in_stock is None else record.net_stock_level
            try:
                number = min(wanted[record.pk], free)
                baskets.add(basket_id=request.basket.pk, stockrecord_id=record.pk, quantity=number)
            except baskets.UnableToChangeBasket:
                continue
            added[record.pk] = number
    forget_basket_count(request=request)
    if gone := [titles[key] for key in wanted if not added.get(key)]:
        messages.warning(request, _("No longer sold, or sold out: %(goods)s.") % {"goods": ", ".join(gone)})
    if fewer := [titles[key] for key, number in added.items() if number < wanted[key]]:
        messages.warning(request, _("Fewer are left than you bought: %(goods)s.") % {"goods": ", ".join(fewer)})
    return redirect("basket" if added else "order", *([] if added else [found.number]))


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()[:150] or _("The buyer changed his mind.")


def _part(*, order: OrderPage, consignment: str) -> ConsignmentView:
    part = next((part for part in order.consignments if part.number == consignment), None)
    if part is None:
        raise Http404
    return part
