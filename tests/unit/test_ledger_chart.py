"""Codes, sides and floors of the chart are those of the money flow."""

import pytest

from payments import chart
from payments.ledger.journal import AccountSpec


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (chart.deposit("ES1", "EUR", 5000), AccountSpec("deposit:ES1", "liability", "EUR", "credit", -5000)),
        (chart.held(3, "EUR"), AccountSpec("held:3", "liability", "EUR", "credit", 0)),
        (chart.escrow("K-1", "EUR"), AccountSpec("escrow:K-1", "liability", "EUR", "credit", 0)),
        (chart.merchant_reserve(4, "EUR"), AccountSpec("merchant:4:reserve", "liability", "EUR", "credit", 0)),
        (chart.merchant_receivable(4, "EUR"), AccountSpec("merchant:4:receivable", "asset", "EUR", "debit", 0)),
        (chart.dispute_receivable(5, "EUR"), AccountSpec("dispute:5:receivable", "asset", "EUR", "debit", 0)),
        (chart.payout_transit("B1", "EUR"), AccountSpec("payout:transit:B1", "liability", "EUR", "credit", 0)),
        (chart.loan_interest(6, "EUR"), AccountSpec("loan:6:interest", "asset", "EUR", "debit", 0)),
        (chart.loan_deferred(6, "EUR"), AccountSpec("loan:6:deferred", "liability", "EUR", "credit", 0)),
        (chart.borrower_credit(7, "EUR"), AccountSpec("borrower:7:credit", "liability", "EUR", "credit", 0)),
        (chart.loan_allowance("plan", "EUR"), AccountSpec("loan:allowance:plan", "asset", "EUR", "credit", hot=True)),
        (chart.card_pending("stripe", "EUR"), AccountSpec("card:stripe:pending", "asset", "EUR", "debit", hot=True)),
        (chart.vat_commission("EUR"), AccountSpec("tax:vat:commission", "liability", "EUR", "credit", hot=True)),
        (chart.income("late", "EUR"), AccountSpec("income:late", "income", "EUR", "credit", hot=True)),
        (chart.expense("card", "EUR"), AccountSpec("expense:card", "expense", "EUR", "debit", hot=True)),
        (chart.equity("capital", "EUR"), AccountSpec("equity:capital", "equity", "EUR", "credit")),
    ],
)
def test_each_kind_of_account_has_its_definition(spec: AccountSpec, expected: AccountSpec) -> None:
    assert spec == expected


def test_a_house_account_of_another_currency_says_so_in_its_code() -> None:
    assert chart.income("commission", "BRL").code == "income:commission:BRL"
    assert chart.deposit("1", "BRL").code == "deposit:1"


def test_house_accounts_have_distinct_codes() -> None:
    codes = [spec.code for spec in chart.house_accounts("EUR") + chart.house_accounts("BRL")]
    assert len(codes) == len(set(codes)) == 44


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("deposit:ES1", "deposit:*"),
        ("merchant:4:reserve", "merchant:*:reserve"),
        ("loan:6:interest", "loan:*:interest"),
        ("loan:allowance:plan", "loan:allowance:plan"),
        ("payout:transit:B1", "payout:transit:*"),
        ("income:commission:BRL", "income:commission:BRL"),
    ],
)
def test_customers_accounts_gather_in_families(code: str, family: str) -> None:
    assert chart.family(code) == family
