"""The workers' tasks find by themselves what is to be done, and doing it twice does it once."""

import pytest
from django.conf import settings as django_settings

from payments import models, tasks
from tests.factories.payments import authorise, balance, capture, make_merchant, make_shopper, record, release

pytestmark = pytest.mark.django_db


def test_a_released_part_is_settled_matured_and_paid_out_once() -> None:
    account, merchant = make_shopper(), make_merchant()
    authorise(record(tenders=[("bank_account", account, 10_000)], parts=[(merchant, 10_000)], key="o1"))
    capture("o1-1")
    release("o1-1")
    assert [tasks.settle_day(), tasks.settle_day()] == [1, 0]
    assert balance(f"{merchant}:reserve") == 0
    # One for the settlement's own day, one today for the reserve that has matured since.
    assert [tasks.pay_out(), tasks.pay_out()] == [2, 0]
    payee = models.CustomerAccount.objects.get(holder=merchant)
    assert balance(payee.ledger_code) == 8_800


def test_the_sweep_ends_what_waits_for_nothing_and_delivers(settings: object) -> None:
    settings.RIALTO_SUBSCRIBERS = {}
    account, merchant = make_shopper(), make_merchant()
    record(tenders=[("bank_account", account, 10_000)], parts=[(merchant, 10_000)], key="o1")
    assert tasks.sweep() > 0
    assert models.Payment.objects.get().state == "expired"
    assert models.OutboxEvent.objects.filter(delivered_at__isnull=True).count() == 0
    assert tasks.relay() == 0


def test_verifying_keeps_what_was_found(settings: object) -> None:
    settings.RIALTO_CHECKS = [path for path in settings.RIALTO_CHECKS if path.startswith("payments.")]
    authorise(record(tenders=[("bank_account", make_shopper(), 100)], parts=[(make_merchant(), 100)], key="o1"))
    assert tasks.verify() == 0
    models.Part.objects.update(cancelled=50)
    assert tasks.verify() == 1
    [problem] = models.Verification.objects.latest("pk").problems
    assert problem.endswith("o1-1: its amounts are not the sums of its movements and shares")


def test_everything_scheduled_is_a_task_that_exists() -> None:
    from config.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_seal_and_closings_can_be_asked_for_at_any_time() -> None:
    make_shopper()
    assert tasks.seal() in (0, 1)
    assert tasks.close_books() == tasks.close_books()
