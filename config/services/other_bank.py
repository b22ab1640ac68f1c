"""The other bank's stand-in: takes payment requests, asks the payer on pages of its own, sends signed notices.

Part of the card stand-in's process, under ``/other-bank/``; for development and tests alone.
"""

import asyncio
import contextlib
import html
import json
import logging
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from payments.providers import bank_signatures as signatures

PREFIX = "/other-bank"
SECRET = signatures.STAND_IN_SECRET
# How long after the payer's answer, and after each failure to deliver it, the notice is sent.
NOTICE_AFTER = (0.2, 1, 5, 30, 120)

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#eef3ee;color:#1c2a22}}
main{{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}}
h1{{font-size:1.25rem;margin:.25rem 0 1rem}}b{{font-size:1.5rem}}small{{color:#4a5a50}}
button{{font:inherit;padding:.75rem 1.25rem;border-radius:.5rem;border:1px solid #1f6b43;margin:.25rem .5rem .25rem 0}}
button[value=agree]{{background:#1f6b43;color:#fff}}button[value=refuse]{{background:#fff;color:#1f6b43}}
</style></head><body><main><small>Other Bank · test installation</small>{body}</main></body></html>"""


@dataclass
class Asked:
    """A payment somebody was asked for; amounts are minor units."""

    id: str
    key: str
    amount: int
    currency: str
    reference: str
    creditor: str
    return_url: str
    notice_url: str
    status: str = "waiting"
    paid: int = 0
    paid_currency: str = ""
    returned: int = 0
    returns: dict[str, int] = field(default_factory=dict)


class OtherBank:
    """Everything the other bank knows, kept in one file of the home."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: dict[str, Asked] = {}
        self.faults: dict[str, object] = {}
        self.is_dirty = False
        self.sending: set[asyncio.Task] = set()
        with contextlib.suppress(OSError, ValueError, TypeError):
            self.asked = {row["id"]: Asked(**row) for row in json.loads(path.read_text())}

    def save(self) -> None:
        """Write what has changed."""
        if not self.is_dirty:
            return
        self.is_dirty = False
        draft = self.path.with_suffix(".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump([asdict(row) for row in self.asked.values()], file)
        draft.replace(self.path)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request under our prefix."""
        self.is_dirty = self.is_dirty or request.method == "POST"
        path = request.path.removeprefix(PREFIX)
        match [request.method, *path.strip("/").split("/")]:
            case ["POST", "_faults"]:
                self.faults = await request.json()
                return web.json_response({})
            case [_, "pay", identifier]:
                return await self._page(request, identifier)
            case [_, "payments", *rest]:
                return await self._api(request, path, rest)
        return web.json_response({"problem": "there is no such address"}, status=404)

    async def _api(self, request: web.Request, path: str, rest: list[str]) -> web.Response:
        text = await request.text()
        said = f"{request.method} {path} {text}"
        given = request.headers.get("Signature", "")
        if not signatures.is_genuine(secret=SECRET, text=said, signature=given, now=time.time()):
            return web.json_response({"problem": "the signature is not right"}, status=401)
        if self._fails("down"):
            return web.json_response({"problem": "out of order"}, status=503)
        done = self._do(request.method, rest, json.loads(text or "{}"))
        if self._fails("lose_answer"):
            return web.json_response({"problem": "the answer is lost"}, status=503)
        if isinstance(done, str):
            return web.json_response({"problem": done}, status=409)
        shown = {name: value for name, value in asdict(done).items() if name not in ("returns", "key")}
        return web.json_response(shown)

    def _fails(self, name: str) -> bool:
        """Tell whether a fault is set, which lasts for so many calls."""
        left = int(self.faults.get(name, 0) or 0)
        self.faults[name] = max(0, left - 1)
        return left > 0

    def _do(self, verb: str, rest: list[str], body: dict) -> Asked | str:
        match [verb, *rest]:
            case ["POST"]:
                return self._ask(body)
            case ["GET", identifier] if identifier in self.asked:
                return self.asked[identifier]
            case ["POST", identifier, "cancel"] if identifier in self.asked:
                row = self.asked[identifier]
                row.status = "cancelled" if row.status == "waiting" else row.status
                return row
            case ["POST", identifier, "returns"] if identifier in self.asked:
                return self._send_back(self.asked[identifier], key=body["key"], amount=int(body["amount"]))
        return "there is no such payment"

    def _ask(self, body: dict) -> Asked:
        for row in self.asked.values():
            if row.key == body["key"]:
                return row
        row = Asked(id=f"ob_{secrets.token_urlsafe(15)}", **body)
        self.asked[row.id] = row
        return row

    @staticmethod
    def _send_back(row: Asked, *, key: str, amount: int) -> Asked | str:
        if key in row.returns:
            return row
        if not 0 < amount <= row.paid - row.returned:
            return f"{row.paid - row.returned} is left to send back, not {amount}"
        row.returns[key] = amount
        row.returned += amount
        row.status = "returned" if row.returned == row.paid else row.status
        return row

    async def _page(self, request: web.Request, identifier: str) -> web.Response:
        row = self.asked.get(identifier)
        if row is None:
            return _html("Unknown payment", "<h1>There is no such payment</h1>", status=404)
        if request.method == "POST" and row.status == "waiting":
            self._answered(row, agreed=(await request.post()).get("answer") == "agree")
        if row.status == "waiting":
            return _html("Agree to a payment", _question(row))
        if not row.return_url:
            return _html("Done", "<h1>Thank you</h1><p>You may close this page.</p>")
        raise web.HTTPSeeOther(self.return_address(row))

    def _answered(self, row: Asked, *, agreed: bool) -> None:
        row.status = "confirmed" if agreed else "refused"
        if agreed:
            row.paid = int(self.faults.pop("pay_amount", 0) or row.amount)
            row.paid_currency = str(self.faults.pop("pay_currency", "") or row.currency)
        if row.notice_url:
            for _ in range(2 if self._fails("notice_twice") else 1):
                task = asyncio.get_running_loop().create_task(_notify(row.notice_url, row.id, row.status))
                self.sending.add(task)
                task.add_done_callback(self.sending.discard)

    @staticmethod
    def return_address(row: Asked) -> str:
        """Return where the payer goes back to, with a signature over how it went."""
        text = signatures.return_text(reference=row.id, status=row.status)
        signed = signatures.sign(secret=SECRET, text=text, at=int(time.time()))
        return f"{row.return_url}?{urlencode({'payment': row.id, 'status': row.status, 'signature': signed})}"


def _question(row: Asked) -> str:
    sum_ = f"{row.amount / 100:,.2f} {html.escape(row.currency)}"
    return (
        f"<h1>Pay {html.escape(row.creditor)}?</h1><p><b>{sum_}</b><br>for order {html.escape(row.reference)}</p>"
        '<form method="post"><button name="answer" value="agree">Yes, pay</button>'
        '<button name="answer" value="refuse">No</button></form>'
    )


def _html(title: str, body: str, *, status: int = 200) -> web.Response:
    return web.Response(text=PAGE.format(title=title, body=body), content_type="text/html", status=status)


async def _notify(url: str, identifier: str, status: str) -> None:
    """Tell the other side, again and again until it says that it heard."""
    body = json.dumps({"event": f"{identifier}:{status}", "payment": identifier, "status": status})
    for wait in NOTICE_AFTER:
        await asyncio.sleep(wait)
        signed = signatures.sign(secret=SECRET, text=body, at=int(time.time()))
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
                session.post(url, data=body, headers={"Signature": signed, "Content-Type": "application/json"}) as said,
            ):
                if said.status < 300:
                    return
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            logging.getLogger(__name__).info("A notice was not delivered: %s", problem)


def beside(bank: OtherBank) -> object:
    """Return the middleware that answers for the other bank and leaves the rest to the card stand-in."""

    @web.middleware
    async def middleware(request: web.Request, handler: object) -> web.StreamResponse:
        if request.path.startswith(f"{PREFIX}/"):
            return await bank.answer(request)
        return await handler(request)

    return middleware
