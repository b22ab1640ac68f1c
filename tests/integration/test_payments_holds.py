"""Money of merchants held back by two people, let go by two; and what merchants owe, by age."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from payments import models, operations, settlement
from payments.queries import owing
from payments.settlement import holding
from tests.factories.payments import AT, authorise, balance, capture, make_merchant, make_shopper, record, release

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)


def sale(*, merchant: str, key: str, amount: int = 10_000) -> None:
    payment = record(
        tenders=[("bank_account", make_shopper(money=100_000), amount)], parts=[(merchant, amount)], key=key
    )
    authorise(payment)
    capture(f"{key}-1")
    release(f"{key}-1")


def hold(*, merchant: str, part: str = "", by: str = "user:8", agreed_by: str = "user:9") -> int:
    number = holding.ask(
        request=holding.AskHold(merchant=merchant, part_reference=part, reason="complaints", by=by, at=AT)
    )
    assert holding.agree(hold_id=number, by=agreed_by, at=AT) == "held"
    return number


def settled(until: int = 30) -> set[str]:
    settlement.settle_due(until=(AT + until * DAYS).date())
    return set(models.Part.objects.filter(unsettled_released=0).values_list("reference", flat=True))


def test_a_held_consignment_waits_and_the_others_go_on() -> None:
    merchant = make_merchant()
    sale(merchant=merchant, key="a")
    sale(merchant=merchant, key="b")
    number = hold(merchant=merchant, part="a-1")
    assert settled() == {"b-1"}
    holding.ask_release(hold_id=number, reason="answered", by="user:8", at=AT)
    assert settled(31) == {"b-1"}
    assert holding.agree(hold_id=number, by="user:9", at=AT) == "released"
    assert settled(32) == {"a-1", "b-1"}


def test_of_a_held_merchant_nothing_is_settled_or_paid_out() -> None:
    held, free = make_merchant(), make_merchant(merchant=2)
    for number, merchant in enumerate((held, free)):
        sale(merchant=merchant, key=f"s{number}")
    assert settled() == {"s0-1", "s1-1"}
    hold(merchant=held)
    until = (AT + 30 * DAYS).date()
    settlement.pay_out_due(until=until, merchants=[held, free])
    assert set(models.Payout.objects.values_list("merchant", flat=True)) == {free}
    assert balance(f"{held}:available") > 0


def test_it_takes_two_people_to_hold_and_to_let_go() -> None:
    merchant = make_merchant()
    number = holding.ask(
        request=holding.AskHold(merchant=merchant, part_reference="", reason="x", by="user:8", at=AT)
    )
    with pytest.raises(holding.UnableToHold, match="second person"):
        holding.agree(hold_id=number, by="user:8", at=AT)
    holding.agree(hold_id=number, by="user:9", at=AT)
    holding.ask_release(hold_id=number, reason="y", by="user:9", at=AT)
    with pytest.raises(holding.UnableToHold, match="second person"):
        holding.agree(hold_id=number, by="user:9", at=AT)
    assert holding.decline(hold_id=number, by="user:9", at=AT) == "held"
    with pytest.raises(holding.UnableToHold, match="not open any more"):
        holding.agree(hold_id=number, by="user:8", at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.MoneyHold.objects.update(decided_by="user:8")


@pytest.mark.parametrize(
    ("merchant", "part", "reason", "said"),
    [
        ("merchant:1", "", " ", "Say why"),
        ("merchant:999", "", "x", "no merchant"),
        ("", "nothing", "x", "no consignment"),
        ("merchant:1", "", "x", "held already"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_in_a_sentence(merchant, part, reason, said) -> None:
    known = make_merchant()
    hold(merchant=known)
    request = holding.AskHold(
        merchant=merchant.replace("merchant:1", known) if merchant == "merchant:1" else merchant,
        part_reference=part,
        reason=reason,
        by="user:8",
        at=AT,
    )
    with pytest.raises(holding.UnableToHold, match=said):
        holding.ask(request=request)
    assert models.MoneyHold.objects.count() == 1


def test_what_a_merchant_owes_is_aged_by_what_caused_it() -> None:
    merchant = make_merchant()
    sale(merchant=merchant, key="a")
    sale(merchant=merchant, key="b", amount=4_000)
    settled()
    settlement.pay_out_due(until=(AT + 30 * DAYS).date(), merchants=[merchant])
    settlement.mature_reserves(until=(AT + 400 * DAYS).date())
    settlement.pay_out_due(until=(AT + 401 * DAYS).date(), merchants=[merchant])
    operations.refund_parts(
        requests=[
            operations.RefundPart(part_reference=f"{key}-1", amount=amount, reason="r", key=f"r{key}", at=AT + day)
            for key, amount, day in (("a", 10_000, 402 * DAYS), ("b", 4_000, 450 * DAYS))
        ]
    )
    owed = balance(f"{merchant}:receivable")
    assert owed > 0
    [row] = owing.owing(at=AT + 460 * DAYS)
    assert (row.merchant, row.owed, sum(row.aged)) == (merchant, owed, owed)
    newer = models.Refund.objects.get(part__reference="b-1").from_receivable
    assert row.aged == (newer, owed - newer, 0, 0)
