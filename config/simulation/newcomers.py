"""Companies on their way into the market: one application that waits for the bank."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

from PIL import Image, ImageDraw

from mall.customer.operations import RegisterShopper, register_shoppers
from mall.merchants.documents import Upload
from mall.merchants.models import MerchantApplication
from mall.onboarding import operations, terms

APPLICANT = "newcomer@rialto.example"
_COMPANY = {
    "legal_form": MerchantApplication.LIMITED,
    "company": "Murano Lichtwerk GmbH",
    "registration_number": "HRB 204417",
    "tax_id": "DE136695976",
    "description": "Lamps of glass and brass, made to order.",
    "line1": "Am Speicher 12",
    "line2": "",
    "postcode": "28217",
    "city": "Bremen",
    "region": "",
    "country": "DE",
}
_ACCOUNT = {"account_holder": "Murano Lichtwerk GmbH", "iban": "DE75512108001245126199"}
# The second name is close to one on the sanctions list, so that somebody has a hit to look at.
_PEOPLE = (
    {"name": "Giulia Ferro", "born_on": date(1984, 3, 9), "share_bps": 7_000, "is_director": True},
    {"name": "Orlan Dessig", "born_on": date(1991, 6, 2), "share_bps": 3_000, "is_director": False},
)
_PAPERS = ("registration", "ownership", "identity", "bank")


def fill(*, currency: str, at: datetime) -> None:
    """Have a company send its application a day and a half before `at`; done again, it changes nothing."""
    [applicant] = register_shoppers(
        requests=[RegisterShopper(email=APPLICANT, name="Giulia Ferro", currency=currency, at=at - timedelta(days=3))]
    )
    if MerchantApplication.objects.filter(applicant=applicant).exists():
        return
    began, sent = at - timedelta(days=2), at - timedelta(hours=36)
    row = operations.begin(applicant_id=applicant.pk, at=began)
    who = {"application_id": row.pk, "applicant_id": applicant.pk}
    operations.save_step(**who, step="company", values=_COMPANY, version=0, at=began)
    for person in _PEOPLE:
        values = {"country": "DE", "is_exposed": False, "exposed_as": ""} | person
        operations.save_person(**who, values=values, at=began)
    operations.save_step(**who, step="account", values=_ACCOUNT, version=0, at=began)
    for kind in _PAPERS:
        operations.add_document(
            **who,
            upload=Upload(kind, f"{kind}.png", _paper(words=kind)),
            expires_on=(at + timedelta(days=1_200)).date() if kind == "identity" else None,
            at=began,
        )
    signature = operations.Signature(version=terms.CURRENT, signed_as="Giulia Ferro", address=None, browser="")
    operations.sign(**who, signature=signature, consent_credit=False, at=began)
    operations.submit(**who, at=sent)


def _paper(*, words: str) -> bytes:
    """Return a sheet of paper that says what it stands for."""
    sheet = Image.new("RGB", (420, 594), "white")
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((20, 20, 400, 574), outline="grey")
    draw.text((40, 40), f"{words.upper()}\n\nMurano Lichtwerk GmbH\n(a specimen)", fill="black")
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
