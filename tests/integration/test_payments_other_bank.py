"""Money from another bank, by HTTP against its stand-in: redirect, signed return, notice, and all that can go wrong."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import requests
from django.test import Client

from config import env, services
from payments import clock, models, operations, queries
from payments.ledger import operations as ledger
from payments.operations import _health
from payments.providers import bank_signatures, other_bank
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    cancel,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

PENDING = "transfer:otherbank:pending"
NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        faults()
        yield
        faults()
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        assert checks.check_nothing_half_done() == []
        assert [problem for check in ledger.verify().checks for problem in check.problems] == []
    holding.release()


def faults(**wanted: object) -> None:
    requests.post(f"{other_bank._base()}/_faults", json=wanted, timeout=5)


def pay(*amounts: int, account: str = "", from_account: int = 0) -> int:
    merchant = make_merchant()
    rest = sum(amounts) - from_account
    tenders = [("bank_account", account, from_account)] if from_account else []
    return record(
        tenders=[*tenders, ("other_bank", "redirect", rest)],
        parts=[(merchant, amount) for amount in amounts],
        key=f"o{uuid4().hex[:12]}",
        payer="user:1",
        return_url="http://testserver/checkout/done/X/",
    )


def pay_now(amount: int) -> int:
    """Return a payment that lives by the clock that pages read."""
    payment = pay(amount)
    models.Payment.objects.filter(pk=payment).update(expires_at=clock.now() + timedelta(minutes=15))
    return payment


def part(number: int = 1) -> str:
    return models.Part.objects.order_by("position")[number - 1].reference


def reference() -> str:
    return models.Share.objects.exclude(provider_reference="").first().provider_reference


def agree(answer: str = "agree") -> str:
    """Answer on the other bank's page; return the address the payer is sent back to."""
    page = other_bank.page_url(reference=reference())
    assert "<form" in requests.get(page, timeout=5).text
    return requests.post(page, data={"answer": answer}, timeout=5, allow_redirects=False).headers["Location"]


def at_bank() -> dict:
    return other_bank._call("GET", f"/payments/{reference()}")


def notice(event: str, *, secret: str = bank_signatures.STAND_IN_SECRET, age: int = 0) -> int:
    body = json.dumps({"event": event, "payment": reference(), "status": "confirmed"})
    signed = bank_signatures.sign(secret=secret, text=body, at=int(time.time()) - age)
    return (
        Client()
        .post("/money/bank/notices/", body, content_type="application/json", headers={"Signature": signed})
        .status_code
    )


def state() -> str:
    return models.Payment.objects.get().state


def test_one_agreement_pays_every_part_and_the_money_goes_its_way() -> None:
    payment = pay(3_000, 2_000)
    outcome = authorise(payment)
    assert (outcome.state, outcome.action_url) == ("action_required", f"/money/bank/{reference()}/")
    assert len(set(models.Share.objects.values_list("provider_reference", flat=True))) == 1
    agree()
    assert authorise(payment, at=AT + timedelta(minutes=1)).state == "authorised"
    assert (balance(PENDING), balance(f"held:{payment}")) == (5_000, 5_000)
    assert capture(part(1)).amount == 3_000
    assert cancel(part(2)).amount == 2_000
    assert release(part(1)).net == 2_640
    assert refund(part(1), 1_000).amount == 1_000
    assert (balance(PENDING), balance(f"held:{payment}")) == (2_000, 0)
    assert at_bank()["returned"] == 3_000
    assert state() == "captured"
    for _ in range(2):
        operations.transfers_arrived(amount=2_000, currency="EUR", key="day", at=AT)
    assert balance(PENDING) == 0


def test_a_payer_who_never_comes_back_is_found_by_the_notice_or_by_the_sweep() -> None:
    authorise(pay_now(3_000))
    agree()
    assert notice("e1") == 204
    assert state() == "authorised"
    assert notice("e1") == 204
    assert models.BankNotice.objects.count() == 1
    assert balance(PENDING) == 3_000


def test_the_sweep_asks_the_bank_when_no_notice_comes() -> None:
    authorise(pay(3_000))
    agree()
    operations.sweep(at=AT + timedelta(minutes=2), patience=NOW)
    assert (state(), balance(PENDING)) == ("authorised", 3_000)


def test_the_payer_comes_back_by_a_signed_address_and_twice_is_once() -> None:
    authorise(pay_now(3_000))
    address = agree().removeprefix("http://testserver")
    for _ in range(2):
        assert Client().get(address)["Location"] == "http://testserver/checkout/done/X/"
    assert (state(), balance(PENDING)) == ("authorised", 3_000)


def test_forged_old_and_altered_words_of_the_bank_change_nothing() -> None:
    authorise(pay_now(3_000))
    assert notice("e1", secret="guess") == 403
    assert notice("e1", age=3_600) == 403
    forged = bank_signatures.sign(
        secret="guess",
        text=bank_signatures.return_text(reference=reference(), status="confirmed"),
        at=int(time.time()),
    )
    answer = Client().get("/money/bank/return/", {"payment": reference(), "status": "confirmed", "signature": forged})
    assert answer.status_code == 403
    assert models.BankNotice.objects.count() == 0
    # A genuine notice of what is not true is not believed either: the bank is asked.
    assert notice("e2") == 204
    assert (state(), balance(PENDING)) == ("action_required", 0)


@pytest.mark.parametrize("fault", [{"pay_amount": 2_999}, {"pay_amount": 3_001}, {"pay_currency": "USD"}])
def test_another_amount_or_currency_is_never_taken_in_and_goes_back_whole(fault: dict) -> None:
    payment = pay(2_000, 1_000)
    authorise(payment)
    faults(**fault)
    agree()
    outcome = authorise(payment, at=AT + timedelta(minutes=1))
    assert outcome.state == "refused"
    assert "it goes back to you" in outcome.refusal
    assert at_bank()["status"] == "returned"
    assert at_bank()["returned"] == at_bank()["paid"]
    assert not models.Share.objects.filter(authorised=True).exists()


def test_a_refusal_at_the_bank_gives_the_account_its_money_back() -> None:
    account = make_shopper(money=5_000)
    payment = pay(3_000, account=account, from_account=1_000)
    assert authorise(payment).state == "action_required"
    assert balance(f"deposit:{account}") == 4_000
    agree("refuse")
    assert authorise(payment, at=AT + timedelta(minutes=1)).state == "refused"
    assert balance(f"deposit:{account}") == 5_000


def test_a_payment_that_ended_before_the_payer_agreed_cannot_be_paid_any_more() -> None:
    authorise(pay(3_000))
    operations.expire_payments(at=AT + timedelta(hours=1))
    assert state() == "expired"
    assert at_bank()["status"] == "cancelled"


def test_money_that_came_just_before_the_end_is_sent_back() -> None:
    authorise(pay(2_000, 1_000))
    agree()
    operations.expire_payments(at=AT + timedelta(hours=1))
    assert (state(), at_bank()["status"]) == ("expired", "returned")
    assert notice("late") == 204
    assert at_bank()["returned"] == 3_000


@pytest.mark.parametrize("fault", ["down", "lose_answer"])
def test_silence_at_any_call_is_asked_again_and_nothing_happens_twice(fault: str) -> None:
    payment = pay(3_000)
    later = AT
    for act in ("begin", "agreed", "capture", "refund"):
        faults(**{fault: 1})
        later += timedelta(seconds=90)
        if act == "agreed":
            agree()
        if act in ("begin", "agreed"):
            authorise(payment, at=later)
        elif act == "capture":
            capture(part(), at=later)
        else:
            refund(part(), 1_000, key="r", at=later)
        operations.sweep(at=later, patience=NOW)
    assert models.Tender.objects.get().refunded == 1_000
    assert (at_bank()["returned"], balance(PENDING)) == (1_000, 2_000)


def test_a_provider_that_is_silent_is_not_offered_and_one_probe_brings_it_back() -> None:
    faults(down=3)
    ids = [pay(1_000) for _ in range(3)]
    for payment in ids:
        assert authorise(payment).state == "authorising"
    assert list(queries.closed(at=AT)) == ["other_bank"]
    refused = authorise(pay(1_000))
    assert refused.state == "refused"
    assert refused.refusal == "Another bank does not answer at the moment: please choose another way to pay."
    probing = AT + _health.PAUSE
    assert queries.closed(at=probing) == {}
    assert [_health.may_call(method="other_bank", at=probing) for _ in range(2)] == [True, False]
    # Those under way stay with their provider and are swept; its answer ends the outage.
    operations.sweep(at=AT, patience=NOW)
    assert queries.outages() == []
    assert {models.Payment.objects.get(pk=payment).state for payment in ids} == {"action_required"}
