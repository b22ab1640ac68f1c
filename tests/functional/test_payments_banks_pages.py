"""Pages of other banks: operations agree, take in and resolve; customers send money and keep statements."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from mall.customer.models import User
from payments import clock, models, operations
from payments.settlement import elsewhere, iso20022
from tests.factories import bank_files as files
from tests.factories import mall as market
from tests.factories.payments import balance, make_shopper
from tests.integration.test_payments_elsewhere import PAYEE, arrival, transfer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders(tmp_path: object, settings: object) -> None:
    settings.RIALTO_BANK_OUT, settings.RIALTO_BANK_IN = str(tmp_path / "out"), str(tmp_path / "in")


def operator(number: int) -> Client:
    user = User.objects.create_user(email=f"ops{number}@example.com", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shopper(client: Client) -> User:
    user = User.objects.create_user(email="ada@example.com", password="a long password", first_name="Ada")
    client.force_login(user)
    return user


def upload(client: Client, content: bytes, act: str) -> object:
    file = SimpleUploadedFile("n.xml", content, content_type="application/xml")
    return client.post("/ops/banks/import/", {"file": file, "act": act})


def test_two_operators_send_a_batch_and_see_exactly_what_is_sent() -> None:
    transfer(make_shopper(), 2_500)
    batch = models.Batch.objects.get()
    first, second = operator(1), operator(2)
    page = f"/ops/banks/batches/{batch.pk}/"
    first.post(page, {"act": "close"})
    batch.refresh_from_db()
    for client in (first, first, second):
        client.post(page, {"act": "approve", "digest": batch.file.digest})
    batch.refresh_from_db()
    assert batch.state == "approved"
    assert "Zoe Payee" in first.get(f"{page}file/").content.decode()
    assert elsewhere.send_due(at=clock.now()) == 1
    shown = second.get(page).content.decode()
    assert "RP0" in shown and "€25.00" in shown
    second.post(page, {"act": "withdraw", "reason": "late"})
    batch.refresh_from_db()
    assert batch.state == "sent"


def test_a_file_is_looked_at_then_taken_in_and_its_suspense_resolved() -> None:
    account = make_shopper(money=0)
    client = operator(1)
    content = files.notification(arrival(account), arrival(PAYEE, 300))
    page = upload(client, content, "look")
    assert "Nothing has been done yet" in page.content.decode()
    assert balance(f"deposit:{account}") == 0
    assert upload(client, content, "take").status_code == 200
    refused = upload(client, content, "take")
    assert refused.status_code == 422 and "already" in refused.content.decode()
    entry = models.BankEntry.objects.get(state="suspense")
    client.post(f"/ops/banks/entries/{entry.pk}/", {"act": "match", "account": "nobody"})
    assert balance("suspense:transfers") == 300
    client.post(f"/ops/banks/entries/{entry.pk}/", {"act": "match", "account": account})
    assert balance(f"deposit:{account}") == 1_550
    assert "Nothing waits in suspense" in client.get("/ops/banks/").content.decode()


def test_the_pages_are_for_operations_alone(client: Client, shopper: User) -> None:
    for address in ("/ops/banks/", "/ops/banks/batches/1/", "/ops/banks/batches/1/file/"):
        assert client.get(address).status_code == 403
    for address in ("/ops/banks/import/", "/ops/banks/entries/1/"):
        assert client.post(address).status_code == 403


def test_a_customer_sends_money_with_a_code_bound_to_payee_and_amount(
    client: Client, shopper: User, mailoutbox: list
) -> None:
    account = make_shopper(user=shopper.pk, money=10_000)
    given = {"account": account, "name": "Bo", "iban": PAYEE, "amount": "12,50", "remittance": "rent"}
    assert client.post("/money/transfer/", given | {"iban": "DE00"}).status_code == 422
    asked = client.post("/money/transfer/", given)
    order = asked.context["hidden"]["order"]
    code = mailoutbox[-1].subject.split()[-1]
    assert client.post("/money/transfer/", {"account": account, "order": order, "code": "x"}).status_code == 422
    assert balance(f"deposit:{account}") == 10_000
    for _again in range(2):
        client.post("/money/transfer/", {"account": account, "order": order, "code": code})
    assert balance(f"deposit:{account}") == 8_750
    assert models.OutgoingPayment.objects.get().creditor_name == "Bo"
    forged = client.post("/money/transfer/", {"account": account, "order": order[:-2], "code": code}, follow=True)
    assert "too old" in forged.content.decode()


def test_a_statement_is_kept_as_pdf_csv_and_camt_and_is_nobody_elses(client: Client, shopper: User) -> None:
    account = make_shopper(user=shopper.pk, money=0)
    now = clock.now()
    for amount, key in ((10_000, "a"), (2_550, "b")):
        operations.one(
            operations.receive_money(
                requests=[
                    operations.Deposit(account_number=account, amount=amount, key=key, reference="=cmd()", at=now)
                ]
            )
        )
    period = f"since={(now - timedelta(days=1)).date()}&until={now.date()}"
    page = client.get(f"/money/accounts/{account}/?{period}").content.decode()
    assert "€125.50" in page and "camt.053" in page
    address = f"/money/accounts/{account}/statement"
    rows = list(csv.reader(io.StringIO(client.get(f"{address}.csv?{period}").content.decode("utf-8-sig"))))
    assert [row[3:5] for row in rows[1:]] == [["100.00", "100.00"], ["25.50", "125.50"]]
    assert rows[1][2] == "'=cmd()"
    [said] = iso20022.statements(io.BytesIO(client.get(f"{address}.xml?{period}").content))
    assert (said.account, said.closing.amount, said.difference) == (account, 12_550, 0)
    assert client.get(f"{address}.pdf?{period}").content.startswith(b"%PDF-")
    other = make_shopper(user=shopper.pk + 1, money=0)
    assert client.get(f"/money/accounts/{other}/statement.pdf").status_code == 404


def test_a_store_changes_its_payout_account_and_the_letter_can_cancel_it(client: Client, mailoutbox: list) -> None:
    merchant = market.make_merchant()
    client.force_login(merchant.owner)
    given = {"name": "Sunny Ltd", "iban": PAYEE, "bic": ""}
    assert client.post("/merchant/money/account/", given | {"iban": "FR00"}).status_code == 422
    asked = client.post("/merchant/money/account/", given)
    client.get(asked.url)
    code = mailoutbox[-1].subject.split()[-1]
    assert client.post(asked.url, {"code": "x"}).status_code == 422
    client.post(asked.url, {"code": code})
    assert models.PayoutAccount.objects.get().state == "waiting"
    market.deliver_events()
    letter = mailoutbox[-1]
    assert merchant.owner.email in letter.to
    address = "/payouts/cancel/" + letter.body.split("/payouts/cancel/")[1].split()[0]
    stranger = Client()
    assert stranger.get(address).status_code == 200
    assert models.PayoutAccount.objects.get().state == "waiting"
    stranger.post(address)
    assert models.PayoutAccount.objects.get().state == "cancelled"
    assert stranger.get("/payouts/cancel/forged/").status_code == 404


def test_a_file_is_taken_in_by_command(tmp_path: Path) -> None:
    account = make_shopper(money=0)
    path = tmp_path / "n.xml"
    path.write_bytes(files.notification(arrival(account)))
    said = io.StringIO()
    call_command("bank_file", str(path), "--dry-run", stdout=said)
    assert "nothing was done" in said.getvalue() and balance(f"deposit:{account}") == 0
    call_command("bank_file", str(path), stdout=said)
    assert balance(f"deposit:{account}") == 1_250
    with pytest.raises(CommandError, match="already"):
        call_command("bank_file", str(path), stdout=said)


def test_the_folder_is_taken_in_and_what_is_refused_becomes_a_case(settings: object) -> None:
    account = make_shopper(money=0)
    folder = Path(settings.RIALTO_BANK_IN)
    folder.mkdir()
    (folder / "a.xml").write_bytes(files.notification(arrival(account)))
    (folder / "b.xml").write_bytes(b"<html/>")
    assert elsewhere.take_in(at=clock.now()) == 1
    assert elsewhere.take_in(at=clock.now()) == 0
    assert balance(f"deposit:{account}") == 1_250
    assert [path.name for path in (folder / "refused").iterdir()] == ["b.xml"]
    assert models.OperationsCase.objects.get().kind == "bank_file_refused"
