"""Editing a store's page, looking at it before it is published, and going on holiday."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.merchants import roles, stores
from mall.merchants.access import actor, staff_page
from mall.merchants.models import Merchant
from mall.merchants.views import framed
from mall.queries.merchants import Workplace
from mall.storefront import operations, queries
from mall.storefront.forms import HolidayForm, StorePageForm
from mall.storefront.models import StorePicture
from mall.storefront.operations import UnableToEditStore
from mall.uploads import UnableToTakePicture


@staff_page(may=roles.STORE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Edit the draft; it is shown to everybody when it is published."""
    draft = queries.draft_of(merchant_id=place.merchant_id)
    merchant = Merchant.objects.get(pk=place.merchant_id)
    shown = queries.page(merchant=merchant, at=bank.now(), draft=draft)
    initial = {name: getattr(shown, name) for name in operations.TEXTS}
    form = StorePageForm(request.POST or None, request.FILES or None, initial=initial)
    revision = draft.revision if draft else 0
    if request.method == "POST":
        typed = request.POST.get("revision", "")
        asked = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else 0
        if form.is_valid() and _save(request, place=place, form=form, revision=asked):
            return redirect("merchant-store-preview" if "preview" in request.POST else "merchant-store")
    return _page(request, place, form=form, revision=revision, shown=shown)


def _save(request: HttpRequest, *, place: Workplace, form: StorePageForm, revision: int) -> bool:
    values: dict[str, object] = {name: form.cleaned_data[name] for name in operations.TEXTS}
    for kind in (StorePicture.LOGO, StorePicture.BANNER):
        file = form.cleaned_data[kind]
        if file:
            try:
                values[kind] = operations.keep_picture(
                    merchant_id=place.merchant_id, kind=kind, name=file.name, content=file.read(), at=bank.now()
                )
            except UnableToTakePicture as problem:
                form.add_error(kind, str(problem))
                return False
        elif form.cleaned_data[f"no_{kind}"]:
            values[kind] = None
    try:
        operations.save_draft(
            merchant_id=place.merchant_id,
            values=values,
            revision=revision,
            by=actor(request=request, place=place),
            at=bank.now(),
        )
    except (UnableToEditStore, NotAllowed) as problem:
        form.add_error(None, str(problem))
        return False
    messages.success(request, _("Saved as a draft; nobody else sees it yet."))
    return True


def _page(
    request: HttpRequest,
    place: Workplace,
    *,
    form: StorePageForm,
    revision: int,
    shown: queries.StorePage,
    holiday_form: HolidayForm | None = None,
) -> HttpResponse:
    wrong = bool(form.errors or (holiday_form and holiday_form.errors))
    away = queries.holiday_of(merchant_id=place.merchant_id)
    days = {"begins_on": away.begins_on.isoformat(), "ends_on": away.ends_on.isoformat()} if away else {}
    context = {
        "form": form,
        "revision": revision,
        "shown": shown,
        "holiday": away,
        "holiday_form": holiday_form or HolidayForm(initial=days),
        "history": queries.history(merchant_id=place.merchant_id),
    }
    frame = framed(request, place, "merchant-store")
    return render(request, "mall/storefront/edit.html", frame | context, status=422 if wrong else 200)


@staff_page(may=roles.STORE)
@require_safe
def preview(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the draft as shoppers would see it."""
    draft = queries.draft_of(merchant_id=place.merchant_id)
    if draft is None:
        return redirect("merchant-store")
    merchant = Merchant.objects.get(pk=place.merchant_id)
    context = {
        "store_page": queries.page(merchant=merchant, at=bank.now(), draft=draft),
        "store": stores.of(merchant=merchant),
        "merchant": merchant,
        "revision": draft.revision,
    }
    return render(request, "mall/storefront/preview.html", framed(request, place, "merchant-store") | context)


@require_POST
@staff_page(may=roles.STORE)
def publish(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the draft to everybody."""
    typed = request.POST.get("revision", "")
    revision = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else 0
    try:
        by = actor(request=request, place=place)
        operations.publish(merchant_id=place.merchant_id, revision=revision, by=by, at=bank.now())
    except (UnableToEditStore, NotAllowed) as problem:
        messages.error(request, str(problem))
        return redirect("merchant-store-preview")
    messages.success(request, _("Published."))
    return redirect("merchant-store")


@require_POST
@staff_page(may=roles.STORE)
def holiday(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Go on holiday, or be back."""
    by = actor(request=request, place=place)
    if "back" in request.POST:
        operations.end_holiday(merchant_id=place.merchant_id, by=by, at=bank.now())
        messages.success(request, _("The store sells again."))
        return redirect("merchant-store")
    form = HolidayForm(request.POST)
    if form.is_valid():
        try:
            operations.set_holiday(merchant_id=place.merchant_id, by=by, at=bank.now(), **form.cleaned_data)
        except (UnableToEditStore, NotAllowed) as problem:
            form.add_error("ends_on", str(problem))
        else:
            messages.success(request, _("Noted. Shoppers see when you are back."))
            return redirect("merchant-store")
    merchant = Merchant.objects.get(pk=place.merchant_id)
    draft = queries.draft_of(merchant_id=place.merchant_id)
    shown = queries.page(merchant=merchant, at=bank.now(), draft=draft)
    page_form = StorePageForm(initial={name: getattr(shown, name) for name in operations.TEXTS})
    return _page(
        request, place, form=page_form, revision=draft.revision if draft else 0, shown=shown, holiday_form=form
    )


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def picture(request: HttpRequest, pk: int, digest: str, width: int) -> HttpResponse:
    """Give out one size of a store's picture; its address changes with its content."""
    content = queries.picture(picture_id=pk, digest=digest, width=width) if max(pk, width) < 2**31 else None
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="image/webp")
    response["X-Content-Type-Options"] = "nosniff"
    return response
