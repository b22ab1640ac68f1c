"""Companies that want to sell here: their papers stay private, and two people decide."""

import stat
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from mall.actors import NotAllowed
from mall.customer.models import User
from mall.merchants import applications
from mall.merchants.applications import Application, UnableToApply, UnableToDecide
from mall.merchants.documents import DocumentDamaged, UnableToKeepDocument, Upload, content_type
from mall.merchants.models import KybDocument, Membership, Merchant, MerchantApplication
from mall.onboarding import deciding
from tests.factories.mall import AT, deliver_events, make_address, make_draft, make_offer, make_shopper

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 the secret papers of the company"
DOCUMENTS = tuple(Upload(kind, f"{kind}.pdf", PDF + kind.encode()) for kind in ("registration", "identity", "bank"))


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    settings.RIALTO_HOME = tmp_path


def make_staff(*, group: str = "operations") -> User:
    user = make_shopper(money=0)
    user.groups.add(Group.objects.get(name=group))
    return user


def make_application(*, applicant: User | None = None, **changes: object) -> MerchantApplication:
    applicant = applicant or make_shopper(money=0)
    values = {
        "key": f"application-{applicant.pk}",
        "applicant": applicant.pk,
        "company": "Nordlicht Leuchten GmbH",
        "registration_number": "HRB 12345",
        "tax_id": "DE136695976",
        "iban": "DE89 3704 0044 0532 0130 00",
        "currency": "EUR",
        "address": make_address(),
        "terms_version": "2026-01",
        "at": AT,
        "documents": DOCUMENTS,
    }
    row = applications.apply_to_sell(application=Application(**values | changes))
    deliver_events()
    return row


def test_two_people_of_operations_open_a_merchant_who_can_sell_at_once():
    row = make_application()
    first, second = make_staff(), make_staff()

    assert deciding.agree(application_id=row.pk, by=first, at=AT).state == "seconded"
    assert Merchant.objects.count() == 0
    approved = deciding.agree(application_id=row.pk, by=second, at=AT)

    assert approved.state == "approved"
    merchant = approved.merchant
    assert (merchant.name, merchant.status, merchant.owner) == ("Nordlicht Leuchten GmbH", "active", row.applicant)
    assert Membership.objects.get().role == "owner"
    offer = make_offer(merchant=merchant)
    from mall.checkout import operations as checkout

    assert checkout.submit_order(draft=make_draft(user=make_shopper(), quantities={offer: 1})).state == "confirmed"


def test_one_person_cannot_be_both_pairs_of_eyes():
    row, first = make_application(), make_staff()
    deciding.agree(application_id=row.pk, by=first, at=AT)

    with pytest.raises(NotAllowed):
        deciding.agree(application_id=row.pk, by=first, at=AT)

    row.refresh_from_db()
    assert (row.state, row.merchant) == ("seconded", None)
    with pytest.raises(IntegrityError), transaction.atomic():
        MerchantApplication.objects.filter(pk=row.pk).update(state="approved", second_decision_by=first)


def test_only_operations_decide_and_nobody_on_his_own():
    applicant = make_staff()
    row = make_application(applicant=applicant)

    for person in (applicant, make_staff(group="credit officer"), make_shopper(money=0)):
        with pytest.raises(NotAllowed):
            deciding.agree(application_id=row.pk, by=person, at=AT)
        with pytest.raises(NotAllowed):
            deciding.decline(application_id=row.pk, by=person, reason="no", at=AT)
    row.refresh_from_db()
    assert row.state == "submitted"


def test_a_declined_application_says_why_after_two_have_said_no():
    row, first, second = make_application(), make_staff(), make_staff()

    with pytest.raises(UnableToDecide):
        deciding.decline(application_id=row.pk, by=first, reason=" ", at=AT)
    deciding.agree(application_id=row.pk, by=second, at=AT)
    assert deciding.decline(application_id=row.pk, by=first, reason="Not theirs.", at=AT).state == "refusing"
    with pytest.raises(NotAllowed):
        deciding.decline(application_id=row.pk, by=first, reason="Not theirs.", at=AT)
    declined = deciding.decline(application_id=row.pk, by=second, reason="The papers are of another company.", at=AT)

    assert (declined.state, declined.reason) == ("declined", "The papers are of another company.")
    assert (declined.first_decision_by, declined.second_decision_by) == (first, second)
    assert Merchant.objects.count() == 0
    with pytest.raises(UnableToDecide):
        deciding.agree(application_id=row.pk, by=make_staff(), at=AT)


def test_documents_lie_encrypted_in_a_private_folder():
    row = make_application()

    folder = Path(settings.RIALTO_HOME) / "documents"
    files = list(folder.iterdir())
    assert len(files) == 3
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"secret" not in file.read_bytes()
        assert b"%PDF" not in file.read_bytes()
    document = row.documents.get(kind="identity")
    assert document.name not in {file.name for file in files}
    _row, content = applications.open_document(document_id=document.pk, user=row.applicant)
    assert content == PDF + b"identity"


def test_documents_open_for_the_applicant_and_operations_alone():
    row = make_application()
    document = KybDocument.objects.first()

    assert applications.open_document(document_id=document.pk, user=make_staff())[1].startswith(b"%PDF")
    for person in (make_shopper(money=0), make_staff(group="credit officer"), make_staff(group="risk manager")):
        with pytest.raises(NotAllowed):
            applications.open_document(document_id=document.pk, user=person)
    with pytest.raises(NotAllowed):
        applications.open_document(document_id=10**9, user=row.applicant)


def test_a_changed_file_or_another_key_is_told_from_the_document(settings):
    row = make_application()
    document = KybDocument.objects.first()
    file = Path(settings.RIALTO_HOME) / "documents" / document.stored_as
    kept = file.read_bytes()

    file.write_bytes(kept[:-4] + b"0000")
    with pytest.raises(DocumentDamaged):
        applications.open_document(document_id=document.pk, user=row.applicant)
    file.write_bytes(kept)
    settings.RIALTO_DOCUMENT_KEY = "quite another key"
    with pytest.raises(DocumentDamaged):
        applications.open_document(document_id=document.pk, user=row.applicant)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"iban": "DE89 3704 0044 0532 0130 01"}, "iban"),
        ({"company": "  "}, "company"),
        ({"terms_version": ""}, "terms"),
        ({"documents": DOCUMENTS[:2]}, "bank"),
        ({"documents": (*DOCUMENTS[:2], Upload("bank", "x.exe", b"MZ\x90"))}, "bank"),
        ({"documents": (*DOCUMENTS[:2], Upload("bank", "x.pdf", b""))}, "bank"),
    ],
)
def test_what_is_missing_or_wrong_is_named_by_its_field_and_nothing_is_kept(changes, field):
    with pytest.raises(UnableToApply) as refused:
        make_application(**changes)

    assert refused.value.field == field
    assert MerchantApplication.objects.count() == 0
    assert not (Path(settings.RIALTO_HOME) / "documents").exists()


def test_sending_an_application_twice_is_one_application():
    applicant = make_shopper(money=0)

    first, second = make_application(applicant=applicant), make_application(applicant=applicant)

    assert first == second
    assert KybDocument.objects.count() == 3


def test_a_document_is_known_by_its_content_not_its_name():
    assert content_type(content=b"\x89PNG\r\n\x1a\n...") == "image/png"
    with pytest.raises(UnableToKeepDocument):
        content_type(content=b"<html>")
