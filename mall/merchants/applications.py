"""Applications to sell here: made by a person, decided by two people of the bank's operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import schwifty
from django.db import transaction
from schwifty.exceptions import SchwiftyException

from mall.actors import NotAllowed
from mall.customer.addresses import AddressData
from mall.customer.models import User
from mall.merchants import documents
from mall.merchants.documents import Upload
from mall.merchants.models import KybDocument, MerchantApplication
from mall.merchants.operations import OpenMerchant, open_merchants

OPERATIONS_GROUP = "operations"


class UnableToApply(Exception):
    """The application was not taken; `field` names what is wrong."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnableToDecide(Exception):
    """The application stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A company's wish to sell here; the same key is the same application."""

    key: str
    applicant: int
    company: str
    registration_number: str
    tax_id: str
    iban: str
    currency: str
    address: AddressData
    terms_version: str
    at: datetime
    description: str = ""
    consent_credit: bool = False
    documents: tuple[Upload, ...] = ()


def apply_to_sell(*, application: Application) -> MerchantApplication:
    """Take an application with its documents.

    :raises UnableToApply: something is missing or wrong, named by its field.
    """
    iban = _check(application=application)
    with transaction.atomic():
        row, created = MerchantApplication.objects.get_or_create(
            key=application.key,
            defaults={
                "applicant_id": application.applicant,
                "company": application.company.strip(),
                "registration_number": application.registration_number.strip(),
                "tax_id": application.tax_id.strip(),
                "iban": iban,
                "currency": application.currency,
                "line1": application.address.line1,
                "line2": application.address.line2,
                "city": application.address.city,
                "region": application.address.region,
                "postcode": application.address.postcode,
                "country": application.address.country,
                "description": application.description,
                "terms_version": application.terms_version,
                "consent_credit": application.consent_credit,
                "submitted_at": application.at,
            },
        )
        if row.applicant_id != application.applicant:
            raise UnableToApply("This application is somebody else's: start a new one.")
        if created:
            for upload in application.documents:
                documents.keep(application=row, upload=upload, at=application.at)
    return row


def _check(*, application: Application) -> str:
    """Return the account number in its short form.

    :raises UnableToApply: something is missing or wrong.
    """
    required = {
        "company": application.company,
        "registration_number": application.registration_number,
        "tax_id": application.tax_id,
        "line1": application.address.line1,
        "city": application.address.city,
        "postcode": application.address.postcode,
        "country": application.address.country,
    }
    for field, value in required.items():
        if not value.strip():
            raise UnableToApply("Please fill this in.", field=field)
    if not application.terms_version:
        raise UnableToApply("To sell here, agree to the terms.", field="terms")
    for upload in application.documents:
        try:
            documents.check(upload=upload)
        except documents.UnableToKeepDocument as problem:
            raise UnableToApply(str(problem), field=upload.kind) from None
    missing = {kind for kind, _label in KybDocument.KINDS} - {upload.kind for upload in application.documents}
    if missing:
        raise UnableToApply("This document is needed too.", field=min(missing))
    try:
        return str(schwifty.IBAN(application.iban.replace(" ", "")))
    except SchwiftyException:
        raise UnableToApply("This is not a valid IBAN: check each digit.", field="iban") from None


def approve(*, application_id: int, by: User, at: datetime) -> MerchantApplication:
    """Agree to an application; with the second person's agreement the merchant is opened.

    :raises NotAllowed: the person is not of the bank's operations, is the applicant, or has agreed already.
    :raises UnableToDecide: it was decided before.
    """
    with transaction.atomic():
        row = _undecided(application_id=application_id, by=by)
        if row.state == MerchantApplication.SUBMITTED:
            row.state = MerchantApplication.SECONDED
            row.first_decision_by = by
            row.first_decision_at = at
        else:
            if row.first_decision_by_id == by.pk:
                raise NotAllowed("You have agreed to this already: a second person has to look at it.")
            row.state = MerchantApplication.APPROVED
            row.second_decision_by = by
            row.decided_at = at
            [row.merchant] = open_merchants(requests=[_opening(row=row, at=at)])
        row.save(
            update_fields=[
                "state",
                "first_decision_by",
                "first_decision_at",
                "second_decision_by",
                "decided_at",
                "merchant",
            ]
        )
    return row


def decline(*, application_id: int, by: User, reason: str, at: datetime) -> MerchantApplication:
    """Decline an application, with the reason its applicant will read; one person is enough to say no.

    :raises NotAllowed: the person is not of the bank's operations, or is the applicant.
    :raises UnableToDecide: it was decided before, or there is no reason.
    """
    if not reason.strip():
        raise UnableToDecide("Say why, so that the applicant can put it right.")
    with transaction.atomic():
        row = _undecided(application_id=application_id, by=by)
        row.state = MerchantApplication.DECLINED
        row.reason = reason.strip()[:500]
        row.decided_at = at
        if row.first_decision_by_id is None:
            row.first_decision_by = by
            row.first_decision_at = at
        else:
            row.second_decision_by = by
        row.save(
            update_fields=[
                "state",
                "reason",
                "decided_at",
                "first_decision_by",
                "first_decision_at",
                "second_decision_by",
            ]
        )
    return row


def _undecided(*, application_id: int, by: User) -> MerchantApplication:
    row = MerchantApplication.objects.select_for_update(no_key=True).filter(pk=application_id).first()
    if row is None:
        raise UnableToDecide(f"There is no application {application_id}.")
    if not is_operations(user=by):
        raise NotAllowed("Only the bank's operations decide on applications.")
    if row.applicant_id == by.pk:
        raise NotAllowed("Nobody decides on an application of his own.")
    if row.state not in (MerchantApplication.SUBMITTED, MerchantApplication.SECONDED):
        raise UnableToDecide(f"This application is {row.get_state_display().lower()} already.")
    return row


def _opening(*, row: MerchantApplication, at: datetime) -> OpenMerchant:
    return OpenMerchant(
        key=f"application:{row.pk}",
        name=row.company,
        owner=row.applicant_id,
        currency=row.currency,
        at=at,
        address=AddressData(
            name=row.company,
            line1=row.line1,
            line2=row.line2,
            city=row.city,
            region=row.region,
            postcode=row.postcode,
            country=row.country,
        ),
        description=row.description,
        consent_credit=row.consent_credit,
    )


def is_operations(*, user: User) -> bool:
    """Tell whether a person is of the bank's operations."""
    return user.is_active and user.groups.filter(name=OPERATIONS_GROUP).exists()


def open_document(*, document_id: int, user: User) -> tuple[KybDocument, bytes]:
    """Return a document and its content, for the applicant and the bank's operations.

    :raises NotAllowed: there is none for this person.
    :raises mall.merchants.documents.DocumentDamaged: it cannot be read.
    """
    document = KybDocument.objects.select_related("application").filter(pk=document_id).first()
    if document is None or not (document.application.applicant_id == user.pk or is_operations(user=user)):
        raise NotAllowed("There is no such document for you.")
    return document, documents.read(document=document)


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document of an application; its content is behind `open_document`."""

    document_id: int
    kind: str
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow:
    """An application as its applicant and the bank see it."""

    application_id: int
    company: str
    registration_number: str
    tax_id: str
    iban: str
    currency: str
    address: tuple[str, ...]
    description: str
    applicant_id: int
    applicant: str
    state: str
    submitted_at: datetime
    first_decision_by: str
    second_decision_by: str
    decided_at: datetime | None
    reason: str
    merchant_id: int | None
    documents: tuple[DocumentRow, ...]


def applications(*, states: Sequence[str] = (), applicant: int | None = None) -> list[ApplicationRow]:
    """Return applications, oldest first, in two statements; all, or those of some states or one applicant."""
    found = MerchantApplication.objects.select_related("applicant", "first_decision_by", "second_decision_by")
    if states:
        found = found.filter(state__in=states)
    if applicant is not None:
        found = found.filter(applicant_id=applicant)
    return [_row(row=row) for row in found.prefetch_related("documents").order_by("submitted_at", "pk")]


def _row(*, row: MerchantApplication) -> ApplicationRow:
    address = (row.line1, row.line2, f"{row.postcode} {row.city}", row.region, row.country)
    return ApplicationRow(
        application_id=row.pk,
        company=row.company,
        registration_number=row.registration_number,
        tax_id=row.tax_id,
        iban=row.iban,
        currency=row.currency,
        address=tuple(part for part in address if part.strip()),
        description=row.description,
        applicant_id=row.applicant_id,
        applicant=row.applicant.email,
        state=row.state,
        submitted_at=row.submitted_at,
        first_decision_by=row.first_decision_by.email if row.first_decision_by else "",
        second_decision_by=row.second_decision_by.email if row.second_decision_by else "",
        decided_at=row.decided_at,
        reason=row.reason,
        merchant_id=row.merchant_id,
        documents=tuple(DocumentRow(item.pk, item.kind, item.name, item.size) for item in row.documents.all()),
    )
