"""Disputes on the pages of operations: listed by deadline, answered with evidence, closed to everybody else."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mall.customer.models import User
from payments import clock, models
from tests.factories import mall
from tests.factories.disputes import METHODS, dispute, line, note, pay_by_card
from tests.factories.payments import make_merchant

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(settings: object) -> models.Dispute:
    settings.RIALTO_METHODS = METHODS
    share = pay_by_card(merchant=make_merchant())
    note(dispute(share, "needs_response", line(-10_000, fee=1_500)))
    models.Dispute.objects.update(due_by=clock.now() + timedelta(days=5))
    return models.Dispute.objects.get()


@pytest.fixture
def operator(client: Client) -> Client:
    user = User.objects.create_user(email="ops@example.com", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    return client


def test_a_dispute_is_listed_with_its_deadline_and_opened(operator: Client, row: models.Dispute) -> None:
    listed = operator.get("/ops/disputes/").content.decode()
    for text in ("o1-1", "Waits for an answer", "The holder did not pay this himself"):
        assert text in listed
    page = operator.get(f"/ops/disputes/{row.pk}/").content.decode()
    for text in ("100.00", "Send the evidence", "Taken by the card"):
        assert text in page
    assert "No dispute here" in operator.get("/ops/disputes/?state=closed").content.decode()


def test_evidence_and_words_are_kept_and_papers_come_back_as_downloads(operator: Client, row: models.Dispute) -> None:
    said = {"uncategorized_text": "It was signed for.", "receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.7 x")}
    assert operator.post(f"/ops/disputes/{row.pk}/evidence/", said).status_code == 302
    assert operator.post(f"/ops/disputes/{row.pk}/word/", {"text": "<b>Have you a receipt?</b>"}).status_code == 302
    page = operator.get(f"/ops/disputes/{row.pk}/").content.decode()
    assert "It was signed for." in page
    assert "&lt;b&gt;Have you a receipt?" in page
    paper = operator.get(f"/ops/dispute-papers/{row.files.get().pk}/")
    assert paper.content == b"%PDF-1.7 x"
    assert (paper["Content-Disposition"], paper["X-Content-Type-Options"]) == (
        'attachment; filename="evidence.pdf"',
        "nosniff",
    )


def test_a_program_is_no_paper(operator: Client, row: models.Dispute) -> None:
    said = {"receipt": SimpleUploadedFile("r.pdf", b"#!/bin/sh", content_type="application/pdf")}
    answer = operator.post(f"/ops/disputes/{row.pk}/evidence/", said, follow=True)
    assert "neither a PDF nor a PNG nor a JPEG" in answer.content.decode()
    assert not row.files.exists()


def test_disputes_are_closed_to_everybody_else(client: Client, row: models.Dispute) -> None:
    assert client.get("/ops/disputes/").status_code == 302
    client.force_login(User.objects.create_user(email="ada@example.com", password="a long password"))
    assert client.get("/ops/disputes/").status_code == 403
    assert client.get(f"/ops/disputes/{row.pk}/").status_code == 403
    assert client.get(f"/merchant/disputes/{row.pk}/").status_code == 302


def test_a_merchant_contests_with_evidence_and_sees_his_own_alone(client: Client, settings: object) -> None:
    settings.RIALTO_METHODS = METHODS
    settings.RIALTO_OUTBOX_KICK = False
    store, other = mall.make_merchant(), mall.make_merchant()
    share = pay_by_card(merchant=f"merchant:{store.pk}", key="m1")
    note(dispute(share, "needs_response", line(-10_000, fee=1_500), identifier="dp_m"))
    models.Dispute.objects.update(merchant_due_by=clock.now() + timedelta(days=2))
    row = models.Dispute.objects.get()
    client.force_login(store.owner)
    assert "m1-1" in client.get("/merchant/disputes/").content.decode()
    page = client.get(f"/merchant/disputes/{row.pk}/").content.decode()
    assert "Contest the dispute" in page
    assert "Accept it" in page
    said = {"uncategorized_text": "It was signed for.", "receipt": SimpleUploadedFile("r.pdf", b"%PDF-1.7 x")}
    assert client.post(f"/merchant/disputes/{row.pk}/contest/", said).status_code == 302
    row.refresh_from_db()
    assert (row.answer, row.evidence.texts["uncategorized_text"]) == ("contest", "It was signed for.")
    paper = f"/merchant/dispute-papers/{row.files.get().pk}/"
    assert client.get(paper).content == b"%PDF-1.7 x"
    client.force_login(other.owner)
    assert client.get(f"/merchant/disputes/{row.pk}/").status_code == 404
    assert client.post(f"/merchant/disputes/{row.pk}/accept/").status_code == 404
    assert client.get(paper).status_code == 404
