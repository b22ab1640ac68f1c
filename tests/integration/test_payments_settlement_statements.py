"""A statement's lines sum to the payout, whatever happened around it, and its files say the same."""

import csv
import io
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from payments import models, settlement
from payments.queries import merchants
from payments.views import settlement_files
from tests.factories.payments import AT, authorise, capture, make_merchant, make_shopper, record, refund, release

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 4)


def deliver(account: str, merchant: str, *, key: str, amount: int = 10_000, days: int = 0) -> str:
    at = AT + timedelta(days=days)
    payment = record(tenders=[("bank_account", account, amount)], parts=[(merchant, amount)], key=key, at=at)
    authorise(payment, at=at)
    capture(f"{key}-1", at=at)
    release(f"{key}-1", at=at)
    return f"{key}-1"


def statements() -> list[merchants.SettlementStatement]:
    found = models.Settlement.objects.order_by("day", "pk").values_list("pk", flat=True)
    return [one for pk in found if (one := merchants.settlement_statement(settlement_id=pk))]


def body(response: object) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_settlement_not_paid_out_has_no_statement() -> None:
    deliver(make_shopper(), make_merchant(), key="o1")
    settlement.settle_due(until=DAY)
    assert statements() == []


def test_a_refund_between_settlement_and_payout_is_a_line_of_its_own() -> None:
    account, merchant = make_shopper(), make_merchant()
    part = deliver(account, merchant, key="o1")
    settlement.settle_due(until=DAY)
    refund(part, 1_000)
    settlement.pay_out_due(until=DAY)
    [one] = statements()
    assert [(line.kind, line.amount) for line in one.lines] == [
        ("release", 8_800),
        ("reserve", -440),
        ("carried", -880),
    ]
    assert one.settlement.paid_out == 7_480
    assert (one.sold.amount, one.sold.commission, one.sold.vat) == (10_000, 1_000, 200)


def test_nobody_gets_the_statement_of_another_merchant() -> None:
    deliver(make_shopper(), make_merchant(), key="o1")
    settlement.settle_due(until=DAY)
    settlement.pay_out_due(until=DAY)
    row = models.Settlement.objects.get()
    assert merchants.settlement_statement(settlement_id=row.pk, merchant="merchant:1") is not None
    assert merchants.settlement_statement(settlement_id=row.pk, merchant="merchant:2") is None


def test_lines_changed_by_somebody_are_not_given_out_as_a_statement() -> None:
    deliver(make_shopper(), make_merchant(), key="o1")
    settlement.settle_due(until=DAY)
    settlement.pay_out_due(until=DAY)
    row = models.Settlement.objects.get()
    models.SettlementLine.objects.create(settlement=row, kind="refund", reference="o1-1", amount=-1)
    with pytest.raises(merchants.StatementDoesNotSum):
        merchants.settlement_statement(settlement_id=row.pk)


@hypothesis_settings(max_examples=15, deadline=None)
@given(
    sales=st.lists(st.tuples(st.integers(101, 9_999), st.integers(0, 3), st.integers(0, 100)), min_size=1, max_size=4),
    late=st.booleans(),
)
def test_lines_always_sum_to_the_payout(sales: list[tuple[int, int, int]], late: bool) -> None:
    stamp = models.Part.objects.count()
    account, merchant = make_shopper(money=1_000_000), make_merchant(merchant=stamp + 10)
    parts = [
        (deliver(account, merchant, key=f"p{stamp}-{n}", amount=amount, days=days), amount * back // 100, days)
        for n, (amount, days, back) in enumerate(sales)
    ]
    for day in range(6):
        settlement.settle_due(until=AT.date() + timedelta(days=day))
        if late and day == 3:
            for part, back, _days in parts:
                if back:
                    refund(part, back, key=f"r{part}", at=AT + timedelta(days=day))
        settlement.pay_out_due(until=AT.date() + timedelta(days=day))
    for one in statements():
        assert sum(line.amount for line in one.lines) == one.settlement.paid_out


def test_its_files_have_the_same_lines_and_the_payout_last() -> None:
    deliver(make_shopper(), make_merchant(), key="=HYPERLINK")
    settlement.settle_due(until=DAY)
    settlement.pay_out_due(until=DAY)
    [one] = statements()
    given_out = {
        form: settlement_files.respond(statement=one, recipient=["Ada & Sons <Ltd>"], form=form, at=AT)
        for form in settlement_files.FORMS
    }
    rows = list(csv.reader(io.StringIO(body(given_out["csv"]).decode("utf-8-sig"))))
    assert [(row[0], row[6]) for row in rows[1:]] == [
        ("Sale released", "88.00"),
        ("Kept in reserve", "-4.40"),
        ("Paid out", "83.60"),
    ]
    assert rows[1][1:6] == ["'=HYPERLINK-1", "100.00", "-10.00", "-2.00", "0.00"]
    assert body(given_out["pdf"]).startswith(b"%PDF-")
    assert body(given_out["xlsx"]).startswith(b"PK")
    assert given_out["pdf"]["Content-Disposition"] == 'attachment; filename="S-1-20260304.pdf"'
