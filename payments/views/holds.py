"""Money of merchants: what is held by two people's agreement, and what merchants owe the bank."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from payments import clock
from payments.queries import owing
from payments.settlement import holding
from payments.views import access


@access.operations_only
@require_http_methods(["GET", "POST"])
def holds(request: HttpRequest) -> HttpResponse:
    """Show what is held, and take wishes and answers; what was typed stays when nothing comes of it."""
    problem = ""
    if request.method == "POST":
        try:
            messages.success(request, _done(request))
            return redirect("ops-holds")
        except holding.UnableToHold as refusal:
            problem = str(refusal)
    context = {
        "rows": owing.holds(open_only=request.GET.get("show") != "all"),
        "everything": request.GET.get("show") == "all",
        "problem": problem,
        "typed": {name: request.POST.get(name, "")[:500] for name in ("merchant", "part_reference", "reason")},
        "me": access.holder(request),
    }
    return render(request, "payments/holds.html", context, status=422 if problem else 200)


@access.operations_only
@require_GET
def debts(request: HttpRequest) -> HttpResponse:
    """Show which merchants owe the bank, and for how long."""
    rows = owing.owing(at=clock.now())
    return render(request, "payments/debts.html", {"rows": [(row, row.aged) for row in rows]})


def _done(request: HttpRequest) -> str:
    now, me = clock.now(), access.holder(request)
    number = request.POST.get("hold", "")
    hold_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0
    reason = request.POST.get("reason", "").replace("\x00", "")
    match request.POST.get("do", ""):
        case "ask":
            wanted = {name: request.POST.get(name, "").strip()[:80] for name in ("merchant", "part_reference")}
            holding.ask(request=holding.AskHold(**wanted, reason=reason, by=me, at=now))
            return _("Asked for: it is held when a second person agrees.")
        case "agree":
            held = holding.agree(hold_id=hold_id, by=me, at=now) == "held"
            return _("It is held from now on.") if held else _("It is free again, and settled on the next day.")
        case "decline":
            holding.decline(hold_id=hold_id, by=me, at=now)
            return _("Declined: it stays as it was.")
        case "ask-release":
            holding.ask_release(hold_id=hold_id, reason=reason, by=me, at=now)
            return _("Asked for: it is free when a second person agrees.")
    raise holding.UnableToHold(_("There is no such answer: choose one of the buttons."))
