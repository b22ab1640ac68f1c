"""The database or Redis goes away in the middle of things and comes back: nothing is lost, nothing done twice."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import celery
import psycopg2
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg2 import sql

from config import services
from payments import events, models, operations, outbox, settlement
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories import disputes
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
from tests.integration.test_payments_crashes import books

TODAY = AT.date() + timedelta(days=2)
HERE = "tests.integration.test_payments_restarts"


class Restart:
    """A database that drops everybody and lets nobody in until it has come back, as while its server restarts."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def go(self) -> None:
        self._say("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        with closing(self._superuser()) as other, other.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [self.database.name]
            )
            assert all(ended for (ended,) in cursor.fetchall())

    def come_back(self) -> None:
        self._say("ALTER DATABASE {} ALLOW_CONNECTIONS true")
        connection.close()

    def _say(self, text: str) -> None:
        with closing(self._superuser()) as other, other.cursor() as cursor:
            cursor.execute(sql.SQL(text).format(sql.Identifier(self.database.name)))

    def _superuser(self) -> "psycopg2.extensions.connection":
        address = self.database.superuser_url.replace(f"/{self.database.name}", "/postgres")
        other = psycopg2.connect(address)
        other.autocommit = True
        return other


@pytest.fixture
def restart(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[Restart]:
    settings.RIALTO_OUTBOX_KICK = False
    settings.RIALTO_METHODS = disputes.METHODS
    with django_db_blocker.unblock():
        yield Restart(fresh_database)
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        assert checks.check_nothing_half_done() == []


def acts(payment: int) -> dict[str, Callable[[], bool]]:
    return {
        "authorise": lambda: authorise(payment).state == "authorised",
        "capture": lambda: isinstance(capture("o1-1"), operations.Captured),
        "refund": lambda: isinstance(refund("o1-1", 1_000), operations.Refunded),
        "release": lambda: isinstance(release("o1-1"), operations.Released),
        "settle": lambda: settlement.settle_due(until=TODAY).settlements == 1,
        "pay out": lambda: settlement.pay_out_due(until=TODAY).payouts == 1,
        "cancel": lambda: isinstance(cancel("o1-1"), operations.Cancelled),
    }


STEPS = ["authorise", "capture", "refund", "release", "settle", "pay out"]


@pytest.mark.parametrize("interrupted", [*STEPS, "cancel"])
def test_a_database_that_restarts_before_a_commit_loses_and_doubles_nothing(
    interrupted: str, restart: Restart, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, merchant = make_shopper(), make_merchant()
    payment = record(tenders=[("bank_account", account, 5_000)], parts=[(merchant, 5_000)], key="o1")
    for name in ["authorise"] if interrupted == "cancel" else STEPS[: STEPS.index(interrupted)]:
        assert acts(payment)[name]()
    stood = books()
    real = outbox.record

    def interrupted_record(*, happened: Sequence[events.Event]) -> None:
        # Events are the last thing written before the commit.
        restart.go()
        real(happened=happened)

    with monkeypatch.context() as arranged:
        arranged.setattr(outbox, "record", interrupted_record)
        with pytest.raises(DatabaseError):
            acts(payment)[interrupted]()
        with pytest.raises(DatabaseError):
            acts(payment)[interrupted]()
    restart.come_back()
    assert books() == stood
    assert acts(payment)[interrupted]()
    changed = books()
    assert changed != stood
    if interrupted not in ("settle", "pay out"):
        assert acts(payment)[interrupted]()
        assert books() == changed


@pytest.mark.parametrize("action", ["authorise", "capture", "refund"])
def test_a_database_that_restarts_while_a_provider_answers_is_told_afterwards(
    action: str, restart: Restart, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant = make_merchant()
    payment = record(tenders=[("card", "pm_card_visa", 5_000)], parts=[(merchant, 5_000)], key="o1")
    steps = {
        "authorise": lambda: authorise(payment),
        "capture": lambda: capture("o1-1"),
        "refund": lambda: refund("o1-1", 1_000),
    }
    for name in list(steps)[: list(steps).index(action)]:
        steps[name]()
    asked: list[str] = []
    real = getattr(disputes.WillingCards, action)

    def answer_while_it_restarts(self: object, *, legs: list) -> list:
        asked.append(action)
        answer = real(self, legs=legs)
        if len(asked) == 1:
            restart.go()
        return answer

    monkeypatch.setattr(disputes.WillingCards, action, answer_while_it_restarts)
    with pytest.raises(DatabaseError):
        steps[action]()
    restart.come_back()
    assert models.ProviderAttempt.objects.exclude(state="applied").count() == 1
    operations.sweep(at=AT, patience=timedelta(0))
    assert len(asked) == 2
    part = models.Part.objects.get()
    expected = {
        "authorise": ("authorised", 0, 0),
        "capture": ("captured", 5_000, 0),
        "refund": ("captured", 5_000, 1_000),
    }
    assert (part.state, part.captured, part.refunded_before) == expected[action]
    assert balance("card:stripe:pending") == part.captured - part.refunded_before


heard: list[int] = []


def hear(happened: Sequence[events.MoneyReceived]) -> None:
    heard.extend(event.amount for event in happened)


def receive(amount: int) -> None:
    with transaction.atomic():
        outbox.record(
            happened=[
                events.MoneyReceived(
                    key=f"m{amount}", at=AT, account="A", holder="user:1", amount=amount, currency="EUR", reference=""
                )
            ]
        )


def test_events_outlive_a_redis_that_is_killed_and_are_delivered_once(
    restart: Restart, server_home: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.clear()
    settings.RIALTO_SUBSCRIBERS = {"payments.money_received": [f"{HERE}.hear"]}
    settings.RIALTO_OUTBOX_KICK = True
    holding = services.hold(home=server_home, names=["redis"])
    queue = celery.Celery(
        "restarts",
        broker=services.broker_url(url=services.redis_url(home=server_home)),
        set_as_current=False,
    )
    queue.conf.broker_transport_options = {"socket_connect_timeout": 1, "max_retries": 0}
    monkeypatch.setattr(celery, "current_app", queue)
    receive(1)
    os.kill(services.states(home=server_home)["redis"].pid, signal.SIGKILL)
    receive(2)
    assert outbox.backlog()["waiting"] == 2
    before, holding = holding, services.hold(home=server_home, names=["redis"])
    before.release()
    receive(3)
    assert outbox.sweep() == 3
    assert outbox.drain() == 0
    assert heard == [1, 2, 3]
    queue.close()
    holding.release()
