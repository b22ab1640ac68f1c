"""The rules of risk: what is in force, a change one person proposes, and the decision of another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from payments import clock, operations
from payments.accounts import velocity
from payments.accounts.policy import MONEY, Policy, Rule, in_force, parse, to_body
from payments.money import Money
from payments.queries import rules as queries
from payments.views import access

OUTCOMES = (
    ("pass", gettext_lazy("only watch")),
    ("challenge", gettext_lazy("ask for a second factor")),
    ("hold", gettext_lazy("let people look")),
    ("refuse", gettext_lazy("refuse")),
)
STATES = {
    "in_force": gettext_lazy("in force"),
    "replaced": gettext_lazy("replaced"),
    "declined": gettext_lazy("turned down"),
    "withdrawn": gettext_lazy("withdrawn"),
}


class PolicyForm(forms.Form):
    """Every figure of a version; each rule has a limit, a window in minutes and an outcome."""

    free_up_to = forms.DecimalField(label=gettext_lazy("Free of a second factor up to"), min_value=0, decimal_places=2)
    free_payments = forms.IntegerField(label=gettext_lazy("Free payments in a row"), min_value=0, max_value=1_000)
    free_sum = forms.DecimalField(label=gettext_lazy("Free together"), min_value=0, decimal_places=2)
    second_above = forms.DecimalField(label=gettext_lazy("Two people review above"), min_value=0, decimal_places=2)
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}), required=True
    )
    base = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, policy: Policy, **named: Any) -> None:
        self.policy = policy
        initial = {
            "free_up_to": _decimal(policy.free_up_to),
            "free_payments": policy.free_payments,
            "free_sum": _decimal(policy.free_sum),
            "second_above": _decimal(policy.second_above),
            "base": policy.number,
        }
        for rule in policy.rules:
            initial[f"{rule.code}-limit"] = _decimal(rule.limit) if rule.measure in MONEY else rule.limit
            initial[f"{rule.code}-within"] = int(rule.within.total_seconds()) // 60
            initial[f"{rule.code}-then"] = rule.then
        super().__init__(*arguments, initial=initial, **named)
        for rule in policy.rules:
            whole = forms.IntegerField(min_value=0, max_value=100_000)
            money = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2)
            self.fields[f"{rule.code}-limit"] = money if rule.measure in MONEY else whole
            self.fields[f"{rule.code}-within"] = forms.IntegerField(min_value=1, max_value=90 * 24 * 60)
            self.fields[f"{rule.code}-then"] = forms.ChoiceField(choices=OUTCOMES)
        self.order_fields([name for name in self.fields if name != "reason"])
        for field in self.fields.values():
            field.widget.attrs.setdefault("required", True)
            field.widget.attrs.setdefault("class", "input")

    def rows(self) -> list[dict[str, Any]]:
        """Return the rules in words, each with its three fields."""
        return [
            {
                "rule": rule,
                "means": _(velocity.MEANINGS.get(rule.code, rule.code)),
                "limit": self[f"{rule.code}-limit"],
                "within": self[f"{rule.code}-within"],
                "then": self[f"{rule.code}-then"],
            }
            for rule in self.policy.rules
        ]

    def body(self) -> dict[str, Any]:
        """Return the version that was typed, as plain JSON."""
        data = self.cleaned_data
        rules = []
        for rule in self.policy.rules:
            limit = data[f"{rule.code}-limit"]
            rules.append(
                {
                    "code": rule.code,
                    "by": rule.by,
                    "within": 60 * data[f"{rule.code}-within"],
                    "then": data[f"{rule.code}-then"],
                    rule.measure: _minor(limit) if rule.measure in MONEY else limit,
                }
            )
        return {
            "free_up_to": _minor(data["free_up_to"]),
            "free_payments": data["free_payments"],
            "free_sum": _minor(data["free_sum"]),
            "second_above": _minor(data["second_above"]),
            "rules": rules,
        }


@access.operations_only
@require_http_methods(["GET", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """Show the rules in force and what waits for a decision, or propose a change."""
    policy = in_force()
    form = PolicyForm(request.POST or None, policy=policy)
    problem = ""
    if request.method == "POST" and form.is_valid():
        proposal = operations.Proposal(
            body=form.body(),
            base=form.cleaned_data["base"],
            reason=form.cleaned_data["reason"],
            by=access.holder(request),
            at=clock.now(),
        )
        try:
            operations.propose_policy(proposal=proposal)
        except operations.UnableToRule as refusal:
            problem = str(refusal)
        else:
            messages.success(request, _("Proposed. It is in force as soon as a second person has agreed."))
            return redirect("ops-rules")
    return _page(request, policy=policy, form=form, problem=problem)


@access.operations_only
@require_POST
def decide(request: HttpRequest, version: int) -> HttpResponse:
    """Put a proposed change in force, or turn it down."""
    ruling = operations.Ruling(
        version=min(version, 2**63 - 1),
        by=access.holder(request),
        note=request.POST.get("note", "")[:500],
        at=clock.now(),
    )
    try:
        if request.POST.get("do") == "approve":
            operations.approve_policy(ruling=ruling)
            messages.success(request, _("In force from now on."))
        else:
            operations.decline_policy(ruling=ruling)
            messages.success(request, _("Turned down: the rules stay as they are."))
    except operations.UnableToRule as refusal:
        messages.error(request, str(refusal))
    return redirect("ops-rules")


def _page(request: HttpRequest, *, policy: Policy, form: PolicyForm, problem: str) -> HttpResponse:
    waiting = queries.proposed_version()
    context = {
        "policy": policy,
        "form": form,
        "figures": [form[name] for name in ("free_up_to", "free_payments", "free_sum", "second_above")],
        "problem": problem,
        "waiting": waiting,
        "changes": _changes(before=policy, after=parse(body=waiting.body, number=waiting.number)) if waiting else [],
        "mine": waiting is not None and waiting.proposed_by == access.holder(request),
        "history": [(row, STATES.get(row.state, row.state)) for row in queries.decided_versions()],
        "currency": settings.RIALTO_CURRENCY,
    }
    failed = problem or form.errors
    return render(request, "payments/rules.html", context, status=409 if problem else 422 if failed else 200)


def _changes(*, before: Policy, after: Policy) -> list[tuple[str, str, str]]:
    """Return what a version changes, each (what, from, to) in words."""
    old, new = to_body(policy=before), to_body(policy=after)
    found = [
        (str(PolicyForm.base_fields[name].label), _figure(name, old[name]), _figure(name, new[name]))
        for name in ("free_up_to", "free_payments", "free_sum", "second_above")
        if old[name] != new[name]
    ]
    known = {rule.code: rule for rule in before.rules}
    for rule in after.rules:
        was = known.get(rule.code)
        if was != rule:
            meaning = _(velocity.MEANINGS.get(rule.code, rule.code))
            found.append((meaning, _words(was) if was else "–", _words(rule)))
    return found


def _figure(name: str, figure: int) -> str:
    return str(figure) if name == "free_payments" else Money(figure, settings.RIALTO_CURRENCY).format()


def _words(rule: Rule) -> str:
    limit = Money(rule.limit, settings.RIALTO_CURRENCY).format() if rule.measure in MONEY else str(rule.limit)
    minutes = rule.within // timedelta(minutes=1)
    return _("above %(limit)s in %(minutes)s minutes: %(then)s") % {
        "limit": limit,
        "minutes": minutes,
        "then": dict(OUTCOMES)[rule.then],
    }


def _decimal(amount: int) -> Any:
    return Money(amount, settings.RIALTO_CURRENCY).to_decimal()


def _minor(amount: Any) -> int:
    return Money.from_decimal(amount, settings.RIALTO_CURRENCY).minor_units
