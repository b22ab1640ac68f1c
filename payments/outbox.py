"""Events leave in the transaction of what they tell, and reach every handler at least once.

Handlers are named in ``RIALTO_SUBSCRIBERS`` and called as ``handler(events)`` outside any transaction, with events of
one name in the order they were recorded. A handler that fails for a batch gets its events one by one, so that one bad
event never holds up the others; it comes again later, ever more slowly.
"""

from __future__ import annotations

import contextvars
import itertools
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import celery
import kombu.exceptions
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from payments import events
from payments.models import HandledEvent, OutboxEvent

logger = logging.getLogger(__name__)

BATCH = 2_000
# A relay that died with events in hand loses its claim on them after this time.
CLAIM_SECONDS = 300
LONGEST_WAIT_SECONDS = 3_600
RELAY_TASK = "payments.tasks.relay"

Handler = Callable[[Sequence[events.Event]], None]


class Claimed(NamedTuple):
    """An event that nobody else delivers for now."""

    id: int
    name: str
    payload: dict[str, Any]
    attempts: int


_held: contextvars.ContextVar[bool] = contextvars.ContextVar("outbox_held", default=False)
_own: contextvars.ContextVar[list[int] | None] = contextvars.ContextVar("outbox_own", default=None)


def record(*, happened: Sequence[events.Event]) -> None:
    """Write events in the caller's transaction; an event whose key was seen before is left out.

    One that nobody subscribes to is written as delivered: there is nothing to do for it, now or later.
    """
    if not happened:
        return
    told = [event for event in happened if settings.RIALTO_SUBSCRIBERS.get(event.name)]
    own = _own.get()
    written = _write(happened=happened, told={event.name for event in told})
    if own is not None and told:
        keys = {_key(event) for event in told}
        own.extend(identifier for identifier, key in written if key in keys)
    if told and not _held.get() and _kick not in {function for _, function, *_ in connection.run_on_commit}:
        transaction.on_commit(_kick)


def _write(*, happened: Sequence[events.Event], told: set[str]) -> list[tuple[int, str]]:
    """Write events; return number and key of each that was not there."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payments_outboxevent (name, key, payload, at, delivered_at, attempts, last_error)
            SELECT name, key, payload::jsonb, at, CASE WHEN name <> ALL (%s) THEN statement_timestamp() END, 0, ''
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[])
                WITH ORDINALITY AS given (name, key, payload, at, number)
            ORDER BY number
            ON CONFLICT DO NOTHING
            RETURNING id, key
            """,
            [
                sorted(told),
                [event.name for event in happened],
                [_key(event) for event in happened],
                [json.dumps(event.to_payload()) for event in happened],
                [event.at for event in happened],
            ],
        )
        return cursor.fetchall()


def _key(event: events.Event) -> str:
    return f"{event.name}:{event.key}"


@contextmanager
def held() -> Iterator[None]:
    """Leave delivery to the caller's own :func:`drain` for as long as this lasts."""
    token = _held.set(True)
    try:
        yield
    finally:
        _held.reset(token)


@contextmanager
def lane() -> Iterator[None]:
    """Have :func:`drain` deliver, for as long as this lasts, what is recorded here and nothing else.

    Several processes that live through parts of one history each deliver their own part, in its own order.
    """
    token = _own.set([])
    try:
        yield
    finally:
        _own.reset(token)


def in_lane() -> bool:
    """Tell whether a :func:`lane` is open here."""
    return _own.get() is not None


def drain(*, limit: int | None = None, strict: bool = False) -> int:
    """Deliver what is waiting, and what that brings about, here and now; return how many events were delivered.

    With ``strict`` the first error of a handler is raised instead of being kept for later.
    """
    delivered = 0
    with held():
        while limit is None or delivered < limit:
            claimed = _claim(limit=BATCH if limit is None else min(BATCH, limit - delivered), own=_own.get())
            if not claimed:
                break
            try:
                delivered += _deliver(rows=claimed, strict=strict)
            except Exception:
                _give_back(rows=claimed)
                raise
    return delivered


def relay() -> int:
    """Deliver what is waiting; return how many events were delivered. Several may run at once."""
    return drain()


def sweep() -> int:
    """Deliver what a lost message or a dead worker left behind; return how many events were delivered."""
    return drain()


def take_back() -> int:
    """Free the events that somebody has in hand, as he is known to be dead; return how many.

    Whoever lives after all delivers them a second time, which handlers bear. What failed before keeps its pause.
    """
    return OutboxEvent.objects.filter(delivered_at__isnull=True, attempts=0, available_at__gt=Now()).update(
        available_at=Now()
    )


def backlog() -> dict[str, int]:
    """Return how many events wait, and how many of them have failed before."""
    return OutboxEvent.objects.filter(delivered_at__isnull=True).aggregate(
        waiting=Count("id"), failing=Count("id", filter=Q(attempts__gt=0))
    )


def _kick() -> None:
    if not settings.RIALTO_OUTBOX_KICK:
        return
    try:
        celery.current_app.send_task(RELAY_TASK, retry=False)
    except (kombu.exceptions.OperationalError, OSError):
        # The events are safe: the sweeper finds them when the queue is back.
        logger.warning("The queue did not answer; events wait for the sweeper.")


def _claim(*, limit: int, own: list[int] | None = None) -> list[Claimed]:
    if own is not None:
        return _claim_own(ids=own, limit=limit)
    return _claimed(
        which="id IN (SELECT id FROM payments_outboxevent WHERE delivered_at IS NULL "
        "AND available_at <= clock_timestamp() ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)",
        given=limit,
    )


def _claim_own(*, ids: list[int], limit: int) -> list[Claimed]:
    wanted = ids[:limit]
    del ids[:limit]
    if not wanted:
        return []
    # What a transaction recorded that was undone is not there: look on.
    return _claimed(which="id = ANY(%s)", given=wanted) or _claim_own(ids=ids, limit=limit)


def _claimed(*, which: str, given: object) -> list[Claimed]:
    with connection.cursor() as cursor:
        cursor.execute(
            # The parts are those above; every value is passed as one.
            f"""
            UPDATE payments_outboxevent SET available_at = clock_timestamp() + make_interval(secs => %s)
            WHERE {which} AND delivered_at IS NULL AND available_at <= clock_timestamp()
            RETURNING id, name, payload, attempts
            """,  # noqa: S608
            [CLAIM_SECONDS, given],
        )
        rows = sorted(cursor.fetchall())
    return [Claimed(identifier, name, json.loads(payload), attempts) for identifier, name, payload, attempts in rows]


def _deliver(*, rows: Sequence[Claimed], strict: bool) -> int:
    delivered: list[int] = []
    for name, group in itertools.groupby(rows, key=lambda row: row.name):
        batch = list(group)
        paths = settings.RIALTO_SUBSCRIBERS.get(name, ())
        failures = _hand_over(rows=batch, paths=paths, strict=strict) if paths else {}
        delivered += [row.id for row in batch if row.id not in failures]
        if failures:
            _put_back(rows=[row for row in batch if row.id in failures], failures=failures)
    OutboxEvent.objects.filter(id__in=delivered).update(delivered_at=Now())
    return len(delivered)


def _hand_over(*, rows: Sequence[Claimed], paths: Sequence[str], strict: bool) -> dict[int, str]:
    """Give rows of one name to each handler; return the error of each row that a handler failed on."""
    failures: dict[int, str] = {}
    succeeded: list[tuple[int, str]] = []
    tried_before = [row.id for row in rows if row.attempts]
    had: set[tuple[int, str]] = set()
    if tried_before:
        had = set(HandledEvent.objects.filter(event_id__in=tried_before).values_list("event_id", "handler"))
    happened = _decode(rows=rows, failures=failures)
    for path in paths:
        handler = import_string(path)
        ids = [identifier for identifier in happened if (identifier, path) not in had]
        for group in _split_on_failure(handler=handler, ids=ids, happened=happened, strict=strict, failures=failures):
            succeeded += [(identifier, path) for identifier in group]
    HandledEvent.objects.bulk_create(
        [HandledEvent(event_id=identifier, handler=path) for identifier, path in succeeded if identifier in failures],
        ignore_conflicts=True,
    )
    return failures


def _decode(*, rows: Sequence[Claimed], failures: dict[int, str]) -> dict[int, events.Event]:
    happened = {}
    for row in rows:
        try:
            happened[row.id] = events.decode(name=row.name, payload=row.payload)
        except (events.UnknownEvent, TypeError, ValueError) as problem:
            failures[row.id] = f"The event cannot be read: {problem}"
    return happened


def _split_on_failure(
    *, handler: Handler, ids: list[int], happened: dict[int, events.Event], strict: bool, failures: dict[int, str]
) -> Iterator[list[int]]:
    """Call the handler with all of them, and after an error with each alone; yield what succeeded."""
    if not ids:
        return
    try:
        handler([happened[identifier] for identifier in ids])
    except Exception as problem:
        if strict:
            raise
        if len(ids) > 1:
            for identifier in ids:
                yield from _split_on_failure(
                    handler=handler, ids=[identifier], happened=happened, strict=strict, failures=failures
                )
            return
        logger.exception("A handler failed on an event", extra={"event": happened[ids[0]].key})
        failures[ids[0]] = f"{type(problem).__name__}: {problem}"[:2_000]
    else:
        yield ids


def _give_back(*, rows: Sequence[Claimed]) -> None:
    OutboxEvent.objects.filter(id__in=[row.id for row in rows], delivered_at__isnull=True).update(available_at=Now())


def _put_back(*, rows: Sequence[Claimed], failures: dict[int, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE payments_outboxevent AS event
            SET attempts = event.attempts + 1, last_error = failed.error,
                available_at = clock_timestamp() + make_interval(secs => least(%s, power(2, event.attempts)))
            FROM unnest(%s::bigint[], %s::text[]) AS failed (id, error)
            WHERE event.id = failed.id
            """,
            [LONGEST_WAIT_SECONDS, [row.id for row in rows], [failures[row.id] for row in rows]],
        )
