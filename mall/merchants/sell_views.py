"""Applying to sell, and the bank's two decisions on it."""

from __future__ import annotations

import secrets
from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.customer.addresses import AddressData
from mall.merchants import applications
from mall.merchants.documents import DocumentDamaged, Upload
from mall.merchants.models import MerchantApplication
from mall.merchants.sell_forms import DOCUMENTS, SellForm

TERMS_VERSION = "2026-01"
OPEN = (MerchantApplication.SUBMITTED, MerchantApplication.SECONDED)


@login_required
@require_http_methods(["GET", "POST"])
def sell(request: HttpRequest) -> HttpResponse:
    """Take a company's application, or show how it stands."""
    mine = applications.applications(applicant=request.user.pk)
    waiting = [row for row in mine if row.state in OPEN]
    form = SellForm(request.POST or None, request.FILES or None)
    key = request.POST.get("key", "")[:40] or secrets.token_urlsafe(12)
    if request.method == "POST" and not waiting and form.is_valid():
        try:
            applications.apply_to_sell(application=_application(request, form=form, key=key))
        except applications.UnableToApply as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            messages.success(request, _("Thank you. Two people of the bank look at it, mostly within a day."))
            return redirect("sell")
    context = {"form": form, "mine": mine, "waiting": bool(waiting), "key": key}
    return render(request, "mall/sell.html", context, status=422 if form.errors else 200)


def _application(request: HttpRequest, *, form: SellForm, key: str) -> applications.Application:
    data = form.cleaned_data
    address = AddressData(name=data["company"], **{name: data[name] for name in form.address_fields})
    return applications.Application(
        key=f"sell:{request.user.pk}:{key}",
        applicant=request.user.pk,
        company=data["company"],
        registration_number=data["registration_number"],
        tax_id=data["tax_id"],
        iban=data["iban"],
        currency=bank.policy().CURRENCY,
        address=replace(address, phone=""),
        terms_version=TERMS_VERSION,
        description=data["description"],
        consent_credit=data["consent_credit"],
        documents=tuple(
            Upload(kind=kind, name=data[kind].name, content=b"".join(data[kind].chunks())) for kind in DOCUMENTS
        ),
        at=bank.now(),
    )


@login_required
@never_cache
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out a document to its applicant or the bank's operations, to be saved and never shown in place."""
    try:
        found, content = applications.open_document(document_id=pk, user=request.user)
    except NotAllowed:
        raise Http404 from None
    except DocumentDamaged as problem:
        messages.error(request, str(problem))
        return redirect("sell")
    response = HttpResponse(content, content_type=found.content_type)
    ending = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[found.content_type]
    response["Content-Disposition"] = f'attachment; filename="{found.kind}-{found.pk}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show the bank's operations who wants to sell."""
    _operations_only(request)
    state = request.GET.get("state", "")
    rows = applications.applications(states=OPEN if state != "all" else ())
    return render(request, "mall/applications.html", {"rows": rows, "state": state, "me": request.user.email})


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to an application or decline it; agreeing takes two people."""
    _operations_only(request)
    try:
        if request.POST.get("decision") == "approve":
            row = applications.approve(application_id=pk, by=request.user, at=bank.now())
            done = row.state == MerchantApplication.APPROVED
            messages.success(request, _("The store is open.") if done else _("Noted: a second person must agree."))
        else:
            reason = request.POST.get("reason", "").strip()[:500]
            applications.decline(application_id=pk, by=request.user, reason=reason, at=bank.now())
            messages.success(request, _("Declined."))
    except (applications.UnableToDecide, NotAllowed) as problem:
        messages.error(request, str(problem))
    return redirect("applications")


def _operations_only(request: HttpRequest) -> None:
    if not applications.is_operations(user=request.user):
        raise PermissionDenied
