"""Pages of payments: one's own money and nobody else's, and the day of operations for those who run it."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from mall.customer.models import User
from payments import clock, models, operations, reconciliation, settlement
from payments.models import Settlement
from tests.factories import bank_files
from tests.factories.payments import AT, authorise, capture, make_merchant, make_shopper, record, refund, release

pytestmark = pytest.mark.django_db


@pytest.fixture
def shopper() -> User:
    return User.objects.create_user(email="ada@example.com", password="a long password")


@pytest.fixture
def operator() -> User:
    user = User.objects.create_user(email="ops@example.com", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def live(user: User) -> str:
    account = make_shopper(user=user.pk)
    merchant = make_merchant()
    payment = record(
        tenders=[("bank_account", account, 3_000)], parts=[(merchant, 3_000)], key="o1", payer=f"user:{user.pk}"
    )
    authorise(payment)
    capture("o1-1")
    refund("o1-1", 1_000)
    release("o1-1")
    return account


def test_money_shows_the_account_what_is_in_it_and_how_to_pay_in(client: Client, shopper: User) -> None:
    account = live(shopper)
    page = signed_in(client, shopper).get("/money/").content.decode()
    assert "€980.00" in page
    assert " ".join(account[start : start + 4] for start in range(0, len(account), 4)) in page
    assert "Rialto Bank" in page


def test_money_without_an_account_says_so(client: Client, shopper: User) -> None:
    assert "No account yet" in signed_in(client, shopper).get("/money/").content.decode()


def test_a_statement_runs_from_balance_to_balance(client: Client, shopper: User) -> None:
    account = live(shopper)
    page = signed_in(client, shopper).get(f"/money/accounts/{account}/?month=2026-03").content.decode()
    for text in ("Held for a purchase", "Refund", "Transfer from another bank", "+€10.00", "-€30.00", "€970.00"):
        assert text in page.replace('<span class="money">', "").replace("</span>", "")
    assert "?month=2026-04" in page


@pytest.mark.parametrize("month", ["2026-13", "x", "0001-01", "9999-12", ""])
def test_a_month_that_is_none_shows_this_month(client: Client, shopper: User, month: str) -> None:
    account = live(shopper)
    assert signed_in(client, shopper).get(f"/money/accounts/{account}/", {"month": month}).status_code == 200


def test_nobody_sees_somebody_elses_statement(client: Client, shopper: User) -> None:
    account = live(shopper)
    other = User.objects.create_user(email="eve@example.com", password="a long password")
    assert signed_in(client, other).get(f"/money/accounts/{account}/").status_code == 404
    assert Client().get("/money/").status_code == 302


def test_operations_sees_how_the_bank_stands(client: Client, shopper: User, operator: User) -> None:
    live(shopper)
    page = signed_in(client, operator).get("/ops/").content.decode()
    assert "Released, to settle" in page
    assert "€17.60" in page
    settlement.settle_due(until=AT.date() + timedelta(days=2))
    settlement.pay_out_due(until=AT.date() + timedelta(days=2))
    page = client.get("/ops/").content.decode()
    assert "Nothing waits to be settled." in page
    assert "merchant:1" in page


def test_a_paid_settlements_statement_is_given_to_operations_alone_in_every_form(
    client: Client, shopper: User, operator: User
) -> None:
    live(shopper)
    settlement.settle_due(until=AT.date() + timedelta(days=2))
    row = Settlement.objects.get()
    address = f"/ops/settlements/{row.pk}/statement."
    assert signed_in(client, operator).get(f"{address}pdf").status_code == 404
    settlement.pay_out_due(until=AT.date() + timedelta(days=2))
    assert f"{address}xlsx" in client.get(f"/ops/settlements/{row.pk}/").content.decode()
    assert client.get(f"{address}pdf").content.startswith(b"%PDF-")
    assert b"".join(client.get(f"{address}csv").streaming_content).decode().count("\r\n") >= 3
    assert client.get(f"{address}xlsx").status_code == 200
    assert client.get(f"{address}exe").status_code == 404
    assert signed_in(client, shopper).get(f"{address}pdf").status_code == 403


@pytest.mark.parametrize("name", ["o1", "o1-1"])
def test_operations_finds_a_payment_by_any_name(client: Client, shopper: User, operator: User, name: str) -> None:
    live(shopper)
    page = signed_in(client, operator).get("/ops/find/", {"q": name}).content.decode()
    assert "Payment of o1" in page
    assert "net €17.60, commission €2.00, tax €0.40" in page


@pytest.mark.parametrize("name", ["", "nothing", "99999999999999999999"])
def test_a_name_that_leads_nowhere_says_so(client: Client, operator: User, name: str) -> None:
    response = signed_in(client, operator).get("/ops/find/", {"q": name})
    assert response.status_code == 404
    assert "Nothing by that name" in response.content.decode()


def test_a_run_is_handed_to_a_worker(client: Client, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    import celery

    sent = []
    monkeypatch.setattr(celery.current_app, "send_task", lambda name, **options: sent.append(name))
    response = signed_in(client, operator).post("/ops/run/", {"run": "settle"}, follow=True)
    assert sent == ["payments.tasks.settle_day"]
    assert "Handed to a worker" in response.content.decode()
    assert "no such run" in client.post("/ops/run/", {"run": "?"}, follow=True).content.decode()


def test_a_queue_that_is_gone_is_told_in_one_sentence(
    client: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    import celery
    from kombu.exceptions import OperationalError

    def fail(name: str, **options: object) -> None:
        raise OperationalError

    monkeypatch.setattr(celery.current_app, "send_task", fail)
    response = signed_in(client, operator).post("/ops/run/", {"run": "verify"}, follow=True)
    assert "The queue does not answer" in response.content.decode()


def test_operations_is_for_operations_with_a_second_factor(client: Client, shopper: User, operator: User) -> None:
    assert signed_in(client, shopper).get("/ops/").status_code == 403
    Authenticator.objects.all().delete()
    response = signed_in(client, operator).get("/ops/")
    assert response.status_code == 302
    assert response.url == reverse("mfa_index")
    assert Client().get("/ops/").status_code == 302


def test_an_unknown_card_question_is_not_found(client: Client) -> None:
    assert client.get("/money/card/pi_unknown/").status_code == 404


@pytest.mark.parametrize("count", [1, 12])
def test_the_pages_take_the_same_statements_however_much_there_is(
    client: Client, shopper: User, count: int, django_assert_max_num_queries: object
) -> None:
    account = make_shopper(user=shopper.pk)
    merchant = make_merchant()
    for number in range(count):
        payment = record(
            tenders=[("bank_account", account, 100)],
            parts=[(merchant, 100)],
            key=f"o{number}",
            payer=f"user:{shopper.pk}",
        )
        authorise(payment)
    signed_in(client, shopper).get("/money/")
    with django_assert_max_num_queries(25):
        client.get("/money/")


def test_a_case_is_found_taken_noted_and_closed_on_its_pages(client: Client, shopper: User, operator: User) -> None:
    live(shopper)
    number = operations.open_case(
        request=operations.OpenCase(
            kind="reconcile_card", key="k", subject="€5.00 is missing", amount=500, currency="EUR", names=("o1",), at=AT
        )
    ).case_id
    page = signed_in(client, operator).get("/ops/cases/").content.decode()
    for text in ("€5.00 is missing", "Card provider differs", "nobody&#x27;s", "1 case waits"):
        assert text in page.replace("'", "&#x27;")
    assert "No case here" in client.get("/ops/cases/?owner=me").content.decode()
    page = client.get(f"/ops/cases/{number}/").content.decode()
    assert "Order o1 and its payment" in page
    assert "Close the case" not in page
    client.post(f"/ops/cases/{number}/take/")
    assert "€5.00 is missing" in client.get("/ops/cases/?owner=me").content.decode()
    assert client.post(f"/ops/cases/{number}/close/", {"close-text": ""}).status_code == 400
    client.post(f"/ops/cases/{number}/note/", {"note-text": "Asked <them>"})
    client.post(f"/ops/cases/{number}/close/", {"close-text": "It came the next day"})
    page = client.get(f"/ops/cases/{number}/").content.decode()
    assert "Asked &lt;them&gt;" in page
    assert "It came the next day" in page
    assert "€5.00 is missing" in client.get("/ops/cases/?state=closed").content.decode()
    assert client.get("/ops/cases/999999/").status_code == 404
    assert client.post(f"/ops/cases/{number}/explode/").status_code == 404


def test_cases_are_for_operations_alone(client: Client, shopper: User) -> None:
    assert signed_in(client, shopper).get("/ops/cases/").status_code == 403
    assert client.post("/ops/cases/1/take/").status_code == 403


def test_reconciliation_shows_both_sides_over_time_and_lets_a_person_match(
    client: Client, shopper: User, operator: User
) -> None:
    live(shopper)
    signed_in(client, operator)
    page = client.get("/ops/reconciliation/").content.decode()
    assert "Nothing has been compared yet." in page
    parts = [bank_files.entry(60_000), bank_files.entry(40_000), bank_files.entry(7, day="2026-03-02")]
    content = bank_files.statement(*parts, closing=100_007)
    for said in ("3 new entries", "taken in before"):
        sent = {"file": SimpleUploadedFile("camt.xml", content)}
        page = client.post("/ops/reconciliation/statement/", sent, follow=True).content.decode()
        assert said in page
    broken = {"file": SimpleUploadedFile("camt.xml", content[:-99])}
    page = client.post("/ops/reconciliation/statement/", broken, follow=True).content.decode()
    assert 'message-error' in page or 'role="alert"' in page
    reconciliation.reconcile_all(at=clock.now() + timedelta(seconds=1))
    page = client.get("/ops/reconciliation/").content.decode()
    assert "<svg" in page
    assert "The figures as a table" in page
    page = client.get("/ops/reconciliation/nostro/").content.decode()
    assert "4 entries have no match" in page
    wanted = models.ReconciliationEntry.objects.filter(amount__gte=40_000).values_list("pk", flat=True)
    asked = {"entry": list(wanted), "text": "paid in two parts"}
    page = client.post("/ops/reconciliation/nostro/match/", asked, follow=True).content.decode()
    assert "1 entry has no match" in page
    assert "by hand" in page
    match = models.ReconciliationMatch.objects.get()
    address = f"/ops/reconciliation/nostro/unmatch/{match.pk}/"
    page = client.post(address, {"text": "no, another"}, follow=True).content.decode()
    assert "4 entries have no match" in page
    assert client.get("/ops/reconciliation/nothing/").status_code == 404
    assert client.post("/ops/reconciliation/statement/", {}, follow=True).status_code == 200
