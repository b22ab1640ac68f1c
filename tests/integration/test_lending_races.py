"""Two hands on one limit, and on one loan, at the same moment: real connections, nothing rolled back."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from financing.checkout import signing
from financing.checkout.signing import SignPlan
from financing.lending import products
from financing.lending.models import Loan
from financing.servicing import checks
from financing.servicing import operations as servicing
from payments import queries as payments
from payments.ledger import queries as ledger
from tests.factories import lending as lend
from tests.factories import payments as pay
from tests.factories import underwriting as credit

AT = pay.AT


def at_once(*jobs):
    """Run the jobs on connections of their own, all starting together; return their results."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result() for future in [pool.submit(run, job) for job in jobs]]


def test_orders_signed_at_once_do_not_share_one_limit(fresh_database, django_db_blocker):
    with django_db_blocker.unblock():
        credit.ready(at=AT)
        products.install_products(currency="EUR", at=AT)
        pay.make_merchant(merchant=1)
        pay.make_shopper(user=1, money=500_000)
        credit.features("user:1", at=AT)
        lend.make_offer("months-12", subject="user:1", limit=200_000, at=AT)
        tenders = []
        for _ in range(6):
            payment = pay.record(tenders=[("installments", "plan:months-12", 120_000)], parts=[("merchant:1", 120_000)])
            tenders += payments.tenders_of(payment_ids=[payment], method="installments")
        alone = signing.sign_plans(requests=[sign(tenders[0])])
        results = at_once(*(lambda one=one: signing.sign_plans(requests=[sign(one)]) for one in tenders * 2))
        signed = {row.pk for [row] in [alone, *results] if isinstance(row, Loan)}
        in_turn = expected_in_turn()
        assert len(signed) == Loan.objects.count() == in_turn


def sign(tender) -> SignPlan:
    return SignPlan(tender_id=tender.tender_id, signer="user:1", signature="Ada", at=AT)


def expected_in_turn() -> int:
    """Return how many such orders fit one after the other: sign until the machine says no."""
    count = Loan.objects.count()
    payment = pay.record(tenders=[("installments", "plan:months-12", 120_000)], parts=[("merchant:1", 120_000)])
    [tender] = payments.tenders_of(payment_ids=[payment], method="installments")
    [result] = signing.sign_plans(requests=[sign(tender)])
    assert not isinstance(result, Loan)
    return count


def test_one_payment_sent_sixteen_times_pays_once(fresh_database, django_db_blocker):
    with django_db_blocker.unblock():
        loan = lend.drawn_loan("months-6", amount=60_000, account=lend.deposit(number="R1", amount=50_000))
        request = servicing.Repay(loan_id=loan.pk, amount=10_000, key="once", at=lend.after(3))
        results = at_once(*(lambda: servicing.repay(requests=[request])[0] for _ in range(16)))
        assert [type(row) for row in results] == [servicing.Repaid] * 16
        assert sum(not row.replayed for row in results) == 1
        loan.refresh_from_db()
        assert loan.repaid + loan.interest_paid == 10_000
        assert ledger.balance(code="deposit:R1") == 40_000
        assert checks.check_loans() == []


@pytest.mark.parametrize("money", [15_000])
def test_two_payments_of_the_last_money_one_is_refused(fresh_database, django_db_blocker, money):
    with django_db_blocker.unblock():
        loan = lend.drawn_loan("months-6", amount=60_000, account=lend.deposit(number="R2", amount=money))
        jobs = [
            lambda key=key: servicing.repay(
                requests=[servicing.Repay(loan_id=loan.pk, amount=10_000, key=key, at=lend.after(3))]
            )[0]
            for key in ("a", "b")
        ]
        results = at_once(*jobs)
        assert sorted(type(row).__name__ for row in results) == ["Repaid", "UnableToRepay"]
        assert ledger.balance(code="deposit:R2") == money - 10_000
