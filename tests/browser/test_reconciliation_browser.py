"""Operations reconciles the bank's statement, finds what differs as a case, and sees it through, on phone and desk."""

from datetime import timedelta
from io import BytesIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group

from mall.customer.models import User
from payments import clock, operations, reconciliation
from tests.browser.test_payments_pages_browser import WIDTHS, fits, sign_in
from tests.factories import bank_files
from tests.factories.payments import AT, make_shopper


def live() -> None:
    """Twelve days of money from another bank, told by its statement; some of it wrong."""
    account = make_shopper(money=0)
    told, total = [], 0
    for number in range(24):
        at, amount, name = AT + timedelta(hours=12 * number), 4_500 + 913 * number, f"RF{1_700 + number}"
        asked = operations.Deposit(account_number=account, amount=amount, key=name, reference=name, at=at)
        operations.one(operations.receive_money(requests=[asked]))
        said = amount - 250 if number == 7 else amount
        if number != 15:
            detail = bank_files.payment(end_to_end=name, payer="Marta Lindqvist", text="Top-up")
            told.append(bank_files.entry(said, detail, day=at.date().isoformat()))
            total += said
    told.append(bank_files.entry(12_000, bank_files.payment(end_to_end="NOTPROVIDED", payer="Hafen AG", text="Inv 88")))
    content = bank_files.statement(*told, closing=total + 12_000, day="2026-03-14", message="AUSZUG-2026-052")
    reconciliation.take_statements(source=BytesIO(content), by="user:1", at=clock.now())
    reconciliation.reconcile_all(at=clock.now() + timedelta(seconds=1))


@pytest.mark.parametrize("width", WIDTHS)
def test_operations_sees_a_difference_through(
    page_at: object, keep_picture: object, live_site: str, django_db_blocker: object, width: int
) -> None:
    with django_db_blocker.unblock():
        live()
        operator = User.objects.create_user(email="ops@example.com", password="a long password")
        operator.groups.add(Group.objects.get_or_create(name="operations")[0])
        Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": "x"})
        page = page_at(width)
        sign_in(page, operator, live_site)
        page.goto("/ops/reconciliation/")
        assert page.locator("#source-nostro").is_visible()
        assert fits(page)
        keep_picture(page, "reconciliation")
        page.goto("/ops/reconciliation/nostro/")
        assert fits(page)
        keep_picture(page, "reconciliation-nostro")
        page.goto("/ops/cases/")
        assert page.get_by_text("3 cases wait").is_visible()
        assert fits(page)
        keep_picture(page, "cases")
        page.get_by_role("link", name="RF1707 differs by").click()
        page.get_by_role("button", name="Take the case").click()
        page.get_by_text("In your hands").wait_for()
        assert fits(page)
        keep_picture(page, "case")
        page.get_by_text("Close it").click()
        page.locator("[name=close-text]").fill("The bank kept its fee of €2.50; the shopper was told.")
        page.get_by_role("button", name="Close the case").click()
        page.get_by_text("the shopper was told").wait_for()
        keep_picture(page, "case-closed")
