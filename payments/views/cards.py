"""Cards of a shopper: the list of those he keeps, and another one where a hold could not be renewed."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from payments import clock, operations, queries
from payments.views import access


@login_required
@require_http_methods(["GET", "POST"])
def cards(request: HttpRequest) -> HttpResponse:
    """Show the cards a shopper keeps, and take another one: by the provider's token for it, never by its number."""
    problem = ""
    if request.method == "POST":
        try:
            operations.save_card(
                payer=access.holder(request),
                token=(request.POST.get("card_token") or request.POST.get("token", ""))[:120],
                at=clock.now(),
            )
        except operations.UnableToSave as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _("The card is saved."))
            return redirect("money-cards")
    context = {
        "cards": queries.saved_cards(payer=access.holder(request)),
        "test_cards": operations.test_cards(),
        "problem": problem,
        "card_key": settings.STRIPE_PUBLISHABLE_KEY,
    }
    return render(request, "payments/cards.html", context, status=422 if problem else 200)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one of the shopper's own cards."""
    try:
        operations.remove_card(payer=access.holder(request), card_id=pk, at=clock.now())
    except operations.UnknownPayment:
        raise Http404 from None
    except operations.UnableToSave as silent:
        messages.warning(request, str(silent))
    else:
        messages.success(request, _("The card is removed."))
    return redirect("money-cards")


@never_cache
@require_http_methods(["GET", "POST"])
def hold(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for another card for a hold that ends; the link itself, sent to the payer, is what lets him in."""
    question_id = queries.question_of(token=token)
    if question_id is None:
        raise Http404
    at, refusal = clock.now(), ""
    try:
        standing = operations.hold_standing(question_id=question_id)
        options = _options(request, standing=standing, at=at)
        source = request.POST.get("source", "") if request.method == "POST" else ""
        known = source in {option.source for option in options}
        if known and source == operations.NEW_CARD:
            source = request.POST.get("card_token", "")[:120]
            known = source.startswith("pm_")
        if known or (not source and standing.state == "answering"):
            standing = operations.replace_hold(question_id=question_id, source=source, at=at)
            refusal = standing.refusal
            if source and standing.action_url:
                return redirect(standing.action_url)
        elif request.method == "POST":
            refusal = _("Please choose a card.")
    except operations.UnknownPayment:
        raise Http404 from None
    except operations.UnableToReplace:
        standing = operations.hold_standing(question_id=question_id)
    context = {
        "standing": standing,
        "is_open": standing.state in ("asked", "answering") and standing.deadline > at,
        "options": options,
        "refusal": refusal,
        "card_key": settings.STRIPE_PUBLISHABLE_KEY,
    }
    return render(request, "payments/hold.html", context, status=422 if refusal else 200)


def _options(request: HttpRequest, *, standing: operations.HoldStanding, at: object) -> list:
    """Return the cards to choose from; saved ones only for their signed-in holder, whoever has the link."""
    signed_in = request.user.is_authenticated and access.holder(request) == standing.payer
    return operations.card_options(
        payer=standing.payer if signed_in else "guest:", amount=standing.amount, currency=standing.currency, at=at
    )
