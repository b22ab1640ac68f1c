"""The close of the day: interest, due payments, lateness, losses; and that the ledger says the same."""

from datetime import date, timedelta

import pytest
from django.db.models import F

from financing.lending.models import Installment, Loan, LoanState
from financing.servicing import checks, close
from financing.servicing import operations as servicing
from financing.servicing.models import ClosedDay, LoanEvent, LoanTransaction
from payments.ledger import queries as ledger
from tests.factories import lending as make

pytestmark = pytest.mark.django_db


def book(loan: Loan) -> dict[str, int]:
    kinds = ("principal", "interest", "fees", "deferred", "suspended")
    return {kind: ledger.balance(code=f"loan:{loan.pk}:{kind}") for kind in kinds}


def test_a_plan_paid_from_the_account_ends_with_the_interest_of_its_schedule():
    account = make.deposit(number="A1", amount=100_000)
    loan = make.drawn_loan("months-6", amount=60_000, account=account)
    planned = sum(Installment.objects.filter(loan=loan).values_list("interest_planned", flat=True))

    report = close.close_day(until=date(2026, 8, 1))

    loan.refresh_from_db()
    assert report.failed == ()
    assert loan.state == LoanState.CLOSED
    assert (loan.repaid, loan.outstanding, loan.interest_paid, loan.worst_days_late) == (60_000, 0, planned, 0)
    assert book(loan) == dict.fromkeys(("principal", "interest", "fees", "deferred", "suspended"), 0)
    assert ledger.balance(code="income:interest") == planned
    assert ledger.balance(code=f"deposit:{account}") == 100_000 - 60_000 - planned
    assert LoanTransaction.objects.filter(loan=loan, kind="autopay").count() == 6
    assert checks.check_loans() == []


def test_the_whole_at_once_equals_day_by_day():
    results = []
    for number in ("B1", "B2"):
        account = make.deposit(number=number, amount=25_000)
        loan = make.drawn_loan("months-12", amount=60_000, account=account, borrower=f"user:{number}")
        day = date(2026, 1, 15)
        if number == "B1":
            while day <= date(2026, 9, 30):
                close.close_day(until=day)
                day += timedelta(days=1)
        else:
            close.close_day(until=date(2026, 9, 30))
        loan.refresh_from_db()
        lines = Installment.objects.filter(loan=loan).order_by("number")
        rows = list(lines.values_list("number", "principal_paid", "interest", "interest_paid", "fee", "settled_on"))
        events = list(LoanEvent.objects.filter(loan=loan).values_list("event", "number", "known_at", "amount"))
        state = (loan.state, loan.outstanding, loan.interest, loan.fees, loan.days_late, loan.suspended)
        results.append((rows, sorted(events, key=str), state, book(loan)))
    assert results[0] == results[1]


def test_closing_a_day_again_changes_nothing():
    loan = make.drawn_loan("months-6", account=make.deposit(number="C1", amount=0))
    close.close_day(until=date(2026, 3, 1))
    loan.refresh_from_db()
    before = (book(loan), loan.days_late, LoanTransaction.objects.count())
    report = close.close_day(until=date(2026, 3, 1))
    loan.refresh_from_db()
    assert report.loans == 0
    assert (book(loan), loan.days_late, LoanTransaction.objects.count()) == before


def test_a_missed_payment_ages_costs_one_fee_and_is_charged_off_at_180_days():
    loan = make.drawn_loan("months-6", amount=60_000, account=make.deposit(number="D1", amount=0))
    close.close_day(until=date(2026, 2, 19))
    loan.refresh_from_db()
    assert (loan.days_late, loan.fees) == (4, 0)

    close.close_day(until=date(2026, 2, 20))
    loan.refresh_from_db()
    assert (loan.days_late, loan.fees) == (5, 500)

    close.close_day(until=date(2026, 5, 17))
    loan.refresh_from_db()
    assert loan.days_late == 91
    assert loan.suspended > 0
    assert book(loan)["suspended"] == loan.suspended
    assert checks.check_loans() == []

    close.close_day(until=date(2026, 8, 14))
    loan.refresh_from_db()
    assert loan.state == LoanState.CHARGED_OFF
    assert (loan.charged_off, loan.outstanding, loan.worst_days_late) == (60_000, 0, 180)
    assert book(loan) == dict.fromkeys(("principal", "interest", "fees", "deferred", "suspended"), 0)
    assert ledger.balance(code="expense:chargeoff") > 60_000
    assert LoanTransaction.objects.filter(loan=loan, kind="late_fee").count() == 6
    facts = list(LoanEvent.objects.filter(loan=loan, number=1).values_list("event", "days_late").order_by("pk"))
    assert facts == [("due", 0), ("overdue", 1), ("overdue", 30), ("overdue", 60), ("overdue", 90)]
    assert checks.check_loans() == []


def test_money_that_comes_after_the_loss_is_a_recovery():
    account = make.deposit(number="E1", amount=0)
    loan = make.drawn_loan("months-6", amount=60_000, account=account)
    close.close_day(until=date(2026, 9, 1))
    make.deposit(number="E1", amount=10_000)
    [result] = servicing.repay(
        requests=[servicing.Repay(loan_id=loan.pk, key="late-money", at=make.after(300), amount=4_000)]
    )
    assert isinstance(result, servicing.Repaid)
    assert ledger.balance(code="income:recovery") == 4_000
    assert checks.check_loans() == []


def test_autopay_takes_only_what_was_there_at_the_end_of_that_day():
    account = make.deposit(number="F1", amount=0)
    loan = make.drawn_loan("months-6", amount=60_000, account=account)
    # Money that comes in March cannot have paid what was due in February.
    make.deposit(number="F1", amount=50_000, at=make.after(50))
    close.close_day(until=date(2026, 3, 10))
    first = Installment.objects.get(loan=loan, number=1)
    assert first.settled_on == make.after(50).date()
    assert first.late_fee == 500


def test_one_account_with_two_loans_pays_each_payment_once_and_never_below_zero():
    account = make.deposit(number="G1", amount=12_000)
    loans = [make.drawn_loan("months-6", amount=60_000, account=account) for _ in range(2)]
    close.close_day(until=date(2026, 2, 20))
    for loan in loans:
        loan.refresh_from_db()
    assert sorted(loan.days_late for loan in loans) == [0, 5]
    assert ledger.balance(code=f"deposit:{account}") >= 0


def test_accruals_of_many_loans_are_one_journal_a_day():
    loans = [make.drawn_loan("months-12", amount=60_000 + number) for number in range(5)]
    close.close_day(until=date(2026, 1, 15))
    first = ledger.statement(code=f"loan:{loans[0].pk}:interest").lines
    last = ledger.statement(code=f"loan:{loans[4].pk}:interest").lines
    assert len(first) == len(last) == 1
    assert first[0].journal_id == last[0].journal_id


def test_interest_is_in_the_ledger_night_by_night_to_the_cent():
    loan = make.drawn_loan("months-6", amount=60_000)
    # A month of 600.00 at 11.9 % is 5.95, and this month has 31 nights: 19.19 cents each, the rest in the nights after.
    booked = []
    for night in range(5):
        close.close_day(until=date(2026, 1, 15) + timedelta(days=night))
        booked.append(ledger.balance(code=f"loan:{loan.pk}:interest"))
    assert booked == [19, 38, 58, 77, 96]
    loan.refresh_from_db()
    assert loan.interest == 96
    assert ledger.balance(code="income:interest") == 96
    assert [line.amount for line in ledger.statement(code=f"loan:{loan.pk}:interest").lines] == [19, 19, 20, 19, 19]
    close.close_day(until=date(2026, 2, 14))
    assert ledger.balance(code=f"loan:{loan.pk}:interest") == 595
    assert checks.check_loans() == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda loan: Loan.objects.filter(pk=loan.pk).update(
                outstanding=F("outstanding") - 1, repaid=F("repaid") + 1
            ),
            "was disbursed",
        ),
        (lambda loan: Loan.objects.filter(pk=loan.pk).update(interest=F("interest") + 1), "in the ledger"),
        (lambda loan: Loan.objects.filter(pk=loan.pk).update(interest=F("interest") + 1), "the loan says"),
        (
            lambda loan: Installment.objects.filter(loan=loan, number=6).update(principal=F("principal") + 1),
            "its schedule has",
        ),
        (lambda loan: make.deposit_into(code=f"loan:{loan.pk}:principal", amount=1), "in the ledger"),
    ],
)
def test_a_cent_that_is_not_in_all_three_books_is_told(change, said):
    loan = make.drawn_loan("months-6", amount=60_000, account=make.deposit(number="Z1", amount=20_000))
    close.close_day(until=date(2026, 3, 1))
    assert checks.check_loans() == []
    change(loan)
    problems = checks.check_loans()
    assert any(said in problem for problem in problems), problems
    assert all(problem.startswith(f"Loan {loan.pk}:") for problem in problems)


def test_a_loan_that_cannot_be_closed_does_not_stop_the_others():
    loans = [make.drawn_loan("months-12", amount=60_000) for _ in range(3)]
    bad = loans[1]
    # Behind the back of the application: the loan says more is out than its ledger account allows to repay.
    make.deposit(number="H1", amount=100_000)
    Loan.objects.filter(pk=bad.pk).update(repay_account="nobody")
    report = close.close_day(until=date(2026, 2, 15))
    assert [loan for loan, _ in report.failed] == [bad.pk]
    assert Loan.objects.get(pk=loans[0].pk).closed_through == date(2026, 2, 15)
    assert Loan.objects.get(pk=loans[2].pk).closed_through == date(2026, 2, 15)
    assert Loan.objects.get(pk=bad.pk).closed_through < date(2026, 2, 15)


def test_of_two_plans_on_one_account_the_one_signed_first_is_paid_first_whatever_their_numbers():
    account = make.deposit(number="T1", amount=12_000)
    second = make.drawn_loan("months-6", account=account, at=make.START + timedelta(hours=1))
    first = make.drawn_loan("months-6", account=account)

    close.close_day(until=date(2026, 2, 20))

    assert LoanTransaction.objects.filter(loan=first, kind="autopay").count() == 1
    assert LoanTransaction.objects.filter(loan=second, kind="autopay").count() == 0


def test_plans_and_advances_are_closed_apart_and_the_day_counts_both():
    plan = make.drawn_loan("months-6", account=make.deposit(number="P1", amount=0))
    advance = make.drawn_loan("advance", merchant=make.open_merchant(), borrower="merchant:3")
    until = date(2026, 3, 1)

    closed = close.close_loans(until=until, kind=plan.kind)

    assert (closed.loans, closed.failed) == (1, ())
    plan.refresh_from_db()
    advance.refresh_from_db()
    assert plan.closed_through == until
    assert advance.closed_through < until
    assert not ClosedDay.objects.exists()

    assert close.close_day(until=until, closed=closed.loans).loans == 1
    advance.refresh_from_db()
    assert advance.closed_through == until
    assert ClosedDay.objects.get().loans == 2
