"""Disputes for operations: what has to be answered by when, the evidence, sending it or accepting."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from payments import clock, operations
from payments.queries import disputes as queries
from payments.views import access, dispute_parts
from payments.views.cases import people

A_PAGE = 50
PAPER_HEADERS = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


@access.operations_only
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show what is open, the next deadline first, or what is over."""
    is_open = request.GET.get("state") != "closed"
    page = Paginator(queries.disputes(is_open=is_open), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": dispute_parts.listed(queries.rows(found=page.object_list)),
        "page": page,
        "is_open": is_open,
        "now": clock.now(),
    }
    return render(request, "payments/disputes.html", context)


@access.operations_only
@require_GET
def dispute(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """Show one dispute with order, evidence, history and money."""
    return _show(request, page=_found(dispute_id))


@access.operations_only
@require_POST
def act(request: HttpRequest, dispute_id: int, action: str) -> HttpResponse:
    """Keep evidence, write a word, send the evidence or accept."""
    page, by, at = _found(dispute_id), access.holder(request), clock.now()
    form = dispute_parts.EvidenceForm(request.POST, request.FILES, page=page)
    word = dispute_parts.WordForm(request.POST)
    try:
        if action == "evidence" and form.is_valid():
            operations.write_evidence(
                dispute_id=dispute_id, texts=form.texts(), papers=form.papers(), by=by, at=at
            )
            messages.success(request, _("The evidence is kept. It goes to the card's bank when you send it."))
        elif action == "word" and word.is_valid():
            operations.say(dispute_id=dispute_id, text=word.cleaned_data["text"], by=by, at=at)
        elif action == "submit":
            operations.submit_dispute(dispute_id=dispute_id, by=by, at=at)
            messages.success(request, _("The evidence is with the card's bank."))
        elif action == "accept":
            operations.accept_dispute(dispute_id=dispute_id, by=by, at=at)
            messages.success(request, _("The dispute is accepted."))
        elif action in ("evidence", "word"):
            return _show(request, page=page, form=form if action == "evidence" else None, status=422)
        else:
            raise Http404
    except (operations.UnableToAnswer, operations.InProgress) as problem:
        messages.error(request, str(problem))
    return redirect("ops-dispute", dispute_id)


@access.operations_only
@require_GET
def paper(request: HttpRequest, file_id: int) -> HttpResponse:
    """Give out a paper of the evidence, to be saved and never to be run."""
    try:
        return paper_response(*operations.open_paper(file_id=file_id))
    except operations.UnknownDispute as unknown:
        raise Http404 from unknown


def paper_response(name: str, content_type: str, content: bytes) -> HttpResponse:
    """Return a paper as a download of its own kind in a sandbox."""
    answer = HttpResponse(content, content_type=content_type, headers=PAPER_HEADERS)
    ending = {"application/pdf": "pdf", "image/png": "png"}.get(content_type, "jpg")
    answer["Content-Disposition"] = f'attachment; filename="evidence.{ending}"'
    return answer


def _found(dispute_id: int) -> queries.DisputePage:
    page = queries.dispute(dispute_id=dispute_id) if dispute_id < 2**63 else None
    if page is None:
        raise Http404
    return page


def _show(
    request: HttpRequest,
    *,
    page: queries.DisputePage,
    form: dispute_parts.EvidenceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    names = people([event.by for event in page.events])
    context = dispute_parts.shown(page, people=names) | {
        "form": form or dispute_parts.EvidenceForm(page=page),
        "word_form": dispute_parts.WordForm(),
        "now": clock.now(),
    }
    return render(request, "payments/dispute.html", context, status=status)
