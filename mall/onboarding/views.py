"""Applying to sell, step by step: every step can be left and come back to, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.actors import NotAllowed
from mall.merchants import applications
from mall.merchants.documents import DocumentDamaged, Upload
from mall.merchants.models import MerchantApplication
from mall.onboarding import operations, progress, queries, requirements, states, steps, terms
from mall.onboarding.models import Person
from mall.onboarding.operations import UnableToChangeApplication, UnableToKeepDocument

Stepper = Callable[[HttpRequest, MerchantApplication], HttpResponse]


@login_required
@never_cache
@require_safe
def sell(request: HttpRequest) -> HttpResponse:
    """Show what selling here is, and how one's own applications stand."""
    mine = queries.of_applicant(user_id=request.user.pk)
    today = bank.now().date()
    rows = [
        (row, progress.missing(row=row, today=today) if row.state in states.WITH_APPLICANT else [])
        for row in mine
        if row.state != MerchantApplication.WITHDRAWN
    ]
    asked = [(row, queries.open_questions(row=row)) for row in mine if row.state == MerchantApplication.ASKED]
    context = {
        "rows": rows,
        "asked": asked,
        "may_begin": not any(row.state in (*states.QUEUE, MerchantApplication.DRAFT) for row in mine),
        "steps": progress.STEPS,
    }
    return render(request, "mall/onboarding/sell.html", context)


@login_required
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Begin an application, or go on with the one that was begun."""
    row = operations.begin(applicant_id=request.user.pk, at=bank.now())
    return redirect("sell-step", row.pk, progress.COMPANY)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Show a step of one's application, or keep what was typed in it."""
    row = _own(request, pk=pk)
    if step not in _STEPPERS:
        raise Http404
    if row.state not in states.WITH_APPLICANT:
        messages.info(request, _("The bank is looking at it: it can be changed when the bank asks for more."))
        return redirect("sell")
    return _STEPPERS[step](request, row)


def _form_step(request: HttpRequest, row: MerchantApplication, step: str, kind: type[forms.Form]) -> HttpResponse:
    """Deal with a step that is one form; “save for later” keeps what was typed as it is."""
    names = operations.COLUMNS[step]
    version = _number(request.POST.get("version", ""))
    form = kind(request.POST or None, initial=progress.values_of(row=row, names=kind.base_fields))
    if request.method == "POST":
        later = "later" in request.POST
        values = None
        if form.is_valid():
            values = {name: form.cleaned_data[name] for name in names}
        elif later:
            values = {name: _typed(request, row=row, name=name) for name in names}
        if values is not None:
            try:
                version = operations.save_step(
                    application_id=row.pk,
                    applicant_id=request.user.pk,
                    step=step,
                    values=values,
                    version=version,
                    at=bank.now(),
                )
            except operations.ChangedElsewhere as problem:
                form.add_error(None, str(problem))
                # What is sent again was seen against the newer state.
                row.refresh_from_db()
                version = int(row.versions.get(step, 0))
            except UnableToChangeApplication as problem:
                form.add_error(None, str(problem))
            else:
                if later:
                    messages.success(request, _("Saved. Come back whenever you like."))
                    return redirect("sell")
                return redirect("sell-step", row.pk, progress.next_step(step=step))
    else:
        version = int(row.versions.get(step, 0))
    return _page(request, row=row, step=step, context={"form": form, "version": version}, wrong=bool(form.errors))


def _typed(request: HttpRequest, *, row: MerchantApplication, name: str) -> object:
    """Return what was typed in a field as far as its column can keep it."""
    column = MerchantApplication._meta.get_field(name)
    if column.get_internal_type() == "BooleanField":
        return name in request.POST
    text = request.POST.get(name, "").strip()
    if name == "iban":
        text = text.replace(" ", "")
    allowed = {code for code, _name in column.choices} if column.choices else None
    if allowed is not None and text not in allowed:
        return getattr(row, name)
    return text[: column.max_length] if column.max_length else text[:2000]


def _company(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    return _form_step(request, row, progress.COMPANY, steps.CompanyForm)


def _account(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    return _form_step(request, row, progress.ACCOUNT, steps.AccountForm)


def _people(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    """List owners and directors, and add or change one."""
    today = bank.now().date()
    if request.method == "POST" and "go_on" in request.POST:
        return _nobody(request, row)
    found = request.POST.get("person") or request.GET.get("person", "")
    person = Person.objects.filter(application=row, pk=_number(found)).first() if found else None
    initial = {"country": row.country}
    if person is not None:
        initial = {
            "name": person.name,
            "born_on": person.born_on,
            "country": person.country,
            "share": f"{person.share_bps / 100:g}",
            "is_director": person.is_director,
            "is_exposed": "yes" if person.is_exposed else "no",
            "exposed_as": person.exposed_as,
        }
    form = steps.PersonForm(request.POST or None, initial=initial, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            operations.save_person(
                application_id=row.pk,
                applicant_id=request.user.pk,
                values=form.values,
                at=bank.now(),
                person_id=person.pk if person else None,
                version=_number(request.POST.get("version", "")),
            )
        except UnableToChangeApplication as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("%(name)s is in the list.") % {"name": form.cleaned_data["name"]})
            return redirect("sell-step", row.pk, progress.PEOPLE)
    return _people_page(request, row=row, form=form, person=person)


def _nobody(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    ticked = "no_large_owner" in request.POST
    try:
        operations.save_step(
            application_id=row.pk,
            applicant_id=request.user.pk,
            step=progress.PEOPLE,
            values={"no_large_owner": ticked},
            version=_number(request.POST.get("version", "")),
            at=bank.now(),
        )
    except UnableToChangeApplication as problem:
        messages.error(request, str(problem))
        return redirect("sell-step", row.pk, progress.PEOPLE)
    row.refresh_from_db()
    problem = next((item for item in _missing(row) if item.step == progress.PEOPLE), None)
    if problem is not None and "later" not in request.POST:
        form = steps.PersonForm(initial={"country": row.country}, today=bank.now().date())
        return _people_page(request, row=row, form=form, person=None, problem=problem.sentence)
    return redirect("sell-step", row.pk, progress.next_step(step=progress.PEOPLE))


def _people_page(
    request: HttpRequest,
    *,
    row: MerchantApplication,
    form: steps.PersonForm,
    person: Person | None,
    problem: str = "",
) -> HttpResponse:
    people = list(Person.objects.filter(application=row).order_by("pk"))
    total = sum(one.share_bps for one in people)
    context = {
        "form": form,
        "person": person,
        "people": people,
        "total": f"{total / 100:g}",
        "rest": f"{max(0, 10_000 - total) / 100:g}",
        "too_much": total > 10_000,
        "nobody": steps.NobodyForm(initial={"no_large_owner": row.no_large_owner}),
        "version": int(row.versions.get(progress.PEOPLE, 0)),
        "problem": problem,
        "adding": person is not None or bool(form.errors) or not people,
    }
    return _page(request, row=row, step=progress.PEOPLE, context=context, wrong=bool(form.errors or problem))


def _documents(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    """List the documents, and take one."""
    needed = list(requirements.documents_of(row=row))
    kinds = list(dict.fromkeys((*needed, "other")))
    today = bank.now().date()
    missing = requirements.missing_documents(row=row)
    form = steps.DocumentForm(
        request.POST or None,
        request.FILES or None,
        kinds=kinds,
        today=today,
        initial={"kind": request.GET.get("kind") or (missing[0] if missing else "other")},
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        upload = Upload(form.cleaned_data["kind"], file.name, b"".join(file.chunks()))
        try:
            operations.add_document(
                application_id=row.pk,
                applicant_id=request.user.pk,
                upload=upload,
                expires_on=form.cleaned_data["expires_on"],
                at=bank.now(),
            )
        except (UnableToKeepDocument, UnableToChangeApplication) as problem:
            form.add_error("file", str(problem))
        else:
            messages.success(request, _("%(name)s is kept, encrypted.") % {"name": file.name})
            return redirect("sell-step", row.pk, progress.DOCUMENTS)
    have = list(row.documents.order_by("uploaded_at", "pk"))
    context = {
        "form": form,
        "needed": [(requirements.KIND_NAMES[kind], kind not in missing) for kind in needed],
        "documents": have,
        "may_remove": row.state == MerchantApplication.DRAFT,
    }
    return _page(request, row=row, step=progress.DOCUMENTS, context=context, wrong=bool(form.errors))


def _terms(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    """Show the terms, and take the agreement."""
    signed = row.signatures.filter(version=terms.CURRENT).order_by("-pk").first()
    initial = {
        "signed_as": signed.signed_as if signed else request.user.get_full_name(),
        "agrees": row.terms_version == terms.CURRENT,
        "consent_credit": row.consent_credit,
    }
    form = steps.TermsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            operations.sign(
                application_id=row.pk,
                applicant_id=request.user.pk,
                signature=operations.Signature(
                    version=request.POST.get("terms", "")[:32],
                    signed_as=form.cleaned_data["signed_as"],
                    address=request.META.get("REMOTE_ADDR") or None,
                    browser=request.headers.get("User-Agent", ""),
                ),
                consent_credit=form.cleaned_data["consent_credit"],
                at=bank.now(),
            )
        except UnableToChangeApplication as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("sell-step", row.pk, progress.REVIEW)
    context = {
        "form": form,
        "terms": terms.text(version=terms.CURRENT),
        "terms_version": terms.CURRENT,
        "signed": signed,
    }
    return _page(request, row=row, step=progress.TERMS, context=context, wrong=bool(form.errors))


def _review(request: HttpRequest, row: MerchantApplication) -> HttpResponse:
    """Show everything once more, and send it."""
    problem = ""
    if request.method == "POST":
        try:
            operations.submit(application_id=row.pk, applicant_id=request.user.pk, at=bank.now())
        except UnableToChangeApplication as refused:
            problem = str(refused)
        else:
            messages.success(request, _("Thank you. Two people of the bank look at it, mostly within two days."))
            return redirect("sell")
    context = {"case": queries.case(application_id=row.pk), "problem": problem}
    return _page(request, row=row, step=progress.REVIEW, context=context, wrong=bool(problem))


_STEPPERS: dict[str, Stepper] = {
    progress.COMPANY: _company,
    progress.PEOPLE: _people,
    progress.ACCOUNT: _account,
    progress.DOCUMENTS: _documents,
    progress.TERMS: _terms,
    progress.REVIEW: _review,
}


def _page(
    request: HttpRequest, *, row: MerchantApplication, step: str, context: dict[str, object], wrong: bool
) -> HttpResponse:
    missing = _missing(row)
    open_steps = {item.step for item in missing}
    began = {name for name, _label in progress.STEPS if row.versions.get(name)} | {progress.REVIEW}
    frame = {
        "row": row,
        "step": step,
        "title": dict(progress.STEPS)[step],
        "previous": progress.previous_step(step=step),
        "missing": missing,
        "questions": queries.open_questions(row=row) if row.state == MerchantApplication.ASKED else [],
        "steps": [
            (name, label, name == step, name not in open_steps and name != progress.REVIEW, name in began)
            for name, label in progress.STEPS
        ],
    }
    template = f"mall/onboarding/{step}.html"
    return render(request, template, frame | context, status=422 if wrong else 200)


def _missing(row: MerchantApplication) -> list[progress.Missing]:
    return progress.missing(row=row, today=bank.now().date())


@login_required
@require_POST
def person_remove(request: HttpRequest, pk: int, person_id: int) -> HttpResponse:
    """Take somebody off the list."""
    row = _own(request, pk=pk)
    _try(
        request,
        lambda: operations.remove_person(
            application_id=row.pk, applicant_id=request.user.pk, person_id=person_id, at=bank.now()
        ),
    )
    return redirect("sell-step", pk, progress.PEOPLE)


@login_required
@require_POST
def document_remove(request: HttpRequest, pk: int, document_id: int) -> HttpResponse:
    """Throw a document of a draft away."""
    row = _own(request, pk=pk)
    _try(
        request,
        lambda: operations.remove_document(
            application_id=row.pk, applicant_id=request.user.pk, document_id=document_id
        ),
    )
    return redirect("sell-step", pk, progress.DOCUMENTS)


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer what the bank asked, and give the application back to it."""
    row = _own(request, pk=pk)
    if row.state != MerchantApplication.ASKED:
        return redirect("sell")
    questions = queries.open_questions(row=row)
    answers = {question.pk: request.POST.get(f"q{question.pk}", "") for question in questions}
    problem = ""
    if request.method == "POST":
        try:
            operations.answer(application_id=row.pk, applicant_id=request.user.pk, answers=answers, at=bank.now())
        except UnableToChangeApplication as refused:
            problem = str(refused)
        else:
            messages.success(request, _("Thank you. The bank goes on with your application."))
            return redirect("sell")
    context = {
        "row": row,
        "questions": [
            (question, answers[question.pk], requirements.KIND_NAMES.get(question.kind, "")) for question in questions
        ],
        "missing": _missing(row),
        "problem": problem,
    }
    return render(request, "mall/onboarding/answer.html", context, status=422 if problem else 200)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the application up."""
    row = _own(request, pk=pk)
    done = _try(
        request,
        lambda: operations.withdraw(application_id=row.pk, applicant_id=request.user.pk, at=bank.now()),
    )
    if done:
        messages.success(request, _("The application is withdrawn."))
    return redirect("sell")


def _try(request: HttpRequest, act: Callable[[], object]) -> bool:
    try:
        act()
    except UnableToChangeApplication as problem:
        messages.error(request, str(problem))
        return False
    return True


@require_safe
def terms_page(request: HttpRequest, version: str) -> HttpResponse:
    """Show a version of the terms."""
    try:
        text = terms.text(version=version)
    except KeyError:
        raise Http404 from None
    return render(request, "mall/onboarding/terms_page.html", {"terms": text, "version": version})


@login_required
@never_cache
@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out a document to its applicant, to be saved, or to operations, who may also look at it in place."""
    try:
        found, content = applications.open_document(document_id=pk, user=request.user)
    except NotAllowed:
        raise Http404 from None
    except DocumentDamaged as problem:
        messages.error(request, str(problem))
        return redirect("sell")
    response = HttpResponse(content, content_type=found.content_type)
    ending = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}[found.content_type]
    way = "inline" if "show" in request.GET and applications.is_operations(user=request.user) else "attachment"
    response["Content-Disposition"] = f'{way}; filename="{found.kind}-{found.pk}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    # Whatever is in it runs nothing and asks nobody, should a browser take it for a page.
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return response


def _own(request: HttpRequest, *, pk: int) -> MerchantApplication:
    row = MerchantApplication.objects.filter(pk=pk, applicant_id=request.user.pk).first() if pk < 2**63 else None
    if row is None:
        raise Http404
    return row


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 18 else 0
