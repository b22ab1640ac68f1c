"""The merchants' HTTP interface: JSON in and out, a key in the header, problems as RFC 9457 says."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from mall import bank
from mall.actors import MERCHANT, Actor
from mall.api import bodies, operations, problems, queries
from mall.api.models import ORDERS_READ, PRICES, STOCK
from mall.api.problems import Problem
from mall.fulfilment import states
from mall.partner import operations as partner
from mall.partner.operations import OfferSet, SetOffer, UnableToSetOffer

A_MINUTE = 120
STATUSES = tuple(status for status in states.STATUSES if status != states.AWAITING_PAYMENT)


def endpoint(**methods: tuple[str, Callable[..., JsonResponse]]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view of (scope, answer) by method, for programs that show a key."""

    @csrf_exempt
    @never_cache
    def view(request: HttpRequest) -> HttpResponse:
        try:
            named = methods.get(request.method)
            if named is None:
                raise Problem(
                    status=405, code="not-allowed", title=_("Not a method of this address"),
                    detail=_("This address knows %(known)s.") % {"known": ", ".join(methods)},
                    remedy=_("Ask as documented at /developers/."),
                )  # fmt: skip
            scope, answer = named
            caller = _caller(request)
            _count(caller)
            if scope not in caller.scopes:
                raise problems.not_in_scope(scope=scope)
            return answer(request, caller)
        except Problem as problem:
            response = problem.response()
            if problem.status == 405:
                response.headers["Allow"] = ", ".join(methods)
            return response

    return view


def _caller(request: HttpRequest) -> operations.Caller:
    kind, _space, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text.startswith(operations.PREFIX) or len(text) > 100:
        raise problems.no_key()
    try:
        return operations.caller_of(text=text.strip(), at=bank.now())
    except operations.WrongKey:
        raise problems.no_key() from None


def _count(caller: operations.Caller) -> None:
    """Let a key ask so many times a minute; counted where all processes see it."""
    now = int(bank.now().timestamp())
    key = f"api:{caller.key_id}:{now // 60}"
    cache.add(key, 0, 120)
    try:
        count = cache.incr(key)
    except ValueError:
        return
    if count > A_MINUTE:
        raise problems.too_many(seconds=60 - now % 60, most=A_MINUTE)


def _put(
    *, field: str, set_offers: Callable[..., list[OfferSet | UnableToSetOffer]]
) -> Callable[[HttpRequest, operations.Caller], JsonResponse]:
    def answer(request: HttpRequest, caller: operations.Caller) -> JsonResponse:
        body = _body(request)
        items = bodies.items(body=body, field=field, currency=caller.currency)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 100 or not key.isascii() or not key.isprintable():
            raise problems.not_readable(detail=_("An Idempotency-Key has at most 100 plain characters."))
        try:
            said, replayed = operations.once(
                merchant_id=caller.merchant_id,
                idempotency_key=key,
                request=f"PUT {request.path}\n".encode() + body,
                at=bank.now(),
                act=lambda: _set(caller=caller, items=items, field=field, set_offers=set_offers),
            )
        except operations.KeyReused:
            raise problems.key_reused() from None
        response = JsonResponse(said)
        if replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    return answer


def _body(request: HttpRequest) -> bytes:
    if request.content_type != "application/json":
        raise Problem(
            status=415, code="not-json", title=_("Not JSON"), detail=_("The body is not declared as JSON."),
            remedy=_("Send “Content-Type: application/json”."),
        )  # fmt: skip
    try:
        body = request.body
    except RequestDataTooBig:
        body = b" " * (bodies.MOST_BYTES + 1)
    if len(body) > bodies.MOST_BYTES:
        raise Problem(
            status=413, code="too-large", title=_("Too large"),
            detail=_("The body is larger than 1 MB."), remedy=_("Divide the items into several requests."),
        )  # fmt: skip
    return body


def _set(
    *, caller: operations.Caller, items: list[bodies.Item], field: str, set_offers: Callable[..., list]
) -> dict[str, object]:
    by = Actor(MERCHANT, merchant_id=caller.merchant_id)
    results = set_offers(
        requests=[
            SetOffer(
                merchant_id=caller.merchant_id,
                sku=item.sku,
                expected_version=item.expected_version,
                by=by,
                **{"stock" if field == "stock" else "price_minor": item.figure},
            )
            for item in items
        ],
        at=bank.now(),
    )
    said = [_result(item, result, caller) for item, result in zip(items, results, strict=True)]
    counts = {name: sum(one["result"] == name for one in said) for name in ("set", "unchanged", "refused")}
    return counts | {"items": said}


def _result(item: bodies.Item, result: OfferSet | UnableToSetOffer, caller: operations.Caller) -> dict[str, object]:
    if isinstance(result, UnableToSetOffer):
        return {
            "sku": item.sku,
            "result": "refused",
            "problem": {"type": f"/developers/#{result.code}", "detail": str(result), "remedy": result.remedy},
        }
    facts = result.after
    return {"sku": item.sku, "result": "set" if result.changed else "unchanged"} | _facts(
        stock=facts.stock, reserved=facts.reserved, price=facts.price_minor, currency=caller.currency,
        listed=facts.listed, version=facts.version,
    )  # fmt: skip


def _facts(
    *, stock: int | str, reserved: int, price: int, currency: str, listed: bool, version: int
) -> dict[str, object]:
    return {
        "stock": stock,
        "reserved": reserved,
        "price": f"{bank.decimal(amount=price, currency=currency):f}",
        "currency": currency,
        "listed": listed,
        "version": version,
    }


def _offers(request: HttpRequest, caller: operations.Caller) -> JsonResponse:
    after, size = _place(request, most=queries.OFFERS)
    found, following = queries.offer_page(merchant_id=caller.merchant_id, after=after, size=size)
    said = [
        {"sku": offer.sku}
        | _facts(
            stock=offer.facts["stock"], reserved=offer.reserved, price=int(offer.facts["price"]),
            currency=offer.currency, listed=offer.facts["state"] == "listed", version=offer.version,
        )
        for offer in found
    ]  # fmt: skip
    return JsonResponse({"items": said, "next": None if following is None else str(following)})


def _orders(request: HttpRequest, caller: operations.Caller) -> JsonResponse:
    after, size = _place(request, most=queries.ORDERS)
    statuses = request.GET.getlist("status")
    if unknown := next((status for status in statuses if status not in STATUSES), None):
        raise Problem(
            status=400, code="wrong-question", title=_("Not a state of orders"),
            detail=_("There is no state “%(status)s”.") % {"status": unknown[:40]},
            remedy=_("Ask for one of: %(known)s.") % {"known": ", ".join(STATUSES)},
        )  # fmt: skip
    found, following = queries.order_page(merchant_id=caller.merchant_id, after=after, size=size, statuses=statuses)
    return JsonResponse({"orders": found, "next": None if following is None else str(following)})


def _place(request: HttpRequest, *, most: int) -> tuple[int, int]:
    """Return where a page begins and how long it is."""
    found = []
    for name, usual, limit in (("after", "0", 2**63 - 1), ("limit", str(most), most)):
        text = request.GET.get(name, usual)
        if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= limit) or text == "0" != usual:
            raise Problem(
                status=400, code="wrong-question", title=_("The page cannot be told"),
                detail=_("“%(name)s” is not as it should be.") % {"name": name},
                remedy=_("“after” is what “next” said; “limit” is from 1 to %(most)d.") % {"most": most},
            )  # fmt: skip
        found.append(int(text))
    return found[0], found[1]


stock = endpoint(GET=(STOCK, _offers), PUT=(STOCK, _put(field="stock", set_offers=partner.set_stock)))
prices = endpoint(GET=(PRICES, _offers), PUT=(PRICES, _put(field="price", set_offers=partner.set_prices)))
orders = endpoint(GET=(ORDERS_READ, _orders))
