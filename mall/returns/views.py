"""A shopper's returns: asking for one, following it, answering, the label; and pictures for who may see them."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import BUYER, Actor
from mall.merchants import roles
from mall.queries import staff
from mall.returns import labels, operations, photos, queries, states, words
from mall.returns.forms import AskForm, CallForm, SendForm, WordForm
from mall.returns.requests import AnswerOffer, AskReturn, SayReturn, SendReturn, UnableToReturn
from payments.views.access import OPERATIONS

PAGE_SIZE = 20
LABELLED = (states.ACCEPTED, states.SENT)


@login_required
@require_safe
def returns(request: HttpRequest) -> HttpResponse:
    """List the shopper's returns, newest first."""
    rows, following = queries.returns_of(
        user_id=request.user.pk, before=mark(request.GET.get("after", "")), size=PAGE_SIZE
    )
    return render(request, "mall/returns/list.html", {"rows": words.listed(rows), "following": following})


def mark(text: str) -> int | None:
    """Return where a page of a list begins, as its address says."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


@login_required
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, consignment: str) -> HttpResponse:
    """Ask to return pieces of a parcel."""
    lines = queries.returnable(number=consignment, user_id=request.user.pk)
    if lines is None:
        raise Http404
    now = bank.now()
    if request.method == "POST":
        form = AskForm(request.POST, request.FILES, lines=lines, at=now)
        if form.is_valid():
            try:
                row = operations.ask_return(
                    request=AskReturn(
                        key=f"return:{request.user.pk}:{form.cleaned_data['key']}",
                        consignment_number=consignment,
                        pieces=form.pieces(),
                        reason=form.cleaned_data["reason"],
                        text=form.cleaned_data["text"],
                        photos=form.cleaned_data["photos"],
                        by=_buyer(request),
                        at=now,
                    )
                )
            except UnableToReturn as problem:
                form.add_error(None, str(problem))
            else:
                messages.success(request, _("The store is told. The bank keeps your money safe until this is settled."))
                return redirect("return", row.number)
    else:
        form = AskForm(initial={"key": secrets.token_urlsafe(12)}, lines=lines, at=now)
    context = {"form": form, "lines": lines, "fields": form.lines(), "consignment": consignment}
    context["order_number"] = consignment.rpartition("-")[0]
    return render(request, "mall/returns/ask.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    """Show one return, with what its buyer can do."""
    return _page(request, page=_mine(request, number=number))


@login_required
@require_POST
def act(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Do one thing to a return, as its buyer."""
    page = _mine(request, number=number)
    form = _FORMS.get(action, Form)(request.POST, request.FILES, auto_id=f"{action}_%s")
    if action not in _ACTS:
        raise Http404
    if not form.is_valid():
        return _page(request, page=page, forms={action: form})
    try:
        done = _ACTS[action](request, number, form)
    except UnableToReturn as problem:
        if form.fields:
            form.add_error(None, str(problem))
            return _page(request, page=page, forms={action: form})
        messages.error(request, str(problem))
    else:
        messages.success(request, done)
    return redirect("return", number)


_FORMS = {"send": SendForm, "escalate": CallForm, "add": WordForm}


def _take_offer(request: HttpRequest, number: str, form: Form) -> str:
    operations.answer_offer(request=AnswerOffer(number=number, takes=True, by=_buyer(request), at=bank.now()))
    return _("Settled: the money is on its way, and you keep the goods.")


def _refuse_offer(request: HttpRequest, number: str, form: Form) -> str:
    operations.answer_offer(request=AnswerOffer(number=number, takes=False, by=_buyer(request), at=bank.now()))
    return _("The store is told, and answers once more.")


def _send(request: HttpRequest, number: str, form: Form) -> str:
    operations.send_return(
        request=SendReturn(
            number=number,
            carrier=form.cleaned_data["carrier"],
            tracking=form.cleaned_data["tracking"],
            by=_buyer(request),
            at=bank.now(),
        )
    )
    return _("Thank you. The store is told that it comes.")


def _agree(request: HttpRequest, number: str, form: Form) -> str:
    operations.agree(request=_said(request, number=number, form=form))
    return _("Settled.")


def _withdraw(request: HttpRequest, number: str, form: Form) -> str:
    operations.withdraw(request=_said(request, number=number, form=form))
    return _("The return is taken back.")


def _escalate(request: HttpRequest, number: str, form: Form) -> str:
    operations.escalate(request=_said(request, number=number, form=form))
    return _("The bank is called. It reads both sides and decides; meanwhile your money is kept.")


def _add(request: HttpRequest, number: str, form: Form) -> str:
    operations.add_word(request=_said(request, number=number, form=form))
    return _("Added.")


_ACTS = {
    "take-offer": _take_offer,
    "refuse-offer": _refuse_offer,
    "send": _send,
    "agree": _agree,
    "withdraw": _withdraw,
    "escalate": _escalate,
    "add": _add,
}


def _said(request: HttpRequest, *, number: str, form: Form) -> SayReturn:
    return SayReturn(
        number=number,
        by=_buyer(request),
        at=bank.now(),
        text=form.cleaned_data.get("text", ""),
        photos=form.cleaned_data.get("photos", ()),
    )


@login_required
@never_cache
@require_safe
def label(request: HttpRequest, number: str) -> HttpResponse:
    """Give out the label of an accepted return."""
    page = _mine(request, number=number)
    if page.row.state not in LABELLED:
        raise Http404
    response = HttpResponse(labels.pdf(page=page), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="return-{page.row.number}.pdf"'
    return response


@login_required
@never_cache
@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a picture to the sides of its return, and to the bank's people once it is called."""
    found = queries.photo(photo_id=pk) if pk < 2**63 else None
    if found is None or not _may_see(request, row=found.of):
        raise Http404
    try:
        content = photos.read(photo=found)
    except photos.PhotoDamaged:
        raise Http404 from None
    response = HttpResponse(content, content_type=photos.CONTENT_TYPE)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = f'inline; filename="picture-{found.pk}.webp"'
    return response


def _may_see(request: HttpRequest, *, row: object) -> bool:
    if row.buyer_id == request.user.pk:
        return True
    if request.user.pk in staff.people_with(merchant_id=row.merchant_id, permission=roles.RETURNS):
        return True
    return row.escalated_at is not None and request.user.groups.filter(name=OPERATIONS).exists()


def _mine(request: HttpRequest, *, number: str) -> queries.ReturnPage:
    page = queries.return_page(number=number, buyer_id=request.user.pk)
    if page is None:
        raise Http404
    return page


def _buyer(request: HttpRequest) -> Actor:
    return Actor(BUYER, user_id=request.user.pk)


def _page(request: HttpRequest, *, page: queries.ReturnPage, forms: dict[str, Form] | None = None) -> HttpResponse:
    given = forms or {}
    state = page.row.state
    context = shown(page=page, you="buyer") | {
        "send_form": given.get("send") or SendForm(auto_id="send_%s"),
        "call_form": given.get("escalate") or CallForm(auto_id="escalate_%s"),
        "word_form": given.get("add") or WordForm(auto_id="add_%s"),
        "may_send": states.may(state=state, event="send"),
        "may_answer": states.may(state=state, event="take offer"),
        "may_agree": states.may(state=state, event="agree"),
        "may_call": state in (states.DECLINED, states.REDUCED, states.SENT),
        "may_withdraw": states.may(state=state, event="withdraw") and not page.row.sent_at and not page.row.awarded,
        "has_label": state in LABELLED,
    }
    return render(request, "mall/returns/show.html", context, status=422 if forms else 200)


def shown(*, page: queries.ReturnPage, you: str) -> dict[str, object]:
    """Return what every page of a return shows: its words, steps, history and pictures."""
    row = page.row
    return {
        "page": page,
        "row": row,
        "badge": words.badge_of(state=row.state, outcome=row.outcome),
        "steps": words.steps(page=page),
        "waits": words.waits(row=row, you=you),
        "history": words.history(page=page, you=you),
        "reason": words.reason_of(code=row.reason),
        "right": words.right_of(right=row.right),
        "is_open": row.state in states.OPEN,
        "kept": row.claimed - row.refunded,
        "buyer_photos": [photo for photo in page.photos if photo.side == "buyer"],
        "store_photos": [photo for photo in page.photos if photo.side == "store"],
    }
