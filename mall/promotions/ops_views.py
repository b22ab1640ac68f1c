"""Operations' page of vouchers the bank pays for: one person proposes, another agrees."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from mall import bank
from mall.merchants.applications import is_operations
from mall.merchants.models import ACTIVE, Merchant
from mall.promotions import operations, queries, words
from mall.promotions.forms import VoucherForm
from mall.promotions.views import category_choices

MOST_STORES = 500


@login_required
@require_http_methods(["GET", "POST"])
def vouchers(request: HttpRequest) -> HttpResponse:
    """List the bank's vouchers with their budgets; propose one."""
    _operations_only(request)
    at = bank.now()
    currency = bank.policy().CURRENCY
    stores = Merchant.objects.filter(status=ACTIVE, currency=currency).order_by("name")[:MOST_STORES]
    form = VoucherForm(
        request.POST or None,
        currency=currency,
        categories=category_choices(),
        merchants=[(str(pk), name) for pk, name in stores.values_list("pk", "name")],
        at=at,
    )
    if request.method == "POST" and form.is_valid():
        try:
            operations.propose_voucher(
                wish=form.wish(), merchant_id=form.merchant_id, currency=currency, by=request.user, at=at
            )
        except operations.UnableToChangePromotion as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            messages.success(request, _("Proposed. It counts once somebody else has agreed."))
            return redirect("ops-vouchers")
    before = request.GET.get("before", "")
    found, following = queries.promotions(
        merchant_id=None, before=int(before) if before.isdecimal() and len(before) < 16 else None
    )
    context = {
        "form": form,
        "rows": [words.row(view=view, at=at) for view in found],
        "following": following,
        "me": request.user.email,
        "hide_money": True,
    }
    return render(request, "mall/promotions/vouchers.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Agree to a voucher, decline it, or end it."""
    _operations_only(request)
    acts = {
        "agree": (operations.agree_to_voucher, {}, _("The voucher counts from now on.")),
        "decline": (
            operations.decline_voucher,
            {"reason": request.POST.get("reason", "")},
            _("The voucher is declined."),
        ),
        "end": (operations.end_voucher, {}, _("The voucher has ended; what was reserved stays reserved.")),
    }
    operation, others, well = acts[action]
    try:
        operation(promotion_id=pk, by=request.user, at=bank.now(), **others)
    except operations.UnableToChangePromotion as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, well)
    return redirect("ops-vouchers")


def _operations_only(request: HttpRequest) -> None:
    if not is_operations(user=request.user):
        raise PermissionDenied
