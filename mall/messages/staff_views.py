"""Where the bank's people are called into conversations; each reading is put on record."""

from __future__ import annotations

from django.contrib import messages as notices
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.actors import OPERATIONS, Actor
from mall.messages import operations, queries
from mall.messages.forms import BlockForm, NoteForm
from mall.messages.requests import UnableToWrite, UnknownThread
from mall.messages.views import before
from mall.returns.views import mark
from payments.views import access

PAGE_SIZE = 25


@access.operations_only
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """List where the bank is called, and who is kept from writing."""
    is_open = request.GET.get("state") != "closed"
    rows = queries.calls(is_open=is_open, before=mark(request.GET.get("after", "")), size=PAGE_SIZE + 1)
    context = {
        "rows": rows[:PAGE_SIZE],
        "following": rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None,
        "is_open": is_open,
        "blocks": queries.blocks(),
    }
    return render(request, "mall/messages/ops.html", context)


@access.operations_only
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a conversation one is called into."""
    return _page(request, pk=pk)


@access.operations_only
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Close a call with a note, or keep its buyer from writing."""
    if action not in ("close", "block"):
        raise Http404
    form: Form = NoteForm(request.POST) if action == "close" else BlockForm(request.POST)
    if not form.is_valid():
        return _page(request, pk=pk, forms={action: form})
    who = {"call_id": min(pk, 2**63 - 1), "by": _staff(request), "at": bank.now()}
    try:
        if action == "close":
            operations.close_call(note=form.cleaned_data["note"], **who)
            notices.success(request, _("Closed."))
            return redirect("ops-messages")
        operations.block_buyer(**form.cleaned_data, **who)
        notices.success(request, _("The buyer cannot write there any more."))
    except UnknownThread:
        raise Http404 from None
    except UnableToWrite as problem:
        form.add_error(None, str(problem))
        return _page(request, pk=pk, forms={action: form})
    return redirect("ops-thread", pk)


@access.operations_only
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a buyer write again."""
    try:
        operations.lift_block(block_id=min(pk, 2**63 - 1), by=_staff(request), at=bank.now())
    except UnableToWrite as problem:
        notices.error(request, str(problem))
    else:
        notices.success(request, _("The buyer may write again."))
    return redirect("ops-messages")


def _staff(request: HttpRequest) -> Actor:
    return Actor(OPERATIONS, user_id=request.user.pk)


def _page(request: HttpRequest, *, pk: int, forms: dict[str, Form] | None = None) -> HttpResponse:
    try:
        call = operations.read_called(call_id=min(pk, 2**63 - 1), by=_staff(request), at=bank.now())
    except UnknownThread:
        raise Http404 from None
    given = forms or {}
    context = {
        "call": call,
        "page": queries.thread_page(thread_id=call.thread_id, before=before(request)),
        "note_form": given.get("close") or NoteForm(),
        "block_form": given.get("block") or BlockForm(),
        "side": "bank",
    }
    return render(request, "mall/messages/ops_thread.html", context, status=422 if forms else 200)
