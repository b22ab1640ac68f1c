"""Other banks in a real browser, on a phone and on a desk: money is sent, agreed to, arrives, waits in suspense."""

from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core import mail

from mall.customer.models import User
from payments import models
from tests.browser.test_payments_pages_browser import WIDTHS, fits, sign_in
from tests.factories import bank_files as files
from tests.factories import mall as market
from tests.factories.payments import balance, make_shopper
from tests.integration.test_payments_elsewhere import PAYEE, arrival


@pytest.mark.parametrize("width", WIDTHS)
def test_money_is_sent_agreed_to_and_taken_in(
    page_at: object,
    keep_picture: object,
    live_site: str,
    django_db_blocker: object,
    settings: object,
    tmp_path: Path,
    width: int,
) -> None:
    settings.RIALTO_BANK_OUT, settings.RIALTO_BANK_IN = str(tmp_path / "out"), str(tmp_path / "in")
    with django_db_blocker.unblock():
        user = User.objects.create_user(email="ada@example.com", password="a long password")
        account = make_shopper(user=user.pk)
        page = page_at(width)
        sign_in(page, user, live_site)
        page.goto(f"/money/transfer/?account={account}")
        page.get_by_label("Payee", exact=True).fill("Bo Larsen")
        page.get_by_label("IBAN").fill(PAYEE)
        page.get_by_label("Amount").fill("125,50")
        page.get_by_label("Reference").fill("Rent March")
        assert fits(page)
        keep_picture(page, "transfer")
        page.get_by_role("button", name="Go on").click()
        page.get_by_label("Code").fill(mail.outbox[-1].subject.split()[-1])
        assert fits(page)
        keep_picture(page, "transfer-confirm")
        page.get_by_role("button", name="Send it").click()
        page.get_by_text("it leaves with the file of").wait_for()
        assert balance(f"deposit:{account}") == 87_450

        operator = User.objects.create_user(email="ops@example.com", password="a long password")
        operator.groups.add(Group.objects.get_or_create(name="operations")[0])
        Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": "x"})
        sign_in(page, operator, live_site)
        page.goto(f"/ops/banks/batches/{models.Batch.objects.get().pk}/")
        page.get_by_role("button", name="Close it now").click()
        page.get_by_role("button", name="Agree to this file").click()
        page.get_by_text("agreed to by one").wait_for()
        assert fits(page)
        keep_picture(page, "batch")
        content = files.notification(arrival(account), arrival("DE02120300000000202051", 31_000), files.entry(4_990))
        page.goto("/ops/banks/")
        file = {"name": "notification-0303.xml", "mimeType": "application/xml", "buffer": content}
        page.get_by_label("File", exact=True).set_input_files(file)
        page.get_by_role("button", name="Take it in").click()
        page.get_by_text("What notification-0303.xml did").wait_for()
        assert fits(page)
        keep_picture(page, "banks")

        merchant = market.make_merchant()
        sign_in(page, merchant.owner, live_site)
        page.goto("/merchant/money/account/")
        assert fits(page)
        keep_picture(page, "payout-account")
