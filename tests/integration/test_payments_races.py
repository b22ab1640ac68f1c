"""Real connections at once: what may happen once happens once, and the books balance."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

from payments import models, operations, settlement
from payments.operations import errors
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
from tests.integration.test_ledger_races import race


@pytest.fixture(autouse=True)
def _committing(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    with django_db_blocker.unblock():
        yield
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        assert checks.check_nothing_half_done() == []


@pytest.fixture
def account() -> str:
    return make_shopper(money=10_000)


def pay(account: str, merchant: str, amount: int = 5_000, key: str = "o1") -> int:
    payment = record(tenders=[("bank_account", account, amount)], parts=[(merchant, amount)], key=key)
    assert authorise(payment).state == "authorised"
    return payment


def kinds(results: list[object]) -> Counter:
    return Counter(type(result).__name__ for result in results)


def test_sixteen_captures_with_different_keys_capture_once(account: str) -> None:
    pay(account, make_merchant())
    results = race(*[lambda number=number: capture("o1-1", key=f"k{number}") for number in range(16)])
    assert kinds(results) == {"Captured": 1, "UnableToCapture": 15}
    assert balance("escrow:o1-1") == 5_000


def test_sixteen_captures_with_one_key_are_one_capture(account: str) -> None:
    pay(account, make_merchant())
    results = race(*[lambda: capture("o1-1", key="k")] * 16)
    assert Counter(result.replayed for result in results) == {False: 1, True: 15}
    assert models.Capture.objects.count() == 1


def test_refunds_at_once_never_give_back_more_than_was_captured(account: str) -> None:
    pay(account, make_merchant())
    capture("o1-1")
    results = race(*[lambda number=number: refund("o1-1", 2_000, key=f"k{number}") for number in range(8)])
    assert kinds(results) == {"Refunded": 2, "UnableToRefund": 6}
    assert balance(f"deposit:{account}") == 9_000


def test_a_capture_and_a_cancellation_at_once_do_not_both_happen(account: str) -> None:
    merchant = make_merchant()
    for number in range(2):
        pay(account, merchant, 1_000, key=f"o{number}")
        results = race(lambda number=number: capture(f"o{number}-1"), lambda number=number: cancel(f"o{number}-1"))
        assert sum(isinstance(result, errors.PaymentError) for result in results) == 1


def test_one_payment_authorised_from_many_sides_holds_once(account: str) -> None:
    payment = record(tenders=[("bank_account", account, 5_000)], parts=[(make_merchant(), 5_000)], key="o1")
    results = race(*[lambda: authorise(payment)] * 8)
    assert {result.state for result in results} == {"authorised"}
    assert balance(f"held:{payment}") == 5_000


def test_the_last_money_of_an_account_is_held_for_one_of_two_payments(account: str) -> None:
    merchant = make_merchant()
    ids = [
        record(tenders=[("bank_account", account, 6_000)], parts=[(merchant, 6_000)], key=f"o{number}")
        for number in range(4)
    ]
    results = race(*[lambda payment=payment: authorise(payment) for payment in ids])
    assert Counter(result.state for result in results) == {"authorised": 1, "refused": 3}
    assert balance(f"deposit:{account}") == 4_000


def test_recording_the_same_order_at_once_is_recording_it_once(account: str) -> None:
    merchant = make_merchant()
    results = race(*[lambda: record(tenders=[("bank_account", account, 100)], parts=[(merchant, 100)], key="o1")] * 8)
    assert len(set(results)) == 1
    assert models.Payment.objects.count() == 1


def test_a_voucher_s_last_money_goes_to_one(account: str) -> None:
    from datetime import timedelta

    merchant = make_merchant()
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code="V", label="V", currency="EUR", budget=1_000, valid_from=AT, valid_until=AT + timedelta(days=1)
            )
        ]
    )
    ids = [record(tenders=[("voucher", "V", 700)], parts=[(merchant, 700)], key=f"o{number}") for number in range(4)]
    results = race(*[lambda payment=payment: authorise(payment) for payment in ids])
    assert Counter(result.state for result in results) == {"authorised": 1, "refused": 3}


def test_a_refund_while_the_merchant_is_settled_takes_the_money_from_where_it_is(account: str) -> None:
    from datetime import timedelta

    merchant = make_merchant()
    pay(account, merchant)
    capture("o1-1")
    release("o1-1")
    today = AT.date() + timedelta(days=2)
    results = race(
        lambda: settlement.settle_due(until=today),
        lambda: refund("o1-1", 3_000),
        lambda: settlement.settle_due(until=today),
        lambda: settlement.pay_out_due(until=today),
    )
    assert not [result for result in results if isinstance(result, Exception)]
    assert balance(f"deposit:{account}") == 8_000
    assert models.Settlement.objects.count() == 1


def test_of_many_who_open_and_take_a_case_at_once_one_does() -> None:
    opening = operations.OpenCase(kind="test", key="k", subject="It differs", at=AT)
    opened = race(*[lambda: operations.open_case(request=opening).case_id] * 5)
    assert len(set(opened)) == 1

    def take(name: str) -> str:
        operations.take_case(case_id=opened[0], by=name, at=AT)
        return name

    taken = race(*[partial(take, f"user:{number}") for number in range(5)])
    assert [one for one in taken if isinstance(one, str)] == [models.OperationsCase.objects.get().owner]
    assert sum(isinstance(one, operations.UnableToHandle) for one in taken) == 4
    assert sorted(models.CaseNote.objects.values_list("kind", flat=True)) == ["opened", "taken"]


def test_a_dispute_opened_while_all_else_goes_on_leaves_the_book_whole(settings: object) -> None:
    from datetime import timedelta

    from payments.reconciliation import card_checks
    from tests.factories.disputes import METHODS, dispute, line, note, pay_by_card

    settings.RIALTO_METHODS = METHODS
    merchant = make_merchant()
    until = AT.date() + timedelta(days=2)
    for number in range(3):
        share = pay_by_card(merchant=merchant, key=f"d{number}", released=number > 0)
        if number > 1:
            settlement.settle_due(until=until)
        taken, back = line(-10_000, fee=1_500), line(10_000, days=5)
        told = [dispute(share, "needs_response", taken, identifier=f"dp_{number}")]
        told.append(dispute(share, "won", taken, back, identifier=f"dp_{number}"))
        results = race(
            *[lambda said=said: note(said) for said in (*told, *told)],
            lambda number=number: release(f"d{number}-1"),
            lambda number=number: refund(f"d{number}-1", 3_000),
            lambda: settlement.settle_due(until=until),
            lambda: settlement.pay_out_due(until=until, merchants=[merchant]),
        )
        raised = [result for result in results if isinstance(result, Exception)]
        assert [result for result in raised if not isinstance(result, errors.PaymentError)] == []
        row = models.Dispute.objects.get(provider_id=f"dp_{number}")
        assert (row.state, row.taken, row.held) == ("won", 0, 0)
        assert card_checks.check_disputes() == []
        assert card_checks.check_provider_money() == []


def test_two_people_who_decide_about_a_tier_at_once_decide_once() -> None:
    make_merchant()
    change = operations.propose_tier(
        proposal=operations.TierProposal(
            kind="reserve",
            subject="merchant:1",
            tier="raised",
            begins_on=AT.date() + timedelta(days=1),
            reason="many returns",
            by="user:8",
            at=AT,
        )
    )

    def agree() -> str:
        operations.agree_to_tier(change_id=change, by="user:9", at=AT)
        return "agreed"

    def decline() -> str:
        operations.decline_tier(change_id=change, by="user:7", note="", at=AT)
        return "declined"

    results = race(agree, decline)
    done = [result for result in results if isinstance(result, str)]
    assert len(done) == 1
    assert models.TierChange.objects.get().state == done[0]
