"""Events as Stripe tells them: kept, listed, signed when they are sent, sent again until they are taken.

`POST /_config/webhooks/{id}` says where to. `POST /_config/deliveries` with `mode` changes how the next ones go:
`lost` (kept and listed only), `twice` (both at once), `held` (until `usual`, then the newest first), `usual`.
"""

import asyncio
import hashlib
import hmac
import json
import re
import time

import aiohttp
from aiohttp import web
from localstripe import resources, webhooks
from localstripe.resources import store

KEPT = 5_000
NAME = "front:events"
TRIES = 6
MODES = ("usual", "lost", "twice", "held")
PATIENCE = aiohttp.ClientTimeout(total=10)

_TOLD_BY_STATUS = {
    "requires_action": "payment_intent.requires_action",
    "requires_capture": "payment_intent.amount_capturable_updated",
    "canceled": "payment_intent.canceled",
}
_mode = {"now": "usual"}
_kept_back: list[dict] = []
_tasks: set[asyncio.Task] = set()


class _Plain:
    """Lets localstripe's event carry what was answered already."""

    def __init__(self, body: dict) -> None:
        self.body = body

    def _export(self) -> dict:
        return self.body


def install(*, app: web.Application) -> None:
    """Take over the sending of localstripe's own events and add the routes."""
    resources.schedule_webhook = _take
    app.router.add_post("/_config/deliveries", _set_mode)


def emit(kind: str, body: dict) -> dict:
    """Keep an event about an object and send it to everybody who asked; return the event."""
    return _take(resources.Event(kind, _Plain(body)))


@web.middleware
async def tell(request: web.Request, handler: object) -> web.StreamResponse:
    """List events, and tell what a call changed of a payment."""
    if request.method == "GET" and request.path.startswith("/v1/events"):
        return _listed(request)
    answer = await handler(request)
    if request.method == "POST" and request.path.startswith("/v1/") and answer.status == 200:
        _tell_of(path=request.path, answer=answer)
    return answer


def _tell_of(*, path: str, answer: web.Response) -> None:
    body = json.loads(answer.text or "{}")
    if path.startswith("/v1/payment_intents") and body.get("status") in _TOLD_BY_STATUS:
        emit(_TOLD_BY_STATUS[body["status"]], body)
    elif path == "/v1/refunds":
        charge = resources.Charge._api_retrieve(body["charge"])
        emit("charge.refunded", charge._export())
    elif re.fullmatch(r"/v1/payment_methods/\w+/(attach|detach)", path):
        emit(f"payment_method.{path.rpartition('/')[2]}ed", body)


def _take(event: resources.Event) -> dict:
    body = event._export() | {"object": "event"}
    # Kept aside: localstripe walks through its whole store for many an answer.
    store.pop(f"event:{event.id}", None)
    kept = store.setdefault(NAME, [])
    kept.append(body)
    del kept[:-KEPT]
    mode = _mode["now"]
    if mode == "held":
        _kept_back.append(body)
    for _ in range({"lost": 0, "held": 0, "twice": 2}.get(mode, 1)):
        _send_soon(body)
    return body


def _send_soon(body: dict) -> None:
    for hook in list(webhooks._webhooks.values()):
        if hook.events is None or body["type"] in hook.events:
            task = asyncio.ensure_future(_send(hook=hook, body=body))
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)


async def _send(*, hook: webhooks.Webhook, body: dict) -> None:
    payload = json.dumps(body, sort_keys=True).encode()
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        for turn in range(TRIES):
            headers = {
                "Content-Type": "application/json; charset=utf-8",
                "Stripe-Signature": signature(payload=payload, secret=hook.secret, at=int(time.time())),
            }
            try:
                async with session.post(hook.url, data=payload, headers=headers) as answer:
                    if answer.status < 300:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(2**turn)


def signature(*, payload: bytes, secret: str, at: int) -> str:
    """Return the header that signs a payload."""
    signed = hmac.new(secret.encode(), b"%d.%s" % (at, payload), hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def _listed(request: web.Request) -> web.Response:
    newest_first = store.get(NAME, [])[::-1]
    identifier = request.path.removeprefix("/v1/events").strip("/")
    if identifier:
        found = [body for body in newest_first if body["id"] == identifier]
        return web.json_response(found[0]) if found else web.json_response({"error": {}}, status=404)
    since = int(request.query.get("created[gte]", 0))
    rows = [body for body in newest_first if body["created"] >= since]
    after = request.query.get("starting_after")
    if after:
        places = [place for place, body in enumerate(rows) if body["id"] == after]
        rows = rows[places[0] + 1 :] if places else []
    limit = int(request.query.get("limit", 10))
    answer = {"object": "list", "url": "/v1/events", "data": rows[:limit], "has_more": len(rows) > limit}
    return web.json_response(answer)


async def _set_mode(request: web.Request) -> web.Response:
    mode = (await request.json()).get("mode")
    if mode not in MODES:
        return web.json_response({"error": {"message": f"A mode is one of {', '.join(MODES)}."}}, status=400)
    _mode["now"] = mode
    if mode == "usual":
        while _kept_back:
            _send_soon(_kept_back.pop())
    return web.json_response({})
