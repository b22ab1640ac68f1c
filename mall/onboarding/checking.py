"""The automatic checks of an application: each gives an outcome and says in one sentence what it looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import schwifty
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from schwifty.exceptions import SchwiftyException

from mall import bank
from mall.customer.addresses import fingerprint
from mall.merchants.models import CLOSED, SUSPENDED, Merchant, MerchantApplication
from mall.onboarding import registration, requirements, sanctions
from mall.onboarding.models import Check, Clearing, Person

# Raised when the meaning of a check changes: the old outcomes stay what they were.
RULES = "1"
ADULT = 18
NAMES = {
    "iban": gettext_lazy("Account number"),
    "vat": gettext_lazy("VAT number"),
    "registration": gettext_lazy("Registration number"),
    "country": gettext_lazy("Countries"),
    "sanctions": gettext_lazy("Sanctions list"),
    "exposed": gettext_lazy("Public offices"),
    "age": gettext_lazy("Age of owners and directors"),
    "shares": gettext_lazy("Owners and shares"),
    "documents": gettext_lazy("Documents"),
    "same_iban": gettext_lazy("Account known already"),
    "same_address": gettext_lazy("Address known already"),
    "same_owner": gettext_lazy("People known already"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the checks look at."""

    row: MerchantApplication
    people: tuple[Person, ...]
    today: date


@dataclass(frozen=True, slots=True)
class Found:
    """What one check says; `seen` is what made it say so."""

    outcome: str
    detail: str
    seen: str = ""


def run(*, row: MerchantApplication, at: datetime) -> list[Check]:
    """Run every check and write what came out, in the caller's transaction, under the application's lock."""
    subject = Subject(row, tuple(Person.objects.filter(application=row).order_by("pk")), at.date())
    number = (Check.objects.filter(application=row).aggregate(last=Max("run"))["last"] or 0) + 1
    checks = []
    for code, check in CHECKS.items():
        found = check(subject)
        version = f"{RULES}/{sanctions.version()}" if code == "sanctions" else RULES
        seen = hashlib.sha256(f"{code}|{version}|{found.outcome}|{found.seen or found.detail}".encode()).hexdigest()
        checks.append(
            Check(
                application=row,
                run=number,
                code=code,
                outcome=found.outcome,
                detail=found.detail[:1000],
                fingerprint=seen,
                version=version,
                at=at,
            )
        )
    return Check.objects.bulk_create(checks)


def latest(*, application_id: int) -> list[Check]:
    """Return the outcomes of the last run, in the order of the checks."""
    last = Check.objects.filter(application_id=application_id).order_by("-run").values_list("run", flat=True)[:1]
    order = {code: place for place, code in enumerate(CHECKS)}
    rows = Check.objects.filter(application_id=application_id, run__in=last)
    return sorted(rows, key=lambda check: order.get(check.code, len(order)))


def standing_in_the_way(*, application_id: int) -> list[Check]:
    """Return what nobody has put right or cleared; an application that was never checked has everything to show."""
    cleared = set(Clearing.objects.filter(application_id=application_id).values_list("code", "fingerprint"))
    return [
        check
        for check in latest(application_id=application_id)
        if check.outcome == Check.FAILED
        or (check.outcome == Check.HIT and (check.code, check.fingerprint) not in cleared)
    ]


def _iban(subject: Subject) -> Found:
    try:
        number = schwifty.IBAN(subject.row.iban)
    except SchwiftyException:
        return Found(Check.FAILED, _("The check digits of %(iban)s are not right.") % {"iban": subject.row.iban})
    if number.country_code in bank.policy().BLOCKED_COUNTRIES:
        return Found(Check.FAILED, _("Accounts in %(country)s are not taken.") % {"country": number.country_code})
    return Found(Check.PASSED, _("The check digits are right; the account is in %s.") % number.country_code)


def _vat(subject: Subject) -> Found:
    row = subject.row
    if not row.tax_id:
        return Found(Check.NOTED, _("None was given; a sole trader may have none."))
    if not registration.has_tax_rule(country=row.country):
        return Found(Check.NOTED, _("The form of VAT numbers of %s is not known here.") % row.country)
    problem = registration.tax_problem(number=row.tax_id, country=row.country)
    if problem:
        return Found(Check.HIT, _("%s has not the check digit of its country.") % row.tax_id)
    return Found(Check.PASSED, _("The check digit of %s is right.") % row.tax_id)


def _registration(subject: Subject) -> Found:
    row = subject.row
    if not registration.has_register(country=row.country):
        return Found(Check.NOTED, _("The form of registration numbers of %s is not known here.") % row.country)
    if registration.registration_problem(number=row.registration_number, country=row.country):
        return Found(Check.HIT, _("%s is not written as that country's registers do.") % row.registration_number)
    return Found(Check.PASSED, _("%s is written as that country's registers do.") % row.registration_number)


def _country(subject: Subject) -> Found:
    blocked = set(bank.policy().BLOCKED_COUNTRIES)
    found = sorted(blocked & {subject.row.country, *(person.country for person in subject.people)})
    if found:
        return Found(Check.FAILED, _("The bank does no business with %s.") % ", ".join(found))
    return Found(Check.PASSED, _("Neither the company nor its people live in a blocked country."))


def _sanctions(subject: Subject) -> Found:
    threshold = bank.policy().SANCTIONS_THRESHOLD
    names = [subject.row.company, subject.row.account_holder, *(person.name for person in subject.people)]
    hits = []
    for name in dict.fromkeys(filter(None, names)):
        match = sanctions.closest(name=name, threshold=threshold)
        if match:
            hits.append(f"{name} ~ {match.listed.name} ({match.score} %, {match.listed.born or '–'})")
    if hits:
        return Found(Check.HIT, "; ".join(hits))
    return Found(
        Check.PASSED,
        _("No name is %(threshold)s %% or more like one on the list of %(version)s.")
        % {"threshold": threshold, "version": sanctions.version()},
        seen="none",
    )


def _exposed(subject: Subject) -> Found:
    exposed = [f"{person.name}: {person.exposed_as}" for person in subject.people if person.is_exposed]
    if exposed:
        return Found(Check.HIT, "; ".join(exposed))
    return Found(Check.PASSED, _("Nobody holds a high public office, they say."))


def _age(subject: Subject) -> Found:
    young = [person.name for person in subject.people if age(born_on=person.born_on, on=subject.today) < ADULT]
    if young:
        return Found(Check.FAILED, _("Not of age: %s.") % ", ".join(young))
    return Found(Check.PASSED, _("Everybody is of age."))


def _shares(subject: Subject) -> Found:
    problem = requirements.people_problem(row=subject.row, people=subject.people)
    if problem:
        return Found(Check.FAILED, str(problem))
    total = sum(person.share_bps for person in subject.people)
    return Found(Check.PASSED, _("The people named hold %s %% in all.") % f"{total / 100:g}")


def _documents(subject: Subject) -> Found:
    missing = requirements.missing_documents(row=subject.row)
    if missing:
        names = ", ".join(str(requirements.KIND_NAMES[kind]) for kind in missing)
        return Found(Check.FAILED, _("Missing: %s.") % names)
    expired = requirements.expired_documents(row=subject.row, today=subject.today)
    if expired:
        names = ", ".join(str(requirements.KIND_NAMES[kind]) for kind in expired)
        return Found(Check.FAILED, _("Expired: %s.") % names)
    return Found(Check.PASSED, _("Every document of this legal form is there and none has expired."))


def _same_iban(subject: Subject) -> Found:
    row = subject.row
    others = MerchantApplication.objects.filter(iban=row.iban).exclude(pk=row.pk).exclude(iban="")
    return _known(others.exclude(state=MerchantApplication.DRAFT), _("No other application names this account."))


def _known(others: object, nothing: str) -> Found:
    named = [f"{other.company} ({other.get_state_display()})" for other in others.order_by("pk")[:10]]
    if named:
        return Found(Check.HIT, "; ".join(dict.fromkeys(named)))
    return Found(Check.PASSED, nothing, seen="none")


def _same_address(subject: Subject) -> Found:
    row = subject.row
    door = fingerprint(line1=row.line1, line2=row.line2, city=row.city, postcode=row.postcode, country=row.country)
    others = (
        Merchant.objects.filter(address_fingerprint=door).exclude(pk=row.merchant_id)
        if door
        else Merchant.objects.none()
    )
    named = [f"{other.name} ({other.get_status_display()})" for other in others.order_by("pk")[:10]]
    if named:
        return Found(Check.HIT, "; ".join(named))
    return Found(Check.PASSED, _("No other store is at this address."), seen="none")


def _same_owner(subject: Subject) -> Found:
    row = subject.row
    named = [
        f"{merchant.name} ({merchant.get_status_display()})"
        for merchant in Merchant.objects.filter(owner_id=row.applicant_id, status__in=(SUSPENDED, CLOSED)).order_by(
            "pk"
        )
    ]
    for person in subject.people:
        others = Person.objects.filter(born_on=person.born_on, name__iexact=person.name).exclude(application=row)
        others = others.exclude(application__state=MerchantApplication.DRAFT).select_related("application")
        named += [
            f"{person.name}: {other.application.company} ({other.application.get_state_display()})"
            for other in others.order_by("pk")[:10]
        ]
    if named:
        return Found(Check.HIT, "; ".join(dict.fromkeys(named)))
    return Found(Check.PASSED, _("Nobody of them is known from another store or application."), seen="none")


def age(*, born_on: date, on: date) -> int:
    """Return whole years of age on a day."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


CHECKS: dict[str, Callable[[Subject], Found]] = {
    "iban": _iban,
    "vat": _vat,
    "registration": _registration,
    "country": _country,
    "sanctions": _sanctions,
    "exposed": _exposed,
    "age": _age,
    "shares": _shares,
    "documents": _documents,
    "same_iban": _same_iban,
    "same_address": _same_address,
    "same_owner": _same_owner,
}


def names_of(*, checks: Sequence[Check]) -> list[str]:
    """Return what checks are called."""
    return [str(NAMES[check.code]) for check in checks]
