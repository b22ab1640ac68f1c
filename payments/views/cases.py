"""Cases of operations: what waits, since when and in whose hands; taken, handed over, noted and closed."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from payments import clock, operations
from payments.operations.cases import LONGEST_TEXT, MACHINE
from payments.queries import cases as queries
from payments.views import access

A_PAGE = 50
LARGEST_ID = 2**63 - 1
# Kinds in words; one that is not here is shown by its own name.
KINDS = {
    "suspense": gettext_lazy("Money in suspense"),
    "payment_came_back": gettext_lazy("Payment came back"),
    "bank_file_refused": gettext_lazy("Bank file refused"),
    "reconcile_card": gettext_lazy("Card provider differs"),
    "reconcile_nostro": gettext_lazy("Bank statement differs"),
    "reconcile_consignment": gettext_lazy("Consignment differs"),
}
LINES = {
    "opened": gettext_lazy("Opened"),
    "taken": gettext_lazy("Taken"),
    "handed_over": gettext_lazy("Handed over"),
    "given_back": gettext_lazy("Given back"),
    "note": gettext_lazy("Note"),
    "closed": gettext_lazy("Closed"),
}


class TextForm(forms.Form):
    """Some words: a note, or a reason."""

    text = forms.CharField(
        label=gettext_lazy("In a few words"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )


class HandOverForm(TextForm):
    """To whom, and why; to nobody gives the case back."""

    to = forms.ChoiceField(label=gettext_lazy("To"), required=False)

    def __init__(self, *arguments: object, colleagues: Iterable[tuple[str, str]], **named: object) -> None:
        super().__init__(*arguments, **named)
        self.fields["to"].choices = [("", _("nobody: back to everybody")), *colleagues]
        self.order_fields(["to", "text"])


@access.operations_only
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Show what waits, or what was closed, by kind and owner."""
    me, now = access.holder(request), clock.now()
    closed, kind = request.GET.get("state") == "closed", request.GET.get("kind", "")[:40]
    whose, text = request.GET.get("owner", ""), request.GET.get("q", "").replace("\x00", "").strip()[:200]
    owner = {"me": me, "nobody": ""}.get(whose)
    found = queries.cases(closed=closed, kind=kind, owner=owner, text=text)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    views = queries.views(rows=page.object_list)
    names = people(view.owner for view in views)
    waiting = queries.waiting()
    context = {
        "rows": [
            {
                "case": view,
                "kind": kind_label(view.kind),
                "days": view.days(now),
                "owner": _("you") if view.owner == me else names.get(view.owner, ""),
                "mine": view.owner == me,
            }
            for view in views
        ],
        "page": page,
        "closed": closed,
        "kind": kind,
        "owner": whose if owner is not None else "",
        "q": text,
        "kinds": [(row.kind, kind_label(row.kind), row.cases) for row in waiting],
        "total": sum(row.cases for row in waiting),
        "oldest": max(((now - row.oldest).days for row in waiting), default=0),
    }
    return render(request, "payments/cases.html", context)


@access.operations_only
@require_GET
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case with its history and what may be done with it."""
    return _show(request, case_id=case_id, forms_given={}, status=200)


@access.operations_only
@require_POST
def act(request: HttpRequest, case_id: int, action: str) -> HttpResponse:
    """Take, hand over, note or close the case."""
    given = _forms(request, data=request.POST, only=action)
    form = given.get(action)
    if form is not None and not form.is_valid():
        return _show(request, case_id=case_id, forms_given={action: form}, status=400)
    by, at = access.holder(request), clock.now()
    said = form.cleaned_data if form is not None else {}
    try:
        if action == "take":
            operations.take_case(case_id=case_id, by=by, at=at)
        elif action == "hand-over":
            operations.hand_over_case(case_id=case_id, by=by, to=said["to"], text=said["text"], at=at)
        elif action == "note":
            operations.note_case(case_id=case_id, by=by, text=said["text"], at=at)
        elif action == "close":
            operations.close_case(case_id=case_id, by=by, reason=said["text"], at=at)
        else:
            raise Http404
    except operations.UnknownCase as problem:
        raise Http404 from problem
    except operations.UnableToHandle as problem:
        messages.error(request, str(problem))
    return redirect("ops-case", case_id)


def kind_label(kind: str) -> str:
    """Return a kind of case in words."""
    return str(KINDS.get(kind, kind.replace("_", " ").capitalize()))


def people(holders: Iterable[str]) -> dict[str, str]:
    """Return the names of those who hold cases, by `user:7`."""
    ids = {int(holder[5:]) for holder in holders if holder.startswith("user:") and holder[5:].isdecimal()}
    users = get_user_model().objects.filter(pk__in=ids)
    return {f"user:{user.pk}": user.get_full_name() or user.email for user in users}


def _colleagues(request: HttpRequest) -> list[tuple[str, str]]:
    users = get_user_model().objects.filter(groups__name=access.OPERATIONS, is_active=True).exclude(pk=request.user.pk)
    return [(f"user:{user.pk}", user.get_full_name() or user.email) for user in users.order_by("email")[:200]]


def _forms(request: HttpRequest, data: object = None, only: str = "") -> dict[str, forms.Form]:
    """Return the forms of a case by their action; with ``only``, that one bound to ``data``."""
    made = {
        "hand-over": lambda **named: HandOverForm(colleagues=_colleagues(request), prefix="hand-over", **named),
        "note": lambda **named: TextForm(prefix="note", **named),
        "close": lambda **named: TextForm(prefix="close", **named),
    }
    if only:
        return {name: make(data=data) for name, make in made.items() if name == only}
    return {name: make() for name, make in made.items()}


def _show(request: HttpRequest, *, case_id: int, forms_given: dict[str, forms.Form], status: int) -> HttpResponse:
    found = queries.case(case_id=case_id) if case_id <= LARGEST_ID else None
    if found is None:
        raise Http404
    me, view = access.holder(request), found.case
    names = people([view.owner, *(line.by for line in found.lines), *(line.to for line in found.lines)])
    names[MACHINE] = _("the bank's own checks")
    given = _forms(request) | forms_given
    context = {
        "case": view,
        "kind": kind_label(view.kind),
        "days": view.days(clock.now()),
        "owner": names.get(view.owner, ""),
        "mine": view.owner == me,
        "names": found.names,
        "things": found.things,
        "steps": [
            {
                "label": LINES[line.kind],
                "at": line.at,
                "by": names.get(line.by, line.by),
                "to": names.get(line.to, line.to),
                "text": line.text,
                "done": line.kind == "closed",
            }
            for line in found.lines
        ],
        "note_form": given["note"],
        "close_form": given["close"],
        "hand_over_form": given["hand-over"],
    }
    return render(request, "payments/case.html", context, status=status)
