"""A person's own details: name, addresses, consents."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from oscar.core.loading import get_model

from mall import bank
from mall.checkout.forms import AddressForm
from mall.customer.forms import CONSENT_WORDS, DetailsForm
from mall.customer.models import CREDIT_USE, MARKETING, Consent, User
from mall.customer.operations import ChangeConsent, add_addresses, record_consents, set_default_address

UserAddress = get_model("address", "UserAddress")

MOST_ADDRESSES = 20


@login_required
@require_http_methods(["GET", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Show a person's details, and change the name."""
    form = DetailsForm(
        request.POST or None,
        initial={"first_name": request.user.first_name, "last_name": request.user.last_name},
    )
    if request.method == "POST" and form.is_valid():
        User.objects.filter(pk=request.user.pk).update(**form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("account-home")
    return _page(request, form=form, address_form=AddressForm(prefix="new"))


@login_required
@require_POST
def address_add(request: HttpRequest) -> HttpResponse:
    """Add an address to the book."""
    form = AddressForm(request.POST, prefix="new")
    if not form.is_valid():
        names = {"first_name": request.user.first_name, "last_name": request.user.last_name}
        return _page(request, form=DetailsForm(initial=names), address_form=form)
    if UserAddress.objects.filter(user_id=request.user.pk).count() >= MOST_ADDRESSES:
        messages.error(request, _("Your address book is full: take one out first."))
    else:
        add_addresses(addresses=[(request.user.pk, form.address, bank.now())])
        messages.success(request, _("The address is in your book."))
    return redirect("account-home")


@login_required
@require_POST
def address_default(request: HttpRequest, pk: int) -> HttpResponse:
    """Have goods go to this address unless said otherwise."""
    set_default_address(user_id=request.user.pk, address_id=pk)
    return redirect("account-home")


@login_required
@require_POST
def address_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an address out of the book."""
    UserAddress.objects.filter(pk=pk, user_id=request.user.pk).delete()
    return redirect("account-home")


@login_required
@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Allow a use of one's data, or withdraw that."""
    purpose = request.POST.get("purpose", "")
    if purpose in (CREDIT_USE, MARKETING):
        granted = request.POST.get("granted") == "1"
        record_consents(
            requests=[
                ChangeConsent(
                    subject=bank.shopper(user_id=request.user.pk), purpose=purpose, granted=granted, at=bank.now()
                )
            ]
        )
        messages.success(request, _("Noted.") if granted else _("Withdrawn. It counts from this moment."))
    return redirect("account-home")


def _page(request: HttpRequest, *, form: DetailsForm, address_form: AddressForm) -> HttpResponse:
    subject = bank.shopper(user_id=request.user.pk)
    in_force = dict(Consent.objects.filter(subject=subject, withdrawn_at=None).values_list("purpose", "granted_at"))
    addresses = UserAddress.objects.filter(user_id=request.user.pk).select_related("country").order_by("pk")
    words = {CREDIT_USE: CONSENT_WORDS, MARKETING: _("Rialto may send me offers that fit what I bought.")}
    context = {
        "form": form,
        "address_form": address_form,
        "addresses": [(row.pk, row.active_address_fields(), row.is_default_for_shipping) for row in addresses],
        "consents": [(purpose, text, in_force.get(purpose)) for purpose, text in words.items()],
    }
    wrong = form.errors or address_form.errors
    return render(request, "mall/account.html", context, status=422 if wrong else 200)
