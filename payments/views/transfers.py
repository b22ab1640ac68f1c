"""Sending money: to an account here at once, to another bank with the next file, after a second factor."""

from __future__ import annotations

import secrets
from decimal import Decimal, InvalidOperation

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from payments import clock, queries
from payments.accounts.step_up import WrongCode
from payments.money import Money, MoneyError
from payments.operations.errors import UnableToMoveMoney
from payments.settlement import elsewhere
from payments.views import access

_SALT = "payments.transfer"
_VALID_SECONDS = 1_800


class TransferForm(forms.Form):
    """Who gets how much, and what for."""

    name = forms.CharField(label=gettext_lazy("Payee"), max_length=70)
    iban = forms.CharField(label=gettext_lazy("Payee's account (IBAN)"), max_length=42)
    amount = forms.CharField(
        label=gettext_lazy("Amount"), max_length=14, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    remittance = forms.CharField(label=gettext_lazy("Reference, as the payee reads it"), max_length=140, required=False)

    def __init__(self, *arguments: object, currency: str, **named: object) -> None:
        super().__init__(*arguments, **named)
        self._currency = currency
        self.fields["amount"].label = _("Amount, in %(currency)s") % {"currency": currency}

    def clean_amount(self) -> int:
        """Return minor units above zero."""
        try:
            amount = Decimal(self.cleaned_data["amount"].replace(",", ".").strip())
            minor = Money.from_decimal(amount, self._currency).minor_units if amount.is_finite() else 0
        except (InvalidOperation, MoneyError):
            minor = 0
        if minor <= 0:
            raise forms.ValidationError(_("Please write the amount in digits, like 12.50."))
        return minor

    def clean_iban(self) -> str:
        """Return the number in its short form."""
        try:
            return elsewhere.check_iban(self.cleaned_data["iban"])
        except UnableToMoveMoney as problem:
            raise forms.ValidationError(str(problem)) from None


@login_required
@require_http_methods(["GET", "POST"])
def transfer(request: HttpRequest) -> HttpResponse:
    """Ask who gets how much, then for the second factor, then send it; each step is a page of its own."""
    accounts = queries.accounts_of(holder=access.holder(request))
    number = request.POST.get("account") or request.GET.get("account", "")
    account = next((one for one in accounts if one.number == number), accounts[0] if accounts else None)
    if account is None:
        return redirect("money")
    if request.method == "POST" and "order" in request.POST:
        return _confirm(request, account)
    form = TransferForm(request.POST or None, currency=account.currency)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data | {"account": account.number, "key": secrets.token_hex(16)}
        return _ask(request, account, signing.dumps(given, salt=_SALT), given)
    limits = elsewhere.limits_of(holder=account.holder, day=clock.now().date())
    context = {"form": form, "account": account, "limits": limits}
    return render(request, "payments/transfer.html", context, status=422 if form.errors else 200)


def _confirm(request: HttpRequest, account: queries.Account) -> HttpResponse:
    order = request.POST["order"][:4_000]
    try:
        given = signing.loads(order, salt=_SALT, max_age=_VALID_SECONDS)
    except signing.BadSignature:
        messages.error(request, _("This transfer is too old: please fill it in again."))
        return redirect("money-transfer")
    holder = access.holder(request)
    try:
        code = request.POST.get("code", "")[:20]
        elsewhere.answer_question(transfer=_transfer(given, holder=holder), code=code)
        done = elsewhere.order_transfer(transfer=_transfer(given, holder=holder))
    except WrongCode as problem:
        return _ask(request, account, order, given, problem=str(problem))
    except UnableToMoveMoney as refusal:
        messages.error(request, str(refusal))
        return redirect("money-transfer")
    if done.day is None:
        messages.success(request, _("Sent: it is on the payee's account already."))
    else:
        words = _("Ordered: it leaves with the file of %(day)s.")
        messages.success(request, words % {"day": done.day.strftime("%d %b %Y")})
    return redirect("money")


def _ask(
    request: HttpRequest, account: queries.Account, order: str, given: dict, problem: str = ""
) -> HttpResponse:
    factor = "email"
    try:
        factor = elsewhere.ask_question(
            transfer=_transfer(given, holder=access.holder(request)), currency=account.currency
        )
    except UnableToMoveMoney as refusal:
        problem = problem or str(refusal)
    context = {"account": account, "order": order, "given": given, "factor": factor, "problem": problem}
    return render(request, "payments/transfer_confirm.html", context, status=422 if problem else 200)


def _transfer(given: dict, *, holder: str) -> elsewhere.OrderTransfer:
    return elsewhere.OrderTransfer(
        account_number=given["account"],
        holder=holder,
        name=given["name"],
        iban=given["iban"],
        amount=given["amount"],
        remittance=given["remittance"],
        key=f"{holder}:{given['key']}",
        at=clock.now(),
    )
