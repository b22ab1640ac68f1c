"""Becoming a merchant: steps that lose nothing, checks that say why, questions, and two people who decide."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import DatabaseError, connection, transaction

from mall.actors import NotAllowed
from mall.merchants import operations as merchants
from mall.merchants.applications import UnableToDecide
from mall.merchants.documents import UnableToKeepDocument, Upload
from mall.merchants.models import KybDocument, MerchantApplication
from mall.onboarding import checking, deciding, operations, queries, sanctions, states, terms
from mall.onboarding.models import Check, Person, TermsSignature
from mall.onboarding.operations import ChangedElsewhere, UnableToChangeApplication
from tests.factories.mall import AT, deliver_events, make_address, make_merchant, make_shopper
from tests.factories.onboarding import ACCOUNT, COMPANY, PDF, filled_in, make_operations, person, sent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    settings.RIALTO_HOME = tmp_path


def outcome(row, code):
    return next(check for check in checking.latest(application_id=row.pk) if check.code == code)


def test_an_application_filled_in_and_sent_passes_every_check_and_opens_with_two_people():
    row = sent()
    assert row.state == "submitted"
    assert {check.outcome for check in checking.latest(application_id=row.pk)} == {"passed"}
    first, second = make_operations(), make_operations()

    assert deciding.agree(application_id=row.pk, by=first, at=AT, reason="Register seen.").state == "seconded"
    approved = deciding.agree(application_id=row.pk, by=second, at=AT)
    deliver_events()

    assert (approved.state, approved.merchant.name) == ("approved", "Nordlicht Leuchten GmbH")
    signature = TermsSignature.objects.get()
    assert (signature.version, signature.digest) == (terms.CURRENT, terms.digest(version=terms.CURRENT))
    assert [event.kind for event in row.history.order_by("pk")] == ["begun", "submitted", "agreed", "approved"]
    assert [letter.subject for letter in mail.outbox] == ["Your store is open"]


def test_beginning_twice_goes_on_with_the_same_draft():
    applicant = make_shopper(money=0)
    first = operations.begin(applicant_id=applicant.pk, at=AT)
    assert operations.begin(applicant_id=applicant.pk, at=AT) == first


def test_an_older_tab_cannot_undo_a_newer_one():
    row = filled_in()
    who = {"application_id": row.pk, "applicant_id": row.applicant_id, "at": AT}
    newer = COMPANY | {"company": "Newer GmbH"}
    assert operations.save_step(**who, step="company", values=newer, version=1) == 2
    with pytest.raises(ChangedElsewhere):
        operations.save_step(**who, step="company", values=COMPANY | {"company": "Older GmbH"}, version=1)
    # The same again, as by a double click, is no conflict; another step is not touched by it.
    assert operations.save_step(**who, step="company", values=newer, version=1) == 2
    assert operations.save_step(**who, step="account", values=ACCOUNT | {"account_holder": "X"}, version=1) == 2
    row.refresh_from_db()
    assert (row.company, row.account_holder) == ("Newer GmbH", "X")


@pytest.mark.parametrize(
    ("company", "people", "sentence"),
    [
        ({"tax_id": "DE136695977"}, (person(),), "check digit is not right"),
        ({"registration_number": "12"}, (person(),), "no registration number of that country"),
        ({"country": "KP"}, (person(),), "does no business"),
        ({}, (), "Name at least one director"),
        ({}, (person(share_bps=2_400),), "Name everybody who holds 25 %"),
        ({}, (person(), person(name="Bo Weber", share_bps=100)), "sum to 101 %"),
        ({}, (person(is_director=False),), "at least one director"),
        ({"legal_form": "sole"}, (person(share_bps=5_000),), "A sole trader owns all"),
    ],
)
def test_what_is_missing_is_told_in_one_sentence_and_nothing_is_sent(company, people, sentence):
    row = filled_in(company=company, people=people)
    with pytest.raises(UnableToChangeApplication, match=sentence):
        operations.submit(application_id=row.pk, applicant_id=row.applicant_id, at=AT)
    row.refresh_from_db()
    assert (row.state, row.submitted_at, Check.objects.count()) == ("draft", None, 0)


def test_documents_are_those_of_the_legal_form_and_have_not_expired():
    row = filled_in()
    who = {"application_id": row.pk, "applicant_id": row.applicant_id}
    operations.save_step(**who, step="company", values=COMPANY | {"legal_form": "partnership"}, version=1, at=AT)
    with pytest.raises(UnableToChangeApplication, match="Articles or partnership agreement"):
        operations.submit(**who, at=AT)
    operations.save_step(**who, step="company", values=COMPANY, version=2, at=AT)
    KybDocument.objects.filter(kind="identity").update(expires_on=AT.date() - timedelta(days=1))
    with pytest.raises(UnableToChangeApplication, match="has expired"):
        operations.submit(**who, at=AT)


@pytest.mark.parametrize("content", [b"MZ\x90 a program", b"", b"%PDF-" + bytes(8 * 1024 * 1024)])
def test_a_document_disguised_empty_or_too_large_is_refused_and_nothing_is_kept(content):
    row = operations.begin(applicant_id=make_shopper(money=0).pk, at=AT)
    with pytest.raises(UnableToKeepDocument):
        operations.add_document(
            application_id=row.pk,
            applicant_id=row.applicant_id,
            upload=Upload("bank", "statement.pdf", content),
            expires_on=None,
            at=AT,
        )
    assert not KybDocument.objects.exists()
    assert not (Path(django_settings.RIALTO_HOME) / "documents").exists()


def test_a_document_of_a_draft_can_be_thrown_away_with_its_file(django_capture_on_commit_callbacks):
    row = filled_in()
    document = row.documents.get(kind="bank")
    file = Path(django_settings.RIALTO_HOME) / "documents" / document.stored_as
    who = {"application_id": row.pk, "applicant_id": row.applicant_id}
    with django_capture_on_commit_callbacks(execute=True):
        operations.remove_document(**who, document_id=document.pk)
    assert not file.exists()
    operations.add_document(**who, upload=Upload("bank", "b.pdf", PDF), expires_on=None, at=AT)
    operations.submit(**who, at=AT)
    with pytest.raises(UnableToChangeApplication):
        operations.remove_document(**who, document_id=row.documents.get(kind="bank").pk)
    assert row.documents.filter(kind="bank").count() == 1


def test_nobody_but_the_applicant_changes_an_application_and_not_while_the_bank_looks():
    row = filled_in()
    stranger = make_shopper(money=0)
    who = {"application_id": row.pk, "step": "account", "values": ACCOUNT, "version": 1, "at": AT}
    with pytest.raises(UnableToChangeApplication, match="no such application"):
        operations.save_step(applicant_id=stranger.pk, **who)
    operations.submit(application_id=row.pk, applicant_id=row.applicant_id, at=AT)
    with pytest.raises(UnableToChangeApplication, match="bank is looking"):
        operations.save_step(applicant_id=row.applicant_id, **who)


def test_a_name_like_one_on_the_sanctions_list_waits_for_a_person_with_a_reason():
    row = sent(people=(person(name="Malenkov Raska, Victor"),))
    found = outcome(row, "sanctions")
    assert found.outcome == "hit" and "Viktor Malenkov-Raska" in found.detail
    clerk = make_operations()
    with pytest.raises(UnableToDecide, match="Sanctions list"):
        deciding.agree(application_id=row.pk, by=clerk, at=AT)
    with pytest.raises(UnableToDecide):
        deciding.clear(application_id=row.pk, code="sanctions", by=clerk, reason=" ", at=AT)
    with pytest.raises(NotAllowed):
        deciding.clear(application_id=row.pk, code="sanctions", by=row.applicant, reason="me", at=AT)
    for _ in range(2):
        deciding.clear(application_id=row.pk, code="sanctions", by=clerk, reason="Born in another year.", at=AT)
    deciding.check_again(application_id=row.pk, by=clerk, at=AT)
    assert deciding.agree(application_id=row.pk, by=clerk, at=AT).state == "seconded"
    shown = next(line for line in queries.case(application_id=row.pk).checks if line.code == "sanctions")
    assert (shown.reason, shown.stands_in_the_way) == ("Born in another year.", False)


def test_what_was_cleared_is_asked_anew_when_something_else_is_found():
    row = sent(people=(person(name="Viktor Malenkov Raska"),))
    clerk = make_operations()
    deciding.clear(application_id=row.pk, code="sanctions", by=clerk, reason="Another person.", at=AT)
    Person.objects.update(name="Orlan Dessik")
    deciding.check_again(application_id=row.pk, by=clerk, at=AT)
    assert [check.code for check in checking.standing_in_the_way(application_id=row.pk)] == ["sanctions"]


@pytest.mark.parametrize(("name", "hit"), [("Ada Weber", False), ("AMARA QUELLEN", True), ("Amara Q.", False)])
def test_names_are_compared_whatever_their_order_and_case(name, hit):
    assert (sanctions.closest(name=name, threshold=88) is not None) == hit


def test_the_same_account_address_and_people_are_told():
    merchant = make_merchant(name="Old Lamps", address=make_address())
    merchants.set_status(merchant_id=merchant.pk, was=("active",), status="closed", at=AT)
    first = sent(company={"line1": "Elsewhere 1"})
    second = sent(applicant=merchant.owner)
    assert outcome(first, "same_address").outcome == "passed"
    assert "Old Lamps (Closed)" in outcome(second, "same_address").detail
    assert "Old Lamps (Closed)" in outcome(second, "same_owner").detail
    assert "Ada Weber: Nordlicht Leuchten GmbH" in outcome(second, "same_owner").detail
    assert "Nordlicht Leuchten GmbH (Sent in)" in outcome(second, "same_iban").detail


def test_the_age_of_owners_is_counted_to_the_day():
    assert checking.age(born_on=date(2008, 3, 2), on=date(2026, 3, 2)) == 18
    assert checking.age(born_on=date(2008, 3, 3), on=date(2026, 3, 2)) == 17
    row = sent(people=(person(born_on=date(2008, 3, 3)),))
    assert outcome(row, "age").outcome == "failed"


def test_the_bank_asks_for_a_document_and_everything_is_checked_anew_with_the_answer():
    row = sent()
    first, second = make_operations(), make_operations()
    deciding.agree(application_id=row.pk, by=first, at=AT)
    later = AT + timedelta(hours=1)
    question = deciding.ask(
        application_id=row.pk, by=second, text="Please send the articles.", kind="articles", at=later
    )
    deliver_events()
    row.refresh_from_db()
    assert (row.state, row.first_decision_by) == ("asked", None)
    assert mail.outbox[-1].subject == "The bank asks about your application"
    assert "Please send the articles." in mail.outbox[-1].body
    who = {"application_id": row.pk, "applicant_id": row.applicant_id}
    with pytest.raises(UnableToChangeApplication, match="Articles"):
        operations.answer(**who, answers={}, at=later)
    operations.add_document(
        **who, upload=Upload("articles", "a.pdf", PDF), expires_on=None, at=later + timedelta(hours=1)
    )
    operations.save_step(**who, step="account", values=ACCOUNT | {"account_holder": "N"}, version=1, at=later)
    operations.answer(**who, answers={question.pk: "Here."}, at=later + timedelta(hours=2))
    row.refresh_from_db()
    question.refresh_from_db()
    assert (row.state, question.answer) == ("submitted", "Here.")
    assert {check.run for check in checking.latest(application_id=row.pk)} == {2}
    kinds = [event.kind for event in row.history.order_by("pk")]
    assert kinds == ["begun", "submitted", "agreed", "asked", "document added", "changed", "answered"]
    with pytest.raises(UnableToChangeApplication):
        operations.answer(**who, answers={}, at=later)


def test_an_application_is_withdrawn_until_the_bank_has_decided():
    row = sent()
    who = {"application_id": row.pk, "applicant_id": row.applicant_id, "at": AT}
    for _ in range(2):
        operations.withdraw(**who)
    row.refresh_from_db()
    assert row.state == "withdrawn"
    with pytest.raises(UnableToDecide):
        deciding.agree(application_id=row.pk, by=make_operations(), at=AT)
    other = sent(iban="DE75512108001245126199", people=(person(name="Bo Weber"),))
    for by in (make_operations(), make_operations()):
        deciding.agree(application_id=other.pk, by=by, at=AT)
    with pytest.raises(UnableToChangeApplication, match="decided already"):
        operations.withdraw(application_id=other.pk, applicant_id=other.applicant_id, at=AT)


def test_open_applications_are_checked_anew_with_a_new_list_alone(monkeypatch):
    row = sent()
    deciding.check_new(application_ids=[row.pk], at=AT)
    assert {check.run for check in checking.latest(application_id=row.pk)} == {1}
    monkeypatch.setattr(checking, "RULES", "2")
    deciding.check_new(application_ids=[row.pk], at=AT)
    assert {(check.run, check.version[0]) for check in checking.latest(application_id=row.pk)} == {(2, "2")}


@pytest.mark.parametrize("table", ["onboarding_check", "onboarding_applicationevent", "onboarding_termssignature"])
def test_outcomes_signatures_and_history_only_grow(table):
    sent()
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_every_state_is_reached_and_the_ended_ones_are_left_by_nothing():
    reached = {following for _state, _event, following in states.TRANSITIONS} | {"draft"}
    assert reached == {state for state, _name in MerchantApplication.STATES}
    assert not {state for state, _event, _next in states.TRANSITIONS} & set(states.ENDED)
