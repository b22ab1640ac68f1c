"""Where a store's payouts go: asked for by an owner, confirmed by a second factor, cancelled while it waits."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mall import bank, mail
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.merchants.views import framed
from mall.queries.merchants import Workplace


class PayoutAccountForm(forms.Form):
    """The account at another bank."""

    name = forms.CharField(label=gettext_lazy("Name the account is held in"), max_length=70)
    iban = forms.CharField(label=gettext_lazy("Account number (IBAN)"), max_length=42)
    bic = forms.CharField(label=gettext_lazy("BIC"), max_length=11, required=False)


@staff_page(may=roles.PAYOUTS)
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show where payouts go and take the number of another account."""
    form = PayoutAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            number = bank.ask_payout_account(
                merchant_id=place.merchant_id, user_id=request.user.pk, **form.cleaned_data
            )
        except bank.UnableToChangePayoutAccount as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return redirect("merchant-payout-confirm", pk=number)
    context = {
        "form": form,
        "money": bank.merchant_money(merchant_id=place.merchant_id),
        "accounts": bank.payout_accounts(merchant_id=place.merchant_id),
    }
    return _page(request, place, "mall/merchant/payout_account.html", context, status=422 if form.errors else 200)


@staff_page(may=roles.PAYOUTS)
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Ask for the code that confirms the new account."""
    problem, asked = "", None
    try:
        asked = bank.payout_question(account_id=pk, user_id=request.user.pk)
        if request.method == "POST":
            code = request.POST.get("code", "")[:20]
            bank.confirm_payout_account(account_id=pk, user_id=request.user.pk, code=code)
            messages.success(request, _("Confirmed. Payouts go there in three days; we have written to all owners."))
            return redirect("merchant-payout-account")
    except bank.UnableToChangePayoutAccount as refusal:
        problem = str(refusal)
    if asked is None:
        messages.error(request, problem)
        return redirect("merchant-payout-account")
    context = {"asked": asked, "problem": problem}
    return _page(request, place, "mall/merchant/payout_confirm.html", context, status=422 if problem else 200)


@staff_page(may=roles.PAYOUTS)
@require_POST
def cancel(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Give up a change that does not count yet."""
    _cancel(request, account_id=pk, merchant_id=place.merchant_id, by=bank.shopper(user_id=request.user.pk))
    return redirect("merchant-payout-account")


@never_cache
@require_http_methods(["GET", "POST"])
def cancel_link(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever got the letter about a change give it up, signed in or not; asking comes first."""
    try:
        merchant_id, account_id = signing.loads(token, salt=mail.PAYOUT_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Http404 from None
    if request.method == "POST":
        _cancel(request, account_id=account_id, merchant_id=merchant_id, by="letter")
        return redirect("home")
    return render(request, "mall/payout_cancel.html")


def _cancel(request: HttpRequest, *, account_id: int, merchant_id: int, by: str) -> None:
    try:
        bank.cancel_payout_account(account_id=account_id, merchant_id=merchant_id, by=by)
        messages.success(request, _("Cancelled: payouts go where they went before."))
    except bank.UnableToChangePayoutAccount as refusal:
        messages.error(request, str(refusal))


def _page(
    request: HttpRequest, place: Workplace, template: str, context: dict[str, object], status: int
) -> HttpResponse:
    return render(request, template, framed(request, place, "merchant-money") | context, status=status)
