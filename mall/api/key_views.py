"""The owner's page of keys, and the page for developers."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.api import bodies, operations, queries, views
from mall.api.models import SCOPES
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.views import framed
from mall.queries.merchants import Workplace


class KeyForm(forms.Form):
    """A key to make."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("Which program it is for, like “Warehouse”."),
        error_messages={"required": _("Give the key a name, so that you know it again.")},
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it allows"),
        choices=SCOPES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one thing that the key allows.")},
    )


@never_cache
@require_http_methods(["GET", "POST"])
def _keys(request: HttpRequest, place: Workplace) -> HttpResponse:
    form = KeyForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.make_key(
                merchant_id=place.merchant_id,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                by=actor(request=request, place=place),
                at=bank.now(),
            ).text
        except (operations.UnableToMakeKey, NotAllowed) as problem:
            form.add_error(None, str(problem))
        else:
            # Shown on this one answer and never again; sending the form anew makes another key.
            form = KeyForm()
    context = {"keys": queries.keys_of(merchant_id=place.merchant_id), "form": form, "made": made}
    frame = framed(request, place, "merchant-keys")
    return render(request, "mall/api/keys.html", frame | context, status=422 if form.errors else 200)


keys = staff_page(_keys, may=roles.KEYS)


@staff_page(may=roles.KEYS)
@require_POST
def revoke(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Let a key count no more."""
    try:
        operations.revoke_key(
            merchant_id=place.merchant_id, key_id=pk, by=actor(request=request, place=place), at=bank.now()
        )
    except NotAllowed as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("The key is revoked: whoever still shows it is turned away."))
    return redirect("merchant-keys")


@require_safe
def developers(request: HttpRequest) -> HttpResponse:
    """Show how programs talk to the market."""
    context = {
        "a_minute": views.A_MINUTE,
        "most_items": bodies.MOST_ITEMS,
        "statuses": views.STATUSES,
        "scopes": SCOPES,
        "site": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "mall/api/developers.html", context)
