"""Pages about the system itself."""

import secrets
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 with the state of each part, 503 when one is down."""
    states = {name: _state(check) for name, check in CHECKS.items()}
    return JsonResponse(states, status=200 if set(states.values()) == {"up"} else 503)


def server_error(request: HttpRequest) -> HttpResponse:
    """Log the unexpected error under an id and show the page that names it."""
    error_id = secrets.token_hex(6)
    log.error("unexpected error", error_id=error_id, method=request.method, path=request.path, exc_info=True)
    return HttpResponseServerError(render_to_string("500.html", {"error_id": error_id}))


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except (DatabaseError, RedisError, OSError):
        return "down"
    return "up"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _queue() -> None:
    with Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()


def _ledger() -> None:
    """Ask the ledger's tables for a row, as an operation would."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM ledger_account LIMIT 1")


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "queue": _queue, "ledger": _ledger}
