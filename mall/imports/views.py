"""The pages of imports, the same at every desk: hand in, name columns, look, confirm, watch, undo."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mall import bank
from mall.imports import exports, operations, queries, reading, states
from mall.imports.desks import Desk
from mall.imports.operations import File, UnableToImport
from mall.queries.merchants import Workplace


@require_http_methods(["GET", "POST"])
def desk_page(request: HttpRequest, place: Workplace | None, desk: Desk) -> HttpResponse:
    """Take a file in, and show those that came before."""
    problem = ""
    if request.method == "POST":
        try:
            return redirect(f"{desk.name}-one", _receive(request, place=place, desk=desk))
        except UnableToImport as refused:
            problem = str(refused)
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else None
    rows, following = queries.imports_of(merchant_id=_merchant_id(place), kinds=desk.kinds, before=before)
    context = {
        "rows": rows,
        "following": following,
        "problem": problem,
        "fields": operations.fields_of(kind=desk.kind),
        "most_lines": reading.MAX_LINES,
        "most_megabytes": reading.MAX_BYTES // 1024**2,
    }
    status = 422 if problem else 200
    return render(request, "mall/imports/desk.html", desk.frame(request, place) | context, status=status)


def _receive(request: HttpRequest, *, place: Workplace | None, desk: Desk) -> int:
    upload = request.FILES.get("file")
    if upload is None:
        raise UnableToImport(_("Choose a file first."))
    if upload.size > reading.MAX_BYTES:
        # Not even read: it may be any size.
        what = {"name": upload.name[:100], "most": reading.MAX_BYTES // 1024**2}
        raise UnableToImport(_("%(name)s is larger than %(most)d MB: divide it into several files.") % what)
    received = operations.receive(
        file=File(
            kind=desk.kind,
            merchant_id=_merchant_id(place),
            name=upload.name,
            content=upload.read(),
            by=request.user.pk,
            at=bank.now(),
        )
    )
    if received.known:
        messages.info(request, _("You handed in this very file before: here is where it stands."))
    return received.import_id


@require_safe
def one(request: HttpRequest, place: Workplace | None, desk: Desk, pk: int) -> HttpResponse:
    """Show where an import stands, and what can be done next."""
    return _page(request, place=place, desk=desk, pk=pk)


def _page(request: HttpRequest, *, place: Workplace | None, desk: Desk, pk: int, problem: str = "") -> HttpResponse:
    page = _own(place=place, desk=desk, pk=pk)
    frame = desk.frame(request, place)
    context: dict[str, object] = {
        "page": page,
        "problem": problem,
        "another": queries.needs_another_person(page=page, user_id=request.user.pk),
    }
    if page.state == states.MAPPING:
        choices, headings, lines = queries.columns(import_id=pk)
        given = request.POST if request.method == "POST" else {}
        context |= {"choices": _typed(choices=choices, given=given), "headings": headings, "first_lines": lines}
    elif page.state == states.CHECKED:
        changed, fresh = queries.changes(import_id=pk, currency=str(frame["currency"]))
        context |= {"changed_lines": changed, "fresh_lines": fresh, "problems": queries.problems(import_id=pk)}
    elif page.state in (states.DONE, states.UNDONE):
        context["problems"] = queries.problems(import_id=pk, kept=page.state == states.UNDONE)
    return render(request, "mall/imports/one.html", frame | context, status=422 if problem else 200)


def _typed(*, choices: list[queries.FieldChoice], given: object) -> list[tuple[queries.FieldChoice, str, str]]:
    """Return the fields with what is chosen for each: the column's number as text, and the fixed text."""
    return [
        (choice, given.get(f"column-{choice.code}", str(choice.column)),
         given.get(f"fixed-{choice.code}", choice.fixed))
        for choice in choices
    ]  # fmt: skip


@require_safe
def progress(request: HttpRequest, place: Workplace | None, desk: Desk, pk: int) -> HttpResponse:
    """Show how far an import is; when it waits for a person the whole page is shown anew."""
    page = _own(place=place, desk=desk, pk=pk)
    response = render(request, "mall/imports/_progress.html", {"page": page, "desk": desk})
    if not page.working:
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
def act(request: HttpRequest, place: Workplace | None, desk: Desk, pk: int, action: str) -> HttpResponse:
    """Name the columns, confirm, undo or discard."""
    page = _own(place=place, desk=desk, pk=pk)
    whose = {"import_id": pk, "merchant_id": _merchant_id(place)}
    try:
        if action == "columns":
            operations.name_columns(**whose, **_columns(request, pk=pk))
        elif action == "rename":
            operations.rename_columns(**whose)
        elif action == "confirm":
            operations.confirm(**whose, by=request.user.pk, at=bank.now())
        elif action == "undo":
            operations.undo(**whose, by=request.user.pk, at=bank.now())
        elif action == "discard":
            operations.discard(**whose)
            messages.success(request, _("Discarded; nothing was changed."))
            return redirect(desk.name)
        else:
            raise Http404
    except UnableToImport as problem:
        return _page(request, place=place, desk=desk, pk=page.import_id, problem=str(problem))
    return redirect(f"{desk.name}-one", pk)


def _columns(request: HttpRequest, *, pk: int) -> dict[str, dict]:
    columns: dict[str, int] = {}
    fixed: dict[str, str] = {}
    for choice, column, text in _typed(choices=queries.columns(import_id=pk)[0], given=request.POST):
        if column.isascii() and column.isdecimal() and len(column) < 4:
            columns[choice.code] = int(column)
        if text.strip():
            fixed[choice.code] = text.strip()[:200]
    return {"columns": columns, "fixed": fixed}


@require_safe
def problems_file(request: HttpRequest, place: Workplace | None, desk: Desk, pk: str, form: str) -> HttpResponseBase:
    """Hand out the lines with something wrong."""
    _own(place=place, desk=desk, pk=int(pk))
    return exports.problems_file(import_id=int(pk), form=form)


@require_safe
def template_file(request: HttpRequest, place: Workplace | None, desk: Desk, form: str) -> HttpResponseBase:
    """Hand out an empty file of the format."""
    return exports.template_file(kind=desk.kind, form=form)


def _merchant_id(place: Workplace | None) -> int | None:
    return place.merchant_id if place else None


def _own(*, place: Workplace | None, desk: Desk, pk: int) -> queries.ImportPage:
    page = queries.import_page(
        import_id=min(pk, 2**63 - 1), merchant_id=_merchant_id(place), kinds=desk.kinds, at=bank.now()
    )
    if page is None:
        raise Http404
    return page
