"""Events leave with their transaction and reach every handler, whatever one of them does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from payments import events, outbox
from payments.models import HandledEvent, OutboxEvent
from tests.databases import Database

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HERE = "tests.integration.test_payments_outbox"


@dataclass(frozen=True, kw_only=True)
class Rang(events.Event):
    name = "test.rang"
    number: int
    day: date
    legs: tuple[tuple[str, int], ...] = ()


class Bell:
    """Handlers that write down what they were given, and fail on the numbers they are told to."""

    heard: list[list[int]]
    second: list[int]
    broken: set[int]


@pytest.fixture(autouse=True)
def _bell(fresh_database: Database, django_db_blocker: object, settings: object, monkeypatch: object) -> Iterator[None]:
    import sys

    monkeypatch.setitem(sys.modules, HERE, sys.modules[__name__])
    Bell.heard, Bell.second, Bell.broken = [], [], set()
    settings.RIALTO_OUTBOX_KICK = False
    settings.RIALTO_SUBSCRIBERS = {"test.rang": [f"{HERE}.hear", f"{HERE}.hear_too"], "test.answered": []}
    with django_db_blocker.unblock():
        yield


def hear(happened: Sequence[Rang]) -> None:
    Bell.heard.append([event.number for event in happened])
    if Bell.broken & {event.number for event in happened}:
        raise ValueError("cracked")


def hear_too(happened: Sequence[Rang]) -> None:
    Bell.second += [event.number for event in happened]


def ring(*numbers: int) -> None:
    with transaction.atomic():
        outbox.record(happened=[Rang(key=str(number), at=AT, number=number, day=AT.date()) for number in numbers])


def test_an_event_comes_out_as_it_went_in() -> None:
    event = Rang(key="a", at=AT, number=1, day=date(2026, 1, 31), legs=(("card", 3),))
    assert events.decode(name=event.name, payload=event.to_payload()) == event


def test_every_handler_gets_every_event_once_in_order() -> None:
    ring(1, 2)
    ring(2, 3)
    assert outbox.drain() == 3
    assert outbox.drain() == 0
    assert Bell.heard == [[1, 2, 3]]
    assert Bell.second == [1, 2, 3]
    assert HandledEvent.objects.count() == 0


def test_an_event_of_a_transaction_that_came_to_nothing_is_never_told() -> None:
    with transaction.atomic():
        ring(1)
        transaction.set_rollback(True)
    assert outbox.drain() == 0


def test_one_bad_event_does_not_hold_up_the_others_and_comes_again_for_the_handler_that_failed() -> None:
    Bell.broken = {2}
    ring(1, 2, 3)
    assert outbox.drain() == 2
    assert Bell.second == [1, 2, 3]
    row = OutboxEvent.objects.get(delivered_at__isnull=True)
    assert (row.attempts, row.last_error) == (1, "ValueError: cracked")
    assert outbox.backlog() == {"waiting": 1, "failing": 1}
    Bell.broken = set()
    OutboxEvent.objects.update(available_at=AT)
    assert outbox.drain() == 1
    assert Bell.heard[-1] == [2]
    assert Bell.second == [1, 2, 3]


def test_strictly_the_first_error_is_raised_and_nothing_is_lost() -> None:
    Bell.broken = {1}
    ring(1, 2)
    with pytest.raises(ValueError, match="cracked"):
        outbox.drain(strict=True)
    Bell.broken = set()
    assert outbox.drain(strict=True) == 2


def test_an_event_nobody_knows_any_more_waits_without_harm() -> None:
    ring(1)
    OutboxEvent.objects.update(name="test.answered")
    ring(2)
    OutboxEvent.objects.create(name="test.rang", key="odd", payload={"strange": True}, at=AT)
    assert outbox.drain() == 2
    assert "cannot be read" in OutboxEvent.objects.get(delivered_at__isnull=True).last_error


def test_what_a_dead_relay_had_claimed_is_delivered_when_its_claim_is_over() -> None:
    ring(1)
    assert len(outbox._claim(limit=10)) == 1
    assert outbox.drain() == 0
    OutboxEvent.objects.update(available_at=AT)
    assert outbox.drain() == 1


def test_what_a_deliverer_known_to_be_dead_had_in_hand_is_delivered_at_once() -> None:
    ring(1, 2)
    outbox._claim(limit=10)
    assert outbox.drain() == 0

    assert outbox.take_back() == 2

    assert outbox.drain() == 2
    assert outbox.take_back() == 0


def test_two_relays_at_once_deliver_each_event_once() -> None:
    from tests.integration.test_ledger_races import race

    ring(*range(300))
    assert sum(race(*[outbox.drain] * 4)) == 300
    assert sorted(Bell.second) == list(range(300))


def test_a_broker_that_is_gone_does_not_harm_the_transaction(settings: object, monkeypatch: object) -> None:
    import celery
    from kombu.exceptions import OperationalError

    def fail(*arguments: object, **options: object) -> None:
        raise OperationalError("no broker")

    settings.RIALTO_OUTBOX_KICK = True
    monkeypatch.setattr(celery.current_app, "send_task", fail)
    ring(1)
    assert outbox.drain() == 1


@dataclass(frozen=True, kw_only=True)
class Unheard(events.Event):
    name = "test.unheard"


def test_what_nobody_subscribes_to_is_written_as_delivered_and_wakes_nobody(settings: object, monkeypatch) -> None:
    import celery

    asked: list[str] = []
    monkeypatch.setattr(celery.current_app, "send_task", lambda name, **options: asked.append(name))
    settings.RIALTO_OUTBOX_KICK = True
    with transaction.atomic():
        outbox.record(happened=[Unheard(key="a", at=AT), Unheard(key="b", at=AT)])
    assert asked == []
    assert outbox.backlog() == {"waiting": 0, "failing": 0}
    assert OutboxEvent.objects.filter(name="test.unheard", delivered_at__isnull=False, attempts=0).count() == 2

    with transaction.atomic():
        outbox.record(happened=[Unheard(key="c", at=AT), Rang(key="1", at=AT, number=1, day=AT.date())])
    assert asked == ["payments.tasks.relay"]
    assert outbox.drain() == 1
    assert Bell.heard == [[1]]


def test_a_lane_delivers_what_was_recorded_in_it_and_leaves_the_rest() -> None:
    ring(1)
    with outbox.lane():
        ring(1, 2)
        with transaction.atomic():
            ring(3)
            transaction.set_rollback(True)
        assert outbox.drain() == 1
        ring(4)
        assert outbox.drain() == 1
    assert Bell.heard == [[2], [4]]
    assert outbox.drain() == 1
    assert Bell.heard[-1] == [1]
