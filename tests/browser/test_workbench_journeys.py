"""Journeys about credit in a browser, on a phone and on a desk; their pictures are kept."""

import re

import pytest
from django.contrib.auth.models import Group

from financing.lending import products
from financing.lending.models import Loan
from financing.underwriting.models import Application
from payments import clock
from payments import operations as bank
from tests.factories import lending as lend
from tests.factories import mall
from tests.factories import payments as pay
from tests.factories import underwriting as credit
from tests.factories.visitors import visitor

SIZES = (360, 1280)


@pytest.fixture
def at(live_site, django_db_blocker):
    """Return the present moment; policy, scorecards and products are at work in the site's database."""
    with django_db_blocker.unblock():
        now = clock.now()
        credit.ready(at=now)
        products.install_products(currency="EUR", at=now)
        yield now


def officer(page_at, name: str, role: str, width: int):
    user = mall.make_shopper(money=0, email=f"{name}@bank.example")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return visitor(page_at, user, width, mfa=True)


def sideways(page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("width", SIZES)
def test_an_advance_above_the_machine_goes_through_two_officers(page_at, keep_picture, at, width):
    merchant = mall.make_merchant(name="Bottega del Vetro")
    credit.features(f"merchant:{merchant.pk}", at=at)
    lend.make_offer("advance", subject=f"merchant:{merchant.pk}", limit=1_200_000, at=at)

    owner = visitor(page_at, merchant.owner, width)
    owner.goto("/merchant/financing/")
    keep_picture(owner, "financing-offer")
    owner.get_by_role("link", name="Choose your amount").click()
    keep_picture(owner, "financing-ask")
    owner.get_by_role("button", name="See the terms").click()
    owner.get_by_label("Your full name").fill("Mara Vetraia")
    keep_picture(owner, "financing-terms")
    assert sideways(owner) <= 0
    owner.get_by_role("button", name="Sign and apply").click()
    assert owner.get_by_text("with our officers").is_visible()
    keep_picture(owner, "financing-waiting")

    first = officer(page_at, f"first{width}", "credit officer", width)
    first.goto("/officer/")
    keep_picture(first, "officer-queue")
    first.get_by_role("link", name="Bottega del Vetro").click()
    keep_picture(first, "officer-case")
    assert sideways(first) <= 0
    first.get_by_role("button", name="Take the case").click()
    first.get_by_role("button", name=re.compile("Approve")).click()
    assert first.get_by_text("waits for a second officer").first.is_visible()

    second = officer(page_at, f"second{width}", "senior officer", width)
    second.goto("/officer/")
    second.get_by_role("link", name="Bottega del Vetro").click()
    keep_picture(second, "officer-second")
    second.get_by_role("button", name="Agree", exact=True).click()
    assert Application.objects.get().state == Application.State.APPROVED

    owner.goto("/merchant/financing/")
    owner.get_by_role("link", name="Read and sign").click()
    owner.get_by_label("Your full name").fill("Mara Vetraia")
    owner.get_by_role("button", name="Sign and receive the money").click()
    assert owner.get_by_text("is in your account").is_visible()
    keep_picture(owner, "financing-running")
    assert Loan.objects.get().principal == 1_200_000


@pytest.mark.parametrize("width", SIZES)
def test_a_shopper_signs_a_plan_and_pays_early(page_at, keep_picture, at, width):
    shopper = mall.make_shopper(money=300_000)
    me = f"user:{shopper.pk}"
    credit.features(me, at=at)
    lend.make_offer("months-12", subject=me, at=at)
    pay.make_merchant(merchant=900)
    payment = pay.record(
        tenders=[("installments", "plan:months-12", 89_900)],
        parts=[("merchant:900", 89_900)],
        payer=me,
        key="P1",
        at=at,
    )
    [outcome] = bank.authorise_payments(requests=[bank.Authorise(payment_id=payment, at=at)])

    page = visitor(page_at, shopper, width)
    page.goto(outcome.action_url)
    keep_picture(page, "plan-signing")
    assert sideways(page) <= 0
    page.get_by_label("Your full name").fill("Ada Weber")
    page.get_by_role("button", name="Sign and order").click()
    pay.capture("P1-1", at=at)
    lend.drawn_loan("months-6", borrower=me, at=lend.after(-130, since=at), amount=40_000)
    page.goto("/money/plans/")
    keep_picture(page, "plans")
    page.get_by_role("link", name="12 monthly payments").click()
    keep_picture(page, "plan")
    assert sideways(page) <= 0
    page.get_by_role("button", name="Pay").click()
    assert page.get_by_text(re.compile("paid\\.")).first.is_visible()
    page.get_by_role("link", name="Read the agreement").click()
    keep_picture(page, "agreement")
