"""Several payments, and several reviewers, at once: no limit is slipped under, nothing is decided twice."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from payments import models
from payments.accounts import step_up
from payments.operations import UnableToReview, reviewing
from tests.databases import Database
from tests.factories.payments import authorise
from tests.integration.test_payments_screening import buy, held, rule, said
from tests.races import race


@pytest.fixture(autouse=True)
def _committing(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    with django_db_blocker.unblock():
        yield


def test_payments_at_once_cannot_slip_under_a_limit(settings) -> None:
    settings.RIALTO_VELOCITY_RULES = (rule(payments=2),)
    payments = [buy(key=str(n)) for n in range(6)]
    states = race(*[lambda payment=payment: authorise(payment).state for payment in payments])
    assert sorted(states) == ["authorised"] * 2 + ["in_review"] * 4


def test_free_payments_at_once_cannot_pass_the_fifth(settings) -> None:
    settings.RIALTO_STEP_UP_FREE_PAYMENTS = 5

    def pay() -> bool:
        with transaction.atomic():
            return step_up.spend_freely(account="A", amount=100)

    assert sorted(race(*[pay] * 8)) == [False] * 3 + [True] * 5


def test_two_reviewers_at_once_decide_once(settings) -> None:
    payment = held(settings)

    def decide(act) -> str:
        try:
            act()
        except UnableToReview:
            return "late"
        return "decided"

    outcomes = race(
        lambda: decide(lambda: reviewing.approve(review=said(payment, "user:8"))),
        lambda: decide(lambda: reviewing.refuse(review=said(payment, "user:9"))),
    )
    assert sorted(outcomes) == ["decided", "late"]
    row = models.Payment.objects.get()
    assert row.state == ("authorised" if models.Screening.objects.get().state == "approved" else "refused")
