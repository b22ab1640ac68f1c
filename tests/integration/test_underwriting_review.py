import threading

import pytest
from django.db import DatabaseError, connection, transaction

from financing.underwriting import operations, queries
from financing.underwriting.errors import AboveAuthority, CaseChanged, NotYours, UnableToReview, UnderwritingError
from financing.underwriting.models import Application, CaseAction
from financing.underwriting.operations import review
from financing.underwriting.terms import Price
from payments.operations import publishing
from tests.factories import underwriting as made


@pytest.fixture(autouse=True)
def _nobody_works_for_a_merchant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "_works_for", lambda officer, subject: (officer, subject) in STAFF)
    STAFF.clear()


STAFF: set[tuple[str, str]] = set()


def refer(amount: int = 800_000, **changes: object) -> Application:
    """Return a merchant's application that waits for an officer."""
    made.ready()
    made.features("merchant:1")
    asked = {
        "key": "a1",
        "kind": "merchant",
        "subject_id": "merchant:1",
        "product": made.advance(),
        "amount": amount,
        "at": made.AT,
        "applied_by": "user:900",
    }
    [application] = operations.apply_for_credit(
        requests=[operations.CreditApplication(**asked | changes)], exposures={}
    )
    assert application.state == "referred"
    return application


def acts(application: Application) -> list[tuple[str, str]]:
    return [(one.officer, one.action) for one in CaseAction.objects.filter(application=application).order_by("pk")]


@pytest.mark.django_db
def test_an_officer_approves_within_the_authority():
    application = refer()
    officer = made.officer("olga", "credit officer")
    operations.claim(application_id=application.pk, officer=officer, at=made.AT)
    granted = operations.approve(application_id=application.pk, officer=officer, at=made.AT, note="knows the trade")
    assert (granted.state, granted.approved_amount, granted.decided_by) == ("approved", 800_000, officer)
    assert granted.valid_until > made.AT
    assert acts(application) == [(officer, "claim"), (officer, "approve")]


@pytest.mark.django_db
def test_above_the_authority_a_senior_officer_must_agree():
    application = refer(1_800_000)
    officer, senior = made.officer("olga", "credit officer"), made.officer("sam", "senior officer")
    waiting = operations.approve(application_id=application.pk, officer=officer, at=made.AT)
    assert (waiting.state, waiting.supported_by) == ("second", officer)
    granted = operations.second_approve(application_id=application.pk, officer=senior, at=made.AT)
    assert (granted.state, granted.supported_by, granted.decided_by) == ("approved", officer, senior)
    assert granted.approved_amount == 1_800_000


@pytest.mark.django_db
def test_a_senior_officer_alone_is_not_two_people():
    application = refer(1_800_000)
    senior, officer = made.officer("sam", "senior officer"), made.officer("olga", "credit officer")
    waiting = operations.approve(application_id=application.pk, officer=senior, at=made.AT)
    assert waiting.state == "second"
    with pytest.raises(NotYours, match="yourself"):
        operations.second_approve(application_id=application.pk, officer=senior, at=made.AT)
    application.refresh_from_db()
    assert application.state == "second"
    assert operations.second_approve(application_id=application.pk, officer=officer, at=made.AT).state == "approved"


@pytest.mark.django_db
def test_two_officers_without_the_authority_are_not_enough():
    application = refer(1_800_000)
    first, second = made.officer("olga", "credit officer"), made.officer("otto", "credit officer")
    operations.approve(application_id=application.pk, officer=first, at=made.AT)
    with pytest.raises(AboveAuthority, match="senior"):
        operations.second_approve(application_id=application.pk, officer=second, at=made.AT)
    application.refresh_from_db()
    assert (application.state, application.decided_by) == ("second", "")


@pytest.mark.django_db
def test_nobody_approves_more_than_anybody_may(monkeypatch):
    application = refer(1_800_000)
    senior = made.officer("sam", "senior officer")
    queries.Authority.objects.update(limit=1_000_000)
    with pytest.raises(AboveAuthority, match="No officer"):
        operations.approve(application_id=application.pk, officer=senior, at=made.AT)
    application.refresh_from_db()
    assert (application.state, application.version) == ("referred", 1)


@pytest.mark.django_db
def test_who_is_no_officer_decides_nothing():
    application = refer()
    nobody = made.officer("nora", "operations")
    inactive = made.officer("ivan", "credit officer")
    review.Group.objects.get(name="credit officer").user_set.update(is_active=False)
    for person in (nobody, inactive, "merchant:1", "user:x", "user:"):
        with pytest.raises(UnableToReview, match="credit officers"):
            operations.approve(application_id=application.pk, officer=person, at=made.AT)
    assert acts(application) == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["asked", "is the subject", "works there"])
def test_nobody_decides_on_their_own_application(role):
    officer = made.officer("olga", "credit officer")
    application = refer(applied_by=officer if role == "asked" else "user:900")
    if role == "is the subject":
        Application.objects.filter(pk=application.pk).update(subject_id=officer)
    if role == "works there":
        STAFF.add((officer, "merchant:1"))
    for act in (operations.claim, operations.approve):
        with pytest.raises(NotYours, match="of their own"):
            act(application_id=application.pk, officer=officer, at=made.AT)
    with pytest.raises(NotYours):
        operations.decline(application_id=application.pk, officer=officer, reasons=["no"], at=made.AT)
    application.refresh_from_db()
    assert (application.state, application.version) == ("referred", 1)


@pytest.mark.django_db
def test_a_claimed_case_is_for_who_claimed_it():
    application = refer()
    first, second = made.officer("olga", "credit officer"), made.officer("otto", "credit officer")
    operations.claim(application_id=application.pk, officer=first, at=made.AT)
    with pytest.raises(NotYours, match=first):
        operations.claim(application_id=application.pk, officer=second, at=made.AT)
    with pytest.raises(NotYours):
        operations.approve(application_id=application.pk, officer=second, at=made.AT)
    operations.release(application_id=application.pk, officer=first, at=made.AT)
    assert operations.approve(application_id=application.pk, officer=second, at=made.AT).decided_by == second


@pytest.mark.django_db
def test_a_page_opened_before_a_colleague_acted_changes_nothing():
    application = refer()
    first, second = made.officer("olga", "credit officer"), made.officer("otto", "credit officer")
    seen = application.version
    operations.claim(application_id=application.pk, officer=first, at=made.AT)
    operations.release(application_id=application.pk, officer=first, at=made.AT)
    with pytest.raises(CaseChanged):
        operations.approve(application_id=application.pk, officer=second, at=made.AT, version=seen)
    application.refresh_from_db()
    assert application.state == "referred"


@pytest.mark.django_db
def test_a_smaller_amount_and_another_price_are_an_override_that_is_counted():
    application = refer()
    officer = made.officer("olga", "credit officer")
    granted = operations.approve(
        application_id=application.pk, officer=officer, at=made.AT, amount=500_000, price=Price(fee_bps=1_000)
    )
    assert (granted.approved_amount, granted.fee_bps) == (500_000, 1_000)
    assert queries.overrides(since=made.AT, until=made.AT.replace(year=2027)) == {"approvals": 1, "overrides": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"amount": 800_001}, {"amount": 100}, {"price": Price(fee_bps=9_000)}, {"amount": 0}, {"amount": -5}]
)
def test_an_amount_or_price_out_of_bounds_is_refused(change):
    application = refer()
    officer = made.officer("olga", "credit officer")
    with pytest.raises(UnableToReview):
        operations.approve(application_id=application.pk, officer=officer, at=made.AT, **change)
    application.refresh_from_db()
    assert (application.state, application.version) == ("referred", 1)


@pytest.mark.django_db
def test_an_officer_declines_with_reasons_the_applicant_reads():
    application = refer()
    officer = made.officer("olga", "credit officer")
    with pytest.raises(UnableToReview, match="reasons"):
        operations.decline(application_id=application.pk, officer=officer, reasons=["  "], at=made.AT)
    declined = operations.decline(
        application_id=application.pk, officer=officer, reasons=["The trade is too seasonal"], at=made.AT
    )
    assert (declined.state, declined.reasons) == ("declined", [{"code": "O01", "text": "The trade is too seasonal"}])
    with pytest.raises(UnableToReview, match="declined already"):
        operations.approve(application_id=application.pk, officer=officer, at=made.AT)


@pytest.mark.django_db
def test_the_second_officer_may_send_a_case_back_or_decline_it():
    application = refer(1_800_000)
    officer, senior = made.officer("olga", "credit officer"), made.officer("sam", "senior officer")
    operations.approve(application_id=application.pk, officer=officer, at=made.AT)
    back = operations.send_back(application_id=application.pk, officer=senior, note="too much at once", at=made.AT)
    assert (back.state, back.supported_by, back.approved_amount) == ("referred", "", None)
    operations.approve(application_id=application.pk, officer=officer, at=made.AT, amount=1_200_000)
    declined = operations.decline(application_id=application.pk, officer=senior, reasons=["no"], at=made.AT)
    assert (declined.state, declined.decided_by) == ("declined", senior)


@pytest.mark.django_db
def test_what_officers_did_cannot_be_changed():
    application = refer()
    officer = made.officer("olga", "credit officer")
    operations.claim(application_id=application.pk, officer=officer, at=made.AT)
    for change in (
        lambda: CaseAction.objects.update(officer="user:0"),
        lambda: CaseAction.objects.all().delete(),
        lambda: application.decisions.update(result="approve"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert acts(application) == [(officer, "claim")]


def at_once(*works) -> list[object]:
    """Run each in a thread of its own, all starting together; return results and refusals."""
    gate = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(index: int) -> None:
        try:
            gate.wait()
            results[index] = works[index]()
        except UnderwritingError as refusal:
            results[index] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_officers_at_once_one_decides(fresh_database):
    application = refer()
    officers = [made.officer(name, "credit officer") for name in ("olga", "otto", "oman", "oria")]
    results = at_once(
        *(
            lambda officer=officer: operations.approve(application_id=application.pk, officer=officer, at=made.AT)
            for officer in officers
        )
    )
    assert len([one for one in results if isinstance(one, Application)]) == 1
    assert all(isinstance(one, Application | UnableToReview) for one in results)
    assert [action for _, action in acts(application)] == ["approve"]


def test_of_two_claims_at_once_one_holds_the_case(fresh_database):
    application = refer()
    officers = [made.officer(name, "credit officer") for name in ("olga", "otto", "oman", "oria")]
    results = at_once(
        *(
            lambda officer=officer: operations.claim(application_id=application.pk, officer=officer, at=made.AT)
            for officer in officers
        )
    )
    assert len([one for one in results if isinstance(one, Application)]) == 1
    application.refresh_from_db()
    assert acts(application) == [(application.claimed_by, "claim")]


def test_two_applications_at_once_do_not_share_one_limit(fresh_database, monkeypatch):
    monkeypatch.setattr(publishing.outbox, "_kick", lambda: None)
    made.ready()
    made.features("user:1")

    def ask(key: str):
        return operations.apply_for_credit(
            requests=[
                operations.CreditApplication(
                    key=key, kind="consumer", subject_id="user:1", product=made.plan(), amount=80_000, at=made.AT
                )
            ],
            exposures={},
        )

    # The limit is 1,200.00: of four times 800.00 one fits.
    results = at_once(*(lambda key=key: ask(key) for key in "abcd"))
    assert sorted(one[0].state for one in results) == ["approved", "declined", "declined", "declined"]


def test_the_same_key_twice_at_once_is_one_application(fresh_database):
    made.ready()

    def ask():
        return operations.apply_for_credit(
            requests=[
                operations.CreditApplication(
                    key="a", kind="consumer", subject_id="user:1", product=made.plan(), amount=80_000, at=made.AT
                )
            ],
            exposures={},
        )

    results = at_once(*([ask] * 4))
    assert len({one[0].pk for one in results}) == 1
    assert Application.objects.count() == 1
