"""Writing a batch of orders: a fixed number of statements, whatever the number of orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from django.db import connection

from mall import bank, events
from mall.checkout import _baskets, _checking, _promotions, _stock, _taxing, _writing
from mall.checkout._checking import Placing
from mall.checkout.drafts import OrderDraft, OrderKeyReused, PlacedOrder, UnableToPlaceOrder
from mall.customer.models import DeviceSighting
from mall.papers import operations as papers
from mall.promotions import taking
from mall.search import operations as search
from payments import rows


class RefusedByBank(Exception):
    """The bank would not record the payments of some orders of the batch."""

    def __init__(self, problems: dict[str, UnableToPlaceOrder]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems.values()))
        self.problems = problems


def place(*, drafts: Sequence[OrderDraft]) -> list[PlacedOrder | UnableToPlaceOrder]:
    """Place what can be placed, within the caller's transaction; one answer for each draft, in order."""
    stock = _stock.lock(stockrecord_ids=(line.stockrecord_id for draft in drafts for line in draft.lines))
    results = _placed_before(drafts=drafts)
    taken_baskets = _baskets.freeze(drafts=[draft for draft in drafts if draft.key not in results])
    placings: dict[str, Placing] = {}
    for draft in drafts:
        if draft.key in results:
            continue
        if draft.key in placings:
            if placings[draft.key].draft.input_hash != draft.input_hash:
                raise ValueError(f"Two different orders of one batch have the key {draft.key!r}.")
            continue
        try:
            if draft.basket_id in taken_baskets:
                raise taken_baskets[draft.basket_id]
            placings[draft.key] = _checking.check(draft=draft, stock=stock)
        except UnableToPlaceOrder as problem:
            results[draft.key] = problem
    wishes, problems = _promotions.take(placings=list(placings.values()))
    for key, problem in problems.items():
        placings.pop(key).give_back()
        results[key] = problem
    _baskets.thaw(drafts=[draft for draft in drafts if draft.key not in placings], frozen=taken_baskets)
    if placings:
        _write(placings=list(placings.values()), wishes=wishes)
    answers: list[PlacedOrder | UnableToPlaceOrder] = []
    for draft in drafts:
        answers.append(results[draft.key] if draft.key in results else _placed(placing=placings[draft.key]))
    return answers


def _placed(*, placing: Placing) -> PlacedOrder:
    order = placing.order
    return PlacedOrder(
        order_id=order.pk,
        number=order.number,
        payment_id=order.payment_id,
        consignments=tuple(consignment.number for consignment in placing.consignments),
        status=order.status,
    )


def _placed_before(*, drafts: Sequence[OrderDraft]) -> dict[str, PlacedOrder | UnableToPlaceOrder]:
    """Return the answers for keys that have an order already."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.key, o.id, o.number, o.payment_id, o.status, o.input_hash,
                   array_agg(c.number ORDER BY c.number) FILTER (WHERE c.id IS NOT NULL)
            FROM order_order o LEFT JOIN fulfilment_consignment c ON c.order_id = o.id
            WHERE o.key = ANY(%s) GROUP BY o.id
            """,
            [[draft.key for draft in drafts]],
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    if not found:
        return {}
    answers: dict[str, PlacedOrder | UnableToPlaceOrder] = {}
    for draft in drafts:
        if draft.key not in found:
            continue
        order_id, number, payment_id, status, input_hash, consignments = found[draft.key]
        if input_hash == draft.input_hash:
            answers[draft.key] = PlacedOrder(
                order_id, number, payment_id, tuple(consignments or ()), status, replayed=True
            )
        else:
            answers[draft.key] = OrderKeyReused(
                f"This checkout was completed as order {number}: start a new one to order something else.",
                number=number,
            )
    return answers


def _write(*, placings: list[Placing], wishes: Sequence[taking.Wish]) -> None:
    taken: Counter[int] = Counter()
    for placing in placings:
        for line in placing.draft.lines:
            taken[line.stockrecord_id] += line.quantity
    _stock.take(quantities=taken)
    stock = placings[0].stock
    search.announce(
        at=placings[0].draft.at,
        product_ids=[stock[key].product_id for key in taken if stock[key].tracked and not stock[key].free],
    )
    _taxing.tax(placings=placings)
    for placing in placings:
        placing.address = _writing.address(draft=placing.draft)
        placing.consignments = [
            _writing.consignment(draft=placing.draft, merchant_id=merchant_id, lines=lines, position=position)
            for position, (merchant_id, lines) in enumerate(sorted(placing.merchants.items()), start=1)
        ]
    payments = _record_payments(placings=placings)
    rows.insert(rows=[placing.address for placing in placings if placing.address is not None])
    for placing in placings:
        placing.order = _writing.order(placing=placing, payment_id=payments.get(placing.draft.key))
    rows.insert(rows=[placing.order for placing in placings])
    _writing.write_consignments(placings=placings)
    if wishes:
        taking.note(wishes=wishes, order_ids={placing.draft.key: placing.order.pk for placing in placings})
    papers.write(
        orders=[
            (
                placing.order.pk,
                placing.draft.papers,
                [(consignment.pk, consignment.merchant_id) for consignment in placing.consignments],
            )
            for placing in placings
        ]
    )
    _sight_devices(placings=placings)
    bank.publish(
        happened=[
            events.OrderPlaced(
                key=placing.order.number,
                at=placing.draft.at,
                number=placing.order.number,
                payment_id=placing.order.payment_id,
                buyer=payer(draft=placing.draft),
                total=placing.draft.total,
                currency=placing.draft.currency,
            )
            for placing in placings
        ]
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest() if text else ""


def payer(*, draft: OrderDraft) -> str:
    """Return the name by which the bank knows who pays."""
    return f"user:{draft.user_id}" if draft.user_id is not None else f"guest:{draft.email}"


def _record_payments(*, placings: list[Placing]) -> dict[str, int]:
    """Record a payment for each order that costs something; return their ids by the drafts' keys.

    :raises RefusedByBank: some cannot be paid as asked; the batch has to be placed again without them.
    """
    paying = [placing for placing in placings if placing.draft.total]
    results = bank.record_payments(
        orders=[
            bank.OrderToPay(
                number=placing.draft.number,
                payer=payer(draft=placing.draft),
                currency=placing.draft.currency,
                tenders=tuple((tender.method, tender.source, tender.amount_minor) for tender in placing.draft.tenders),
                consignments=tuple(
                    (consignment.number, consignment.merchant_id, consignment.goods, consignment.shipping)
                    for consignment in placing.consignments
                    if consignment.amount
                ),
                return_url=placing.draft.return_url,
                device=_digest(placing.draft.device),
                address=placing.draft.address.fingerprint,
                expires_at=_writing.expires_at(draft=placing.draft),
                at=placing.draft.at,
            )
            for placing in paying
        ]
    )
    recorded = {placing.draft.key: result for placing, result in zip(paying, results, strict=True)}
    refused = {
        key: UnableToPlaceOrder(str(result)) for key, result in recorded.items() if isinstance(result, Exception)
    }
    if refused:
        raise RefusedByBank(refused)
    return recorded


def _sight_devices(*, placings: list[Placing]) -> None:
    first: dict[tuple[int, str], datetime] = {}
    for placing in placings:
        draft = placing.draft
        if draft.device and draft.user_id is not None:
            first.setdefault((draft.user_id, draft.device[:64]), draft.at)
    if first:
        rows.insert(
            rows=[
                DeviceSighting(user_id=user, device=device, first_seen=at)
                for (user, device), at in sorted(first.items())
            ],
            ignore_conflicts=True,
        )
