"""What an application needs: documents by legal form, owners and directors, and what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext_lazy as _

from mall.merchants.models import KybDocument, MerchantApplication
from mall.onboarding.models import Person, Question

BENEFICIAL_BPS = 2_500
_A = MerchantApplication
DOCUMENTS = {
    _A.SOLE: ("identity", "bank"),
    _A.PARTNERSHIP: ("registration", "articles", "identity", "bank"),
    _A.LIMITED: ("registration", "ownership", "identity", "bank"),
    _A.ASSOCIATION: ("registration", "articles", "identity", "bank"),
}
# An application that was sent at once says nothing of its legal form.
_WITHOUT_FORM = ("registration", "identity", "bank")
EXPIRING = ("identity",)
KIND_NAMES = dict(KybDocument.KINDS)


def documents_of(*, row: MerchantApplication) -> tuple[str, ...]:
    """Return the kinds of documents an application needs, those the bank asked for among them."""
    asked = Question.objects.filter(application=row, answered_at__isnull=True).exclude(kind="")
    needed = DOCUMENTS.get(row.legal_form, _WITHOUT_FORM)
    return tuple(dict.fromkeys((*needed, *asked.order_by("pk").values_list("kind", flat=True))))


def missing_documents(*, row: MerchantApplication) -> list[str]:
    """Return the kinds that are not there, or not there since the bank asked for them."""
    latest: dict[str, object] = {}
    for kind, at in KybDocument.objects.filter(application=row).values_list("kind", "uploaded_at"):
        latest[kind] = max(at, latest.get(kind, at))
    missing = [kind for kind in DOCUMENTS.get(row.legal_form, _WITHOUT_FORM) if kind not in latest]
    open_questions = Question.objects.filter(application=row, answered_at__isnull=True).exclude(kind="")
    for kind, asked_at in open_questions.values_list("kind", "asked_at"):
        if kind not in latest or latest[kind] <= asked_at:
            missing.append(kind)
    return list(dict.fromkeys(missing))


def expired_documents(*, row: MerchantApplication, today: date) -> list[str]:
    """Return the kinds whose newest document has expired."""
    newest: dict[str, date | None] = {}
    rows = KybDocument.objects.filter(application=row).order_by("uploaded_at", "pk")
    for kind, expires_on in rows.values_list("kind", "expires_on"):
        newest[kind] = expires_on
    return sorted(kind for kind, expires_on in newest.items() if expires_on is not None and expires_on < today)


def people_problem(*, row: MerchantApplication, people: Sequence[Person]) -> str:
    """Return what is missing among owners and directors as one sentence, or nothing."""
    owners = [person for person in people if person.share_bps >= BENEFICIAL_BPS]
    total = sum(person.share_bps for person in people)
    if not row.legal_form and not people:
        return ""
    if total > 10_000:
        return _("The shares sum to %(total)s %%: together they cannot be more than 100 %%.") % {
            "total": f"{total / 100:g}"
        }
    if row.legal_form == _A.SOLE and (len(people) != 1 or total != 10_000):
        return _("A sole trader owns all of the business: name that one person with 100 %.")
    if not any(person.is_director for person in people) and row.legal_form != _A.SOLE:
        return _("Name at least one director, or who else may sign for the company.")
    if not owners and not row.no_large_owner:
        return _("Name everybody who holds 25 % or more, or say below that nobody does.")
    if owners and row.no_large_owner:
        return _("You say that nobody holds 25 % or more, and name somebody who does: change one of the two.")
    return ""
