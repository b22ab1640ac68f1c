"""Product versions: proposed by one, made active by another; and the commands of lending."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from financing.lending import products
from financing.lending.models import Product, ProductState
from financing.servicing.models import ClosedDay
from tests.factories import lending as make

pytestmark = pytest.mark.django_db


def draft(code: str = "months-6", **changes) -> Product:
    product = make.product(code)
    for name, value in changes.items():
        setattr(product, name, value)
    return products.propose_product(product=product, by="user:1", at=make.START)


def test_installing_twice_installs_once():
    first = products.install_products(currency="EUR", at=make.START)
    again = products.install_products(currency="EUR", at=make.after(1))
    assert [row.pk for row in first] == [row.pk for row in again]
    assert {row.code for row in first} == {"plan-3", "plan-6", "months-6", "months-12", "months-24", "advance"}


def test_a_new_version_takes_over_once_somebody_else_approves_it():
    old = make.product("months-6")
    proposed = draft(annual_rate_bps=1_090)
    assert (proposed.version, proposed.state) == (2, ProductState.DRAFT)
    products.approve_product(product_id=proposed.pk, by="user:2", at=make.START)
    old.refresh_from_db()
    assert old.state == ProductState.RETIRED
    assert make.product("months-6").annual_rate_bps == 1_090


def test_nobody_approves_their_own_draft():
    proposed = draft()
    with pytest.raises(products.ApprovedByProposer):
        products.approve_product(product_id=proposed.pk, by="user:1", at=make.START)
    assert make.product("months-6").version == 1


def test_a_running_loan_keeps_the_version_it_was_sold_under():
    loan = make.drawn_loan("months-6")
    proposed = draft(late_fee=900)
    products.approve_product(product_id=proposed.pk, by="user:2", at=make.START)
    loan.refresh_from_db()
    assert loan.product.version == 1
    with pytest.raises(products.NotADraft):
        products.approve_product(product_id=loan.product_id, by="user:2", at=make.START)


def test_the_commands_install_list_and_close():
    out = StringIO()
    call_command("lending", "install_products", "--currency", "BRL", stdout=out)
    call_command("lending", "list", "--currency", "BRL", stdout=out)
    assert "6 products are active in BRL" in out.getvalue()
    assert "months-12" in out.getvalue()
    loan = make.drawn_loan("months-6")
    until = make.START.date() + timedelta(days=10)
    call_command("close_day", "--until", until.isoformat(), stdout=out)
    loan.refresh_from_db()
    assert loan.closed_through == until
    assert ClosedDay.objects.get().day == until


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["close_day", "--until", "soon"], "soon"),
        (["close_day", "--until", "2999-01-01"], "not over yet"),
        (["lending", "install_products", "--currency", "euro"], "ISO 4217"),
    ],
)
def test_a_wrong_argument_is_answered_in_one_sentence(command, words):
    with pytest.raises(CommandError, match=words) as refused:
        call_command(*command)
    assert "\n" not in str(refused.value)
    assert not Product.objects.exists()
