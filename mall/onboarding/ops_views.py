"""The bank's operations at applications: the queue by age, and a page for each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.merchants import applications
from mall.merchants.applications import UnableToDecide
from mall.merchants.models import KybDocument, MerchantApplication
from mall.onboarding import deciding, queries, states


def operations_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to the bank's operations alone."""

    @wraps(view)
    @login_required
    def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not applications.is_operations(user=request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return opened


@operations_page
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show who wants to sell, the longest waiting first."""
    ended = request.GET.get("state") == "ended"
    rows = queries.queue(at=bank.now(), ended=ended, after=_after(request.GET.get("after", "")))
    shown = rows[: queries.PAGE_SIZE]
    last = shown[-1] if len(rows) > queries.PAGE_SIZE else None
    context = {
        "rows": shown,
        "ended": ended,
        "counts": queries.counts(),
        "within": int(bank.policy().APPLICATION_ANSWERED_WITHIN.total_seconds() // 3600),
        "after": f"{last.submitted_at.isoformat()}~{last.application_id}" if last else "",
    }
    return render(request, "mall/onboarding/queue.html", context)


def _after(text: str) -> tuple[datetime, int] | None:
    moment, _mark, number = text.partition("~")
    if not (number.isascii() and number.isdecimal() and len(number) < 18):
        return None
    try:
        found = parse_datetime(moment)
    except ValueError:
        return None
    return (found, int(number)) if found is not None and found.tzinfo is not None else None


@operations_page
@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an application with its checks, people, documents, questions and history."""
    return _page(request, pk=pk)


def _page(request: HttpRequest, *, pk: int, wrong: str = "", problem: str = "") -> HttpResponse:
    found = queries.case(application_id=pk) if pk < 2**63 else None
    if found is None or found.row.state == MerchantApplication.DRAFT:
        raise Http404
    row = found.row
    said = row.first_decision_by_id == request.user.pk
    context = {
        "case": found,
        "row": row,
        "kinds": KybDocument.KINDS,
        "is_own": row.applicant_id == request.user.pk,
        "is_open": row.state in states.WITH_STAFF,
        "is_asked": row.state == MerchantApplication.ASKED,
        "may_agree": not (said and row.state == MerchantApplication.SECONDED) and found.is_clear,
        "may_decline": not (said and row.state == MerchantApplication.REFUSING),
        "wrong": wrong,
        "problem": problem,
        "typed": {name: request.POST.get(name, "") for name in ("reason", "text", "kind")},
    }
    return render(request, "mall/onboarding/case.html", context, status=422 if problem else 200)


@operations_page
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to an application or decline it; each takes two people."""
    agreeing = request.POST.get("decision") == "approve"
    reason = request.POST.get("reason", "").strip()[:500]
    act = deciding.agree if agreeing else deciding.decline
    try:
        row = act(application_id=pk, by=request.user, reason=reason, at=bank.now())
    except (UnableToDecide, NotAllowed) as problem:
        return _page(request, pk=pk, wrong="approve" if agreeing else "decline", problem=str(problem))
    said = {
        MerchantApplication.APPROVED: _("The store is open."),
        MerchantApplication.DECLINED: _("Declined. The applicant has been told why."),
    }
    messages.success(request, said.get(row.state, _("Noted: a second person must say the same.")))
    return redirect("application", pk)


@operations_page
@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the applicant something, or for a document."""
    return _do(
        request,
        pk=pk,
        wrong="ask",
        done=_("Asked. The applicant gets a letter."),
        act=lambda: deciding.ask(
            application_id=pk,
            by=request.user,
            text=request.POST.get("text", ""),
            kind=request.POST.get("kind", ""),
            at=bank.now(),
        ),
    )


@operations_page
@require_POST
def clear(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Say why a hit does not stand in the way."""
    return _do(
        request,
        pk=pk,
        wrong=f"clear-{code}",
        done=_("Cleared, with your name and reason."),
        act=lambda: deciding.clear(
            application_id=pk, code=code, by=request.user, reason=request.POST.get("reason", ""), at=bank.now()
        ),
    )


@operations_page
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the checks anew."""
    return _do(
        request,
        pk=pk,
        wrong="check",
        done=_("Checked again."),
        act=lambda: deciding.check_again(application_id=pk, by=request.user, at=bank.now()),
    )


def _do(request: HttpRequest, *, pk: int, wrong: str, done: str, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except (UnableToDecide, NotAllowed) as problem:
        return _page(request, pk=pk, wrong=wrong, problem=str(problem))
    messages.success(request, done)
    return redirect("application", pk)
