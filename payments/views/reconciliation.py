"""Reconciliation for operations: how the sources stand over time, what has no match, and matching by hand."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from payments import clock, reconciliation
from payments.queries import reconciliation as queries
from payments.reconciliation import consignments, matching, runs, sources
from payments.settlement import iso20022
from payments.views import access, charts

A_PAGE = 40
NAMES = {
    "card": gettext_lazy("Card provider"),
    "nostro": gettext_lazy("Our account at the other bank"),
    consignments.SOURCE: gettext_lazy("Consignments: order, money and goods"),
}
HOW = {
    matching.REFERENCE: gettext_lazy("by reference"),
    matching.SUM: gettext_lazy("by a reference's sum"),
    matching.AMOUNT_AND_DATE: gettext_lazy("by amount and date"),
    matching.PERSON: gettext_lazy("by hand"),
}


class StatementForm(forms.Form):
    """A statement of the other bank."""

    file = forms.FileField(label=gettext_lazy("Statement (camt.053)"))


@access.operations_only
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """Show every source: matched and open by day as a picture and as its table."""
    today = clock.now().date()
    found = []
    for name in sources.sources():
        counted = queries.days(source=name, last=queries.newest_day(source=name) or today)
        found.append(_told(name=name, counted=counted, standing=queries.standing(source=name)))
    counted = queries.run_days(source=consignments.SOURCE)
    found.append(_told(name=consignments.SOURCE, counted=counted, standing=None))
    return render(request, "payments/reconciliation.html", {"sources": found, "form": StatementForm()})


@access.operations_only
@require_GET
def source(request: HttpRequest, name: str) -> HttpResponse:
    """Show what has no match in one source, what might match it, and the newest matches."""
    if name not in sources.sources():
        raise Http404
    page = Paginator(queries.open_entries(source=name), A_PAGE).get_page(request.GET.get("page"))
    entries = list(page.object_list)
    others = {row.pk: row for row in queries.candidates(entries=entries)}
    pool = runs.plain(others.values())
    context = {
        "name": name,
        "title": NAMES.get(name, name),
        "standing": queries.standing(source=name),
        "rows": [
            {
                "entry": entry,
                "ours": entry.side == matching.OURS,
                "likely": [others[one.id] for one in matching.likely(entry=runs.plain([entry])[0], others=pool)],
            }
            for entry in entries
        ],
        "page": page,
        "matches": [
            {"match": row, "how": HOW[row.how], "entries": told} for row, told in queries.latest_matches(source=name)
        ],
    }
    return render(request, "payments/reconciliation_source.html", context)


@access.operations_only
@require_POST
def match(request: HttpRequest, name: str) -> HttpResponse:
    """Match the chosen entries."""
    chosen = [int(text) for text in request.POST.getlist("entry") if text.isdecimal() and len(text) < 19]
    said = {"by": access.holder(request), "text": request.POST.get("text", ""), "at": clock.now()}
    try:
        reconciliation.match_by_hand(source=name, entry_ids=chosen, **said)
    except reconciliation.UnableToMatch as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("They are one now, and their cases are closed."))
    return redirect("ops-reconciliation-source", name)


@access.operations_only
@require_POST
def unmatch(request: HttpRequest, name: str, match_id: int) -> HttpResponse:
    """Take a match apart."""
    said = {"by": access.holder(request), "text": request.POST.get("text", ""), "at": clock.now()}
    try:
        reconciliation.unmatch(match_id=min(match_id, 2**63 - 1), **said)
    except reconciliation.UnableToMatch as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("They are two again; only a person will match them from now on."))
    return redirect("ops-reconciliation-source", name)


@access.operations_only
@require_POST
def statement(request: HttpRequest) -> HttpResponse:
    """Take in a statement of the other bank."""
    form = StatementForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choose a file first: a statement of the other bank as camt.053."))
        return redirect("ops-reconciliation")
    try:
        taken = reconciliation.take_statements(
            source=form.cleaned_data["file"], by=access.holder(request), at=clock.now()
        )
    except iso20022.UnreadableFile as problem:
        messages.error(request, str(problem))
        return redirect("ops-reconciliation")
    for one in taken:
        said = {"name": one.statement_id, "day": date_format(one.day, "j M Y"), "new": one.new}
        if one.known and not one.new:
            messages.warning(request, _("Statement %(name)s was taken in before: nothing was added.") % said)
        else:
            messages.success(request, _("Statement %(name)s of %(day)s: %(new)s new entries.") % said)
    return redirect("ops-reconciliation")


def _told(*, name: str, counted: list[queries.DayCount], standing: queries.Standing | None) -> dict[str, object]:
    title = NAMES.get(name, name)
    words = (_("matched"), _("explained"), _("open"))
    shown = [(row.day, (row.matched, row.explained, row.open)) for row in counted]
    chart = charts.stacked(
        days=shown,
        names=[str(word) for word in words],
        colors=["var(--good)", "var(--line-strong)", "var(--bad)"],
        title=_("%(source)s by day") % {"source": title},
        unit=_("entries"),
    )
    return {
        "name": name,
        "title": title,
        "standing": standing,
        "chart": chart if any(sum(values) for _day, values in shown) else "",
        "days": [row for row in reversed(counted) if row.matched or row.explained or row.open],
    }
