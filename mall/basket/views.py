"""The basket: what is in it, adding, changing, discount codes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from oscar.core.loading import get_class, get_model

from mall import bank
from mall.basket import contents
from mall.basket.forms import AddForm, ChangeForm, DiscountCodeForm
from mall.catalogue import hints
from mall.context import forget_basket_count
from mall.merchants.models import ACTIVE

Applicator = get_class("offer.applicator", "Applicator")
StockRecord = get_model("partner", "StockRecord")


@require_safe
def basket(request: HttpRequest) -> HttpResponse:
    """Show what lies in the basket, by merchant."""
    return _page(request, voucher_form=DiscountCodeForm())


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put pieces of one merchant's product into the basket."""
    form = AddForm(request.POST)
    record = None
    if form.is_valid():
        record = (
            StockRecord.objects.select_related("product__product_class", "partner__merchant")
            .filter(pk=form.cleaned_data["stockrecord"], product__is_public=True, partner__merchant__status=ACTIVE)
            .first()
        )
    quantity = form.cleaned_data.get("quantity") or 1
    problem = _problem(request=request, record=record, quantity=quantity) if form.is_valid() else form.first_problem
    if not problem:
        request.basket.add_product(record.product, quantity, stockrecord=record)
        forget_basket_count(request=request)
    if request.htmx:
        return render(request, "mall/_added.html", {"problem": problem, "quantity": quantity})
    if problem:
        messages.error(request, problem)
        if record is not None:
            return redirect("product", record.product.slug, record.product_id)
    else:
        messages.success(request, _("“%(title)s” is in your basket.") % {"title": record.product.get_title()})
    return redirect("basket")


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Change how many pieces of a line; none takes it out."""
    form = ChangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.first_problem)
        return redirect("basket")
    quantity = form.cleaned_data["quantity"]
    line = next((line for line in request.basket.all_lines() if line.pk == form.cleaned_data["line"]), None)
    if line is None:
        return redirect("basket")
    title = line.product.get_title()
    if quantity == 0:
        line.delete()
        messages.success(request, _("“%(title)s” was taken out.") % {"title": title})
    else:
        allowed, reason = line.purchase_info.availability.is_purchase_permitted(quantity)
        if allowed:
            line.quantity = quantity
            line.save(update_fields=["quantity"])
        else:
            messages.error(request, f"{title}: {reason}")
    request.basket.reset_offer_applications()
    forget_basket_count(request=request)
    return redirect("basket")


@require_POST
def voucher(request: HttpRequest) -> HttpResponse:
    """Use a discount code; one that does nothing for this basket is refused."""
    form = DiscountCodeForm(request.POST, basket=request.basket, user=request.user)
    if not form.is_valid():
        return _page(request, voucher_form=form, status=422)
    request.basket.vouchers.add(form.voucher)
    Applicator().apply(request.basket, request.user, request)
    if any(use["voucher"] == form.voucher for use in request.basket.voucher_discounts):
        messages.success(request, _("The code “%(code)s” is used.") % {"code": form.voucher.code})
        return redirect("basket")
    request.basket.vouchers.remove(form.voucher)
    form.add_error("code", _("This code gives nothing off what is in your basket."))
    return _page(request, voucher_form=form, status=422)


def _page(request: HttpRequest, *, voucher_form: DiscountCodeForm, status: int = 200) -> HttpResponse:
    at = bank.now()
    found = contents.contents(basket=request.basket, at=at)
    total = found.total(choices={})
    context = {
        "contents": found,
        "delivery": found.delivery(choices={}),
        "total": total,
        "voucher_form": voucher_form,
        "hint": hints.monthly(request=request, amount=total, currency=found.currency, at=at) if total else "",
    }
    return render(request, "mall/basket.html", context, status=status)


def _problem(*, request: HttpRequest, record: object | None, quantity: int) -> str:
    """Return why these pieces cannot go into the basket, in words for the shopper."""
    if record is None or record.price is None:
        return _("This is not sold any more.")
    lines = list(request.basket.all_lines()) if request.basket.id else []
    if lines and lines[0].price_currency != record.price_currency:
        return _("Your basket holds goods in %(currency)s: order those first.") % {"currency": lines[0].price_currency}
    already = sum(line.quantity for line in lines if line.stockrecord_id == record.pk)
    if record.num_in_stock is None:
        return ""
    free = max(record.net_stock_level, 0)
    if free == 0:
        return _("This is sold out.")
    if already + quantity > free:
        if already:
            return _("Only %(free)d left, and %(already)d of them lie in your basket.") % {
                "free": free,
                "already": already,
            }
        return _("Only %(free)d left: please choose fewer.") % {"free": free}
    return ""
