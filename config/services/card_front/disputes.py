"""Disputes as the cards' banks raise them, and Stripe's calls about them.

`POST /_config/disputes` with `payment_intent` (and `amount`, `reason`, `inquiry`) raises one; `POST
/_config/disputes/{id}` with `outcome` ends it: `won`, `lost`, `escalate` (an inquiry becomes a dispute) or `closed`.
A card `pm_card_createDispute` disputes whatever it pays, as soon as it is captured. As with Stripe, the text
`winning_evidence` wins when it is submitted and `losing_evidence` loses.
"""

import json
import secrets
import time

from aiohttp import web
from localstripe.errors import UserError
from localstripe.resources import Charge, PaymentIntent, PaymentMethod, store

from config.services.card_front import issuers, money

NAME = "front:disputes"
FILES = "front:files"
FEE = 1_500
ANSWERED_WITHIN = 864_000
DISPUTING = "4000000000000259"
OUTCOMES = ("won", "lost", "escalate", "closed")
_ENDS = {"winning_evidence": "won", "losing_evidence": "lost"}


def install(*, app: web.Application, emit: object) -> None:
    """Answer for disputes and files."""
    issuers.TEST_CARDS["pm_card_createDispute"] = DISPUTING

    @web.middleware
    async def files(request: web.Request, handler: object) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path == "/v1/files" and request.method == "POST":
            return web.json_response(await _keep_file(request))
        if path == "/v1/files" or path.startswith("/v1/files/"):
            return _shown(request, store.get(FILES, {}), path, "/v1/files")
        return await handler(request)

    @web.middleware
    async def answer(request: web.Request, handler: object) -> web.StreamResponse:
        path, method = request.path.rstrip("/"), request.method
        if path == "/v1/disputes" or (path.startswith("/v1/disputes/") and method == "GET"):
            return _shown(request, store.get(NAME, {}), path, "/v1/disputes")
        if path.startswith("/v1/disputes/"):
            return await _changed(request, path, emit)
        answered = await handler(request)
        if method == "POST" and path.startswith("/v1/payment_intents/") and path.endswith("/capture"):
            _dispute_by_itself(answered, emit)
        return answered

    async def raise_dispute(request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            charge = PaymentIntent._api_retrieve(asked["payment_intent"]).latest_charge
        except UserError as unknown:
            return unknown.to_response()
        return web.json_response(_raise(charge, emit, **{key: asked[key] for key in asked if key != "payment_intent"}))

    async def end_dispute(request: web.Request) -> web.Response:
        found = store.get(NAME, {}).get(request.match_info["id"])
        outcome = (await request.json()).get("outcome")
        if found is None or outcome not in OUTCOMES:
            return web.json_response({"error": {"message": "No such dispute, or no such outcome."}}, status=400)
        _end(found, outcome, emit)
        return web.json_response(found)

    # Right behind the faults: whoever reads a form of several parts before it leaves nothing of it.
    app.middlewares.insert(1, files)
    app.middlewares.append(answer)
    app.router.add_post("/_config/disputes", raise_dispute)
    app.router.add_post("/_config/disputes/{id}", end_dispute)


def _raise(
    charge: Charge, emit: object, amount: int | None = None, reason: str = "fraudulent", inquiry: bool = False
) -> dict:
    now = int(time.time())
    found = {
        "id": f"du_{secrets.token_hex(12)}",
        "object": "dispute",
        "amount": int(amount or store[f"balance_transaction:{charge.balance_transaction}"].amount),
        "balance_transactions": [],
        "charge": charge.id,
        "created": now,
        "currency": charge.currency,
        "evidence": {},
        "evidence_details": {"due_by": now + ANSWERED_WITHIN, "has_evidence": False, "submission_count": 0},
        "metadata": {},
        "payment_intent": charge.payment_intent,
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    store.setdefault(NAME, {})[found["id"]] = found
    if not inquiry:
        _move(found, -found["amount"], FEE, "dispute")
    emit("charge.dispute.created", found)
    if not inquiry:
        emit("charge.dispute.funds_withdrawn", found)
    return found


def _end(found: dict, outcome: str, emit: object) -> None:
    if outcome == "escalate":
        found["status"] = "needs_response"
        _move(found, -found["amount"], FEE, "dispute")
        emit("charge.dispute.funds_withdrawn", found)
        emit("charge.dispute.updated", found)
        return
    found["status"] = "warning_closed" if outcome == "closed" else outcome
    if outcome == "won":
        _move(found, found["amount"], 0, "dispute_reversal")
        emit("charge.dispute.funds_reinstated", found)
    emit("charge.dispute.closed", found)


def _move(found: dict, amount: int, fee: int, category: str) -> None:
    made = money.line(
        kind="adjustment", amount=amount, fee=fee, currency=found["currency"], source=found["id"], category=category
    )
    found["balance_transactions"].append(made)


def _dispute_by_itself(answered: web.StreamResponse, emit: object) -> None:
    body = json.loads(getattr(answered, "text", None) or "{}")
    method = store.get(f"payment_method:{body.get('payment_method')}")
    if answered.status == 200 and isinstance(method, PaymentMethod) and method._card_number == DISPUTING:
        charge = PaymentIntent._api_retrieve(body["id"]).latest_charge
        if not any(found["charge"] == charge.id for found in store.get(NAME, {}).values()):
            _raise(charge, emit)


async def _changed(request: web.Request, path: str, emit: object) -> web.Response:
    identifier, _slash, act = path.removeprefix("/v1/disputes/").partition("/")
    found = store.get(NAME, {}).get(identifier)
    if found is None:
        return web.json_response({"error": {"message": f"No such dispute: {identifier}"}}, status=404)
    if found["status"] not in ("needs_response", "warning_needs_response", "under_review", "warning_under_review"):
        problem = {"type": "invalid_request_error", "message": "This dispute is already closed."}
        return web.json_response({"error": problem}, status=400)
    if act == "close":
        _end(found, "lost" if found["status"] == "needs_response" else "closed", emit)
        return web.json_response(found)
    asked = dict(await request.post())
    for name, value in asked.items():
        group, _bracket, field = name.partition("[")
        if group in ("evidence", "metadata") and field.endswith("]"):
            found[group][field[:-1]] = value
    if asked.get("submit", "true") == "true":
        details = found["evidence_details"]
        details["has_evidence"] = True
        details["submission_count"] += 1
        found["status"] = found["status"].replace("needs_response", "under_review")
        emit("charge.dispute.updated", found)
        end = _ENDS.get(found["evidence"].get("uncategorized_text", ""))
        if end and found["status"] == "under_review":
            _end(found, end, emit)
    return web.json_response(found)


async def _keep_file(request: web.Request) -> dict:
    form = await request.post()
    content = form["file"].file.read()
    kept = {
        "id": f"file_{secrets.token_hex(12)}",
        "object": "file",
        "created": int(time.time()),
        "filename": form["file"].filename,
        "purpose": form["purpose"],
        "size": len(content),
    }
    store.setdefault(FILES, {})[kept["id"]] = kept
    return kept


def _shown(request: web.Request, rows: dict[str, dict], path: str, url: str) -> web.Response:
    identifier = path.removeprefix(url).strip("/")
    if not identifier:
        return web.json_response(money.listed(request, list(rows.values()), url=url))
    found = rows.get(identifier)
    if found is None:
        return web.json_response({"error": {"message": f"There is no {identifier} here."}}, status=404)
    return web.json_response(found)
