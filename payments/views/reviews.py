"""Held payments: the queue, one payment's story, and what is decided about it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from payments import clock
from payments.accounts import velocity
from payments.operations import Review, UnableToReview, reviewing
from payments.queries import reviews
from payments.views import access

TABS = (("open", gettext_lazy("Waiting")), ("mine", gettext_lazy("Mine")), ("decided", gettext_lazy("Decided")))


@access.operations_only
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """Show the payments that rules hold, the most urgent first."""
    which = request.GET.get("show", "open")
    which = which if which in dict(TABS) else "open"
    held = reviews.held_payments(which=which, by=access.holder(request))
    rows = [(row, list(velocity.meanings(reasons=row.reasons).values())) for row in held]
    context = {"rows": rows, "tabs": TABS, "which": which, "now": clock.now(), "me": access.holder(request)}
    return render(request, "payments/reviews.html", context)


@access.operations_only
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Show one held payment, or decide about it; what was typed stays when the decision is not taken."""
    problem = ""
    if request.method == "POST":
        try:
            return _decided(request, payment_id=payment_id)
        except UnableToReview as refusal:
            problem = str(refusal)
    told = reviews.story(payment_id=payment_id) if payment_id < 2**63 else None
    if told is None:
        raise Http404
    context = {
        "story": told,
        "held": told.held,
        "reasons": [
            (meaning, told.facts.get(code)) for code, meaning in velocity.meanings(reasons=told.held.reasons).items()
        ],
        "problem": problem,
        "note": request.POST.get("note", "")[:500],
        "now": clock.now(),
        "me": access.holder(request),
        "open": told.held.state in reviews.OPEN,
    }
    return render(request, "payments/review.html", context, status=409 if problem else 200)


def _decided(request: HttpRequest, *, payment_id: int) -> HttpResponse:
    now, me = clock.now(), access.holder(request)
    note = request.POST.get("note", "").replace("\x00", "")
    match request.POST.get("do", ""):
        case "take":
            reviewing.take(payment_id=payment_id, by=me, at=now)
            return redirect("ops-review", payment_id)
        case "let-go":
            reviewing.let_go(payment_id=payment_id, by=me)
            return redirect("ops-reviews")
        case "approve":
            said = reviewing.approve(review=Review(payment_id=payment_id, by=me, note=note, at=now))
            if said is None:
                messages.success(request, _("Approved by you. A second person has to agree before it goes on."))
            else:
                messages.success(request, _("Approved: the payment goes on."))
        case "refuse":
            reviewing.refuse(review=Review(payment_id=payment_id, by=me, note=note, at=now))
            messages.success(request, _("Refused: nothing was charged, and the payer is told."))
        case _:
            raise UnableToReview(_("There is no such decision: choose one of the buttons."))
    return redirect("ops-reviews")
