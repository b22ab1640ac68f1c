"""From the checkout page through the signature to a confirmed order, and from its dispatch to its repayment."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from financing.lending import products
from financing.lending.models import Installment, Loan, LoanState
from financing.servicing import checks, close
from mall.fulfilment import operations as fulfilment
from mall.fulfilment import requests as asks
from mall.fulfilment.models import Consignment
from mall.order.models import Order
from payments import clock
from payments.ledger import queries as ledger
from payments.reconciliation import checks as payment_checks
from tests.factories import lending as lend
from tests.factories import mall
from tests.factories import underwriting as credit
from tests.functional.test_pages_checkout import NEW_ADDRESS, form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer():
    now = clock.now()
    credit.ready(at=now)
    products.install_products(currency="EUR", at=now)
    market = mall.make_market()
    me = f"user:{market.shopper.pk}"
    credit.features(me, at=now)
    for code in ("months-6", "plan-3"):
        lend.make_offer(code, subject=me, at=now)
    client = Client()
    client.force_login(market.shopper)
    client.post("/basket/add/", {"stockrecord": market.lamp.pk, "quantity": 1})
    client.post("/basket/add/", {"stockrecord": market.chair.pk, "quantity": 1})
    return client, market


@pytest.mark.parametrize(("code", "name"), [("months-6", "6 monthly payments"), ("plan-3", "3 payments, no interest")])
def test_an_order_is_paid_by_a_plan_signed_on_the_way(buyer, code, name):
    client, _ = buyer
    page = client.get("/checkout/")
    assert name in page.content.decode()
    sent = form_of(page) | NEW_ADDRESS | {"tender": f"installments|plan:{code}"}
    answer = client.post("/checkout/", sent)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/pay-later/")
    order = Order.objects.get()
    assert order.status != "Confirmed"

    signing = client.get(answer["Location"]).content.decode()
    seen = re.search(r'name="sha256" value="([^"]*)"', signing)[1]
    back = client.post(answer["Location"], {"sha256": seen, "signature": "Ada Weber"})
    assert order.number in back["Location"]
    mall.deliver_events()
    order.refresh_from_db()
    loan = Loan.objects.get()
    assert order.status == "Confirmed"
    assert (loan.principal, loan.state) == (order.total_minor, LoanState.SIGNED)
    planned = sum(Installment.objects.filter(loan=loan).values_list("interest_planned", flat=True))
    assert (planned == 0, loan.subsidy_bps > 0) == ((True, True) if code == "plan-3" else (False, False))
    assert "Thank you" in client.get(back["Location"]).content.decode()

    number = Consignment.objects.order_by("number").values_list("number", flat=True)[0]
    part = Consignment.objects.get(number=number)
    owner = mall.staff(part.merchant)
    now = clock.now()
    fulfilment.dispatch_consignments(
        requests=[asks.Dispatch(consignment_number=number, carrier="Post", tracking="T1", by=owner, at=now)]
    )
    mall.deliver_events()
    loan.refresh_from_db()
    assert (loan.state, loan.outstanding) == (LoanState.ACTIVE, part.goods + part.shipping)
    assert ledger.balance(code=f"escrow:{number}") == loan.outstanding
    assert ledger.balance(code=f"loan:{loan.pk}:principal") == loan.outstanding

    lent = loan.outstanding
    fulfilment.deliver_consignments(requests=[asks.Deliver(consignment_number=number, said_by="carrier", at=now)])
    mall.deliver_events()
    assert ledger.balance(code=f"escrow:{number}") == 0
    # What the merchant pays for a plan without interest is kept of what is released, and earned as time passes.
    assert ledger.balance(code=f"loan:{loan.pk}:deferred") == lent * loan.subsidy_bps // 10_000

    close.close_day(until=now.date() + timedelta(days=70))
    loan.refresh_from_db()
    assert loan.repaid > 0
    assert loan.days_late == 0
    assert ledger.balance(code=f"loan:{loan.pk}:principal") == loan.outstanding == lent - loan.repaid
    assert (loan.interest_paid == 0) == (code == "plan-3")
    assert ledger.balance(code="income:interest") > 0
    assert checks.check_loans() == []
    assert payment_checks.check_parts() == []
    assert payment_checks.check_tenders() == []
