"""A store's conversations with buyers, and its quick answers."""

from __future__ import annotations

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.views import framed
from mall.messages import operations, queries
from mall.messages.forms import CallForm, MessageForm, QuickForm
from mall.messages.models import STORE
from mall.messages.requests import HasContactData, UnableToWrite, WriteMessage
from mall.messages.views import before, fresh_form, written
from mall.queries import desk
from mall.queries.merchants import Workplace

PAGE_SIZE = 25
HERE = "merchant-messages"


@staff_page(may=roles.MESSAGES)
@require_safe
def threads(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List the store's conversations, the latest first, or those that wait for an answer."""
    waiting = request.GET.get("state") == "waiting"
    rows, following = queries.threads_to(
        merchant_id=place.merchant_id, waiting=waiting, mark=request.GET.get("after", "")[:60], size=PAGE_SIZE
    )
    context = {
        "rows": rows,
        "following": following,
        "is_waiting": waiting,
        "desk": desk.desk(merchant_id=place.merchant_id, at=bank.now()),
    }
    return render(request, "mall/messages/desk.html", framed(request, place, HERE) | context)


@staff_page(may=roles.MESSAGES)
@require_http_methods(["GET", "POST"])
def thread(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Show a conversation, and take the store's answer."""
    page = _own(request, place=place, pk=pk)
    form = fresh_form(request)
    warning = ""
    if request.method == "POST" and form.is_valid():
        try:
            operations.write_message(
                request=WriteMessage(
                    thread_id=pk, by=actor(request=request, place=place), **written(request, form=form)
                )
            )
        except HasContactData as problem:
            warning = str(problem)
        except UnableToWrite as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("merchant-thread", pk)
    if request.method == "GET":
        form = _with_words(request, place=place, form=form)
    operations.mark_read(thread_id=pk, side=STORE)
    return _page(request, place=place, page=page, form=form, warning=warning)


def _with_words(request: HttpRequest, *, place: Workplace, form: MessageForm) -> MessageForm:
    """Put the words of a chosen quick answer into an empty form."""
    chosen = request.GET.get("words", "")
    found = next((row for row in queries.quick_answers(merchant_id=place.merchant_id) if str(row.pk) == chosen), None)
    if found is not None:
        form.initial["text"] = found.text
    return form


def _page(
    request: HttpRequest,
    *,
    place: Workplace,
    page: queries.ThreadPage,
    form: MessageForm,
    warning: str = "",
    call_form: CallForm | None = None,
) -> HttpResponse:
    context = framed(request, place, HERE) | {
        "page": page,
        "form": form,
        "warning": warning,
        "call_form": call_form or CallForm(),
        "quick": queries.quick_answers(merchant_id=place.merchant_id),
        "side": STORE,
    }
    wrong = form.errors or warning or call_form
    return render(request, "mall/messages/desk_thread.html", context, status=422 if wrong else 200)


@require_POST
@staff_page(may=roles.MESSAGES)
def call(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Call the bank into a conversation."""
    page = _own(request, place=place, pk=pk)
    form = CallForm(request.POST)
    if not form.is_valid():
        return _page(request, place=place, page=page, form=MessageForm(), call_form=form)
    try:
        operations.call_staff(
            thread_id=pk, reason=form.cleaned_data["reason"], by=actor(request=request, place=place), at=bank.now()
        )
    except UnableToWrite as problem:
        notices.error(request, str(problem))
    else:
        notices.success(request, _("The bank is called, and reads this conversation from now on."))
    return redirect("merchant-thread", pk)


@staff_page(may=roles.MESSAGES)
@require_http_methods(["GET", "POST"])
def quick(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the store's quick answers, and take a new one or one with new words."""
    form = QuickForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.keep_quick_answer(by=actor(request=request, place=place), **form.cleaned_data)
        except UnableToWrite as problem:
            form.add_error(None, str(problem))
        else:
            notices.success(request, _("Kept."))
            return redirect("merchant-quick")
    context = {"form": form, "rows": queries.quick_answers(merchant_id=place.merchant_id)}
    status = 422 if form.errors else 200
    return render(request, "mall/messages/quick.html", framed(request, place, HERE) | context, status=status)


@require_POST
@staff_page(may=roles.MESSAGES)
def quick_remove(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Take a quick answer out."""
    operations.remove_quick_answer(answer_id=min(pk, 2**63 - 1), by=actor(request=request, place=place))
    notices.success(request, _("Taken out."))
    return redirect("merchant-quick")


def _own(request: HttpRequest, *, place: Workplace, pk: int) -> queries.ThreadPage:
    page = (
        queries.thread_page(thread_id=pk, merchant_id=place.merchant_id, before=before(request)) if pk < 2**63 else None
    )
    if page is None:
        raise Http404
    return page
