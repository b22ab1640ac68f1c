"""Killed between posting and commit, an operation has done nothing, and done again it does everything."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from payments import models, operations, outbox, settlement
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    cancel,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)
from tests.integration.test_payments_card import die, in_dying_process

TODAY = AT.date() + timedelta(days=2)


@pytest.fixture(autouse=True)
def _committing(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    with django_db_blocker.unblock():
        yield
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        assert checks.check_nothing_half_done() == []


def books() -> dict[str, int]:
    """Return what lies where, and how many rows tell of it."""
    account = models.CustomerAccount.objects.get(holder="user:1").ledger_code
    codes = (account, "merchant:1:pending", "merchant:1:available", "merchant:1:reserve", "income:commission")
    rows = {model.__name__: model.objects.count() for model in (models.Capture, models.Release, models.Refund)}
    return {code: balance(code) for code in codes} | rows | {"events": models.OutboxEvent.objects.count()}


STEPS = ["authorise", "capture", "refund", "release", "settle", "pay out"]


@pytest.mark.parametrize("killed", [*STEPS, "cancel"])
def test_killed_before_its_commit_nothing_has_happened_and_again_everything_does(
    killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, merchant = make_shopper(), make_merchant()
    payment = record(tenders=[("bank_account", account, 5_000)], parts=[(merchant, 5_000)], key="o1")
    acts = {
        "authorise": lambda: authorise(payment).state == "authorised",
        "capture": lambda: isinstance(capture("o1-1"), operations.Captured),
        "refund": lambda: isinstance(refund("o1-1", 1_000), operations.Refunded),
        "release": lambda: isinstance(release("o1-1"), operations.Released),
        "settle": lambda: settlement.settle_due(until=TODAY).settlements == 1,
        "pay out": lambda: settlement.pay_out_due(until=TODAY).payouts == 1,
        "cancel": lambda: isinstance(cancel("o1-1"), operations.Cancelled),
    }
    before = ["authorise"] if killed == "cancel" else STEPS[: STEPS.index(killed)]
    for name in before:
        assert acts[name]()
    stood = books()
    with monkeypatch.context() as arranged:
        # Events are the last thing written before the commit.
        arranged.setattr(outbox, "record", die)
        in_dying_process(acts[killed])
    assert books() == stood
    assert acts[killed]()
    assert books() != stood
