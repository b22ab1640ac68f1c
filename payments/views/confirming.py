"""The page on which a person confirms, by passkey or code: a larger payment, or another act that needs it."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from payments import clock, operations
from payments.queries import entries
from payments.views import access, second_factor


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def payment(request: HttpRequest, tender_id: int) -> HttpResponse:
    """Ask the payer to confirm a larger payment, and go on with the payment when the answer is right."""
    who = {"tender_id": tender_id, "holder": access.holder(request), "at": clock.now()}
    try:
        asked = operations.ask_for_code(**who)
        if request.method == "POST" and not second_factor.is_empty(request=request):
            operations.confirm(**who, **second_factor.answer(request=request))
            return redirect(asked.return_url)
    except operations.UnknownPayment:
        raise Http404 from None
    except operations.UnableToConfirm as refusal:
        return _page(request, asked=refusal.confirmation, problem=str(refusal))
    return _page(request, asked=asked)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, challenge_id: int) -> HttpResponse:
    """Ask a person to confirm an act that pays nothing, and send him back to where it is done."""
    who = {"challenge_id": challenge_id, "holder": access.holder(request), "at": clock.now()}
    try:
        asked = operations.act_to_confirm(**who)
        if not asked.passed and request.method == "POST" and not second_factor.is_empty(request=request):
            asked = operations.confirm_act(**who, **second_factor.answer(request=request))
            return redirect(asked.return_url)
    except operations.UnknownPayment:
        raise Http404 from None
    except operations.UnableToConfirm as refusal:
        return _page(request, asked=refusal.confirmation, problem=str(refusal))
    return redirect(asked.return_url) if asked.passed else _page(request, asked=asked)


def _page(request: HttpRequest, *, asked: operations.Confirmation, problem: str = "") -> HttpResponse:
    if request.method == "POST" and not problem:
        problem = _("Type the code, or let your passkey answer.")
    context = {
        "asked": asked,
        "problem": problem,
        "payees": [thing.title for thing in entries.things(names=asked.merchants)],
        **second_factor.asked(
            request=request, factor=asked.factor, by_app=asked.by_app, challenge_id=asked.challenge_id
        ),
    }
    return render(request, "payments/confirm.html", context, status=422 if problem else 200)
