"""Operations' page of refunds that failed, goodwill and corrections."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client

from mall.customer.models import User
from payments import clock, models, operations
from tests.factories.payments import AT, balance, make_shopper

pytestmark = pytest.mark.django_db


def operator(name: str) -> Client:
    user = User.objects.create_user(email=f"{name}@example.com", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = Client()
    client.force_login(user)
    return client


def goodwill(client: Client, account: str, amount: str) -> object:
    key = re.search(r'name="goodwill-key" value="([^"]+)"', client.get("/ops/refunds/").content.decode())[1]
    sent = {"key": key, "account": account, "amount": amount, "reason": "late parcel"}
    return client.post("/ops/goodwill/", {f"goodwill-{name}": value for name, value in sent.items()})


def test_goodwill_above_the_limit_is_agreed_to_by_somebody_else(client: Client) -> None:
    account, first, second = make_shopper(money=0), operator("a"), operator("b")
    assert goodwill(first, account, "30.00").status_code == 302
    assert goodwill(first, account, "40.00").status_code == 302
    assert balance(f"deposit:{account}") == 3_000
    row = models.Goodwill.objects.get(state="proposed")
    assert "waits for a second person" in first.get("/ops/refunds/").content.decode()
    assert first.post(f"/ops/goodwill/{row.pk}/", {"answer": "agree"}).status_code == 422
    assert second.post(f"/ops/goodwill/{row.pk}/", {"answer": "agree"}).status_code == 302
    assert balance(f"deposit:{account}") == 7_000


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client: Client) -> None:
    first = operator("a")
    page = goodwill(first, "DE00", "5")
    assert page.status_code == 422
    assert 'value="DE00"' in page.content.decode()
    page = first.post("/ops/correct/", {"correction-journal": "999999", "correction-reason": "wrong"})
    assert (page.status_code, "There is no journal 999999" in page.content.decode()) == (422, True)
    page = first.post("/ops/refunds/failed/", {"failure-name": "order:key:1"})
    assert (page.status_code, "No refund has that name" in page.content.decode()) == (422, True)


def test_a_correction_leads_to_its_mirror_image_and_an_outage_is_shown(client: Client) -> None:
    account, first = make_shopper(money=0), operator("a")
    [wrong] = operations.receive_money(
        requests=[operations.Deposit(account_number=account, amount=500, key="x", reference="", at=AT)]
    )
    page = first.post("/ops/correct/", {"correction-journal": wrong.journal_id, "correction-reason": "twice"})
    assert page["Location"].startswith("/ops/ledger/journal/")
    assert balance(f"deposit:{account}") == 0
    now = clock.now()
    models.ProviderHealth.objects.create(method="card", failures=3, down_since=now, probe_at=now + timedelta(minutes=1))
    assert "Card has not answered since" in first.get("/ops/refunds/").content.decode()


def test_the_page_is_for_operations_alone(client: Client) -> None:
    assert client.get("/ops/refunds/").status_code == 302
    client.force_login(User.objects.create_user(email="ada@example.com", password="a long password"))
    assert client.get("/ops/refunds/").status_code == 403
