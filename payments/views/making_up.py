"""Operations' page of refunds that failed, goodwill, and journals that were wrong."""

import secrets
from decimal import Decimal

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from payments import clock, operations, queries
from payments.money import Money
from payments.settlement import elsewhere
from payments.views import access


class GoodwillForm(forms.Form):
    """Who gets how much, and why."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)
    account = forms.CharField(label=gettext_lazy("Account number"), max_length=42)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=3,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)


class CorrectionForm(forms.Form):
    """Which journal is wrong, and why."""

    journal = forms.IntegerField(
        label=gettext_lazy("Number of the journal"),
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    reason = forms.CharField(label=gettext_lazy("What was wrong"), max_length=200)


class FailureForm(forms.Form):
    """What a provider said of a refund, by the name the refund has there."""

    name = forms.CharField(label=gettext_lazy("Name of the refund at the provider (leg)"), max_length=400)
    why = forms.CharField(label=gettext_lazy("Why it failed"), max_length=200, required=False)


@access.operations_only
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show what waits, and the forms."""
    return _page(request)


@access.operations_only
@require_POST
def pay_failed(request: HttpRequest, pk: int) -> HttpResponse:
    """Pay a failed refund into the account that was written."""
    account, name = request.POST.get("account", "")[:42], request.POST.get("name", "")[:70]
    [result] = elsewhere.pay_failed_refunds(
        requests=[
            elsewhere.PayFailedRefund(
                failed_id=pk, account=account, name=name, by=access.holder(request), at=clock.now()
            )
        ]
    )
    if isinstance(result, operations.PaymentError):
        return _page(request, problem=str(result), failed_id=pk, typed=account, typed_name=name)
    messages.success(request, _("The refund was paid, or leaves with the next file."))
    return redirect("ops-refunds")


@access.operations_only
@require_POST
def note_failure(request: HttpRequest) -> HttpResponse:
    """Take a refund that failed into suspense."""
    form = FailureForm(request.POST, prefix="failure")
    if not form.is_valid():
        return _page(request, failure=form)
    named = operations.named_at_provider(name=form.cleaned_data["name"].strip())
    result: object = operations.UnknownPayment(_("No refund has that name."))
    if named:
        why = form.cleaned_data["why"]
        failed = operations.RefundFailed(refund_key=named[0], tender_id=named[1], why=why, at=clock.now())
        [result] = operations.note_failed_refunds(requests=[failed])
    if isinstance(result, operations.PaymentError):
        form.add_error("name", str(result))
        return _page(request, failure=form)
    messages.success(request, _("The refund waits in suspense."))
    return redirect("ops-refunds")


@access.operations_only
@require_POST
def give(request: HttpRequest) -> HttpResponse:
    """Give goodwill, or propose it where that takes a second person."""
    form = GoodwillForm(request.POST, prefix="goodwill")
    if not form.is_valid():
        return _page(request, goodwill=form)
    number = form.cleaned_data["account"].replace(" ", "").upper()
    account = queries.account(number=number)
    if account is None:
        form.add_error("account", _("There is no account of that number here."))
        return _page(request, goodwill=form)
    try:
        amount = Money.from_decimal(form.cleaned_data["amount"], account.currency).minor_units
        given = operations.give_goodwill(
            request=operations.GiveGoodwill(
                account=number,
                amount=amount,
                reason=form.cleaned_data["reason"],
                by=access.holder(request),
                key=f"goodwill:{access.holder(request)}:{form.cleaned_data['key']}",
                at=clock.now(),
            )
        )
    except (operations.PaymentError, ValueError) as problem:
        form.add_error("amount", str(problem))
        return _page(request, goodwill=form)
    said = _("Given.") if given.state == "given" else _("Proposed: above the limit a second person agrees to it.")
    messages.success(request, said)
    return redirect("ops-refunds")


@access.operations_only
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to proposed goodwill, or decline it."""
    agreed = request.POST.get("answer") == "agree"
    try:
        operations.decide_goodwill(goodwill_id=pk, agreed=agreed, by=access.holder(request), at=clock.now())
    except operations.PaymentError as problem:
        return _page(request, problem=str(problem))
    messages.success(request, _("Decided."))
    return redirect("ops-refunds")


@access.operations_only
@require_POST
def correct(request: HttpRequest) -> HttpResponse:
    """Post the mirror image of a wrong journal."""
    form = CorrectionForm(request.POST, prefix="correction")
    if not form.is_valid():
        return _page(request, correction=form)
    try:
        mirror = operations.correct_journal(
            journal_id=form.cleaned_data["journal"],
            reason=form.cleaned_data["reason"],
            by=access.holder(request),
            at=clock.now(),
        )
    except operations.PaymentError as problem:
        form.add_error("journal", str(problem))
        return _page(request, correction=form)
    messages.success(request, _("Corrected by journal %(number)s.") % {"number": mirror})
    return redirect("book-journal", mirror)


def _page(
    request: HttpRequest, *, problem: str = "", failed_id: int = 0, typed: str = "", typed_name: str = "", **bound
) -> HttpResponse:
    context = {
        "failed_refunds": queries.failed_refunds(),
        "goodwill": queries.goodwill(),
        "outages": queries.outages(),
        "problem": problem,
        "failed_id": failed_id,
        "typed_name": typed_name,
        "typed": typed,
        "me": access.holder(request),
        "failure_form": bound.get("failure") or FailureForm(prefix="failure"),
        "goodwill_form": bound.get("goodwill")
        or GoodwillForm(prefix="goodwill", initial={"key": secrets.token_urlsafe(12)}),
        "correction_form": bound.get("correction") or CorrectionForm(prefix="correction"),
    }
    status = 422 if problem or bound else 200
    return render(request, "payments/making_up.html", context, status=status)
