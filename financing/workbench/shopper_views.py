"""A shopper's plans: what is due, paying it, paying early, and the agreement to read again."""

import secrets

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from financing import queries
from financing.lending.models import ProductKind
from financing.lending.queries import offers_left
from financing.servicing import operations as servicing
from financing.underwriting import queries as cases
from financing.workbench.access import reference
from financing.workbench.forms import PayForm
from payments import clock
from payments import queries as payments
from payments.money import Money


@login_required
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    """Show what is due soon, every plan, and how much may still be bought on plans."""
    now, me = clock.now(), reference(request)
    views = queries.loans_of(borrower=me, on=now.date(), kind=ProductKind.INSTALLMENTS)
    offers = [row for row in offers_left(subject_id=me, at=now) if row.product_kind == ProductKind.INSTALLMENTS]
    best = max(offers, key=lambda row: row.limit, default=None)
    running = [view for view in views if view.state in ("signed", "active")]
    coming = [view for view in running if view.next_due_on and not view.due_now]
    context = {
        "running": running,
        "ended": [view for view in views if view.state not in ("signed", "active")],
        "due_now": sum(view.due_now for view in running),
        "next": min(coming, key=lambda view: view.next_due_on, default=None),
        "outstanding": sum(view.payoff for view in running),
        "currency": running[0].currency if running else (best.currency if best else ""),
        "best": best,
        "why_not": [] if best else cases.why_no_offer(subject_id=me),
        "waiting": cases.waiting(subject_id=me, at=now)[:3],
        "declined": cases.declined_lately(subject_id=me, at=now),
    }
    return render(request, "financing/plans.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one plan with its schedule, and pay a part or all of it."""
    now, me = clock.now(), reference(request)
    view = queries.loan_of(borrower=me, loan_id=pk, on=now.date())
    if view is None:
        raise Http404
    form = None
    if view.state == "active" and view.payoff:
        proposed = view.due_now or min(view.payoff, view.next_due or view.payoff)
        initial = {"amount": Money(proposed, view.currency).to_decimal(), "key": secrets.token_hex(8)}
        data = request.POST if request.method == "POST" else None
        form = PayForm(data, initial=initial, currency=view.currency, most=view.payoff)
        if request.method == "POST" and form.is_valid() and _pay(request, view, form):
            return redirect("plan", pk)
    accounts = [row for row in payments.accounts_of(holder=me) if row.currency == view.currency]
    context = {"plan": view, "form": form, "account": accounts[0] if accounts else None}
    return render(request, "financing/plan.html", context, status=422 if form is not None and form.errors else 200)


def _pay(request: HttpRequest, view: queries.LoanView, form: PayForm) -> bool:
    """Pay, and say how; what is wrong goes to the field of the amount."""
    amount = form.cleaned_data["amount"]
    [result] = servicing.repay(
        requests=[
            servicing.Repay(
                loan_id=view.loan_id,
                amount=amount,
                key=f"{reference(request)}:{form.cleaned_data['key']}",
                at=clock.now(),
            )
        ]
    )
    if isinstance(result, servicing.UnableToService):
        form.add_error("amount", str(result))
        return False
    paid = Money(result.principal + result.interest + result.fees, view.currency).format()
    if result.payoff:
        left = Money(result.payoff, view.currency).format()
        messages.success(request, _("%(paid)s paid. %(left)s is left.") % {"paid": paid, "left": left})
    else:
        messages.success(request, _("%(paid)s paid. The plan is paid off.") % {"paid": paid})
    return True


@login_required
@require_safe
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the archived agreement of a plan, as it was signed."""
    found = queries.agreement_of(borrower=reference(request), loan_id=pk)
    if found is None:
        raise Http404
    return render(request, "financing/agreement.html", {"agreement": found, "paragraphs": found.text.split("\n\n")})
