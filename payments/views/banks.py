"""Operations' pages of other banks: batches to agree to, files to take in, money that waits in suspense."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from payments import clock
from payments.queries import banks
from payments.settlement import elsewhere
from payments.views import access


@access.operations_only
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show the batches, the files and what waits in suspense."""
    return render(request, "payments/ops_banks.html", _context())


def _context() -> dict[str, object]:
    return {
        "batches": banks.batches(),
        "files": banks.files(),
        "suspense": banks.suspense(today=clock.now().date()),
    }


@access.operations_only
@require_POST
def take_in(request: HttpRequest) -> HttpResponse:
    """Take a file in, or say what taking it in would do."""
    upload = request.FILES.get("file")
    if upload is None:
        messages.error(request, _("Choose a file first."))
        return redirect("ops-banks")
    is_look = request.POST.get("act") != "take"
    try:
        done = elsewhere.import_file(
            source=upload.file, name=upload.name, by=access.holder(request), at=clock.now(), dry_run=is_look
        )
    except elsewhere.UnableToImport as refusal:
        context = {**_context(), "problem": str(refusal), "name": upload.name}
        return render(request, "payments/ops_banks.html", context, status=422)
    if not is_look:
        messages.success(request, _("%(name)s was taken in.") % {"name": upload.name})
    context = {**_context(), "done": done, "is_look": is_look, "name": upload.name}
    return render(request, "payments/ops_banks.html", context)


@access.operations_only
@require_http_methods(["GET", "POST"])
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a batch with its payments; close it, agree to it, or withdraw it."""
    found = banks.batch(batch_id=pk) if pk < 2**63 else None
    if found is None:
        raise Http404
    if request.method == "POST":
        _change(request, pk)
        return redirect("ops-batch", pk=pk)
    return render(request, "payments/ops_batch.html", {"batch": found[0], "payments": found[1]})


def _change(request: HttpRequest, pk: int) -> None:
    by, now = access.holder(request), clock.now()
    try:
        match request.POST.get("act"):
            case "close":
                row = elsewhere.close_batch(batch_id=pk, by=by, at=now)
                written = _("The file is written. Two people have to agree before it is sent.")
                kept = _("All it would pay is held: there is no file, and the money is back where it came from.")
                messages.success(request, kept if row.state == "withdrawn" else written)
            case "approve":
                digest = request.POST.get("digest", "")[:64]
                row = elsewhere.approve_batch(batch_id=pk, by=by, digest=digest, at=now)
                done = _("Agreed. It is sent within minutes.")
                more = _("Agreed. A second person has to agree too.")
                messages.success(request, done if row.state == "approved" else more)
            case "withdraw":
                reason = request.POST.get("reason", "")[:250]
                elsewhere.withdraw_batch(batch_id=pk, by=by, reason=reason, at=now)
                messages.success(request, _("Withdrawn: the money is back where it came from."))
    except elsewhere.UnableToChangeBatch as refusal:
        messages.error(request, str(refusal))


@access.operations_only
@require_GET
def batch_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out a batch's file, byte by byte as it is sent."""
    found = banks.batch_file(batch_id=pk) if pk < 2**63 else None
    if found is None:
        raise Http404
    name, content = found
    return HttpResponse(
        content,
        content_type="application/xml",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


@access.operations_only
@require_POST
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """Give money in suspense to an account here, or send it back."""
    by, now = access.holder(request), clock.now()
    try:
        if request.POST.get("act") == "match":
            number = request.POST.get("account", "")[:60]
            row = elsewhere.match_entry(entry_id=min(pk, 2**63 - 1), account_number=number, by=by, at=now)
        else:
            row = elsewhere.send_entry_back(entry_id=min(pk, 2**63 - 1), by=by, at=now)
        messages.success(request, row.outcome)
    except elsewhere.UnableToResolve as refusal:
        messages.error(request, str(refusal))
    return redirect("ops-banks")
