"""Applying to sell on the pages: steps, papers, the bank's questions, and two people who decide."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from mall.merchants.models import KybDocument, Membership, Merchant, MerchantApplication
from mall.onboarding import deciding
from mall.onboarding.models import Person
from payments import clock
from tests.factories.mall import deliver_events, make_shopper
from tests.factories.onboarding import ACCOUNT, COMPANY, filled_in, make_operations, person, picture, sent

pytestmark = pytest.mark.django_db

OWNER = {"name": "Ada Weber", "born_on": "1980-05-01", "country": "DE", "share": "100", "is_exposed": "no"}


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    settings.RIALTO_HOME = tmp_path


@pytest.fixture
def applicant(client):
    user = make_shopper(money=0)
    client.force_login(user)
    return user


def begun(client):
    url = client.post(reverse("sell-begin")).url
    return MerchantApplication.objects.get(pk=int(re.search(r"/sell/(\d+)/", url).group(1)))


def step(row, name):
    return reverse("sell-step", args=[row.pk, name])


def paper(name="paper.pdf", content=b"%PDF-1.4 my secret papers"):
    return SimpleUploadedFile(name, content)


def test_a_company_goes_through_the_steps_to_an_open_store(client, applicant):
    assert "Begin" in client.get("/sell/").content.decode()
    row = begun(client)
    assert begun(client) == row
    assert client.post(step(row, "company"), COMPANY | {"version": "0"}).url == step(row, "people")
    client.post(step(row, "people"), OWNER | {"is_director": "on"})
    assert client.post(step(row, "people"), {"go_on": "1", "version": "0"}).url == step(row, "account")
    assert client.post(step(row, "account"), ACCOUNT | {"version": "0"}).url == step(row, "documents")
    early = client.post(step(row, "review"))
    assert early.status_code == 422 and "Add this document: Company registration." in early.content.decode()
    for kind in ("registration", "ownership", "identity", "bank"):
        data = {"kind": kind, "file": paper(), "expires_on": "2099-01-01" if kind == "identity" else ""}
        assert client.post(step(row, "documents"), data).status_code == 302
    signed = {"terms": "2026-01", "signed_as": "Ada Weber", "agrees": "on"}
    assert client.post(step(row, "terms"), signed).url == step(row, "review")
    assert client.post(step(row, "review")).url == "/sell/"
    assert "Being looked at" in client.get("/sell/").content.decode()
    first, second = Client(), Client()
    first.force_login(make_operations())
    second.force_login(make_operations())
    url = reverse("application-decide", args=[row.pk])
    for _ in range(2):
        first.post(url, {"decision": "approve"})
    assert not Merchant.objects.exists()
    second.post(url, {"decision": "approve"})
    assert Membership.objects.get().user == applicant
    assert client.get("/merchant/").status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"tax_id": "DE136695977"}, "tax_id", "check digit is not right"),
        ({"registration_number": "12"}, "registration_number", "HRB 12345"),
        ({"company": ""}, "company", "Please fill this in."),
        ({"legal_form": ""}, "legal_form", "Please choose the legal form."),
        ({"country": "KP"}, "country", "does no business"),
    ],
)
def test_a_wrong_field_is_answered_beside_it_and_keeps_what_was_typed(client, applicant, change, field, sentence):
    row = begun(client)
    response = client.post(step(row, "company"), COMPANY | {"line1": "Typed & kept 5"} | change)
    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in text and sentence in text
    assert 'value="Typed &amp; kept 5"' in text
    row.refresh_from_db()
    assert (row.company, row.line1) == ("", "")


def test_a_step_left_half_typed_is_kept_as_it_is_and_found_again(client, applicant):
    row = begun(client)
    later = client.post(step(row, "company"), {"company": "<b>Half", "version": "0", "later": "1"})
    assert later.url == "/sell/"
    assert 'value="&lt;b&gt;Half"' in client.get(step(row, "company")).content.decode()
    assert "&lt;b&gt;Half" in client.get("/sell/").content.decode()


def test_a_second_tab_is_told_and_can_save_again(client, applicant):
    row = begun(client)
    client.post(step(row, "company"), COMPANY | {"version": "0"})
    late = client.post(step(row, "company"), COMPANY | {"version": "0", "company": "Of the other tab"})
    text = late.content.decode()
    assert late.status_code == 422
    assert "in another tab" in text and 'value="Of the other tab"' in text and 'name="version" value="1"' in text
    client.post(step(row, "company"), COMPANY | {"version": "1", "company": "Of the other tab"})
    row.refresh_from_db()
    assert row.company == "Of the other tab"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"share": "0"}, "share"),
        ({"share": "120"}, "share"),
        ({"born_on": "2020-01-01"}, "born_on"),
        ({"born_on": "someday"}, "born_on"),
        ({"is_exposed": "yes", "exposed_as": ""}, "exposed_as"),
        ({"is_exposed": ""}, "is_exposed"),
        ({"name": " "}, "name"),
    ],
)
def test_a_wrong_owner_is_answered_beside_the_field(client, applicant, change, field):
    row = begun(client)
    response = client.post(step(row, "people"), OWNER | change)
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in response.content.decode()
    assert not Person.objects.exists()


def test_owners_are_changed_removed_and_summed(client, applicant):
    row = begun(client)
    client.post(step(row, "people"), OWNER | {"share": "60"})
    one = Person.objects.get()
    assert "Together they hold 60 %; the other 40 %" in client.get(step(row, "people")).content.decode()
    form = client.get(step(row, "people"), {"person": one.pk}).content.decode()
    assert 'value="60"' in form and 'value="1980-05-01"' in form
    client.post(step(row, "people"), OWNER | {"person": one.pk, "version": "1", "share": "70"})
    late = client.post(step(row, "people"), OWNER | {"person": one.pk, "version": "1", "share": "80"})
    assert late.status_code == 422
    one.refresh_from_db()
    assert one.share_bps == 7_000
    client.post(reverse("sell-person-remove", args=[row.pk, one.pk]))
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (("big.pdf", b"%PDF-" + bytes(50 * 1024 * 1024)), "big.pdf is larger than 8 MB: make it smaller."),
        (("invoice.pdf", b"MZ\x90 program"), "A document is a PDF, PNG or JPEG file: save it as one of these."),
        (("empty.pdf", b""), "This file is empty: choose another."),
    ],
)
def test_a_document_that_cannot_be_taken_is_refused_in_one_sentence(client, applicant, file, sentence):
    row = begun(client)
    data = {"kind": "identity", "file": paper(*file), "expires_on": "2099-01-01"}
    response = client.post(step(row, "documents"), data)
    text = response.content.decode()
    assert response.status_code == 422
    assert text.count(sentence) == 2  # beside the field and in the summary
    assert 'value="2099-01-01"' in text
    assert not KybDocument.objects.exists()


def test_papers_are_for_the_applicant_and_operations_alone_and_run_nothing(client, applicant):
    row = begun(client)
    client.post(step(row, "documents"), {"kind": "bank", "file": paper()})
    client.post(step(row, "documents"), {"kind": "ownership", "file": paper("x.png", picture())})
    document = row.documents.get(kind="bank")
    url = reverse("application-document", args=[document.pk])
    own = client.get(url, {"show": "1"})
    assert own.content == b"%PDF-1.4 my secret papers"
    assert own["Content-Disposition"].startswith("attachment")
    stranger, operations = Client(), Client()
    stranger.force_login(make_shopper(money=0))
    operations.force_login(make_operations())
    assert Client().get(url).status_code == 302
    assert stranger.get(url).status_code == 404
    shown = operations.get(url, {"show": "1"})
    assert shown["Content-Disposition"].startswith("inline")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Content-Security-Policy"].startswith("default-src 'none'")
    for name in ("company", "people", "review"):
        assert stranger.get(step(row, name)).status_code == 404
    assert stranger.get("/ops/applications/").status_code == 403


def test_the_bank_asks_on_its_page_and_the_applicant_answers_on_his(client):
    row = sent(at=clock.now())
    client.force_login(row.applicant)
    staff = Client()
    staff.force_login(make_operations())
    page = reverse("application", args=[row.pk])
    asked = staff.post(reverse("application-ask", args=[row.pk]), {"text": " ", "kind": "articles"})
    assert asked.status_code == 422 and "Write what you want to know" in asked.content.decode()
    staff.post(reverse("application-ask", args=[row.pk]), {"text": "Who is <i>Bo</i>?", "kind": ""})
    assert "Who is &lt;i&gt;Bo&lt;/i&gt;?" in client.get("/sell/").content.decode()
    question = row.questions.get()
    empty = client.post(reverse("sell-answer", args=[row.pk]), {})
    assert empty.status_code == 422 and "Please answer each question" in empty.content.decode()
    client.post(reverse("sell-answer", args=[row.pk]), {f"q{question.pk}": "My <i>brother</i>."})
    assert "My &lt;i&gt;brother&lt;/i&gt;." in staff.get(page).content.decode()
    row.refresh_from_db()
    assert row.state == "submitted"


def test_a_hit_is_cleared_on_the_page_and_a_reason_is_never_lost(client):
    row = sent(people=(person(name="Orlan Dessik"),), at=clock.now())
    client.force_login(make_operations())
    page = client.get(reverse("application", args=[row.pk])).content.decode()
    assert "A check stands in the way" in page
    refused = client.post(reverse("application-decide", args=[row.pk]), {"decision": "approve", "reason": "typed"})
    assert refused.status_code == 422 and "Sanctions list" in refused.content.decode()
    client.post(reverse("application-clear", args=[row.pk, "sanctions"]), {"reason": "Another birthday."})
    page = client.get(reverse("application", args=[row.pk])).content.decode()
    assert "Another birthday." in page and "A check stands in the way" not in page


def test_nobody_decides_on_his_own_application(client):
    boss = make_operations()
    row = sent(applicant=boss, at=clock.now())
    client.force_login(boss)
    assert "others decide" in client.get(reverse("application", args=[row.pk])).content.decode()
    assert client.post(reverse("application-decide", args=[row.pk]), {"decision": "approve"}).status_code == 422


def test_the_pages_need_few_statements_however_many_rows(client, django_assert_max_num_queries):
    staff = make_operations()
    row = sent(at=clock.now())
    urls = ["/ops/applications/", reverse("application", args=[row.pk])]
    counts = []
    for _ in range(2):
        client.force_login(staff)
        for url in urls:
            client.get(url)
            with django_assert_max_num_queries(15) as counted:
                assert client.get(url).status_code == 200
            counts.append(len(counted))
        for _ in range(3):
            other = sent(people=(person(), person(name="Bo Weber", share_bps=0)), at=clock.now())
            deciding.ask(application_id=row.pk, by=make_operations(), text="And?", kind="", at=clock.now())
        assert other.state == "submitted"
    assert counts[:2] == counts[2:]
    draft = filled_in()
    client.force_login(draft.applicant)
    for name in ("company", "people", "account", "documents", "terms", "review"):
        with django_assert_max_num_queries(17):
            assert client.get(step(draft, name)).status_code == 200
    deliver_events()
