"""Reading the card provider over HTTP: lines, disputes and payouts come into the book, faults and repeats or not."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import requests

from config import env, services
from payments import clock, models, operations
from payments.providers import card
from payments.reconciliation import card_checks, checks
from tests.databases import Database
from tests.factories.payments import authorise, balance, capture, make_merchant, record, refund
from tests.races import race

NOW = clock.now()


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        yield
        control("balance", available_after=172_800)
        for check in (checks.check_parts, checks.check_tenders, card_checks.check_disputes):
            assert check() == []
        assert card_checks.check_provider_money() == []
    holding.release()


def control(what: str, **said: object) -> dict:
    answer = requests.post(f"{services.card_stand_in_address()}/_config/{what}", json=said, timeout=10)
    answer.raise_for_status()
    return answer.json()


def pay(amount: int = 10_000, *, token: str = "pm_card_visa") -> models.Share:
    number = f"o{uuid4().hex[:12]}"
    payment = record(
        tenders=[("card", token, amount)],
        parts=[(make_merchant(), amount)],
        key=number,
        payer="guest:a@example.com",
        at=NOW,
    )
    assert authorise(payment, at=NOW).state == "authorised"
    assert capture(f"{number}-1", at=NOW).amount == amount
    return models.Share.objects.get(part__reference=f"{number}-1")


def read(**later: int) -> int:
    return operations.read_provider(at=clock.now() + timedelta(seconds=2, **later))


def line_of(share: models.Share, kind: str = "charge") -> models.ProviderBalanceTransaction:
    return models.ProviderBalanceTransaction.objects.get(intent=share.provider_reference, kind=kind)


def test_a_charge_s_fee_comes_once_and_its_money_when_it_is_available() -> None:
    share = pay()
    read()
    before = balance("expense:card")
    line = line_of(share)
    assert (line.fee, line.made_available_at) == (175, None)
    refund(share.part.reference, 4_000, at=NOW)
    read()
    read(days=3)
    assert line_of(share).made_available_at is not None
    assert line_of(share, "refund").net == -4_000
    assert balance("expense:card") == before


def test_readings_at_once_post_each_line_once() -> None:
    share = pay()
    at = clock.now() + timedelta(days=3)
    race(*[lambda: operations.read_provider(at=at)] * 4)
    row = line_of(share)
    assert row.journal_id is not None
    assert row.available_journal_id is not None


def test_a_card_that_disputes_takes_its_money_and_losing_says_so() -> None:
    share = pay(token="pm_card_createDispute")
    read()
    row = models.Dispute.objects.get(share=share)
    assert (row.state, row.held, row.fee) == ("needs_response", 10_000, 1_500)
    control(f"disputes/{row.provider_id}", outcome="lost")
    read()
    row.refresh_from_db()
    assert (row.state, row.held, row.taken) == ("lost", 0, 0)
    assert models.Part.objects.get(pk=share.part_id).state == "refunded"


def test_an_inquiry_escalates_and_is_won() -> None:
    share = pay()
    raised = control("disputes", payment_intent=share.provider_reference, inquiry=True)
    read()
    row = models.Dispute.objects.get(share=share)
    assert (row.state, row.taken) == ("inquiry", 0)
    control(f"disputes/{raised['id']}", outcome="escalate")
    control(f"disputes/{raised['id']}", outcome="won")
    read()
    row.refresh_from_db()
    assert (row.state, row.held, row.taken) == ("won", 0, 0)
    assert balance(share.part.ledger_code) == 10_000


def test_a_payout_arrives_at_the_bank_and_comes_back() -> None:
    pay()
    before = balance("cash:nostro:main")
    made = card.api().payouts.create({"amount": 1_000, "currency": "eur"})
    read()
    assert balance("cash:nostro:main") == before
    control(f"payouts/{made.id}", status="paid")
    read()
    assert balance("cash:nostro:main") == before + 1_000
    control(f"payouts/{made.id}", status="failed")
    read()
    assert balance("cash:nostro:main") == before


@pytest.mark.parametrize("path", ["/v1/balance_transactions", "/v1/disputes", "/v1/payouts"])
def test_a_reading_that_breaks_off_is_made_up_for_by_the_next(path: str) -> None:
    share = pay(token="pm_card_createDispute")
    control("faults", kind="down", path=path, times=1)
    with pytest.raises(operations.ProviderSilent):
        read()
    read()
    assert models.Dispute.objects.get(share=share).held == 10_000
    assert line_of(share).journal_id is not None
