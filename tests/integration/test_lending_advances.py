"""Advances on sales: offered, approved by machine or officers, signed, paid out, repaid by settlements."""

from datetime import date, timedelta

import pytest

from financing.lending import products
from financing.lending.models import Loan, LoanState
from financing.servicing import advances, checks, close, facts
from financing.servicing.advances import AskAdvance, SignAdvance
from financing.underwriting import operations as underwriting
from financing.underwriting.models import Application
from payments import operations as bank
from payments import settlement
from payments.ledger import queries as ledger
from tests.factories import payments as pay
from tests.factories import underwriting as credit

pytestmark = pytest.mark.django_db
AT = pay.AT


@pytest.fixture
def merchant() -> str:
    credit.ready(at=AT)
    products.install_products(currency="EUR", at=AT)
    credit.features("merchant:1", at=AT)
    pay.make_shopper(user=1, money=1_000_000)
    return pay.make_merchant(merchant=1, reserve_bps=0)


def ask(amount: int, *, key: str = "a1") -> Application:
    [application] = advances.ask_for_advances(
        requests=[
            AskAdvance(key=key, merchant="merchant:1", currency="EUR", amount=amount, at=AT, applied_by="user:77")
        ]
    )
    return application


def sign(application: Application, *, at=AT, **changes) -> Loan | advances.UnableToAdvance:
    given = {"application_id": application.pk, "signer": "user:77", "signature": "Mara Owner", "at": at}
    [loan] = advances.sign_advances(requests=[SignAdvance(**(given | changes))])
    return loan


def sell(amount: int, *, key: str, day: int) -> None:
    at = AT + timedelta(days=day)
    [account] = [
        row.number
        for row in pay.operations.open_customer_accounts(
            requests=[bank.OpenAccount(holder="user:1", currency="EUR", at=AT)]
        )
    ]
    pay.record(tenders=[("bank_account", account, amount)], parts=[("merchant:1", amount)], key=key, at=at)
    pay.authorise(payments_id(key), at=at)
    pay.capture(f"{key}-1", at=at)
    pay.release(f"{key}-1", at=at)


def payments_id(key: str) -> int:
    from payments import queries

    return queries.find(text=key).payment_id


def test_an_approved_advance_is_paid_to_the_merchant_with_its_fee_deferred(merchant):
    application = ask(100_000)
    assert application.state == Application.State.APPROVED
    loan = sign(application)
    assert (loan.state, loan.outstanding, loan.fees) == (LoanState.ACTIVE, 100_000, loan.fee)
    account = loan.repay_account
    assert (ledger.balance(code="merchant:1:available"), ledger.balance(code=f"deposit:{account}")) == (0, 100_000)
    assert ledger.balance(code=f"loan:{loan.pk}:deferred") == loan.fee > 0
    assert checks.check_loans() == []
    assert sign(application).pk == loan.pk
    assert ledger.balance(code=f"deposit:{account}") == 100_000


def test_each_settlement_repays_its_share_until_nothing_is_owed(merchant):
    loan = sign(ask(20_000))
    sell(100_000, key="S1", day=3)
    settlement.settle_due(until=date(2026, 3, 31))
    net = 100_000 - 10_000 - 2_000
    share = net * loan.share_bps // 10_000
    loan.refresh_from_db()
    assert loan.repaid + loan.fees_paid == share
    assert ledger.balance(code="merchant:1:available") == net - share
    sell(300_000, key="S2", day=20)
    settlement.settle_due(until=date(2026, 4, 30))
    loan.refresh_from_db()
    assert loan.state == LoanState.CLOSED
    assert loan.repaid + loan.fees_paid == 20_000 + loan.fee
    assert ledger.balance(code="income:fees") == loan.fee
    assert checks.check_loans() == []


def test_a_minimum_that_sales_did_not_reach_is_taken_from_the_account(merchant):
    loan = sign(ask(100_000))
    close.close_day(until=AT.date() + timedelta(days=59))
    loan.refresh_from_db()
    assert loan.repaid == 0
    close.close_day(until=AT.date() + timedelta(days=60))
    loan.refresh_from_db()
    assert loan.repaid + loan.fees_paid == (100_000 + loan.fee) // 10
    assert loan.days_late == 0


def test_an_advance_above_the_machine_waits_for_two_officers_and_is_then_signed(merchant):
    application = ask(1_200_000)
    assert application.state == Application.State.REFERRED
    assert isinstance(sign(application), advances.NotApproved)
    officer = credit.officer("officer", "credit officer")
    senior = credit.officer("senior", "senior officer")
    underwriting.approve(application_id=application.pk, officer=officer, amount=1_100_000, at=AT)
    application.refresh_from_db()
    assert application.state == Application.State.SECOND
    underwriting.second_approve(application_id=application.pk, officer=senior, at=AT)
    loan = sign(application, at=AT + timedelta(hours=1))
    assert (loan.principal, loan.outstanding) == (1_100_000, 1_100_000)


def test_an_approval_that_ran_out_cannot_be_signed(merchant):
    application = ask(100_000)
    assert isinstance(sign(application, at=AT + timedelta(days=400)), advances.NotApproved)
    assert not Loan.objects.exists()


def test_the_lake_learns_what_was_lent_withheld_and_repaid(merchant):
    sign(ask(20_000))
    sell(100_000, key="S3", day=3)
    settlement.settle_due(until=date(2026, 3, 31))
    rows = facts.rows(since=AT, until=AT + timedelta(days=60))["installments"]
    events = [row[3] for row in rows]
    assert (events[0], events.count("withheld")) == ("opened", 1)
    assert set(events) == {"opened", "paid", "withheld"}
    assert rows[0][1:3] == ("merchant:1", "advance:advance")
    assert rows[0][4] == AT.date() + timedelta(days=360)
