"""Tiers: what holders may send and what is kept back of merchants' settlements; changed by two people."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from payments import clock, operations
from payments.queries import tiers as queries
from payments.views import access

KINDS = {"reserve": gettext_lazy("Merchant's reserve"), "account": gettext_lazy("Customer's limits")}
STATES = {
    "agreed": gettext_lazy("agreed"),
    "declined": gettext_lazy("turned down"),
    "withdrawn": gettext_lazy("withdrawn"),
}


class TierForm(forms.Form):
    """Whose tier, which one, from when, and why."""

    subject = forms.CharField(
        label=gettext_lazy("Whose"),
        max_length=80,
        help_text=gettext_lazy("A merchant as merchant:3, a customer as user:1"),
    )
    tier = forms.ChoiceField(label=gettext_lazy("Tier"))
    begins_on = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)
        self.fields["tier"].choices = [
            (str(label), [(f"{kind}:{tier}", tier) for tier in operations.tiers_of(kind=kind)])
            for kind, label in KINDS.items()
        ]


@access.operations_only
@require_http_methods(["GET", "POST"])
def tiers(request: HttpRequest) -> HttpResponse:
    """Show the tiers, what waits for a second person and what was decided; take a new wish."""
    now = clock.now()
    form = TierForm(request.POST or None, initial={"begins_on": now.date() + timedelta(days=1)})
    if request.method == "POST" and form.is_valid():
        kind, _colon, tier = form.cleaned_data["tier"].partition(":")
        proposal = operations.TierProposal(
            kind=kind,
            subject=form.cleaned_data["subject"].strip(),
            tier=tier,
            begins_on=form.cleaned_data["begins_on"],
            reason=form.cleaned_data["reason"],
            by=access.holder(request),
            at=now,
        )
        try:
            operations.propose_tier(proposal=proposal)
        except operations.UnableToChangeTier as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            messages.success(request, _("Proposed: it counts when a second person has agreed."))
            return redirect("ops-tiers")
    waiting, decided = queries.tier_changes(day=now.date())
    context = {
        "form": form,
        "waiting": [(row, KINDS[row.kind]) for row in waiting],
        "decided": [(row, KINDS[row.kind], STATES[row.state]) for row in decided],
        "me": access.holder(request),
        "currency": settings.RIALTO_CURRENCY,
        "reserve_tiers": [
            (name, tier["bps"] / 100, tier["days"]) for name, tier in settings.RIALTO_POLICY.RESERVE_TIERS.items()
        ],
        "account_tiers": list(settings.RIALTO_POLICY.ACCOUNT_LIMITS.items()),
    }
    return render(request, "payments/tiers.html", context, status=422 if form.errors else 200)


@access.operations_only
@require_POST
def decide(request: HttpRequest, change_id: int) -> HttpResponse:
    """Agree to a change of tier, or turn it down."""
    given = {"change_id": min(change_id, 2**63 - 1), "by": access.holder(request), "at": clock.now()}
    try:
        if request.POST.get("do") == "agree":
            operations.agree_to_tier(**given)
            messages.success(request, _("Agreed: it counts from its day on."))
        else:
            operations.decline_tier(note=request.POST.get("note", "").replace("\x00", ""), **given)
            messages.success(request, _("Turned down: the tier stays."))
    except operations.UnableToChangeTier as problem:
        messages.error(request, str(problem))
    return redirect("ops-tiers")
