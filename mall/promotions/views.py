"""A store's own promotions, with what they would cost."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from oscar.core.loading import get_model

from mall import bank
from mall.catalogue import tree
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.views import framed
from mall.promotions import operations, preview, queries, words
from mall.promotions.forms import PromotionForm
from mall.queries.merchants import Workplace

StockRecord = get_model("partner", "StockRecord")


@staff_page(may=roles.PROMOTIONS)
@require_http_methods(["GET", "POST"])
def promotions(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List the store's promotions; make one, or show what it would have done to the last orders."""
    at = bank.now()
    form = PromotionForm(request.POST or None, currency=place.currency, categories=category_choices(), at=at)
    effect = None
    if request.method == "POST" and form.is_valid():
        product_ids, unknown = _products(place=place, skus=form.skus)
        if unknown:
            form.add_error("products", _("You sell nothing with the number “%(sku)s”.") % {"sku": unknown[:40]})
        elif "preview" in request.POST:
            effect = preview.effect(merchant_id=place.merchant_id, wish=form.wish(product_ids=product_ids))
        elif _made(request, place=place, form=form, product_ids=product_ids):
            return redirect("merchant-promotions")
    before = request.GET.get("before", "")
    found, following = queries.promotions(
        merchant_id=place.merchant_id, before=int(before) if before.isdecimal() and len(before) < 16 else None
    )
    context = framed(request, place, "merchant-promotions") | {
        "form": form,
        "effect": effect,
        "rows": [words.row(view=view, at=at) for view in found],
        "following": following,
        "open": bool(form.errors) or effect is not None,
    }
    return render(request, "mall/promotions/list.html", context, status=422 if form.errors else 200)


def _made(request: HttpRequest, *, place: Workplace, form: PromotionForm, product_ids: tuple[int, ...]) -> bool:
    try:
        operations.make_promotion(
            merchant_id=place.merchant_id,
            wish=form.wish(product_ids=product_ids),
            by=actor(request=request, place=place),
            at=bank.now(),
        )
    except operations.UnableToChangePromotion as problem:
        form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        return False
    messages.success(request, _("The promotion is made."))
    return True


@require_POST
@staff_page(may=roles.PROMOTIONS)
def end(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """End a promotion now."""
    try:
        operations.end_promotion(
            promotion_id=pk, merchant_id=place.merchant_id, by=actor(request=request, place=place), at=bank.now()
        )
    except operations.UnableToChangePromotion as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("The promotion has ended; orders keep what they were given."))
    return redirect("merchant-promotions")


def category_choices() -> list[tuple[str, str]]:
    """Return the categories as choices, each below what it belongs to."""
    return [(str(node.pk), f"{'– ' * len(node.above)}{node.name}") for node in tree.tree().values()]


def _products(*, place: Workplace, skus: list[str]) -> tuple[tuple[int, ...], str]:
    """Return the products of the store's own article numbers, and the first number that is none."""
    rows = StockRecord.objects.filter(partner__merchant__pk=place.merchant_id, partner_sku__in=skus)
    found = dict(rows.values_list("partner_sku", "product_id"))
    unknown = next((sku for sku in skus if sku not in found), "")
    return tuple(sorted(set(found.values()))), unknown
