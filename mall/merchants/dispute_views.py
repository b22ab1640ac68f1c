"""A merchant's disputes: what cardholders question of his sales, his evidence, and whether he contests."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.merchants.views import framed
from mall.queries.merchants import Workplace
from payments.views import dispute_parts
from payments.views.disputes import paper_response

PAGE_SIZE = 25
HERE = "merchant-disputes"


@staff_page(may=roles.DISPUTES)
@require_safe
def disputes(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List what is open, the next deadline first, or what is over."""
    is_open = request.GET.get("state") != "closed"
    found = bank.disputes.disputes(is_open=is_open, merchant=bank.merchant(merchant_id=place.merchant_id))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "rows": dispute_parts.listed(bank.disputes.rows(found=page.object_list)),
        "is_open": is_open,
        "number": page.number,
        "pages": page.paginator.num_pages,
    }
    return render(request, "mall/merchant/disputes.html", framed(request, place, HERE) | context)


@staff_page(may=roles.DISPUTES)
@require_safe
def dispute(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Show one dispute, with what can be answered."""
    return _page(request, place=place, found=_own(place=place, pk=pk))


@require_POST
@staff_page(may=roles.DISPUTES)
def act(request: HttpRequest, place: Workplace, pk: int, action: str) -> HttpResponse:
    """Contest with evidence, accept, or write to the bank."""
    found = _own(place=place, pk=pk)
    who = {
        "dispute_id": pk,
        "by": bank.shopper(user_id=request.user.pk),
        "at": bank.now(),
        "merchant": bank.merchant(merchant_id=place.merchant_id),
    }
    form = dispute_parts.EvidenceForm(request.POST, request.FILES, page=found)
    word = dispute_parts.WordForm(request.POST)
    try:
        if action == "contest" and form.is_valid():
            bank.operations.write_evidence(texts=form.texts(), papers=form.papers(), **who)
            bank.operations.answer_dispute(answer="contest", **who)
            messages.success(request, _("Thank you. The bank reads your evidence and sends it."))
        elif action == "accept":
            bank.operations.answer_dispute(answer="accept", **who)
            messages.success(request, _("Noted: the bank will accept the dispute."))
        elif action == "word" and word.is_valid():
            bank.operations.say(text=word.cleaned_data["text"], **who)
        elif action in ("contest", "word"):
            return _page(request, place=place, found=found, form=form if action == "contest" else None)
        else:
            raise Http404
    except bank.operations.UnableToAnswer as problem:
        messages.error(request, str(problem))
    return redirect("merchant-dispute", pk)


@staff_page(may=roles.DISPUTES)
@require_safe
def paper(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Give out one of the merchant's own papers."""
    try:
        return paper_response(
            *bank.operations.open_paper(file_id=pk, merchant=bank.merchant(merchant_id=place.merchant_id))
        )
    except bank.operations.UnknownDispute as unknown:
        raise Http404 from unknown


def _own(*, place: Workplace, pk: int) -> bank.disputes.DisputePage:
    merchant = bank.merchant(merchant_id=place.merchant_id)
    found = bank.disputes.dispute(dispute_id=pk, merchant=merchant) if pk < 2**63 else None
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest,
    *,
    place: Workplace,
    found: bank.disputes.DisputePage,
    form: dispute_parts.EvidenceForm | None = None,
) -> HttpResponse:
    me = bank.shopper(user_id=request.user.pk)
    people = {event.by: _("you") if event.by == me else _("the bank") for event in found.events}
    until = found.row.merchant_due_by
    context = dispute_parts.shown(found, people=people) | {
        "form": form or dispute_parts.EvidenceForm(page=found),
        "word_form": dispute_parts.WordForm(),
        "may_answer": found.row.can_be_answered and not found.under_way and (until is None or bank.now() <= until),
    }
    status = 422 if form else 200
    return render(request, "mall/merchant/dispute.html", framed(request, place, HERE) | context, status=status)
