"""The card provider's balance lines against what we took from cards, gave back, lost in disputes and were paid."""

from datetime import timedelta

import pytest

from payments import clock, models, operations
from payments.providers import card_money
from payments.reconciliation import runs
from tests.factories.disputes import METHODS, line, pay_by_card
from tests.factories.payments import make_merchant, refund

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cards(settings: object) -> None:
    settings.RIALTO_METHODS = METHODS
    settings.RIALTO_OUTBOX_KICK = False


@pytest.fixture
def merchant() -> str:
    return make_merchant()


def keep(*lines: dict) -> None:
    operations.keep_transactions(told=[card_money.transaction_facts(each) for each in lines])


def told(share: models.Share, amount: int, kind: str = "charge") -> dict:
    source = {"object": kind, "id": f"{kind}_of_{share.pk}", "payment_intent": share.provider_reference}
    return line(amount, kind=kind) | {"source": source}


def run() -> models.ReconciliationRun:
    return runs.reconcile(source="card", at=clock.now() + timedelta(seconds=1))[-1]


def open_cases() -> list[tuple[str, int | None]]:
    found = models.OperationsCase.objects.filter(kind="reconcile_card").exclude(state="closed")
    return sorted((case.key.split(":")[0], case.amount) for case in found)


def test_charges_and_refunds_are_matched_by_their_intent(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    refund("o1-1", 2_500)
    refund("o1-1", 500)
    keep(told(share, 10_000), told(share, -2_500, "refund"), told(share, -500, "refund"), line(-35, kind="stripe_fee"))
    done = run()
    assert (done.matched, done.unmatched) == (6, 0)
    assert open_cases() == []


def test_every_kind_of_difference_is_found(merchant: str) -> None:
    shares = [pay_by_card(merchant=merchant, key=f"o{number}") for number in range(4)]
    stranger = models.Share(provider_reference="pi_stranger")
    keep(
        told(shares[0], 10_000),
        told(shares[1], 9_000),
        told(shares[2], 10_000),
        told(shares[2], 10_000),
        told(stranger, 4_200),
    )
    run()
    assert open_cases() == [("doubled", 10_000), ("missing", -10_000), ("unknown", 4_200), ("wrong_amount", -1_000)]
    keep(told(shares[3], 10_000))
    run()
    assert [kind for kind, _amount in open_cases()] == ["doubled", "unknown", "wrong_amount"]


def test_a_payout_is_matched_with_its_line_when_it_has_arrived(merchant: str) -> None:
    payout = {
        "id": "po_1", "amount": 5_000, "currency": "eur", "status": "paid", "created": int(clock.now().timestamp()),
        "arrival_date": int(clock.now().timestamp()), "failure_message": None,
    }  # fmt: skip
    made = int(clock.now().timestamp())
    left = line(-5_000, kind="payout") | {"source": {"object": "payout", "id": "po_1"}, "created": made}
    keep(left)
    assert run().unmatched == 1
    assert open_cases() == []  # it is on its way
    operations.note_payouts(told=[card_money.payout_facts(payout)], at=clock.now())
    assert run().unmatched == 0
