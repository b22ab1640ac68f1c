"""The officers' queue and cases: what was asked, what the machine saw and said, and what an officer may do."""

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from financing import queries
from financing.lending.queries import exposures
from financing.underwriting import operations as underwriting
from financing.underwriting import queries as cases
from financing.underwriting.errors import CaseChanged, UnderwritingError
from financing.underwriting.models import Application
from financing.underwriting.terms import Price
from financing.workbench import case_parts
from financing.workbench.access import OFFICERS, officer_page, reader_page, reference, roles
from financing.workbench.forms import ApproveForm, DeclineForm, NoteForm
from mall.queries import trade
from payments import clock

PAGE = 25


@reader_page
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show the cases that wait, the oldest first."""
    kind = request.GET.get("kind") if request.GET.get("kind") in ("installments", "advance") else None
    mine = reference(request) if request.GET.get("mine") else None
    page = Paginator(cases.queue(product_kind=kind, held_by=mine), PAGE).get_page(request.GET.get("page"))
    now = clock.now()
    names = trade.names(references=[row for case in page for row in (case.subject_id, case.claimed_by) if row])
    limits = {one: cases.authority(roles=list(roles(request)), product_kind=one) for one in ("installments", "advance")}
    rows = [_row(case, names, limits, reference(request), now) for case in page]
    context = {"rows": rows, "page": page, "page_obj": page, "kind": kind, "mine": bool(mine)}
    context["decides"] = bool(OFFICERS & roles(request))
    return render(request, "financing/queue.html", context)


def _row(
    case: Application, names: dict[str, str], limits: dict[str, int], officer: str, now: datetime
) -> dict[str, object]:
    waits = now - case.applied_at
    return {
        "id": case.pk,
        "name": names.get(case.subject_id, case.subject_id),
        "kind": _("Advance") if case.product_kind == "advance" else _("Instalments"),
        "amount": case.amount,
        "currency": case.currency,
        "days": max(0, waits.days),
        "hours": max(0, waits.seconds // 3600),
        "applied_at": case.applied_at,
        "second": case.state == Application.State.SECOND,
        "above": case.amount > limits[case.product_kind],
        "held": names.get(case.claimed_by, case.claimed_by) if case.claimed_by else "",
        "mine": case.claimed_by == officer,
    }


@reader_page
@require_safe
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one case with everything an officer decides by."""
    return _case_page(request, pk)


def _case_page(
    request: HttpRequest,
    pk: int,
    *,
    approve: ApproveForm | None = None,
    decline: DeclineForm | None = None,
    note: NoteForm | None = None,
) -> HttpResponse:
    found = cases.case(application_id=pk)
    if found is None:
        raise Http404
    application, officer, now = found.application, reference(request), clock.now()
    history = trade.months(reference=application.subject_id, at=application.applied_at)
    people = {application.subject_id, application.applied_by, application.claimed_by, application.supported_by}
    names = trade.names(references=sorted({*people, *(act.officer for act in found.actions)} - {""}))
    limit = cases.authority(roles=list(roles(request)), product_kind=application.product_kind)
    points = case_parts.points(application.kind, found.outcome)
    invalid = any(form is not None and form.errors for form in (approve, decline, note))
    context = {
        "application": application,
        "name": names.get(application.subject_id, application.subject_id),
        "asked_by": names.get(application.applied_by, application.applied_by),
        "claimed_by": names.get(application.claimed_by, application.claimed_by),
        "supported_by": names.get(application.supported_by, application.supported_by),
        "mine": application.claimed_by == officer,
        "decides": bool(OFFICERS & roles(request)),
        "is_open": application.state in (Application.State.REFERRED, Application.State.SECOND),
        "second": application.state == Application.State.SECOND,
        "supported_myself": application.supported_by == officer,
        "authority": limit,
        "above": (application.approved_amount or application.amount) > limit,
        "price": case_parts.price_of(application),
        "outcome": found.outcome,
        "reasons": found.outcome["reasons"],
        "bounds": case_parts.bounds(found.outcome),
        "score_chart": case_parts.score_chart(points),
        "points": points,
        "features": case_parts.features(application.kind, application.currency, found.snapshot.get("features") or {}),
        "trade_chart": case_parts.trade_chart(history, application),
        "history": history,
        "exposure": exposures(borrowers=[application.subject_id]).get(application.subject_id),
        "loans": queries.loans_of(borrower=application.subject_id, on=now.date()),
        "actions": [(names.get(act.officer, act.officer), act) for act in found.actions],
        "policy": found.policy,
        "model": found.model,
        "approve_form": approve or ApproveForm(application=application),
        "decline_form": decline or DeclineForm(initial={"version": application.version}),
        "note_form": note or NoteForm(initial={"version": application.version}),
    }
    return render(request, "financing/case.html", context, status=422 if invalid else 200)


@officer_page
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Do one thing to a case: claim, release, approve, agree, send back or decline."""
    if cases.application(application_id=pk) is None:
        raise Http404
    try:
        done = _ACTS[action](request, pk)
    except CaseChanged as problem:
        messages.warning(request, str(problem))
        return redirect("officer-case", pk)
    except UnderwritingError as problem:
        messages.error(request, str(problem))
        return redirect("officer-case", pk)
    except KeyError:
        raise Http404 from None
    return done


def _version(request: HttpRequest) -> int | None:
    given = request.POST.get("version", "")
    return int(given) if given.isdigit() else None


def _claim(request: HttpRequest, pk: int) -> HttpResponse:
    underwriting.claim(application_id=pk, officer=reference(request), at=clock.now(), version=_version(request))
    messages.success(request, _("The case is yours."))
    return redirect("officer-case", pk)


def _release(request: HttpRequest, pk: int) -> HttpResponse:
    underwriting.release(application_id=pk, officer=reference(request), at=clock.now(), version=_version(request))
    messages.success(request, _("The case is back in the queue."))
    return redirect("officer")


def _approve(request: HttpRequest, pk: int) -> HttpResponse:
    application = cases.application(application_id=pk)
    form = ApproveForm(request.POST, application=application)
    if not form.is_valid():
        return _case_page(request, pk, approve=form)
    result = underwriting.approve(
        application_id=pk,
        officer=reference(request),
        amount=form.cleaned_data["amount"],
        price=Price(**{form.price_name: form.cleaned_data["price"]}),
        note=form.cleaned_data["note"],
        at=clock.now(),
        version=form.cleaned_data["version"],
    )
    if result.state == Application.State.SECOND:
        messages.success(request, _("Approved by you. It waits for a second officer now."))
    else:
        messages.success(request, _("Approved. The applicant can sign."))
    return redirect("officer")


def _agree(request: HttpRequest, pk: int) -> HttpResponse:
    underwriting.second_approve(
        application_id=pk,
        officer=reference(request),
        note=request.POST.get("note", "")[:1000],
        at=clock.now(),
        version=_version(request),
    )
    messages.success(request, _("Agreed. The applicant can sign."))
    return redirect("officer")


def _send_back(request: HttpRequest, pk: int) -> HttpResponse:
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _case_page(request, pk, note=form)
    underwriting.send_back(
        application_id=pk,
        officer=reference(request),
        note=form.cleaned_data["note"],
        at=clock.now(),
        version=form.cleaned_data["version"],
    )
    messages.success(request, _("The case is back in the queue, with your note."))
    return redirect("officer")


def _decline(request: HttpRequest, pk: int) -> HttpResponse:
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _case_page(request, pk, decline=form)
    underwriting.decline(
        application_id=pk,
        officer=reference(request),
        reasons=form.cleaned_data["reasons"],
        note=form.cleaned_data["note"],
        at=clock.now(),
        version=form.cleaned_data["version"],
    )
    messages.success(request, _("Declined. The applicant reads your reasons."))
    return redirect("officer")


_ACTS = {
    "claim": _claim,
    "release": _release,
    "approve": _approve,
    "agree": _agree,
    "send-back": _send_back,
    "decline": _decline,
}
