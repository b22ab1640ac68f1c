"""What merchants ask for their offers and how many they have: set for any number of offers in a few statements.

Every price and stock that people or machines set goes through here: pages, files, and the merchants' own programs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.db import connection, transaction

from mall import bank
from mall.actors import MERCHANT, OPERATIONS, Actor
from mall.search import operations as search

UNLIMITED: Literal["unlimited"] = "unlimited"
MAX_STOCK = 2**31 - 1
MAX_PRICE = 10**11
MAX_HANDLING_DAYS = 30
Stock = int | Literal["unlimited"]


class UnableToSetOffer(Exception):
    """The offer stays as it is; `code` names the reason for programs, `remedy` says what to do."""

    def __init__(self, message: str, *, code: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What is offered: minor units, pieces on the shelf with those ordered and not sent yet, and whether it is listed.

    `handling_days` are working days until it leaves.

    `version` moves with every change of the others but `reserved`.
    """

    price_minor: int
    stock: Stock
    listed: bool
    reserved: int
    version: int
    handling_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOffer:
    """A wish for one offer, named by its id or by the merchant's own number; None leaves a thing as it is.

    With `expected_version` it is granted only while the offer is as it was then; with `seen_price_minor` or
    `seen_stock` only while that is what stands, so that two windows do not undo each other.
    """

    stockrecord_id: int | None = None
    merchant_id: int | None = None
    sku: str = ""
    price_minor: int | None = None
    stock: Stock | None = None
    listed: bool | None = None
    handling_days: int | None = None
    expected_version: int | None = None
    seen_price_minor: int | None = None
    seen_stock: int | None = None
    by: Actor


@dataclass(frozen=True, slots=True)
class OfferSet:
    """An offer that is now as it was wished; `changed` is False when it was so before."""

    stockrecord_id: int
    product_id: int
    sku: str
    before: OfferFacts
    after: OfferFacts

    @property
    def changed(self) -> bool:
        """Tell whether anything is other than before."""
        return self.before != self.after


@dataclass(slots=True)
class _Row:
    stockrecord_id: int
    product_id: int
    merchant_id: int
    sku: str
    currency: str
    facts: OfferFacts


_LOCK = """
SELECT s.id, s.product_id, m.id, s.partner_sku, s.price_currency, s.price, s.kept_price, s.num_in_stock,
       coalesce(s.num_allocated, 0), s.version, s.handling_days
FROM partner_stockrecord s JOIN merchants_merchant m ON m.partner_id = s.partner_id
WHERE s.id = ANY(%s) OR s.id IN (
    SELECT named.id FROM unnest(%s::bigint[], %s::text[]) AS wanted (merchant, sku)
    JOIN merchants_merchant w ON w.id = wanted.merchant
    JOIN partner_stockrecord named ON named.partner_id = w.partner_id AND named.partner_sku = wanted.sku
)
ORDER BY s.id FOR NO KEY UPDATE OF s
"""
_SET = """
UPDATE partner_stockrecord s
SET price = new.price, kept_price = new.kept, num_in_stock = new.stock, handling_days = new.days, date_updated = %s
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::int[], %s::int[]) AS new (id, price, kept, stock, days)
WHERE s.id = new.id RETURNING s.id, s.version
"""


def set_stock(*, requests: Sequence[SetOffer], at: datetime) -> list[OfferSet | UnableToSetOffer]:
    """Set how many pieces lie on the shelf; a request without a figure is refused.

    :returns: for each request, in order, the offer or why it stays.
    """
    return _with(requests, at, given=lambda request: request.stock is not None, what="stock")


def set_prices(*, requests: Sequence[SetOffer], at: datetime) -> list[OfferSet | UnableToSetOffer]:
    """Set prices, tax included; a request without one is refused.

    :returns: for each request, in order, the offer or why it stays.
    """
    return _with(requests, at, given=lambda request: request.price_minor is not None, what="price")


def _with(
    requests: Sequence[SetOffer], at: datetime, *, given: Callable[[SetOffer], bool], what: str
) -> list[OfferSet | UnableToSetOffer]:
    refused = UnableToSetOffer(f"No {what} is given.", code="missing", remedy=f"Give a {what}.")
    asked = iter(set_offers(requests=[request for request in requests if given(request)], at=at))
    return [next(asked) if given(request) else refused for request in requests]


def set_offers(*, requests: Sequence[SetOffer], at: datetime) -> list[OfferSet | UnableToSetOffer]:
    """Set prices, stock and listing of offers, each merchant his own, in one transaction for the batch.

    Setting what is so already changes nothing, so a repeated request does no harm; of two requests for one offer the
    later counts on what the earlier left.

    :returns: for each request, in order, the offer or why it stays.
    """
    if not requests:
        return []
    with transaction.atomic():
        by_id, by_sku = lock(requests=requests)
        results: list[OfferSet | UnableToSetOffer] = []
        touched: dict[int, _Row] = {}
        for request in requests:
            found = by_sku.get((request.merchant_id, request.sku))
            row = by_id.get(request.stockrecord_id) if request.stockrecord_id is not None else found
            try:
                results.append(_decide(request=request, row=row))
            except UnableToSetOffer as problem:
                results.append(problem)
            else:
                row.facts = results[-1].after
                if results[-1].changed:
                    touched[row.stockrecord_id] = row
        versions = _write(rows=list(touched.values()), at=at)
        search.announce(at=at, product_ids=[row.product_id for row in touched.values()])
    return [_as_written(result, versions) for result in results]


def lock(*, requests: Sequence[SetOffer]) -> tuple[dict[int, _Row], dict[tuple[int, str], _Row]]:
    """Lock the offers that are named and exist, in id order; return them by id, and by merchant and number."""
    named = [request for request in requests if request.stockrecord_id is None]
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCK,
            [
                [request.stockrecord_id for request in requests if request.stockrecord_id is not None],
                [request.merchant_id for request in named],
                [request.sku for request in named],
            ],
        )
        rows = [_row(*row) for row in cursor.fetchall()]
    return {row.stockrecord_id: row for row in rows}, {(row.merchant_id, row.sku): row for row in rows}


def _row(
    pk: int, product_id: int, merchant_id: int, sku: str, currency: str, price: Decimal | None, kept: Decimal | None,
    stock: int | None, reserved: int, version: int, days: int,
) -> _Row:  # fmt: skip
    asked = kept if price is None else price
    minor = 0 if asked is None else bank.minor(amount=asked, currency=currency)
    facts = OfferFacts(minor, UNLIMITED if stock is None else stock, price is not None, reserved, version, days)
    return _Row(pk, product_id, merchant_id, sku, currency, facts)


def _decide(*, request: SetOffer, row: _Row | None) -> OfferSet:
    by = request.by
    own = row is not None and (by.kind == OPERATIONS or (by.kind == MERCHANT and by.merchant_id == row.merchant_id))
    if not own:
        raise UnableToSetOffer(
            "There is no such offer of yours.", code="unknown", remedy="Check the article number, or list it first."
        )
    facts = row.facts
    if request.expected_version is not None and request.expected_version != facts.version:
        raise UnableToSetOffer(
            f"The offer has changed since: it is version {facts.version} now, not {request.expected_version}.",
            code="stale",
            remedy="Read it again, decide again, and send that version.",
        )
    _check_seen(request=request, facts=facts, currency=row.currency)
    if request.price_minor is not None:
        if not 0 <= request.price_minor < MAX_PRICE:
            raise UnableToSetOffer("A price is zero or more.", code="price", remedy="Give a price of zero or more.")
        facts = replace(facts, price_minor=request.price_minor)
    if request.stock is not None:
        _check_stock(stock=request.stock, reserved=facts.reserved)
        facts = replace(facts, stock=request.stock)
    if request.handling_days is not None:
        if not 0 <= request.handling_days <= MAX_HANDLING_DAYS:
            raise UnableToSetOffer(
                f"What is ordered must leave within {MAX_HANDLING_DAYS} working days.",
                code="handling",
                remedy=f"Give a number of days from 0 to {MAX_HANDLING_DAYS}.",
            )
        facts = replace(facts, handling_days=request.handling_days)
    if request.listed is not None:
        facts = replace(facts, listed=request.listed)
    return OfferSet(row.stockrecord_id, row.product_id, row.sku, row.facts, facts)


def _check_seen(*, request: SetOffer, facts: OfferFacts, currency: str) -> None:
    again = "Look at it again before you change it."
    if request.seen_price_minor is not None and request.seen_price_minor != facts.price_minor:
        now = bank.text(amount=facts.price_minor, currency=currency)
        raise UnableToSetOffer(
            f"The price was changed meanwhile and is {now} now: look again before you change it.",
            code="stale",
            remedy=again,
        )
    if request.seen_stock is not None and request.seen_stock != facts.stock:
        raise UnableToSetOffer(
            f"The stock was changed meanwhile and is {facts.stock} now: look again before you change it.",
            code="stale",
            remedy=again,
        )


def _check_stock(*, stock: Stock, reserved: int) -> None:
    if stock == UNLIMITED:
        return
    if stock > MAX_STOCK:
        raise UnableToSetOffer(
            f"{stock} pieces are more than can be kept.", code="stock", remedy=f"Give at most {MAX_STOCK}."
        )
    if stock < reserved:
        raise UnableToSetOffer(
            f"{reserved} pieces are ordered already: stock cannot be below that."
            if reserved
            else "Stock cannot be below zero.",
            code="stock",
            remedy=f"Give at least {reserved}, or send what is ordered first." if reserved else "Give zero or more.",
        )


def _write(*, rows: list[_Row], at: datetime) -> dict[int, int]:
    if not rows:
        return {}
    asked = [bank.decimal(amount=row.facts.price_minor, currency=row.currency) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            _SET,
            [
                at,
                [row.stockrecord_id for row in rows],
                [price if row.facts.listed else None for price, row in zip(asked, rows, strict=True)],
                [None if row.facts.listed else price for price, row in zip(asked, rows, strict=True)],
                [None if row.facts.stock == UNLIMITED else row.facts.stock for row in rows],
                [row.facts.handling_days for row in rows],
            ],
        )
        return dict(cursor.fetchall())


def _as_written(result: OfferSet | UnableToSetOffer, versions: dict[int, int]) -> OfferSet | UnableToSetOffer:
    if isinstance(result, UnableToSetOffer) or not result.changed:
        return result
    return replace(result, after=replace(result.after, version=versions[result.stockrecord_id]))

