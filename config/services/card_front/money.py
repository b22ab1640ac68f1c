"""The provider's own account: a fee on each charge, money available after a while, payouts to the bank.

localstripe's lines cost nothing and are available at once. `POST /_config/balance` with `available_after` (seconds)
changes how long money takes; `POST /_config/payouts/{id}` with `status` says how a payout ends.
"""

import secrets
import time

from aiohttp import web
from localstripe.resources import Charge, Refund, store

LINES = "front:lines"
PAYOUTS = "front:payouts"
WAIT = "front:available_after"
TWO_DAYS = 172_800
FEE_BPS, FEE_FIXED = 150, 25


def install(*, app: web.Application, emit: object) -> None:
    """Answer for the balance, its lines and payouts, in place of localstripe."""

    async def end_payout(request: web.Request) -> web.Response:
        payout = store.get(PAYOUTS, {}).get(request.match_info["id"])
        asked = await request.json()
        if payout is None or asked.get("status") not in ("in_transit", "paid", "failed", "canceled"):
            return web.json_response({"error": {"message": "No such payout, or no such status."}}, status=400)
        if asked["status"] in ("failed", "canceled") and payout["status"] not in ("failed", "canceled"):
            payout["failure_message"] = "The bank account is closed." if asked["status"] == "failed" else None
            line(kind=f"payout_{'failure' if asked['status'] == 'failed' else 'cancel'}", amount=payout["amount"],
                 currency=payout["currency"], source=payout["id"])  # fmt: skip
        payout["status"] = asked["status"]
        emit(f"payout.{'updated' if payout['status'] == 'in_transit' else payout['status']}", payout)
        return web.json_response(payout)

    @web.middleware
    async def answer(request: web.Request, handler: object) -> web.StreamResponse:
        path, method = request.path.rstrip("/"), request.method
        if method == "GET" and path == "/v1/balance":
            return web.json_response(_balance())
        if method == "GET" and path == "/v1/balance_transactions":
            return web.json_response(listed(request, lines(), url=path))
        if method == "POST" and path == "/v1/payouts":
            return web.json_response(_pay_out(dict(await request.post()), emit))
        if method == "GET" and path == "/v1/payouts":
            return web.json_response(listed(request, list(store.get(PAYOUTS, {}).values()), url=path))
        if method == "GET" and path.startswith("/v1/payouts/"):
            payout = store.get(PAYOUTS, {}).get(path.rpartition("/")[2])
            return web.json_response(payout or {"error": {"message": "No such payout"}}, status=200 if payout else 404)
        return await handler(request)

    app.middlewares.append(answer)
    app.router.add_post("/_config/balance", _set_wait)
    app.router.add_post("/_config/payouts/{id}", end_payout)


def line(*, kind: str, amount: int, currency: str, source: str, fee: int = 0, category: str = "") -> dict:
    """Write a line of the provider's own, available at once."""
    now = int(time.time())
    made = {
        "id": f"txn_{secrets.token_hex(12)}",
        "object": "balance_transaction",
        "type": kind,
        "reporting_category": category or kind,
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": currency,
        "created": now,
        "available_on": now,
        "status": "available",
        "exchange_rate": None,
        "source": source,
    }
    store.setdefault(LINES, []).append(made)
    return made


def lines() -> list[dict]:
    """Return every line of the balance: localstripe's with what they cost, and the provider's own."""
    found = list(store.get(LINES, []))
    for said in list(store.values()):
        if isinstance(said, Charge) and said.captured and said.balance_transaction:
            found.append(_of_charge(said))
        elif isinstance(said, Refund) and (said.payment_intent or said.metadata):
            # Without either it is localstripe's way of letting go of what a capture left over: no money moved.
            intent = said.payment_intent or getattr(Charge._api_retrieve(said.charge), "payment_intent", None)
            source = {"id": said.id, "object": "refund", "payment_intent": intent}
            found.append(_line(said.balance_transaction, "refund", -said.amount, 0, said, source, said.created))
    return found


def _of_charge(charge: Charge) -> dict:
    told = store.get(f"balance_transaction:{charge.balance_transaction}")
    amount = told.amount if told else charge.amount
    fee = (amount * FEE_BPS + 5_000) // 10_000 + FEE_FIXED
    made = told.created if told else charge.created
    ready = made + store.get(WAIT, TWO_DAYS)
    source = {"id": charge.id, "object": "charge", "payment_intent": charge.payment_intent}
    return _line(charge.balance_transaction, "charge", amount, fee, charge, source, ready, made)


def _line(identifier, kind, amount, fee, said, source, available_on, created=None) -> dict:
    return {
        "id": identifier,
        "object": "balance_transaction",
        "type": kind,
        "reporting_category": kind,
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": said.currency,
        "created": created or said.created,
        "available_on": available_on,
        "status": "available" if available_on <= time.time() else "pending",
        "exchange_rate": None,
        "source": source,
    }


def listed(request: web.Request, rows: list[dict], *, url: str) -> dict:
    """Return a page of rows, the newest first, as a list of Stripe's."""
    query = request.query
    since, until = int(query.get("created[gte]", 0)), int(query.get("created[lt]", 2**40))
    rows = sorted(
        (row for row in rows if since <= row["created"] < until), key=lambda row: (-row["created"], row["id"])
    )
    after = query.get("starting_after")
    if after:
        rows = rows[next((place + 1 for place, row in enumerate(rows) if row["id"] == after), 0) :]
    limit = int(query.get("limit", 10))
    return {"object": "list", "url": url, "data": rows[:limit], "has_more": len(rows) > limit}


def _balance() -> dict:
    sums: dict[tuple[str, str], int] = {}
    now = time.time()
    for row in lines():
        name = "available" if row["available_on"] <= now else "pending"
        for each in ("available", "pending"):
            sums.setdefault((each, row["currency"]), 0)
        sums[name, row["currency"]] += row["net"]
    parts = {
        name: [{"amount": total, "currency": code} for (kind, code), total in sorted(sums.items()) if kind == name]
        for name in ("available", "pending")
    }
    return {"object": "balance", "livemode": False, **parts}


def _pay_out(asked: dict, emit: object) -> dict:
    now = int(time.time())
    payout = {
        "id": f"po_{secrets.token_hex(12)}",
        "object": "payout",
        "amount": int(asked["amount"]),
        "currency": asked["currency"],
        "status": "pending",
        "created": now,
        "arrival_date": now,
        "failure_code": None,
        "failure_message": None,
        "metadata": {},
    }
    store.setdefault(PAYOUTS, {})[payout["id"]] = payout
    line(kind="payout", amount=-payout["amount"], currency=payout["currency"], source=payout["id"])
    emit("payout.created", payout)
    return payout


async def _set_wait(request: web.Request) -> web.Response:
    store[WAIT] = int((await request.json())["available_after"])
    return web.json_response({})


