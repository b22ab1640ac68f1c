"""How far an application is: its steps, which are complete, and what is missing, each as one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mall.merchants.models import MerchantApplication
from mall.onboarding import requirements, steps, terms
from mall.onboarding.models import Person

COMPANY, PEOPLE, ACCOUNT, DOCUMENTS, TERMS, REVIEW = "company", "people", "account", "documents", "terms", "review"
STEPS: tuple[tuple[str, Promise], ...] = (
    (COMPANY, gettext_lazy("The company")),
    (PEOPLE, gettext_lazy("Owners and directors")),
    (ACCOUNT, gettext_lazy("Account")),
    (DOCUMENTS, gettext_lazy("Documents")),
    (TERMS, gettext_lazy("Terms")),
    (REVIEW, gettext_lazy("Check and send")),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """Something an application lacks, and the step where it is put right."""

    step: str
    sentence: str


def missing(*, row: MerchantApplication, today: date) -> list[Missing]:
    """Return what is missing or wrong, in the order of the steps."""
    found = []
    for step, form in ((COMPANY, steps.CompanyForm), (ACCOUNT, steps.AccountForm)):
        bound = form(values_of(row=row, names=form.base_fields))
        for field, errors in bound.errors.items():
            label = bound.fields[field].label if field in bound.fields else ""
            found.append(Missing(step, f"{label}: {errors[0]}" if label else str(errors[0])))
    people = list(Person.objects.filter(application=row).order_by("pk"))
    problem = requirements.people_problem(row=row, people=people)
    if problem or (not people and not row.no_large_owner):
        sentence = problem or _("Name everybody who holds 25 % or more, or say below that nobody does.")
        found.append(Missing(PEOPLE, str(sentence)))
    for kind in requirements.missing_documents(row=row):
        name = requirements.KIND_NAMES[kind]
        found.append(Missing(DOCUMENTS, _("Add this document: %s.") % name))
    for kind in requirements.expired_documents(row=row, today=today):
        name = requirements.KIND_NAMES[kind]
        found.append(Missing(DOCUMENTS, _("This document has expired: add a newer one: %s.") % name))
    if row.terms_version != terms.CURRENT:
        found.append(Missing(TERMS, _("Read the terms and agree to them.")))
    order = {step: place for place, (step, _name) in enumerate(STEPS)}
    return sorted(found, key=lambda item: order[item.step])


def values_of(*, row: MerchantApplication, names: Mapping[str, object]) -> dict[str, object]:
    """Return an application's columns as a form would have got them."""
    return {name: getattr(row, name) for name in names if hasattr(row, name)}


def next_step(*, step: str) -> str:
    """Return the step after one, the last after the last."""
    names = [name for name, _label in STEPS]
    return names[min(names.index(step) + 1, len(names) - 1)]


def previous_step(*, step: str) -> str:
    """Return the step before one, nothing before the first."""
    names = [name for name, _label in STEPS]
    place = names.index(step)
    return names[place - 1] if place else ""
