"""Where providers tell us what happened: signature and age checked, stored, answered; a worker does the rest."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import datetime, timedelta

import celery
import kombu.exceptions
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from payments import clock, operations

logger = logging.getLogger(__name__)

# How far a signature's time and our clock may be apart, either way.
TOLERANCE = timedelta(minutes=5)
LONGEST = 1_000_000
HANDLE_TASK = "payments.tasks.handle_provider_events"


class BadSignature(Exception):
    """The body is not from the provider, or is too old, or was altered."""


@csrf_exempt
@require_POST
def card_events(request: HttpRequest) -> HttpResponse:
    """Store one event of the card provider; only what is stored is answered 200, so the rest comes again."""
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return _refused("The event is too long.", status=413)
    body = request.body
    try:
        check_signature(
            body=body, header=request.headers.get("Stripe-Signature", ""), secrets=secrets(), at=clock.now()
        )
        event = operations.received(body=json.loads(body))
    except BadSignature as problem:
        logger.warning("A webhook was refused", extra={"problem": str(problem)})
        return _refused(str(problem), status=400)
    except (ValueError, RecursionError):
        return _refused("The body is not an event.", status=400)
    operations.store_provider_events(events=[event], source="webhook")
    _kick()
    return JsonResponse({"stored": event.event_id})


def secrets() -> list[str]:
    """Return the secrets that sign events now: several, by commas, while one replaces another."""
    given = [secret.strip() for secret in settings.STRIPE_WEBHOOK_SECRET.split(",") if secret.strip()]
    if given or settings.STRIPE_API_KEY:
        return given
    return [stand_in_secret()]


def stand_in_secret() -> str:
    """Return the secret that the stand-in of this installation signs with."""
    return f"whsec_{hmac.digest(settings.SECRET_KEY.encode(), b'card stand-in', 'sha256').hex()}"


def check_signature(*, body: bytes, header: str, secrets: list[str], at: datetime) -> None:
    """Check a ``Stripe-Signature`` header: ``t=…,v1=…``, perhaps several ``v1``.

    :raises BadSignature: no secret fits, or its time is too far from ``at``.
    """
    fields = [field.partition("=") for field in header.split(",")]
    times = [value for name, _, value in fields if name.strip() == "t"]
    signatures = [value.strip() for name, _, value in fields if name.strip() == "v1"]
    if len(times) != 1 or not times[0].isascii() or not times[0].isdigit() or len(times[0]) > 12 or not signatures:
        raise BadSignature("The signature is missing or not whole.")
    signed = times[0].encode() + b"." + body
    fitting = [
        secret
        for secret in secrets
        for signature in signatures
        if hmac.compare_digest(
            hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode(), signature.encode()
        )
    ]
    if not fitting:
        raise BadSignature("The signature does not fit: check STRIPE_WEBHOOK_SECRET.")
    if abs(at.timestamp() - int(times[0])) > TOLERANCE.total_seconds():
        raise BadSignature("The signature is too old, or the clocks differ by more than five minutes.")


def _refused(sentence: str, *, status: int) -> HttpResponse:
    return JsonResponse({"error": sentence}, status=status)


def _kick() -> None:
    """Wake a worker; without a queue the schedule finds what is stored."""
    if not settings.RIALTO_OUTBOX_KICK:
        return
    try:
        celery.current_app.send_task(HANDLE_TASK, retry=False)
    except (kombu.exceptions.OperationalError, OSError):
        logger.warning("The queue did not answer; events wait for the schedule.")
