"""From released to paid out: T+N, what is owed first, reserve, maturing, payouts, days caught up."""

from datetime import date, timedelta

import pytest

from payments import models, operations, settlement
from payments.ledger import operations as ledger
from payments.ledger.journal import Journal, Transfer
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
DAY = date(2026, 3, 4)


@pytest.fixture
def account() -> str:
    return make_shopper(money=1_000_000)


@pytest.fixture
def merchant() -> str:
    return make_merchant()


def deliver(account: str, merchant: str, *, key: str, amount: int = 10_000, days: int = 0) -> str:
    """Live a payment until its release, ``days`` after the first day; return the part."""
    at = AT + timedelta(days=days)
    payment = record(tenders=[("bank_account", account, amount)], parts=[(merchant, amount)], key=key, at=at)
    authorise(payment, at=at)
    capture(f"{key}-1", at=at)
    release(f"{key}-1", at=at)
    return f"{key}-1"


def payout_account(merchant: str) -> str:
    return models.CustomerAccount.objects.get(holder=merchant).ledger_code


def test_nothing_is_settled_before_its_day(account: str, merchant: str) -> None:
    deliver(account, merchant, key="o1")
    assert settlement.settle_due(until=DAY - timedelta(days=1)).settlements == 0
    assert balance(f"{merchant}:pending") == 8_800


def test_a_settlement_keeps_the_reserve_and_makes_the_rest_available_once(account: str, merchant: str) -> None:
    deliver(account, merchant, key="o1")
    report = settlement.settle_due(until=DAY)
    assert (report.settlements, report.available) == (1, {"EUR": 8_360})
    assert settlement.settle_due(until=DAY).settlements == 0
    assert balance(f"{merchant}:reserve") == 440
    assert balance(f"{merchant}:available") == 8_360
    row = models.Settlement.objects.get()
    assert sum(row.lines.values_list("amount", flat=True)) == row.to_available
    assert models.Part.objects.get().state == "settled"


def test_a_refund_between_release_and_settlement_is_a_line_of_it(account: str, merchant: str) -> None:
    part = deliver(account, merchant, key="o1")
    refund(part, 1_000)
    settlement.settle_due(until=DAY)
    lines = dict(models.SettlementLine.objects.values_list("kind", "amount"))
    assert lines == {"release": 8_800, "refund": -880, "reserve": -396}


def test_a_refund_after_payout_takes_the_reserve_and_then_becomes_a_debt_that_the_next_settlement_pays_first(
    account: str, merchant: str
) -> None:
    part = deliver(account, merchant, key="o1")
    settlement.settle_due(until=DAY)
    settlement.pay_out_due(until=DAY)
    refund(part, 10_000)
    row = models.Refund.objects.get()
    assert (row.from_available, row.from_reserve, row.from_receivable) == (0, 440, 8_360)
    assert balance(f"{merchant}:receivable") == 8_360
    deliver(account, merchant, key="o2", days=1)
    report = settlement.settle_due(until=DAY + timedelta(days=1))
    assert report.receivable == {"EUR": 8_360}
    assert balance(f"{merchant}:receivable") == 0
    assert balance(f"{merchant}:available") == 440 - 22


def test_a_payout_leaves_nothing_available_and_happens_once(account: str, merchant: str) -> None:
    deliver(account, merchant, key="o1")
    settlement.settle_due(until=DAY)
    report = settlement.pay_out_due(until=DAY)
    assert (report.payouts, report.paid) == (1, {"EUR": 8_360})
    assert settlement.pay_out_due(until=DAY).payouts == 0
    assert balance(payout_account(merchant)) == 8_360
    assert balance(f"{merchant}:available") == 0


def test_a_reserve_matures_when_its_time_is_over(account: str, merchant: str) -> None:
    deliver(account, merchant, key="o1")
    settlement.settle_due(until=DAY)
    assert settlement.mature_reserves(until=DAY + timedelta(days=29)) == 0
    assert settlement.mature_reserves(until=DAY + timedelta(days=30)) == 1
    assert settlement.mature_reserves(until=DAY + timedelta(days=31)) == 0
    assert balance(f"{merchant}:reserve") == 0
    assert balance(f"{merchant}:available") == 8_360 + 440


def test_somebody_with_money_and_without_a_settlement_is_paid_when_named(account: str, merchant: str) -> None:
    transfer = Transfer("cash:nostro:main", f"{merchant}:available", 5_000)
    ledger.post(journal=Journal("a", "advance", "loan:1", AT, "EUR", (transfer,)))
    assert settlement.pay_out_due(until=DAY).payouts == 0
    assert settlement.pay_out_due(until=DAY, merchants=[merchant]).paid == {"EUR": 5_000}
    assert settlement.pay_out_due(until=DAY, merchants=[merchant]).payouts == 0


def _pay_before_the_settlement(merchant: str) -> None:
    transfer = Transfer("cash:nostro:main", f"{merchant}:available", 5_000)
    ledger.post(journal=Journal("a", "advance", "loan:1", AT, "EUR", (transfer,)))
    assert settlement.pay_out_due(until=DAY, merchants=[merchant]).paid == {"EUR": 5_000}


def test_who_was_paid_before_the_days_settlement_gets_that_on_a_later_day(account: str, merchant: str) -> None:
    _pay_before_the_settlement(merchant)
    deliver(account, merchant, key="o1")
    assert settlement.settle_due(until=DAY).settlements == 1

    assert settlement.pay_out_due(until=DAY).payouts == 0
    assert balance(f"{merchant}:available") == 8_360

    assert settlement.pay_out_due(until=DAY + timedelta(days=1)).paid == {"EUR": 8_360}
    assert settlement.pay_out_due(until=DAY + timedelta(days=1)).payouts == 0
    assert balance(f"{merchant}:available") == 0
    assert not models.Settlement.objects.filter(paid_out=False).exists()


def test_who_was_paid_before_the_days_settlement_gets_that_with_the_next(account: str, merchant: str) -> None:
    _pay_before_the_settlement(merchant)
    for number in range(3):
        deliver(account, merchant, key=f"o{number}", days=number)
    until = DAY + timedelta(days=2)
    assert settlement.settle_due(until=until).settlements == 3

    assert settlement.pay_out_due(until=until).paid == {"EUR": 3 * 8_360}

    payouts = models.Payout.objects.order_by("day").values_list("day", "amount")
    assert list(payouts) == [(DAY, 5_000), (DAY + timedelta(days=1), 2 * 8_360), (until, 8_360)]
    assert not models.Settlement.objects.filter(paid_out=False).exists()


def _dump() -> list[tuple]:
    settled = models.Settlement.objects.order_by("day", "merchant").values_list(
        "merchant", "day", "released", "refunded", "to_reserve", "to_available", "matured"
    )
    paid = models.Payout.objects.order_by("day", "merchant").values_list("merchant", "day", "amount")
    return [*settled, *paid]


def _live_a_month(account: str, merchants: list[str]) -> None:
    for number in range(30):
        deliver(account, merchants[number % 2], key=f"o{number}", amount=3_001 + 7 * number, days=number * 2)


def test_many_days_caught_up_at_once_leave_the_same_rows_as_day_by_day(
    account: str, merchant: str, django_db_blocker: object
) -> None:
    merchants = [merchant, make_merchant(merchant=2, settle_days=5)]
    from django.db import transaction

    last = DAY + timedelta(days=70)
    _live_a_month(account, merchants)
    with transaction.atomic():
        day = DAY
        while day <= last:
            settlement.settle_due(until=day)
            settlement.mature_reserves(until=day)
            settlement.pay_out_due(until=day)
            day += timedelta(days=1)
        daily = _dump()
        transaction.set_rollback(True)
    settlement.settle_due(until=last)
    settlement.mature_reserves(until=last)
    settlement.pay_out_due(until=last)
    assert _dump() == daily
    assert any(row[-1] for row in daily)


WITHHELD: list[settlement.Settled] = []


def take_half(*, settled: list[settlement.Settled]) -> list[settlement.Withholding]:
    """A hook like a loan's: half of what became available goes to income, for the test."""
    WITHHELD[:] = settled
    taken = []
    for row in settled:
        posted = ledger.post(
            journal=Journal(
                f"half:{row.settlement_id}",
                "loan_share",
                row.merchant,
                AT,
                row.currency,
                (Transfer(f"{row.merchant}:available", "income:fees", row.net // 2),),
            )
        )
        taken.append(
            settlement.Withholding(
                settlement_id=row.settlement_id, reference="loan:1", amount=row.net // 2, journal_id=posted.journal_id
            )
        )
    return taken


def test_hooks_take_their_share_in_the_order_of_days_before_the_payout(
    account: str, merchant: str, settings: object
) -> None:
    settings.RIALTO_SETTLEMENT_HOOKS = [f"{__name__}.take_half"]
    import sys

    sys.modules.setdefault(__name__, sys.modules[take_half.__module__])
    deliver(account, merchant, key="o2", days=1)
    deliver(account, merchant, key="o1")
    settlement.settle_due(until=DAY + timedelta(days=5))
    assert [row.day for row in WITHHELD] == [DAY, DAY + timedelta(days=1)]
    assert settlement.pay_out_due(until=DAY + timedelta(days=5)).paid == {"EUR": 8_360}
    row = models.Settlement.objects.earliest("day")
    assert (row.withheld, row.payable) == (4_180, 4_180)
    assert sum(row.lines.values_list("amount", flat=True)) == row.payable


def test_what_becomes_due_on_a_settled_day_waits_for_a_day_without_a_settlement(account: str, merchant: str) -> None:
    deliver(account, merchant, key="o1")
    settlement.settle_due(until=DAY)
    deliver(account, merchant, key="o2")
    assert settlement.settle_due(until=DAY).settlements == 0
    assert settlement.settle_due(until=DAY + timedelta(days=1)).settlements == 1
    assert operations.undelivered() > 0
