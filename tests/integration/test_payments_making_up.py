"""What a refund gives back of the commission, refunds that failed, goodwill, and journals that were wrong."""

from datetime import timedelta

import pytest

from payments import models, operations
from payments.ledger import operations as ledger
from payments.operations import errors
from payments.reconciliation import checks
from payments.settlement import elsewhere
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _limits(settings) -> None:
    settings.RIALTO_POLICY.GOODWILL_ALONE = 5_000


def sold(*, amount: int = 10_000, returned_bps: int = 10_000, tenders=None) -> str:
    account = make_shopper()
    merchant = make_merchant()
    models.MerchantTerms.objects.update(commission_returned_bps=returned_bps)
    payment = record(tenders=tenders or [("bank_account", account, amount)], parts=[(merchant, amount)], key="o")
    assert authorise(payment).state == "authorised"
    capture("o-1")
    release("o-1")
    return account


@pytest.mark.parametrize(
    ("returned_bps", "kept"),
    [(10_000, 0), (5_000, 600), (0, 1_200)],  # of 1 000 commission and 200 tax
)
def test_commission_and_its_tax_go_back_by_the_terms_of_the_sale(returned_bps: int, kept: int) -> None:
    sold(returned_bps=returned_bps)
    for number in range(3):
        refund("o-1", 3_333, key=f"r{number}")
    refund("o-1", 1, key="last")
    assert balance("income:commission") + balance("tax:vat:commission") == kept
    # What the bank keeps, the merchant bears.
    assert balance("merchant:1:receivable") == kept
    assert checks.check_parts() == []


def test_refunds_in_pieces_give_back_to_the_cent_what_one_would() -> None:
    sold(amount=9_999, returned_bps=3_333)
    for number in range(33):
        assert refund("o-1", 303, key=f"r{number}").amount == 303
    [whole] = [models.Release.objects.get()]
    rows = models.Refund.objects.all()
    assert sum(row.commission for row in rows) == 333 == round(whole.commission * 0.3333)
    assert sum(row.vat for row in rows) == 67


def test_terms_already_recorded_are_kept_when_the_policy_changes() -> None:
    sold(returned_bps=0)
    models.MerchantTerms.objects.update(commission_returned_bps=10_000)
    refund("o-1", 10_000, key="r")
    assert balance("income:commission") == 1_000


def failing_card_refund() -> models.MovementLeg:
    """Write down, as an answered provider would have it, a refund of 2 000 to a card."""
    merchant = make_merchant()
    payment = record(tenders=[("voucher", "V", 10_000)], parts=[(merchant, 10_000)], key="o", payer="user:1")
    assert authorise(payment).state == "authorised"
    capture("o-1")
    refund("o-1", 2_000, key="r")
    models.Tender.objects.update(method="card")
    return models.MovementLeg.objects.get(refund__isnull=False)


@pytest.fixture
def voucher() -> None:
    until = AT + timedelta(days=90)
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code="V", label="V", currency="EUR", budget=50_000, valid_from=AT, valid_until=until
            )
        ]
    )


def failed(leg: models.MovementLeg) -> object:
    request = operations.RefundFailed(refund_key="r", tender_id=leg.tender_id, at=AT, why="account closed")
    return operations.one(operations.note_failed_refunds(requests=[request]))


ELSEWHERE = "DE89 3704 0044 0532 0130 00"


def pay_another_way(row: object, account: str, by: str = "user:9", name: str = "Ada Rossi") -> object:
    request = elsewhere.PayFailedRefund(failed_id=row.failed_id, account=account, by=by, at=AT, name=name)
    [result] = elsewhere.pay_failed_refunds(requests=[request])
    return result


def test_a_failed_card_refund_waits_in_suspense_and_is_paid_another_way_once(voucher: None) -> None:
    account = make_shopper(money=0)
    leg = failing_card_refund()
    share = models.Share.objects.get()
    assert operations.named_at_provider(name=f"o:r:{share.pk}") == ("r", leg.tender_id)
    row = failed(leg)
    assert failed(leg).replayed
    assert (balance("suspense:refunds"), balance("card:stripe:pending")) == (2_000, 2_000)
    paid = pay_another_way(row, account)
    assert pay_another_way(row, account).replayed
    assert isinstance(pay_another_way(row, "DE89370400440532013000"), errors.KeyReused)
    assert (paid.amount, balance("suspense:refunds"), balance(f"deposit:{account}")) == (2_000, 0, 2_000)


def test_a_failed_refund_only_goes_to_who_paid_or_to_a_bank_elsewhere(voucher: None) -> None:
    stranger = make_shopper(user=2, money=0)
    row = failed(failing_card_refund())
    assert "not the payer's" in str(pay_another_way(row, stranger))
    assert "not a valid IBAN" in str(pay_another_way(row, "DE00 1234"))
    assert "name of the account's holder" in str(pay_another_way(row, ELSEWHERE, name=" "))
    assert balance("suspense:refunds") == 2_000
    before = balance("cash:nostro:main")
    assert pay_another_way(row, ELSEWHERE).amount == 2_000
    assert pay_another_way(row, ELSEWHERE).replayed
    batch = models.Batch.objects.get()
    assert (balance(batch.ledger_code), balance("cash:nostro:main"), balance("suspense:refunds")) == (2_000, before, 0)
    assert models.FailedRefund.objects.get().paid_to == "DE89370400440532013000"
    assert models.OutgoingPayment.objects.get().creditor_name == "Ada Rossi"


def test_a_refund_that_comes_back_from_the_other_bank_waits_again_and_is_paid_once_more(voucher: None) -> None:
    account = make_shopper(money=0)
    row = failed(failing_card_refund())
    pay_another_way(row, ELSEWHERE)
    elsewhere.withdraw_batch(batch_id=models.Batch.objects.get().pk, reason="wrong account", by="user:9", at=AT)
    waiting = models.FailedRefund.objects.get()
    assert (waiting.state, waiting.paid_to, balance("suspense:refunds")) == ("waiting", "", 2_000)
    assert pay_another_way(row, account).amount == 2_000
    assert (balance("suspense:refunds"), balance(f"deposit:{account}")) == (0, 2_000)


def give(account: str, amount: int, *, key: str, by: str = "user:8", at=AT) -> operations.GoodwillStanding:
    return operations.give_goodwill(
        request=operations.GiveGoodwill(account=account, amount=amount, reason="late parcel", by=by, key=key, at=at)
    )


def test_goodwill_above_the_limit_takes_a_second_person_also_in_pieces() -> None:
    account = make_shopper(money=0)
    assert give(account, 3_000, key="a").state == "given"
    assert give(account, 3_000, key="a").state == "given"
    second = give(account, 2_001, key="b")
    assert (second.state, balance(f"deposit:{account}")) == ("proposed", 3_000)
    with pytest.raises(errors.UnableToMakeUp, match="second person"):
        operations.decide_goodwill(goodwill_id=second.goodwill_id, agreed=True, by="user:8", at=AT)
    for _ in range(2):
        done = operations.decide_goodwill(goodwill_id=second.goodwill_id, agreed=True, by="user:9", at=AT)
        assert done.state == "given"
    assert (balance(f"deposit:{account}"), balance("expense:goodwill")) == (5_001, 5_001)
    assert give(account, 3_000, key="c", at=AT + timedelta(days=40)).state == "given"
    with pytest.raises(errors.KeyReused):
        give(account, 1, key="a")


def test_declined_goodwill_moves_nothing_and_stays_declined() -> None:
    account = make_shopper(money=0)
    asked = give(account, 9_000, key="a")
    for agreed in (False, True):
        done = operations.decide_goodwill(goodwill_id=asked.goodwill_id, agreed=agreed, by="user:9", at=AT)
        assert done.state == "declined"
    assert balance(f"deposit:{account}") == 0


def test_a_correction_is_the_mirror_image_and_is_made_once() -> None:
    account = make_shopper(money=7_000)
    wrong = operations.one(
        operations.receive_money(
            requests=[operations.Deposit(account_number=account, amount=500, key="x", reference="", at=AT)]
        )
    ).journal_id
    mirror = operations.correct_journal(journal_id=wrong, reason="booked twice", by="user:8", at=AT)
    assert operations.correct_journal(journal_id=wrong, reason="again", by="user:9", at=AT) == mirror
    assert balance(f"deposit:{account}") == 7_000
    found = ledger.verify()
    assert [problem for check in found.checks[:4] for problem in check.problems] == []


def test_what_rows_stand_for_is_not_corrected_behind_their_back() -> None:
    sold()
    journal = models.Release.objects.get().journal_id
    with pytest.raises(errors.UnableToMakeUp, match="part_released"):
        operations.correct_journal(journal_id=journal, reason="no", by="user:8", at=AT)
    with pytest.raises(errors.UnableToMakeUp):
        operations.correct_journal(journal_id=10**9, reason="no", by="user:8", at=AT)
