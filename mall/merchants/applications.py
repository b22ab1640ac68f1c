"""Applications to sell here that come as a whole, and who may see their papers; by steps: `mall.onboarding`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import schwifty
from django.db import transaction
from schwifty.exceptions import SchwiftyException

from mall import bank, events
from mall.actors import NotAllowed
from mall.customer.addresses import AddressData
from mall.customer.models import User
from mall.merchants import documents
from mall.merchants.documents import Upload
from mall.merchants.models import KybDocument, MerchantApplication

OPERATIONS_GROUP = "operations"
NEEDED = ("registration", "identity", "bank")


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
                "started_at": application.at,
                "submitted_at": application.at,
            },
        )
        if row.applicant_id != application.applicant:
            raise UnableToApply("This application is somebody else's: start a new one.")
        if created:
            for upload in application.documents:
                documents.keep(application=row, upload=upload, at=application.at)
            bank.publish(
                happened=[
                    events.ApplicationMoved(
                        key=f"application:{row.pk}:0",
                        at=application.at,
                        application_id=row.pk,
                        state=row.state,
                        note="",
                    )
                ]
            )
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
    missing = set(NEEDED) - {upload.kind for upload in application.documents}
    if missing:
        raise UnableToApply("This document is needed too.", field=min(missing))
    try:
        return str(schwifty.IBAN(application.iban.replace(" ", "")))
    except SchwiftyException:
        raise UnableToApply("This is not a valid IBAN: check each digit.", field="iban") from None


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
