"""A merchant's returns desk: what waits, each return with what can be answered, and the store's own terms."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.views import framed
from mall.queries import desk
from mall.queries.merchants import Workplace
from mall.returns import operations, queries, states, words
from mall.returns.forms import AnswerForm, CallForm, DeclineForm, OfferForm, ReceiveForm, TermsForm, WordForm
from mall.returns.models import ReturnTerms
from mall.returns.requests import AnswerReturn, ReceiveReturn, SayReturn, UnableToReturn
from mall.returns.views import mark, shown
from mall.returns.windows import policy

PAGE_SIZE = 25
HERE = "merchant-returns"


@staff_page(may=roles.RETURNS)
@require_safe
def returns(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List the store's returns: what waits for an answer first."""
    chosen = request.GET.get("state", "answer")
    names = {
        "answer": _("To answer"),
        "way": _("On their way"),
        "buyer": _("With the buyer"),
        "bank": _("With the bank"),
        "over": _("Over"),
        "all": _("All"),
    }
    chosen = chosen if chosen in names else "answer"
    rows, following = queries.returns_to(
        merchant_id=place.merchant_id, desk=chosen, mark=mark(request.GET.get("after", "")), size=PAGE_SIZE
    )
    counts = desk.desk(merchant_id=place.merchant_id, at=bank.now())
    numbers = {"answer": counts.answer, "way": counts.way, "bank": counts.bank}
    context = {
        "rows": words.listed(rows),
        "filters": [(code, name, numbers.get(code, 0), code == chosen) for code, name in names.items()],
        "chosen": chosen,
        "following": following,
        "now": bank.now(),
        "may_set_terms": roles.may(role=place.role, permission=roles.STORE),
    }
    return render(request, "mall/returns/desk.html", framed(request, place, HERE) | context)


@staff_page(may=roles.RETURNS)
@require_safe
def show(request: HttpRequest, place: Workplace, number: str) -> HttpResponse:
    """Show one return, with what the store can answer."""
    return _page(request, place=place, page=_own(place=place, number=number))


@require_POST
@staff_page(may=roles.RETURNS)
def act(request: HttpRequest, place: Workplace, number: str, action: str) -> HttpResponse:
    """Do one thing to a return, for the store."""
    page = _own(place=place, number=number)
    if action not in _ACTS:
        raise Http404
    form = _form(action=action, page=page, data=request.POST, files=request.FILES)
    if not form.is_valid():
        return _page(request, place=place, page=page, forms={action: form})
    try:
        done = _ACTS[action](request, place, number, form)
    except UnableToReturn as problem:
        form.add_error(None, str(problem))
        return _page(request, place=place, page=page, forms={action: form})
    messages.success(request, done)
    return redirect("merchant-return", number)


def _form(*, action: str, page: queries.ReturnPage, data: object = None, files: object = None) -> Form:
    row, own = page.row, {"auto_id": f"{action}_%s"}
    match action:
        case "accept" | "let-keep":
            return AnswerForm(data, **own)
        case "offer":
            return OfferForm(data, currency=row.currency, most=row.claimed, **own)
        case "decline":
            return DeclineForm(data, files, **own)
        case "receive":
            return ReceiveForm(data, files, currency=row.currency, most=row.open_amount, **own)
        case "escalate":
            return CallForm(data, files, **own)
    return WordForm(data, files, **own)


def _answer(request: HttpRequest, place: Workplace, number: str, form: Form, *, answer: str) -> None:
    operations.answer_return(
        request=AnswerReturn(
            number=number,
            answer=answer,
            by=actor(request=request, place=place),
            at=bank.now(),
            text=form.cleaned_data.get("text", ""),
            amount=form.cleaned_data.get("amount"),
            photos=form.cleaned_data.get("photos", ()),
        )
    )


def _accept(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    _answer(request, place, number, form, answer="accept")
    return _("Accepted: the buyer has the label.")


def _let_keep(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    _answer(request, place, number, form, answer="let keep")
    return _("Settled: the money goes back, and the buyer keeps the goods.")


def _offer(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    _answer(request, place, number, form, answer="offer")
    return _("Your offer is with the buyer.")


def _decline(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    _answer(request, place, number, form, answer="decline")
    return _("Declined. The buyer can call the bank.")


def _receive(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    operations.receive_return(
        request=ReceiveReturn(
            number=number,
            condition=form.cleaned_data["condition"],
            by=actor(request=request, place=place),
            at=bank.now(),
            amount=form.cleaned_data["amount"],
            text=form.cleaned_data["text"],
            photos=form.cleaned_data["photos"],
        )
    )
    return _("Thank you. The money goes back to the buyer.")


def _escalate(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    operations.escalate(request=_said(request, place=place, number=number, form=form))
    return _("The bank is called. It reads both sides and decides.")


def _add(request: HttpRequest, place: Workplace, number: str, form: Form) -> str:
    operations.add_word(request=_said(request, place=place, number=number, form=form))
    return _("Added.")


_ACTS = {
    "accept": _accept,
    "let-keep": _let_keep,
    "offer": _offer,
    "decline": _decline,
    "receive": _receive,
    "escalate": _escalate,
    "add": _add,
}


def _said(request: HttpRequest, *, place: Workplace, number: str, form: Form) -> SayReturn:
    return SayReturn(
        number=number,
        by=actor(request=request, place=place),
        at=bank.now(),
        text=form.cleaned_data["text"],
        photos=form.cleaned_data["photos"],
    )


def _own(*, place: Workplace, number: str) -> queries.ReturnPage:
    page = queries.return_page(number=number, merchant_id=place.merchant_id)
    if page is None:
        raise Http404
    return page


def _page(
    request: HttpRequest, *, place: Workplace, page: queries.ReturnPage, forms: dict[str, Form] | None = None
) -> HttpResponse:
    given = forms or {}
    state = page.row.state
    context = framed(request, place, HERE) | shown(page=page, you="store")
    context |= {
        f"{action.replace('-', '_')}_form": given.get(action) or _form(action=action, page=page) for action in _ACTS
    }
    context |= {
        "may_answer": states.may(state=state, event="accept"),
        "may_offer": page.row.offers < bank.policy().RETURN_OFFERS,
        "may_receive": states.may(state=state, event="receive"),
        "may_call": state in (states.ASKED, states.SENT),
    }
    return render(request, "mall/returns/desk_return.html", context, status=422 if forms else 200)


@staff_page(may=roles.STORE)
@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Say what the store gives its buyers beyond the law and the market."""
    now = ReturnTerms.objects.filter(merchant_id=place.merchant_id).first()
    initial = {"days": now.days, "pays_delivery": now.pays_delivery, "address": now.address} if now else {"days": 0}
    form = TermsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_terms(
                merchant_id=place.merchant_id,
                by=actor(request=request, place=place),
                at=bank.now(),
                **form.cleaned_data,
            )
        except (UnableToReturn, NotAllowed) as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("Saved."))
            return redirect("merchant-return-terms")
    rules = policy()
    context = {"form": form, "market_days": rules.market_days[""], "legal_days": rules.withdrawal_days[""]}
    status = 422 if form.errors else 200
    return render(request, "mall/returns/terms.html", framed(request, place, HERE) | context, status=status)
