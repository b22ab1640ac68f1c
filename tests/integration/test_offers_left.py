"""What is left of an offer after loans were signed and advances asked for."""

from datetime import timedelta

import pytest

from financing.lending import products
from financing.lending.queries import offers_left
from financing.servicing import advances
from financing.servicing.advances import AskAdvance
from financing.underwriting.models import Application, Offer
from tests.factories import lending as lend
from tests.factories import underwriting as credit

pytestmark = pytest.mark.django_db
AT = credit.AT
LATER = AT + timedelta(hours=3)


@pytest.fixture(autouse=True)
def _ready() -> None:
    credit.ready(at=AT)
    products.install_products(currency="EUR", at=AT)


def left(subject: str) -> dict[str, int]:
    return {offer.product: offer.limit for offer in offers_left(subject_id=subject, at=LATER)}


def ask(amount: int) -> Application:
    [application] = advances.ask_for_advances(
        requests=[AskAdvance(key=f"ask-{amount}", merchant="merchant:3", currency="EUR", amount=amount, at=LATER)]
    )
    assert application.state == Application.State.REFERRED
    return application


def test_an_advance_that_waits_for_an_officer_is_not_offered_again():
    credit.features("merchant:3", at=AT)
    lend.make_offer("advance", subject="merchant:3", limit=1_200_000, at=AT)
    assert left("merchant:3") == {"advance": 1_200_000}
    ask(500_000)
    assert left("merchant:3") == {"advance": 700_000}
    ask(700_000)
    assert left("merchant:3") == {}
    assert Offer.objects.get().limit == 1_200_000


def test_what_was_declined_is_offered_still():
    credit.features("merchant:3", at=AT)
    lend.make_offer("advance", subject="merchant:3", limit=1_200_000, at=AT)
    Application.objects.filter(pk=ask(500_000).pk).update(state=Application.State.DECLINED)
    assert left("merchant:3") == {"advance": 1_200_000}


def test_plans_share_one_limit_and_a_signed_plan_takes_from_it():
    lend.make_offer("plan-3", subject="user:1", limit=150_000, at=AT)
    lend.make_offer("months-12", subject="user:1", limit=240_000, at=AT)
    lend.signed_loan("months-6", amount=60_000, borrower="user:1", at=LATER)
    assert left("user:1") == {"plan-3": 150_000, "months-12": 180_000}
    lend.signed_loan("months-6", amount=175_000, borrower="user:1", at=LATER)
    assert left("user:1") == {"plan-3": 5_000}


def test_plans_signed_before_the_night_are_in_the_offer_already():
    lend.signed_loan("months-6", amount=60_000, borrower="user:1", at=AT - timedelta(days=40))
    lend.make_offer("months-12", subject="user:1", limit=240_000, at=AT)
    assert left("user:1") == {"months-12": 240_000}
