"""The day of operations: how the bank stands, any payment by any of its names, and what can be started now."""

import celery
import kombu.exceptions
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from payments import clock, queries
from payments.queries import cases, merchants, reviews
from payments.views import access, settlement_files

# What operations may start: name in the form -> task, and what the button says.
RUNS = {
    "settle": ("payments.tasks.settle_day", gettext_lazy("Settle up to today")),
    "pay-out": ("payments.tasks.pay_out", gettext_lazy("Pay out now")),
    "deliver": ("payments.tasks.sweep", gettext_lazy("Deliver events and sweep")),
    "seal": ("payments.tasks.seal", gettext_lazy("Seal the book")),
    "reconcile": ("payments.tasks.reconcile", gettext_lazy("Reconcile up to now")),
    "verify": ("payments.tasks.verify", gettext_lazy("Verify the book")),
}


@access.operations_only
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show how the bank stands today."""
    now = clock.now()
    context = {
        "day": queries.overview(today=now.date()),
        "held_count": reviews.held_count(),
        "now": now,
        "runs": _buttons(),
        "open_cases": sum(row.cases for row in cases.waiting()),
    }
    return render(request, "payments/ops.html", context)


@access.operations_only
@require_GET
def find(request: HttpRequest) -> HttpResponse:
    """Show a payment by its id, its order's number or a consignment's number."""
    text = request.GET.get("q", "").strip()[:80]
    found = queries.find(text=text) if text else None
    return render(request, "payments/ops_payment.html", {"q": text, "payment": found}, status=200 if found else 404)


@access.operations_only
@require_GET
def settlement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a merchant's settlement with its lines, each leading to its journal."""
    found = queries.settlement(settlement_id=pk) if pk < 2**63 else None
    if found is None:
        raise Http404
    return render(
        request,
        "payments/ops_settlement.html",
        {"settlement": found[0], "lines": found[1], "forms": settlement_files.FORMS},
    )


@access.operations_only
@require_GET
def settlement_file(request: HttpRequest, pk: str, form: str) -> HttpResponseBase:
    """Give a paid settlement's statement as a file."""
    statement = merchants.settlement_statement(settlement_id=int(pk))
    if statement is None:
        raise Http404
    return settlement_files.respond(
        statement=statement, recipient=[statement.settlement.merchant], form=form, at=clock.now()
    )


@access.operations_only
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Hand one of the day's runs to a worker now; doing it twice does no harm."""
    task, label = RUNS.get(request.POST.get("run", ""), ("", ""))
    if not task:
        messages.error(request, _("There is no such run: choose one of the buttons."))
        return redirect("ops")
    try:
        celery.current_app.send_task(task, retry=False)
    except (kombu.exceptions.OperationalError, OSError):
        problem = _("The queue does not answer, so nothing was started: see that Redis and a worker run.")
        messages.error(request, problem)
    else:
        done = _("Handed to a worker: %(what)s. Reload in a moment to see the result.")
        messages.success(request, done % {"what": label})
    return redirect("ops")


def _buttons() -> list[tuple[str, str]]:
    return [(name, str(label)) for name, (_task, label) in RUNS.items()]
