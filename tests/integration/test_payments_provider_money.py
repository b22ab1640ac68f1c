"""The card provider's balance and payouts: each line posted once, in whatever order and however often it is told."""

from datetime import timedelta

import pytest

from payments import models, operations
from payments.providers import card_money
from payments.reconciliation import card_checks, checks
from tests.factories.disputes import DAY, METHODS, dispute, line, note, pay_by_card
from tests.factories.payments import AT, balance, make_merchant, refund

PENDING, AVAILABLE, NOSTRO = "card:stripe:pending", "card:stripe:available", "cash:nostro:main"


@pytest.fixture(autouse=True)
def _cards(db: None, settings: object) -> object:
    settings.RIALTO_METHODS = METHODS
    settings.RIALTO_OUTBOX_KICK = False
    yield
    assert checks.check_parts() == []
    assert card_checks.check_disputes() == []
    assert card_checks.check_provider_money() == []


@pytest.fixture
def merchant() -> str:
    return make_merchant()


def keep(*lines: dict) -> None:
    operations.keep_transactions(told=[card_money.transaction_facts(each) for each in lines])
    operations.post_transactions(at=AT + DAY)


def charge(amount: int = 10_000, fee: int = 175, **more: object) -> dict:
    said = line(amount, fee=fee, kind="charge", **more)
    said["available_on"] = int((AT + 3 * DAY).timestamp())
    return said


def payout(state: str, amount: int = 5_000) -> dict:
    return {
        "id": "po_1", "amount": amount, "currency": "eur", "status": state, "created": int(AT.timestamp()),
        "arrival_date": int((AT + DAY).timestamp()), "failure_message": "The account is closed.",
    }  # fmt: skip


def note_payout(state: str) -> operations.PayoutNoted:
    [noted] = operations.note_payouts(told=[card_money.payout_facts(payout(state))], at=AT + DAY)
    return noted


def test_a_charge_s_fee_is_posted_once_and_its_net_becomes_available_on_its_day(merchant: str) -> None:
    pay_by_card(merchant=merchant)
    told = charge()
    for _ in range(2):
        keep(told)
    assert (balance(PENDING), balance("expense:card")) == (9_825, 175)
    assert operations.make_available(at=AT + 3 * DAY - timedelta(seconds=1)) == 0
    assert operations.make_available(at=AT + 3 * DAY) == 1
    assert operations.make_available(at=AT + 3 * DAY) == 0
    assert (balance(PENDING), balance(AVAILABLE)) == (0, 9_825)


def test_a_refund_takes_from_what_is_available(merchant: str) -> None:
    pay_by_card(merchant=merchant)
    refund("o1-1", 2_500)
    keep(charge(), line(-2_500, kind="refund"))
    operations.make_available(at=AT + 4 * DAY)
    assert (balance(PENDING), balance(AVAILABLE)) == (0, 7_325)


def test_the_provider_s_own_charges_are_a_cost(merchant: str) -> None:
    keep(line(-200, kind="stripe_fee"))
    assert (balance(AVAILABLE), balance("expense:card")) == (-200, 200)


def test_a_line_nobody_understands_is_left_for_a_person_and_posts_nothing(merchant: str) -> None:
    keep(line(-200, kind="climate_order_purchase"), line(300, kind="charge") | {"exchange_rate": 1.1})
    problems = set(models.ProviderBalanceTransaction.objects.values_list("problem", flat=True))
    assert problems == {
        "Nobody here knows what this kind of line posts.",
        "The provider changed currencies on the way: there is no account for that.",
    }
    assert operations.make_available(at=AT + 9 * DAY) == 0
    assert (balance(PENDING), balance(AVAILABLE)) == (0, 0)


@pytest.mark.parametrize("line_first", [True, False])
def test_a_dispute_s_line_is_posted_once_by_whoever_comes_first(merchant: str, line_first: bool) -> None:
    share = pay_by_card(merchant=merchant)
    taken = line(-10_000, fee=1_500) | {"source": "dp_1"}
    if line_first:
        keep(taken)
        assert operations.unknown_disputes() == ["dp_1"]
        assert balance(AVAILABLE) == 0
    note(dispute(share, "needs_response", taken))
    keep(taken)
    operations.dispute_lines_in_book(at=AT + DAY)
    operations.make_available(at=AT + 9 * DAY)
    assert operations.unknown_disputes() == []
    assert balance(AVAILABLE) == -11_500
    assert models.ProviderBalanceTransaction.objects.get().handled_at is not None


def test_a_payout_is_posted_when_it_is_paid_and_comes_back_when_it_fails(merchant: str) -> None:
    assert note_payout("in_transit").changed
    assert balance(NOSTRO) == 0
    assert note_payout("paid").changed
    assert not note_payout("paid").changed
    assert not note_payout("in_transit").changed
    assert (balance(NOSTRO), balance(AVAILABLE)) == (5_000, -5_000)
    assert note_payout("failed").changed
    assert not note_payout("paid").changed
    assert (balance(NOSTRO), balance(AVAILABLE)) == (0, 0)
    assert models.ProviderPayout.objects.get().failure == "The account is closed."


def test_a_payout_that_fails_before_it_is_paid_moves_nothing(merchant: str) -> None:
    keep(line(-5_000, kind="payout"), line(5_000, kind="payout_failure"))
    note_payout("failed")
    note_payout("paid")
    assert (balance(NOSTRO), balance(AVAILABLE)) == (0, 0)


def test_what_the_provider_told_never_changes(merchant: str) -> None:
    from django.db import InternalError, transaction

    keep(charge())
    with pytest.raises(InternalError), transaction.atomic():
        models.ProviderBalanceTransaction.objects.update(amount=1)


@pytest.mark.parametrize("broken", [{"status": "frozen"}, {"created": None}, {"amount": "many"}])
def test_an_object_in_an_unknown_form_is_refused_by_name(broken: dict) -> None:
    with pytest.raises(card_money.UnreadableObject, match="the dispute dp_1"):
        card_money.dispute_facts(dispute(None) | broken)
