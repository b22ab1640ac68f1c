"""Faults on request: `POST /_config/faults` with `kind`, `path` (a beginning), `times` and `seconds`.

`drop`: done, and the line breaks before the answer; `delay`: done late; `late`: done, answered late; `error`: 500, not
done; `error_after`: done, answered 500; `twice`: carried out twice, as a proxy that repeats does; `down`: the line
breaks before anything is done. `DELETE /_config/faults` ends them all.
"""

import asyncio
from dataclasses import dataclass

from aiohttp import web

KINDS = ("drop", "delay", "late", "error", "error_after", "twice", "down")


@dataclass(slots=True)
class Fault:
    """One kind of trouble for the next calls below a path."""

    kind: str
    path: str
    times: int
    seconds: float


_faults: list[Fault] = []


def install(*, app: web.Application) -> None:
    """Add the routes by which faults are asked for."""
    app.router.add_post("/_config/faults", _ask)
    app.router.add_delete("/_config/faults", _end)


@web.middleware
async def spoil(request: web.Request, handler: object) -> web.StreamResponse:
    """Do what the first fitting fault says."""
    fault = _take(path=request.path)
    if fault is None:
        return await handler(request)
    if fault.kind == "down":
        return _break(request)
    if fault.kind == "error":
        return _error()
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    if fault.kind == "twice":
        await handler(request)
    answer = await asyncio.shield(handler(request))
    if fault.kind == "drop":
        return _break(request)
    if fault.kind == "error_after":
        return _error()
    if fault.kind == "late":
        await asyncio.sleep(fault.seconds)
    return answer


def _take(*, path: str) -> Fault | None:
    if path.startswith("/_config/"):
        return None
    for fault in _faults:
        if path.startswith(fault.path):
            fault.times -= 1
            if fault.times == 0:
                _faults.remove(fault)
            return fault
    return None


def _break(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _error() -> web.Response:
    return web.json_response({"error": {"type": "api_error", "message": "Something went wrong."}}, status=500)


async def _ask(request: web.Request) -> web.Response:
    asked = await request.json()
    if asked.get("kind") not in KINDS:
        return web.json_response({"error": {"message": f"A fault is one of {', '.join(KINDS)}."}}, status=400)
    _faults.append(
        Fault(
            kind=asked["kind"],
            path=asked.get("path", "/"),
            times=int(asked.get("times", 1)),
            seconds=float(asked.get("seconds", 0)),
        )
    )
    return web.json_response({})


async def _end(_: web.Request) -> web.Response:
    _faults.clear()
    return web.json_response({})
