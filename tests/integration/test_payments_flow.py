"""A payment's way from the hold to the merchant and back, with every balance on it."""

from datetime import timedelta

import pytest

from payments import models, operations
from payments.operations import errors
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    cancel,
    capture,
    make_merchant,
    make_request,
    make_shopper,
    record,
    refund,
    release,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> str:
    return make_shopper()


@pytest.fixture
def merchant() -> str:
    return make_merchant()


def pay(account: str, *parts: tuple[str, int], key: str) -> int:
    total = sum(amount for _, amount in parts)
    payment = record(tenders=[("bank_account", account, total)], parts=parts, key=key)
    assert authorise(payment).state == "authorised"
    return payment


def test_an_account_number_is_a_valid_iban_and_opening_twice_is_opening_once(account: str) -> None:
    from schwifty import IBAN

    assert IBAN(account).is_valid
    again = operations.open_customer_accounts(
        requests=[operations.OpenAccount(holder="user:1", currency="EUR", at=AT)] * 2
    )
    assert [row.number for row in again] == [account, account]
    assert balance(f"deposit:{account}") == 100_000


def test_money_for_an_unknown_account_waits_in_suspense() -> None:
    make_shopper()
    result = operations.one(
        operations.receive_money(
            requests=[
                operations.Deposit(account_number="DE00", amount=500, key="lost", reference="?", at=AT, currency="EUR")
            ]
        )
    )
    assert result.in_suspense
    assert balance("suspense:transfers") == 500


def test_money_cannot_leave_an_account_that_does_not_hold_it(account: str) -> None:
    [result] = operations.withdraw_money(
        requests=[operations.Deposit(account_number=account, amount=100_001, key="out", reference="", at=AT)]
    )
    assert isinstance(result, errors.UnableToMoveMoney)
    assert balance(f"deposit:{account}") == 100_000


def test_authorising_holds_the_money_once_however_often_it_is_asked(account: str, merchant: str) -> None:
    payment = pay(account, (merchant, 3_000), key="o1")
    assert authorise(payment).state == "authorised"
    assert balance(f"deposit:{account}") == 97_000
    assert balance(f"held:{payment}") == 3_000


def test_a_payment_that_the_account_cannot_bear_is_refused_and_holds_nothing(account: str, merchant: str) -> None:
    payment = record(tenders=[("bank_account", account, 100_001)], parts=[(merchant, 100_001)], key="o1")
    outcome = authorise(payment)
    assert outcome.state == "refused"
    assert "enough" in outcome.refusal
    assert balance(f"deposit:{account}") == 100_000
    assert models.Part.objects.get().state == "cancelled"
    assert models.Tender.objects.get().state == "voided"
    assert authorise(payment).state == "refused"


def test_one_batch_authorises_what_the_money_lasts_for(account: str, merchant: str) -> None:
    ids = [
        record(tenders=[("bank_account", account, 40_000)], parts=[(merchant, 40_000)], key=f"o{number}")
        for number in range(3)
    ]
    outcomes = operations.authorise_payments(
        requests=[operations.Authorise(payment_id=payment, at=AT) for payment in ids]
    )
    assert [outcome.state for outcome in outcomes] == ["authorised", "authorised", "refused"]
    assert balance(f"deposit:{account}") == 20_000


def test_somebody_elses_account_pays_nothing(account: str, merchant: str) -> None:
    payment = record(tenders=[("bank_account", account, 100)], parts=[(merchant, 100)], key="o1", payer="user:2")
    assert authorise(payment).state == "refused"
    assert balance(f"deposit:{account}") == 100_000


def test_each_part_is_captured_released_and_costs_its_commission(account: str, merchant: str) -> None:
    other = make_merchant(merchant=2)
    payment = pay(account, (merchant, 3_000), (other, 2_005), key="o1")
    assert capture("o1-1").amount == 3_000
    assert balance("escrow:o1-1") == 3_000
    assert balance(f"held:{payment}") == 2_005
    released = release("o1-1")
    assert (released.net, released.commission, released.vat) == (2_640, 300, 60)
    assert balance("escrow:o1-1") == 0
    assert balance(f"{merchant}:pending") == 2_640
    assert balance("income:commission") == 300
    assert balance("tax:vat:commission") == 60
    part = models.Part.objects.get(reference="o1-1")
    assert (part.state, part.settle_on) == ("released", (AT + timedelta(days=2)).date())
    assert models.Payment.objects.get().state == "authorised"
    capture("o1-2")
    assert models.Payment.objects.get().state == "captured"
    assert models.Tender.objects.get().state == "captured"


def test_a_capture_with_the_same_key_happens_once(account: str, merchant: str) -> None:
    pay(account, (merchant, 3_000), key="o1")
    first = capture("o1-1", 1_000, key="k")
    again = capture("o1-1", 1_000, key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.journal_id == first.journal_id
    assert balance("escrow:o1-1") == 1_000
    assert isinstance(capture("o1-1", 999, key="k"), errors.KeyReused)


def test_nothing_can_be_captured_beyond_what_was_authorised(account: str, merchant: str) -> None:
    pay(account, (merchant, 3_000), key="o1")
    capture("o1-1", 2_000, key="a")
    assert isinstance(capture("o1-1", 1_001, key="b"), errors.UnableToCapture)
    assert capture("o1-1", key="c").amount == 1_000
    assert balance("escrow:o1-1") == 3_000


def test_a_cancelled_part_gives_its_hold_back(account: str, merchant: str) -> None:
    payment = pay(account, (merchant, 3_000), (merchant, 500), key="o1")
    assert cancel("o1-1").amount == 3_000
    assert balance(f"deposit:{account}") == 99_500
    assert isinstance(capture("o1-1"), errors.UnableToCapture)
    capture("o1-2")
    assert models.Payment.objects.get(pk=payment).state == "captured"


def test_a_voided_payment_holds_nothing(account: str, merchant: str) -> None:
    payment = pay(account, (merchant, 3_000), (merchant, 500), key="o1")
    [ended] = operations.void_payments(requests=[operations.VoidPayment(payment_id=payment, at=AT)])
    assert ended.state == "voided"
    assert balance(f"deposit:{account}") == 100_000
    assert balance(f"held:{payment}") == 0


def test_time_runs_out_for_payments_that_are_not_authorised_and_holds_that_are_not_captured(
    account: str, merchant: str
) -> None:
    waiting = record(tenders=[("bank_account", account, 100)], parts=[(merchant, 100)], key="o1")
    held = pay(account, (merchant, 3_000), key="o2")
    assert operations.expire_payments(at=AT + timedelta(minutes=14)) == []
    assert operations.expire_payments(at=AT + timedelta(minutes=15)) == [waiting]
    assert balance(f"held:{held}") == 3_000
    assert operations.expire_payments(at=AT + timedelta(days=45)) == [held]
    assert balance(f"deposit:{account}") == 100_000
    assert set(models.Payment.objects.values_list("state", flat=True)) == {"expired"}


def test_authorising_too_late_expires_the_payment(account: str, merchant: str) -> None:
    payment = record(tenders=[("bank_account", account, 100)], parts=[(merchant, 100)], key="o1")
    assert authorise(payment, at=AT + timedelta(hours=1)).state == "expired"
    assert balance(f"deposit:{account}") == 100_000


def test_a_refund_before_release_comes_from_escrow(account: str, merchant: str) -> None:
    pay(account, (merchant, 3_000), key="o1")
    capture("o1-1")
    result = refund("o1-1", 1_000)
    assert result.before_release
    assert balance("escrow:o1-1") == 2_000
    assert balance(f"deposit:{account}") == 98_000
    assert release("o1-1").amount == 2_000
    assert isinstance(refund("o1-1", 2_001), errors.UnableToRefund)


def test_a_refund_after_release_takes_net_from_the_merchant_and_commission_from_the_bank(
    account: str, merchant: str
) -> None:
    pay(account, (merchant, 3_000), key="o1")
    capture("o1-1")
    release("o1-1")
    result = refund("o1-1", 1_000)
    assert not result.before_release
    assert balance(f"deposit:{account}") == 98_000
    assert balance(f"{merchant}:pending") == 2_640 - 880
    assert balance("income:commission") == 200
    assert balance("tax:vat:commission") == 40
    refund("o1-1", 2_000, key="rest")
    assert balance(f"{merchant}:pending") == 0
    assert balance("income:commission") == 0
    assert balance(f"deposit:{account}") == 100_000
    assert models.Part.objects.get().state == "refunded"
    assert models.Tender.objects.get().state == "refunded"


def test_two_tenders_pay_in_order_and_are_refunded_in_reverse(account: str, merchant: str) -> None:
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code="SPRING",
                label="Spring",
                currency="EUR",
                budget=1_500,
                valid_from=AT,
                valid_until=AT + timedelta(days=30),
            )
        ]
    )
    payment = record(
        tenders=[("voucher", "SPRING", 1_000), ("bank_account", account, 2_000)],
        parts=[(merchant, 1_800), (merchant, 1_200)],
        key="o1",
    )
    assert authorise(payment).state == "authorised"
    voucher = models.Voucher.objects.get()
    assert (voucher.reserved, voucher.spent) == (1_000, 0)
    capture("o1-1")
    assert balance("expense:marketing") == 1_000
    assert balance(f"held:{payment}") == 1_200
    refund("o1-1", 900)
    assert balance(f"deposit:{account}") == 98_800
    assert balance("expense:marketing") == 900
    voucher.refresh_from_db()
    assert (voucher.reserved, voucher.spent) == (0, 900)


def test_a_voucher_pays_no_more_than_its_budget_and_a_refused_payment_gives_it_back(
    account: str, merchant: str
) -> None:
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code="V", label="V", currency="EUR", budget=1_500, valid_from=AT, valid_until=AT + timedelta(days=1)
            )
        ]
    )
    over = record(tenders=[("voucher", "V", 1_501)], parts=[(merchant, 1_501)], key="o1")
    poor = record(
        tenders=[("voucher", "V", 1_500), ("bank_account", account, 200_000)], parts=[(merchant, 201_500)], key="o2"
    )
    fine = record(tenders=[("voucher", "V", 1_500)], parts=[(merchant, 1_500)], key="o3")
    assert [authorise(payment).state for payment in (over, poor, fine)] == ["refused", "refused", "authorised"]
    voucher = models.Voucher.objects.get()
    assert voucher.reserved == 1_500
    operations.void_payments(requests=[operations.VoidPayment(payment_id=fine, at=AT)])
    voucher.refresh_from_db()
    assert voucher.reserved == 0


def test_recording_checks_what_it_is_given(account: str, merchant: str) -> None:
    short = make_request(tenders=[("bank_account", account, 99)], parts=[(merchant, 100)])
    strange = make_request(tenders=[("barter", account, 100)], parts=[(merchant, 100)])
    nobody = make_request(tenders=[("bank_account", account, 100)], parts=[("merchant:99", 100)])
    results = operations.record_payments(requests=[short, strange, nobody])
    assert all(isinstance(result, errors.InvalidPayment) for result in results)
    assert models.Payment.objects.count() == 0


def test_recording_with_the_same_key_is_recording_once_unless_it_says_something_else(
    account: str, merchant: str
) -> None:
    request = make_request(tenders=[("bank_account", account, 100)], parts=[(merchant, 100)], key="o1")
    other = make_request(tenders=[("bank_account", account, 101)], parts=[(merchant, 101)], key="o1")
    first, again, different = operations.record_payments(requests=[request, request, other])
    assert first == again
    assert isinstance(different, errors.KeyReused)
    assert operations.record_payments(requests=[request]) == [first]


def test_events_tell_what_happened_once(account: str, merchant: str) -> None:
    pay(account, (merchant, 3_000), key="o1")
    capture("o1-1")
    capture("o1-1")
    release("o1-1")
    names = list(models.OutboxEvent.objects.order_by("id").values_list("name", flat=True))
    assert names[-3:] == ["payments.payment_authorised", "payments.part_captured", "payments.part_released"]
