"""A shopper's conversations with stores; and the files in them for who may see them."""

from __future__ import annotations

import secrets

from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.core.loading import get_model

from mall import bank
from mall.actors import BUYER, Actor
from mall.merchants import roles
from mall.merchants.models import Merchant
from mall.messages import files, operations, queries
from mall.messages.forms import CallForm, MessageForm
from mall.messages.models import BUYER as BUYERS_SIDE
from mall.messages.models import StaffCall
from mall.messages.requests import HasContactData, OpenThread, UnableToWrite, UnknownThread, WriteMessage
from mall.queries import staff
from payments.views.access import OPERATIONS

Product = get_model("catalogue", "Product")
PAGE_SIZE = 25


@login_required
@require_safe
def threads(request: HttpRequest) -> HttpResponse:
    """List the shopper's conversations, the latest first."""
    rows, following = queries.threads_of(
        user_id=request.user.pk, mark=request.GET.get("after", "")[:60], size=PAGE_SIZE
    )
    return render(request, "mall/messages/list.html", {"rows": rows, "following": following})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write to a store for the first time about an order or a product."""
    asked = {name: request.GET.get(name, "")[:140] for name in ("order", "product", "store")}
    merchant = Merchant.objects.filter(slug=asked["store"]).first()
    product = _product(asked["product"])
    if merchant is None or bool(asked["order"]) == (product is not None):
        raise Http404
    form = fresh_form(request)
    warning = ""
    if request.method == "POST" and form.is_valid():
        try:
            row = operations.open_thread(
                request=OpenThread(
                    merchant_id=merchant.pk,
                    order_number=asked["order"],
                    product_id=product.pk if product else None,
                    by=_buyer(request),
                    **written(request, form=form),
                )
            )
        except UnknownThread:
            raise Http404 from None
        except HasContactData as problem:
            warning = str(problem)
        except UnableToWrite as problem:
            form.add_error(None, str(problem))
        else:
            notices.success(request, _("Sent. You get a letter when the store answers."))
            return redirect("thread", row.pk)
    about = product.get_title() if product else ""
    context = {"form": form, "warning": warning, "store": merchant, "about": about, "order_number": asked["order"]}
    return render(request, "mall/messages/new.html", context, status=422 if form.errors or warning else 200)


def _product(number: str) -> object | None:
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    return Product.objects.filter(pk=int(number), is_public=True).first()


def fresh_form(request: HttpRequest) -> MessageForm:
    """Return the form of a message: as it was sent, or empty with a key of its own."""
    if request.method == "POST":
        return MessageForm(request.POST, request.FILES)
    return MessageForm(initial={"key": secrets.token_urlsafe(12)})


def written(request: HttpRequest, *, form: MessageForm) -> dict[str, object]:
    """Return what a valid form says, as an operation wants to know it."""
    return {
        "key": f"message:{request.user.pk}:{form.cleaned_data['key']}",
        "text": form.cleaned_data["text"],
        "files": form.cleaned_data["files"],
        "sure": request.POST.get("sure") == "yes",
        "at": bank.now(),
    }


@login_required
@require_http_methods(["GET", "POST"])
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a conversation, and take what is written into it."""
    page = _mine(request, pk=pk)
    form = fresh_form(request)
    warning = ""
    if request.method == "POST" and form.is_valid():
        try:
            operations.write_message(
                request=WriteMessage(thread_id=pk, by=_buyer(request), **written(request, form=form))
            )
        except HasContactData as problem:
            warning = str(problem)
        except UnableToWrite as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("thread", pk)
    operations.mark_read(thread_id=pk, side=BUYERS_SIDE)
    context = {"page": page, "form": form, "warning": warning, "call_form": CallForm(), "side": BUYERS_SIDE}
    return render(request, "mall/messages/thread.html", context, status=422 if form.errors or warning else 200)


@login_required
@require_POST
def call(request: HttpRequest, pk: int) -> HttpResponse:
    """Call the bank into a conversation."""
    page = _mine(request, pk=pk)
    form = CallForm(request.POST)
    if not form.is_valid():
        context = {"page": page, "form": MessageForm(), "call_form": form, "side": BUYERS_SIDE}
        return render(request, "mall/messages/thread.html", context, status=422)
    try:
        operations.call_staff(thread_id=pk, reason=form.cleaned_data["reason"], by=_buyer(request), at=bank.now())
    except UnableToWrite as problem:
        notices.error(request, str(problem))
    else:
        notices.success(request, _("The bank is called, and reads this conversation from now on."))
    return redirect("thread", pk)


@login_required
@never_cache
@require_safe
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a file out to the sides of its conversation, and to the bank's people while they are called."""
    found = queries.file(file_id=pk) if pk < 2**63 else None
    if found is None or not _may_see(request, row=found.message.thread):
        raise Http404
    try:
        content = files.read(file=found)
    except files.FileDamaged:
        raise Http404 from None
    response = HttpResponse(content, content_type=found.content_type)
    is_picture = found.content_type == files.PICTURE
    ending = "webp" if is_picture else "pdf"
    response["Content-Disposition"] = f'{"inline" if is_picture else "attachment"}; filename="file-{pk}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _may_see(request: HttpRequest, *, row: object) -> bool:
    if row.buyer_id == request.user.pk:
        return True
    if request.user.pk in staff.people_with(merchant_id=row.merchant_id, permission=roles.MESSAGES):
        return True
    called = StaffCall.objects.filter(thread_id=row.pk, closed_at__isnull=True).exists()
    return called and request.user.groups.filter(name=OPERATIONS).exists()


def _mine(request: HttpRequest, *, pk: int) -> queries.ThreadPage:
    page = queries.thread_page(thread_id=pk, buyer_id=request.user.pk, before=before(request)) if pk < 2**63 else None
    if page is None:
        raise Http404
    return page


def before(request: HttpRequest) -> int | None:
    """Return before which message a page of a conversation ends, as its address says."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _buyer(request: HttpRequest) -> Actor:
    return Actor(BUYER, user_id=request.user.pk)
