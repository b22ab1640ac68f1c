"""Idempotency keys as Stripe keeps them: one answer a key, another request under it refused."""

import hashlib

from aiohttp import web
from localstripe.resources import store

KEPT = 20_000
NAME = "front:keys"

_under_way: set[str] = set()


@web.middleware
async def answer_once(request: web.Request, handler: object) -> web.StreamResponse:
    """Answer a repeated request from what was answered before."""
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    if not key:
        return await handler(request)
    asked = hashlib.sha256(request.path.encode() + b"\n" + await request.read()).hexdigest()
    answered = store.setdefault(NAME, {})
    if key in answered:
        before, status, text = answered[key]
        if before != asked:
            return _refusal(400, "idempotency_error", "This key was used before with other parameters.")
        return _answer(status, text, replayed=True)
    if key in _under_way:
        return _refusal(409, "idempotency_error", "A request with this key is under way.")
    _under_way.add(key)
    try:
        answer = await handler(request)
    finally:
        _under_way.discard(key)
    if isinstance(answer, web.Response) and answer.status < 500 and answer.status not in (401, 409):
        answered[key] = (asked, answer.status, answer.text or "")
        while len(answered) > KEPT:
            del answered[next(iter(answered))]
    return answer


def _answer(status: int, text: str, *, replayed: bool) -> web.Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


def _refusal(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"error": {"type": kind, "message": message}}, status=status)
