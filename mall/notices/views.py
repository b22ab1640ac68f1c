"""A person's notices, and how he wants to be told."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank, mail
from mall.notices import operations, queries
from mall.notices.forms import HoursForm
from mall.notices.kinds import KINDS, MARKETING


@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """List a person's notices, the latest first."""
    page = queries.page(user_id=request.user.pk, before=_place(request.GET.get("before", "")))
    context = {"page": page, "unread": queries.unread(user_id=request.user.pk), "later": "before" in request.GET}
    return render(request, "mall/notices/notices.html", context)


def _place(text: str) -> tuple[datetime, int] | None:
    """Return a place in the list as the address says it; one that makes no sense is the beginning."""
    at, _bar, number = text.partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    if moment.tzinfo is None or not (number.isascii() and number.isdecimal() and len(number) < 19):
        return None
    return moment, int(number)


@login_required
@require_safe
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Go where a notice leads; it counts as read then."""
    url = queries.one(user_id=request.user.pk, notice_id=pk)
    if url is None:
        raise Http404
    operations.mark_read(user_id=request.user.pk, notice_id=pk, at=bank.now())
    return redirect(url or "notices")


@login_required
@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Mark as read what was on the page; what came meanwhile stays new."""
    through = request.POST.get("through", "")
    if through.isascii() and through.isdecimal() and len(through) < 19:
        operations.mark_read(user_id=request.user.pk, through=int(through), at=bank.now())
    return redirect("notices")


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    """Show by which ways and when a person is told, and change it."""
    user_id = request.user.pk
    form = HoursForm(request.POST or None, initial=asdict(queries.hours(user_id=user_id)))
    if request.method == "POST" and form.is_valid():
        try:
            operations.choose_hours(user_id=user_id, hours=form.hours)
        except operations.UnableToSetHours as problem:
            form.add_error("quiet_until", str(problem))
        else:
            chosen = {code: (f"{code}-mail" in request.POST, f"{code}-site" in request.POST) for code in KINDS}
            operations.choose_ways(user_id=user_id, ways=chosen)
            messages.success(request, _("Saved."))
            return redirect("notice-settings")
    ways = queries.ways(user_id=user_id)
    if request.method == "POST":
        ways = {code: (f"{code}-mail" in request.POST, f"{code}-site" in request.POST) for code in KINDS}
    rows = [(kind, *ways[code]) for code, kind in KINDS.items()]
    consents = bool(operations.consenting(user_ids=[user_id]))
    context = {"form": form, "rows": rows, "marketing": MARKETING, "consents": consents}
    return render(request, "mall/notices/settings.html", context, status=422 if form.errors else 200)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Send no more letters of a kind to who got this link; mail programs may ask for it by themselves (RFC 8058)."""
    try:
        user_id, kind = signing.loads(token, salt=mail.STOP_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Http404 from None
    if kind not in KINDS:
        raise Http404
    done = request.method == "POST"
    if done:
        operations.stop_mail(user_id=user_id, kind=kind)
    return render(request, "mall/notices/stop.html", {"kind": KINDS[kind], "done": done})
