"""Companies on their way to becoming merchants."""

import io
from datetime import date, datetime, timedelta

from django.contrib.auth.models import Group
from PIL import Image

from mall.customer.models import User
from mall.merchants.documents import Upload
from mall.merchants.models import MerchantApplication
from mall.onboarding import operations, requirements, terms
from tests.factories.mall import AT, make_shopper

COMPANY = {
    "legal_form": "limited",
    "company": "Nordlicht Leuchten GmbH",
    "registration_number": "HRB 12345",
    "tax_id": "DE136695976",
    "description": "Lamps",
    "line1": "Lindenweg 4",
    "line2": "",
    "postcode": "28195",
    "city": "Bremen",
    "region": "",
    "country": "DE",
}
ACCOUNT = {"account_holder": "Nordlicht Leuchten GmbH", "iban": "DE89370400440532013000"}
PDF = b"%PDF-1.7 the secret papers of the company"


def picture() -> bytes:
    """Return a small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(file, "PNG")
    return file.getvalue()


def person(**changes: object) -> dict[str, object]:
    """Return an owner who is a director."""
    return {
        "name": "Ada Weber",
        "born_on": date(1980, 5, 1),
        "country": "DE",
        "share_bps": 10_000,
        "is_director": True,
        "is_exposed": False,
        "exposed_as": "",
    } | changes


def make_operations(*, group: str = "operations") -> User:
    """Return a person of the bank."""
    user = make_shopper(money=0)
    user.groups.add(Group.objects.get(name=group))
    return user


def filled_in(
    *,
    applicant: User | None = None,
    company: dict[str, object] | None = None,
    people: tuple[dict[str, object], ...] = (person(),),
    iban: str = ACCOUNT["iban"],
    at: datetime = AT,
) -> MerchantApplication:
    """Return an application with every step filled in, not sent yet."""
    applicant = applicant or make_shopper(money=0)
    row = operations.begin(applicant_id=applicant.pk, at=at)
    who = {"application_id": row.pk, "applicant_id": applicant.pk}
    operations.save_step(**who, step="company", values=COMPANY | (company or {}), version=0, at=at)
    for one in people:
        operations.save_person(**who, values=one, at=at)
    operations.save_step(**who, step="account", values=ACCOUNT | {"iban": iban}, version=0, at=at)
    row.refresh_from_db()
    for kind in requirements.DOCUMENTS[row.legal_form]:
        operations.add_document(
            **who,
            upload=Upload(kind, f"{kind}.pdf", PDF + kind.encode()),
            expires_on=(at + timedelta(days=900)).date() if kind == "identity" else None,
            at=at,
        )
    signature = operations.Signature(version=terms.CURRENT, signed_as="Ada Weber", address="127.0.0.1", browser="test")
    operations.sign(**who, signature=signature, consent_credit=True, at=at)
    row.refresh_from_db()
    return row


def sent(**values: object) -> MerchantApplication:
    """Return an application that was sent to the bank."""
    row = filled_in(**values)
    return operations.submit(application_id=row.pk, applicant_id=row.applicant_id, at=values.get("at", AT))
