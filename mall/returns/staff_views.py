"""The bank's desk of returns: where buyer and store do not agree, and people of operations decide."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.actors import OPERATIONS, Actor
from mall.returns import operations, queries, states, words
from mall.returns.forms import DecisionForm, ReasonForm
from mall.returns.requests import DecideReturn, SayReturn, UnableToReturn
from mall.returns.views import mark, shown
from payments.views import access

PAGE_SIZE = 25


@access.operations_only
@require_safe
def returns(request: HttpRequest) -> HttpResponse:
    """List what the bank has to decide, the oldest first, or what it was called to before."""
    is_open = request.GET.get("state") != "closed"
    rows, following = queries.returns_at_bank(is_open=is_open, mark=mark(request.GET.get("after", "")), size=PAGE_SIZE)
    context = {"rows": words.listed(rows), "is_open": is_open, "following": following}
    return render(request, "mall/returns/ops.html", context)


@access.operations_only
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    """Show one return with the evidence of both sides."""
    return _page(request, page=_called(number=number))


@access.operations_only
@require_POST
def act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Decide, agree to what was proposed, object to it, or note that the carrier brought the goods."""
    page = _called(number=number)
    form = _form(action=action, page=page, data=request.POST)
    if not form.is_valid():
        return _page(request, page=page, forms={action: form})
    by = Actor(OPERATIONS, user_id=request.user.pk)
    said = SayReturn(number=number, by=by, at=bank.now(), text=form.cleaned_data.get("text", ""))
    try:
        match action:
            case "decide":
                _decide(request, number=number, form=form, by=by)
            case "agree":
                operations.agree_to_decision(request=said)
                messages.success(request, _("Decided."))
            case "object":
                operations.object_to_decision(request=said)
                messages.success(request, _("Noted: it waits for a new proposal."))
            case "arrived":
                operations.note_arrivals(numbers=[number], by=by, at=said.at)
                messages.success(request, _("Noted: the carrier brought it to the store."))
            case _:
                raise Http404
    except UnableToReturn as problem:
        form.add_error(None, str(problem))
        return _page(request, page=page, forms={action: form})
    return redirect("ops-return", number)


def _form(*, action: str, page: queries.ReturnPage, data: object = None) -> Form:
    if action == "decide":
        return DecisionForm(data, currency=page.row.currency, most=page.row.open_amount)
    return ReasonForm(data) if action == "object" else Form(data or {})


def _decide(request: HttpRequest, *, number: str, form: DecisionForm, by: Actor) -> None:
    row = operations.decide(
        request=DecideReturn(
            number=number, amount=form.minor_units(), reason=form.cleaned_data["reason"], by=by, at=bank.now()
        )
    )
    proposed = row.state == states.PROPOSED
    messages.success(request, _("Noted: a second person has to agree.") if proposed else _("Decided."))


def _called(*, number: str) -> queries.ReturnPage:
    """Return a return the bank was called to; others are their sides' own."""
    page = queries.return_page(number=number)
    if page is None or page.row.escalated_at is None:
        raise Http404
    return page


def _page(request: HttpRequest, *, page: queries.ReturnPage, forms: dict[str, Form] | None = None) -> HttpResponse:
    given = forms or {}
    row = page.row
    told = shown(page=page, you="bank")
    said = [entry for entry in told["history"] if entry.text and entry.text != row.text]
    context = told | {
        "of_buyer": [entry for entry in said if entry.side == "buyer"],
        "of_store": [entry for entry in said if entry.side == "store"],
        "decide_form": given.get("decide") or _form(action="decide", page=page),
        "object_form": given.get("object") or ReasonForm(),
        "agree_form": given.get("agree"),
        "may_decide": row.state == states.ESCALATED,
        "is_proposed": row.state == states.PROPOSED,
        "is_mine": row.proposed_by_id == request.user.pk,
        "needs_two": row.open_amount > bank.policy().RETURN_SECOND_ABOVE,
        "may_arrive": bool(row.sent_at and row.arrived_at is None and row.state in states.OPEN),
    }
    return render(request, "mall/returns/ops_return.html", context, status=422 if forms else 200)
