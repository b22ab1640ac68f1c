"""An applicant's side of an application: begun, filled in by steps, sent, answered, withdrawn."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import bank, events
from mall.merchants import documents
from mall.merchants.documents import UnableToKeepDocument, Upload
from mall.merchants.models import KybDocument, MerchantApplication
from mall.onboarding import checking, progress, states, terms
from mall.onboarding.models import ApplicationEvent, Person, Question, TermsSignature

COLUMNS = {
    "company": (
        "legal_form",
        "company",
        "registration_number",
        "tax_id",
        "description",
        "line1",
        "line2",
        "postcode",
        "city",
        "region",
        "country",
    ),
    "people": ("no_large_owner",),
    "account": ("account_holder", "iban"),
}
MOST_PEOPLE = 20
MOST_DOCUMENTS = 30


class UnableToChangeApplication(Exception):
    """The application stays as it is; a sentence for its applicant."""


class ChangedElsewhere(UnableToChangeApplication):
    """The step was saved from another tab meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who agrees to the terms, and from where."""

    version: str
    signed_as: str
    address: str | None
    browser: str


def begin(*, applicant_id: int, at: datetime) -> MerchantApplication:
    """Return the applicant's draft, a new one where there is none; two clicks at once begin one."""
    drafts = MerchantApplication.objects.filter(applicant_id=applicant_id, state=MerchantApplication.DRAFT)
    found = drafts.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            row = MerchantApplication.objects.create(
                key=f"sell:{applicant_id}:{secrets.token_urlsafe(12)}",
                applicant_id=applicant_id,
                country=bank.policy().BANK_COUNTRY,
                currency=bank.policy().CURRENCY,
                state=MerchantApplication.DRAFT,
                started_at=at,
            )
            write(row=row, kind="begun", by=bank.shopper(user_id=applicant_id), at=at)
    except IntegrityError:
        return drafts.get()
    return row


def save_step(
    *,
    application_id: int,
    applicant_id: int,
    step: str,
    values: Mapping[str, object],
    version: int,
    at: datetime,
) -> int:
    """Keep what was typed in a step; `version` is the one the form was made from. Return the new one.

    :raises ChangedElsewhere: the step was saved from another tab since.
    :raises UnableToChangeApplication: the application is not the applicant's to change now.
    """
    with transaction.atomic():
        row = _own(application_id=application_id, applicant_id=applicant_id)
        was = int(row.versions.get(step, 0))
        columns = {name: values[name] for name in COLUMNS[step]}
        if all(getattr(row, name) == value for name, value in columns.items()) and was:
            return was
        if was != version:
            raise ChangedElsewhere(
                _("You saved this step in another tab meanwhile. Your text is still here: save again to keep it.")
            )
        changed = [name for name, value in columns.items() if getattr(row, name) != value]
        for name, value in columns.items():
            setattr(row, name, value)
        row.versions = row.versions | {step: was + 1}
        row.save(update_fields=[*columns, "versions"])
        if row.state != MerchantApplication.DRAFT:
            note = f"{step}: {', '.join(changed)}"
            write(row=row, kind="changed", by=bank.shopper(user_id=applicant_id), at=at, note=note)
    return was + 1


def save_person(
    *,
    application_id: int,
    applicant_id: int,
    values: Mapping[str, object],
    at: datetime,
    person_id: int | None = None,
    version: int = 0,
) -> Person:
    """Add an owner or director, or change one.

    :raises ChangedElsewhere: the person was changed from another tab since.
    :raises UnableToChangeApplication: there are too many, or the application cannot be changed now.
    """
    with transaction.atomic():
        row = _own(application_id=application_id, applicant_id=applicant_id)
        if person_id is None:
            twin = Person.objects.filter(application=row, name__iexact=values["name"], born_on=values["born_on"])
            if twin.exists():
                raise UnableToChangeApplication(_("This person is in the list already: change the entry there."))
            if row.people.count() >= MOST_PEOPLE:
                raise UnableToChangeApplication(_("Twenty people are enough: name those who hold or decide most."))
            person = Person.objects.create(application=row, **values)
        else:
            person = Person.objects.filter(application=row, pk=person_id).first()
            if person is None or person.version != version:
                raise ChangedElsewhere(_("This person was changed in another tab meanwhile: look at the list again."))
            for name, value in values.items():
                setattr(person, name, value)
            person.version += 1
            person.save()
        if row.state != MerchantApplication.DRAFT:
            who = bank.shopper(user_id=applicant_id)
            write(row=row, kind="changed", by=who, at=at, note=f"people: {person.name}")
    return person


def remove_person(*, application_id: int, applicant_id: int, person_id: int, at: datetime) -> None:
    """Take somebody off the list; who is gone already stays gone.

    :raises UnableToChangeApplication: the application cannot be changed now.
    """
    with transaction.atomic():
        row = _own(application_id=application_id, applicant_id=applicant_id)
        person = Person.objects.filter(application=row, pk=person_id).first()
        if person is not None:
            person.delete()
            if row.state != MerchantApplication.DRAFT:
                who = bank.shopper(user_id=applicant_id)
                write(row=row, kind="changed", by=who, at=at, note=f"people: without {person.name}")


def add_document(
    *, application_id: int, applicant_id: int, upload: Upload, expires_on: date | None, at: datetime
) -> KybDocument:
    """Keep a document, encrypted; the same bytes again are the same document.

    :raises UnableToKeepDocument: its size or content cannot be taken.
    :raises UnableToChangeApplication: there are too many, or the application cannot be changed now.
    """
    documents.check(upload=upload)
    with transaction.atomic():
        row = _own(application_id=application_id, applicant_id=applicant_id)
        same = KybDocument.objects.filter(
            application=row, kind=upload.kind, digest=documents.digest(content=upload.content)
        ).first()
        if same is not None:
            KybDocument.objects.filter(pk=same.pk).update(expires_on=expires_on, uploaded_at=at)
            return same
        if row.documents.count() >= MOST_DOCUMENTS:
            raise UnableToChangeApplication(_("There are enough documents: remove one that is not needed first."))
        document = documents.keep(application=row, upload=upload, at=at, expires_on=expires_on)
        if row.state != MerchantApplication.DRAFT:
            who = bank.shopper(user_id=applicant_id)
            write(row=row, kind="document added", by=who, at=at, note=f"{upload.kind}: {document.name}")
    return document


def remove_document(*, application_id: int, applicant_id: int, document_id: int) -> None:
    """Throw away a document of a draft; what was sent to the bank stays with it.

    :raises UnableToChangeApplication: the application was sent already.
    """
    with transaction.atomic():
        row = _own(application_id=application_id, applicant_id=applicant_id)
        if row.state != MerchantApplication.DRAFT:
            raise UnableToChangeApplication(_("The bank has this document already: add a newer one instead."))
        document = KybDocument.objects.filter(application=row, pk=document_id).first()
        if document is not None:
            stored_as = document.stored_as
            document.delete()
            # A crash between leaves a file nobody points to, never a document without its file.
            transaction.on_commit(lambda: documents.forget(stored_as=stored_as))


def sign(*, application_id: int, applicant_id: int, signature: Signature, consent_credit: bool, at: datetime) -> None:
    """Agree to the newest terms; who agreed to them before and says so again is not asked twice.

    :raises UnableToChangeApplication: these are not the newest terms, or the application cannot be changed now.
    """
    with transaction.atomic():
        row = _own(application_id=application_id, applicant_id=applicant_id)
        if signature.version != terms.CURRENT:
            raise UnableToChangeApplication(_("The terms have changed since: read the new ones and agree again."))
        row.terms_version, row.consent_credit = signature.version, consent_credit
        row.save(update_fields=["terms_version", "consent_credit"])
        if not row.signatures.filter(version=signature.version, signed_as=signature.signed_as).exists():
            TermsSignature.objects.create(
                application=row,
                version=signature.version,
                digest=terms.digest(version=signature.version),
                signed_by_id=applicant_id,
                signed_as=signature.signed_as[:120],
                signed_at=at,
                address=signature.address,
                browser=signature.browser[:300],
            )


def submit(*, application_id: int, applicant_id: int, at: datetime) -> MerchantApplication:
    """Send the application to the bank and have it checked; sent twice it is sent once.

    :raises UnableToChangeApplication: something is missing, or it cannot be sent now.
    """
    with transaction.atomic():
        row = _lock(application_id=application_id, applicant_id=applicant_id)
        if row.state in states.WITH_STAFF:
            return row
        if row.state != MerchantApplication.DRAFT:
            raise UnableToChangeApplication(_("This application cannot be sent any more."))
        missing = progress.missing(row=row, today=at.date())
        if missing:
            raise UnableToChangeApplication(missing[0].sentence)
        row.state = states.move(state=row.state, event="submit")
        row.submitted_at = at
        row.save(update_fields=["state", "submitted_at"])
        moved(row=row, kind="submitted", by=bank.shopper(user_id=applicant_id), at=at)
        checking.run(row=row, at=at)
    return row


def answer(*, application_id: int, applicant_id: int, answers: Mapping[int, str], at: datetime) -> MerchantApplication:
    """Answer what the bank asked and give the application back; everything is checked anew.

    :raises UnableToChangeApplication: a question or a document that was asked for is open, or nothing was asked.
    """
    with transaction.atomic():
        row = _lock(application_id=application_id, applicant_id=applicant_id)
        if row.state != MerchantApplication.ASKED:
            raise UnableToChangeApplication(_("The bank waits for no answer: somebody has answered already."))
        missing = progress.missing(row=row, today=at.date())
        if missing:
            raise UnableToChangeApplication(missing[0].sentence)
        for question in Question.objects.filter(application=row, answered_at__isnull=True).order_by("pk"):
            text = answers.get(question.pk, "").strip()
            if not text and not question.kind:
                raise UnableToChangeApplication(_("Please answer each question: “%s”") % question.text)
            question.answer, question.answered_at = text[:2000], at
            question.save(update_fields=["answer", "answered_at"])
        row.state = states.move(state=row.state, event="answer")
        row.first_decision_by = row.first_decision_at = None
        row.save(update_fields=["state", "first_decision_by", "first_decision_at"])
        moved(row=row, kind="answered", by=bank.shopper(user_id=applicant_id), at=at)
        checking.run(row=row, at=at)
    return row


def withdraw(*, application_id: int, applicant_id: int, at: datetime) -> None:
    """Give the application up; one that ended stays as it ended.

    :raises UnableToChangeApplication: it is not the applicant's, or the bank has decided.
    """
    with transaction.atomic():
        row = _lock(application_id=application_id, applicant_id=applicant_id)
        if row.state == MerchantApplication.WITHDRAWN:
            return
        try:
            row.state = states.move(state=row.state, event="withdraw")
        except states.ForbiddenMove:
            raise UnableToChangeApplication(_("The bank has decided already.")) from None
        row.decided_at = at
        row.save(update_fields=["state", "decided_at"])
        write(row=row, kind="withdrawn", by=bank.shopper(user_id=applicant_id), at=at)


def _lock(*, application_id: int, applicant_id: int) -> MerchantApplication:
    row = MerchantApplication.objects.select_for_update(no_key=True).filter(pk=application_id).first()
    if row is None or row.applicant_id != applicant_id:
        raise UnableToChangeApplication(_("There is no such application of yours."))
    return row


def _own(*, application_id: int, applicant_id: int) -> MerchantApplication:
    row = _lock(application_id=application_id, applicant_id=applicant_id)
    if row.state not in states.WITH_APPLICANT:
        raise UnableToChangeApplication(_("The bank is looking at it: it can be changed when the bank asks for more."))
    return row


def write(*, row: MerchantApplication, kind: str, by: str, at: datetime, note: str = "") -> None:
    """Write a line of an application's history."""
    ApplicationEvent.objects.create(application=row, kind=kind, by=by, at=at, note=note[:1000])


def moved(*, row: MerchantApplication, kind: str, by: str, at: datetime, note: str = "") -> None:
    """Write a line of an application's history, and tell those who wait for it."""
    write(row=row, kind=kind, by=by, at=at, note=note)
    number = ApplicationEvent.objects.filter(application=row).count()
    bank.publish(
        happened=[
            events.ApplicationMoved(
                key=f"application:{row.pk}:{number}", at=at, application_id=row.pk, state=row.state, note=note[:500]
            )
        ]
    )


__all__ = [
    "ChangedElsewhere",
    "Signature",
    "UnableToChangeApplication",
    "UnableToKeepDocument",
    "add_document",
    "answer",
    "begin",
    "remove_document",
    "remove_person",
    "save_person",
    "save_step",
    "sign",
    "submit",
    "withdraw",
]
