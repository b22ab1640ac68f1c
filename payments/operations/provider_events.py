"""Events of providers: stored first, handled once each, whatever order they come in.

A handler is named in ``RIALTO_PROVIDER_EVENTS`` by the kind of event and called as ``handler(event, at)``, outside any
transaction. It asks what is true now rather than believing the order of events, and bears being called again: a worker
that dies with an event in hand gives it up after a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import ExpressionWrapper
from django.db.models.fields import DateTimeField
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from payments.models import ProviderCursor, ProviderEvent
from payments.operations import cases
from payments.operations.errors import PaymentError
from payments.providers import card_api
from payments.states import PROVIDER_EVENT, move

logger = logging.getLogger(__name__)

BATCH = 100
CURSOR = f"{card_api.PROVIDER} events"
IN_HAND = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
# Providers list an event a little after it happened, by their own clock.
READ_AGAIN = timedelta(minutes=10)
FIRST_READ = timedelta(days=1)


class EventContradicts(PaymentError):
    """An event says something that our own records rule out: nothing is done, people look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """An event as the provider told it; ``happened_at`` by the provider's clock."""

    provider: str
    event_id: str
    kind: str
    subject: str
    happened_at: datetime
    body: dict[str, Any]


def store_provider_events(*, events: Sequence[ReceivedEvent], source: str) -> None:
    """Store events, each once however often it comes. ``source`` is ``webhook`` or ``poll``."""
    rows = [
        ProviderEvent(
            provider=event.provider,
            event_id=event.event_id,
            kind=event.kind,
            subject=event.subject,
            happened_at=event.happened_at,
            body=event.body,
            source=source,
        )
        for event in events
    ]
    ProviderEvent.objects.bulk_create(rows, ignore_conflicts=True)


def handle_provider_events(*, at: datetime) -> int:
    """Handle what waits, the oldest first; return how many were looked at. Several workers may do so at once."""
    looked_at = 0
    while True:
        claimed = _claim()
        if not claimed:
            return looked_at
        for event in claimed:
            _handle(event=event, at=at)
            looked_at += 1


def poll_provider_events(*, at: datetime) -> int:
    """Read the card provider's own list of events and store what no webhook brought; return how many.

    :raises ProviderSilent: the provider did not answer; the next poll begins at the same place.
    """
    cursor, _ = ProviderCursor.objects.get_or_create(name=CURSOR, defaults={"read_until": at - FIRST_READ})
    listed = [received(body=body) for body in card_api.events_since(moment=cursor.read_until - READ_AGAIN)]
    missing = _missing(listed)
    store_provider_events(events=missing, source="poll")
    ProviderCursor.objects.filter(pk=cursor.pk, read_until__lt=at).update(read_until=at)
    return len(missing)


def received(*, body: dict[str, Any]) -> ReceivedEvent:
    """Return a card provider's event as it is stored.

    :raises ValueError: it is not an event.
    """
    try:
        about = body["data"]["object"]
        return ReceivedEvent(
            provider=card_api.PROVIDER,
            event_id=str(body["id"])[:120],
            kind=str(body["type"])[:80],
            subject=str(about.get("id") or "")[:120],
            happened_at=card_api.moment(seconds=body["created"]),
            body=body,
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as problem:
        raise ValueError("This is not an event of the card provider.") from problem


def _missing(listed: Sequence[ReceivedEvent]) -> list[ReceivedEvent]:
    known = set(
        ProviderEvent.objects.filter(event_id__in=[event.event_id for event in listed]).values_list(
            "event_id", flat=True
        )
    )
    return [event for event in listed if event.event_id not in known]


def _claim() -> list[ProviderEvent]:
    """Take events in hand, so that nobody else does for a while."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE payments_providerevent SET due_at = clock_timestamp() + %s, attempts = attempts + 1
            WHERE id IN (
                SELECT id FROM payments_providerevent WHERE state = 'received' AND due_at <= clock_timestamp()
                ORDER BY due_at, happened_at LIMIT %s FOR UPDATE SKIP LOCKED
            ) RETURNING id
            """,
            [IN_HAND, BATCH],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(ProviderEvent.objects.filter(pk__in=ids).order_by("happened_at", "pk"))


def _handle(*, event: ProviderEvent, at: datetime) -> None:
    paths = settings.RIALTO_PROVIDER_EVENTS.get(event.kind, [])
    try:
        for path in paths:
            import_string(path)(event=event, at=at)
    except EventContradicts as problem:
        _question(event=event, problem=str(problem), at=at)
    except Exception as problem:
        # Whatever went wrong, the event stays and comes again, ever more slowly.
        logger.exception("An event of a provider was not handled", extra={"provider_event": event.event_id})
        wait = min(LONGEST_WAIT, timedelta(seconds=2 ** min(event.attempts, 12)))
        ProviderEvent.objects.filter(pk=event.pk, state="received").update(
            problem=f"{type(problem).__name__}: {problem}"[:500],
            due_at=ExpressionWrapper(Now() + wait, output_field=DateTimeField()),
        )
    else:
        _move(event=event, name="handle" if paths else "ignore", problem="")


def _question(*, event: ProviderEvent, problem: str, at: datetime) -> None:
    with transaction.atomic():
        _move(event=event, name="question", problem=problem)
        about = event.body["data"]["object"]
        amount, currency = about.get("amount"), str(about.get("currency") or "").upper()[:3]
        whole = isinstance(amount, int) and amount >= 0 and len(currency) == 3
        cases.open_case(
            request=cases.OpenCase(
                kind="provider_event",
                key=event.event_id,
                subject=event.subject,
                amount=amount if whole else None,
                currency=currency if whole else "",
                names=(event.subject,) if event.subject else (),
                text=problem,
                at=at,
            )
        )


def _move(*, event: ProviderEvent, name: str, problem: str) -> None:
    state = move(machine=PROVIDER_EVENT, state=event.state, event=name)
    ProviderEvent.objects.filter(pk=event.pk, state="received").update(state=state, problem=problem[:500])
