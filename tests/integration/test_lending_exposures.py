"""What borrowers owe, as underwriting is told."""

from datetime import timedelta

import pytest

from financing.lending.models import Installment, Product
from financing.lending.queries import exposures
from financing.underwriting.terms import Exposure
from tests.factories import lending as made

pytestmark = pytest.mark.django_db


def test_who_owes_nothing_is_left_out():
    assert exposures() == {}


def test_what_is_signed_is_reserved_and_its_instalment_is_debt_of_a_month():
    made.signed_loan("months-6", amount=60_000)
    # 6 × 103.50, the last one different by cents.
    assert exposures() == {"user:1": Exposure(reserved=60_000, monthly_due=10_350, open_loans=1)}


def test_the_instalments_of_several_plans_add_up_for_their_borrower_alone():
    made.signed_loan("months-6", amount=60_000)
    made.signed_loan("plan-3", amount=30_000)
    made.signed_loan("plan-3", amount=30_000, borrower="user:2")
    assert exposures()["user:1"].monthly_due == 20_350
    assert exposures(borrowers=["user:2"]) == {"user:2": Exposure(reserved=30_000, monthly_due=10_000, open_loans=1)}


@pytest.mark.parametrize("paid", [0, 1, 5])
def test_an_instalment_is_debt_once_however_far_its_day_is(paid):
    """Some spans of 31 days hold two payments of a monthly plan, some hold none; the debt a month is one."""
    for days in range(32):
        made.signed_loan("plan-6", amount=60_000, borrower=f"user:{days}", at=made.START + timedelta(days=days))
    Installment.objects.filter(number__lte=paid).update(settled_on=made.START.date())
    assert {owed.monthly_due for owed in exposures().values()} == {10_000}


def test_a_plan_paid_every_other_week_costs_more_than_two_instalments_a_month():
    loan = made.signed_loan("plan-6", amount=60_000)
    Product.objects.filter(pk=loan.product_id).update(frequency="weeks", repay_every=2)
    # 365 / 14 / 12 payments of 100.00 a month, rounded up.
    assert exposures()["user:1"].monthly_due == 21_727
