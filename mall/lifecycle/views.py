"""The bank's operations at merchants: suspend, lift, close; and an owner who closes his store."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import OPERATIONS, Actor, NotAllowed
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.requests import CancelConsignment, UnableToMoveConsignment
from mall.health import queries as health
from mall.lifecycle import checklist, closing, queries, suspending
from mall.lifecycle.closing import UnableToClose
from mall.lifecycle.suspending import UnableToSuspend
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.models import Merchant
from mall.merchants.views import framed
from mall.onboarding.ops_views import operations_page
from mall.queries.merchants import Workplace, history_of

CANCELLED_AT_ONCE = 50


@operations_page
@require_safe
def merchants(request: HttpRequest) -> HttpResponse:
    """List the merchants, by number."""
    text, status, after = (request.GET.get(name, "")[:100] for name in ("q", "status", "after"))
    number = int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else 0
    rows = queries.merchants(text=text, status=status, after=number)
    shown = rows[: queries.PAGE_SIZE]
    context = {
        "rows": shown,
        "text": text,
        "status": status,
        "statuses": Merchant.STATUSES,
        "after": shown[-1].merchant_id if len(rows) > queries.PAGE_SIZE else None,
    }
    return render(request, "mall/lifecycle/merchants.html", context)


@operations_page
@require_safe
def merchant(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a merchant: whether it sells, what is open, how it does, and what happened."""
    return _page(request, pk=pk)


def _page(request: HttpRequest, *, pk: int, wrong: str = "", problem: str = "") -> HttpResponse:
    row = Merchant.objects.select_related("owner").filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise Http404
    suspension, ending = queries.open_suspension(merchant_id=pk), queries.open_closing(merchant_id=pk)
    me = request.user.pk
    asked_by = suspension and (suspension.lift_asked_by_id if suspension.state == "lifting" else suspension.asked_by_id)
    context = {
        "merchant": row,
        "suspension": suspension,
        "may_agree": suspension is not None and asked_by != me,
        "closing": ending,
        "may_agree_closing": ending is not None and ending.asked_by_id != me,
        "items": checklist.items(merchant_id=pk, at=bank.now()) if ending is not None else [],
        "orders": queries.orders_to_finish(merchant_id=pk, limit=CANCELLED_AT_ONCE),
        "health": health.latest(merchant_id=pk),
        "history": history_of(merchant_id=pk, limit=40),
        "wrong": wrong,
        "problem": problem,
        "reason": request.POST.get("reason", ""),
        "hours": int(bank.policy().SUSPENSION_CONFIRMED_WITHIN.total_seconds() // 3600),
    }
    return render(request, "mall/lifecycle/merchant.html", context, status=422 if problem else 200)


@operations_page
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Suspend, lift, close, or cancel what was not sent; each asked for by one and agreed to by another."""
    acts = {
        "suspend": _suspend,
        "agree": _agree,
        "refuse": _refuse,
        "lift": _lift,
        "close": _ask_close,
        "agree-closing": _decide_closing,
        "refuse-closing": _decide_closing,
        "cancel-orders": _cancel_orders,
    }
    if action not in acts or pk >= 2**63:
        raise Http404
    try:
        acts[action](request, pk, action)
    except (UnableToSuspend, UnableToClose, NotAllowed) as problem:
        return _page(request, pk=pk, wrong=action, problem=str(problem))
    return redirect("ops-merchant", pk)


def _suspend(request: HttpRequest, pk: int, _action: str) -> None:
    urgent = "urgent" in request.POST
    suspending.suspend(
        merchant_id=pk, reason=request.POST.get("reason", ""), urgent=urgent, by=request.user, at=bank.now()
    )
    messages.success(request, _("It is suspended.") if urgent else _("Noted: a second person must agree."))


def _agree(request: HttpRequest, pk: int, _action: str) -> None:
    suspending.agree(suspension_id=_suspension(pk), by=request.user, at=bank.now())
    messages.success(request, _("Agreed."))


def _refuse(request: HttpRequest, pk: int, _action: str) -> None:
    suspending.refuse(suspension_id=_suspension(pk), by=request.user, at=bank.now())
    messages.success(request, _("Refused."))


def _lift(request: HttpRequest, pk: int, _action: str) -> None:
    reason = request.POST.get("reason", "")
    suspending.ask_lift(suspension_id=_suspension(pk), reason=reason, by=request.user, at=bank.now())
    messages.success(request, _("Noted: a second person must agree."))


def _suspension(pk: int) -> int:
    found = queries.open_suspension(merchant_id=pk)
    if found is None:
        raise UnableToSuspend(_("This is not open any more: somebody has answered meanwhile."))
    return found.pk


def _ask_close(request: HttpRequest, pk: int, _action: str) -> None:
    closing.ask_close(merchant_id=pk, reason=request.POST.get("reason", ""), by=request.user, at=bank.now())
    messages.success(request, _("Noted: a second person must agree."))


def _decide_closing(request: HttpRequest, pk: int, action: str) -> None:
    found = queries.open_closing(merchant_id=pk)
    if found is None:
        raise UnableToClose(_("This is not open any more: somebody has answered meanwhile."))
    agrees = action == "agree-closing"
    closing.decide(closing_id=found.pk, agrees=agrees, by=request.user, at=bank.now())
    messages.success(request, _("Agreed.") if agrees else _("Refused."))


def _cancel_orders(request: HttpRequest, pk: int, _action: str) -> None:
    """Cancel what was not sent; buyers get what is held for it."""
    if queries.open_suspension(merchant_id=pk) is None and queries.open_closing(merchant_id=pk) is None:
        raise UnableToSuspend(_("Orders are cancelled by the bank only while the store is suspended or closing."))
    by = Actor(OPERATIONS, user_id=request.user.pk)
    numbers = [number for number, _status, _at in queries.orders_to_finish(merchant_id=pk, limit=CANCELLED_AT_ONCE)]
    results = fulfilment.cancel_consignments(
        requests=[
            CancelConsignment(number=number, by=by, reason=_("The store is closed."), at=bank.now())
            for number in numbers
        ]
    )
    done = sum(not isinstance(result, UnableToMoveConsignment) for result in results)
    messages.success(request, _("%(n)s orders are cancelled; their buyers get their money back.") % {"n": done})


@staff_page(may=roles.CLOSING)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Let the owner close the store, show what is still open, and let him call it off."""
    ending = queries.open_closing(merchant_id=place.merchant_id)
    by = actor(request=request, place=place)
    problem = ""
    if request.method == "POST":
        try:
            if "call_off" in request.POST and ending is not None:
                closing.call_off(closing_id=ending.pk, by=by, at=bank.now())
                messages.success(request, _("The store goes on."))
            elif request.POST.get("name", "").strip().casefold() != place.name.strip().casefold():
                raise UnableToClose(_("Type the store's name to confirm that you want to close it."))
            else:
                reason = request.POST.get("reason", "")
                closing.close_own(merchant_id=place.merchant_id, reason=reason, by=by, at=bank.now())
                messages.success(request, _("The store sells nothing from now on and is being closed."))
            return redirect("merchant-close")
        except (UnableToClose, NotAllowed) as refused:
            problem = str(refused)
    context = {
        "closing": ending,
        "items": checklist.items(merchant_id=place.merchant_id, at=bank.now()),
        "problem": problem,
        "typed": {name: request.POST.get(name, "") for name in ("name", "reason")},
    }
    frame = framed(request, place, "merchant-store")
    return render(request, "mall/lifecycle/close.html", frame | context, status=422 if problem else 200)
