"""Writing a batch of orders: a fixed number of statements, whatever the number of orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import connection
from oscar.core.loading import get_model

from mall import bank, events
from mall.checkout import _stock, _vouchers
from mall.checkout.drafts import (
    BasketAlreadyOrdered,
    DraftLine,
    EmptyOrder,
    MerchantNotSelling,
    OrderDraft,
    OrderKeyReused,
    OutOfStock,
    PlacedOrder,
    PriceChanged,
    UnableToPlaceOrder,
    UnknownStock,
    WrongAmounts,
)
from mall.customer.models import DeviceSighting
from mall.fulfilment import states
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.order.models import AWAITING_PAYMENT, CANCELLED, Line, Order
from mall.search import operations as search
from payments import rows

ShippingAddress = get_model("order", "ShippingAddress")

MAX_QUANTITY = 10_000
MAX_AMOUNT = 10**11


class RefusedByBank(Exception):
    """The bank would not record the payments of some orders of the batch."""

    def __init__(self, problems: dict[str, UnableToPlaceOrder]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems.values()))
        self.problems = problems


@dataclass(slots=True)
class Placing:
    """A draft that will be placed, with what has been written for it so far."""

    draft: OrderDraft
    stock: dict[int, _stock.LockedStock]
    merchants: dict[int, list[DraftLine]] = field(default_factory=dict)
    address: ShippingAddress | None = None
    order: Order | None = None
    consignments: list[Consignment] = field(default_factory=list)


def place(*, drafts: Sequence[OrderDraft]) -> list[PlacedOrder | UnableToPlaceOrder]:
    """Place what can be placed, within the caller's transaction; one answer for each draft, in order."""
    stock = _stock.lock(stockrecord_ids=(line.stockrecord_id for draft in drafts for line in draft.lines))
    results = _placed_before(drafts=drafts)
    taken_baskets = _freeze_baskets(drafts=[draft for draft in drafts if draft.key not in results])
    voucher_problems = _vouchers.lock(drafts=drafts)
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
            if draft.key in voucher_problems:
                raise voucher_problems[draft.key]
            placings[draft.key] = _check(draft=draft, stock=stock)
        except UnableToPlaceOrder as problem:
            results[draft.key] = problem
    _thaw_baskets(drafts=[draft for draft in drafts if draft.key not in placings], frozen=taken_baskets)
    if placings:
        _write(placings=list(placings.values()))
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


def _freeze_baskets(*, drafts: Sequence[OrderDraft]) -> dict[int | None, BasketAlreadyOrdered]:
    """Close the baskets of the batch; return the problem of each that cannot be ordered."""
    wanted = {draft.basket_id: draft.user_id for draft in drafts if draft.basket_id is not None}
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM basket_basket WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [sorted(wanted)]
        )
        cursor.execute(
            """
            UPDATE basket_basket b SET status = 'Frozen'
            FROM unnest(%s::bigint[], %s::bigint[]) AS wanted (id, owner)
            WHERE b.id = wanted.id AND b.status IN ('Open', 'Saved', 'Frozen')
              AND (b.owner_id IS NULL OR b.owner_id = wanted.owner)
              AND NOT EXISTS (SELECT 1 FROM order_order o WHERE o.basket_id = b.id AND o.status <> %s)
            RETURNING b.id
            """,
            [list(wanted), list(wanted.values()), CANCELLED],
        )
        frozen = {row[0] for row in cursor.fetchall()}
        refused = wanted.keys() - frozen
        if not refused:
            return {}
        cursor.execute(
            "SELECT basket_id, number FROM order_order WHERE basket_id = ANY(%s) AND status <> %s",
            [list(refused), CANCELLED],
        )
        numbers = dict(cursor.fetchall())
    return {
        basket: BasketAlreadyOrdered(
            f"This basket was ordered already, as order {numbers[basket]}."
            if basket in numbers
            else "This basket cannot be ordered: it is closed, or somebody else's.",
            number=numbers.get(basket, ""),
        )
        for basket in refused
    }


def _thaw_baskets(*, drafts: Sequence[OrderDraft], frozen: dict) -> None:
    """Open again what was closed for orders that were not placed."""
    ids = [draft.basket_id for draft in drafts if draft.basket_id is not None and draft.basket_id not in frozen]
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE basket_basket b SET status = 'Open' WHERE b.id = ANY(%s) AND b.status = 'Frozen'
                AND NOT EXISTS (SELECT 1 FROM order_order o WHERE o.basket_id = b.id AND o.status <> %s)
                """,
                [ids, CANCELLED],
            )


def _check(*, draft: OrderDraft, stock: dict[int, _stock.LockedStock]) -> Placing:
    """Compare a draft with the locked stock and take its pieces.

    :raises UnableToPlaceOrder: something is wrong; nothing was taken.
    """
    if not draft.lines:
        raise EmptyOrder("There is nothing in this order: add something to the basket first.")
    placing = Placing(draft=draft, stock=stock)
    wanted: Counter[int] = Counter()
    for line in draft.lines:
        record = stock.get(line.stockrecord_id)
        if record is None:
            raise UnknownStock("Something in this basket is not sold here any more: remove it and try again.")
        _check_line(draft=draft, line=line, record=record)
        wanted[record.id] += line.quantity
        placing.merchants.setdefault(record.merchant_id, []).append(line)
    _check_amounts(draft=draft, merchants=placing.merchants)
    for stockrecord_id, quantity in wanted.items():
        record = stock[stockrecord_id]
        if record.tracked and record.free < quantity:
            left = f"only {record.free} left" if record.free > 0 else "sold out"
            raise OutOfStock(
                f"“{record.title}” is {left}: change the quantity.",
                stockrecord_id=record.id,
                free=max(record.free, 0),
            )
    for stockrecord_id, quantity in wanted.items():
        stock[stockrecord_id].free -= quantity
    return placing


def _check_line(*, draft: OrderDraft, line: DraftLine, record: _stock.LockedStock) -> None:
    if not 1 <= line.quantity <= MAX_QUANTITY:
        raise WrongAmounts(f"“{record.title}” cannot be ordered {line.quantity} times.")
    if record.merchant_status != "active" or not record.is_public:
        raise MerchantNotSelling(f"“{record.title}” is not for sale at {record.merchant_name} now: remove it.")
    if record.price is None or record.currency != draft.currency:
        raise WrongAmounts(f"“{record.title}” is not sold in {draft.currency}.")
    if not 0 <= line.amount <= min(line.quantity * line.unit_price_minor, MAX_AMOUNT):
        raise WrongAmounts(f"The amount for “{record.title}” is not possible.")
    asked = bank.minor(amount=record.price, currency=record.currency)
    if not draft.prices_agreed and line.unit_price_minor != asked:
        raise PriceChanged(
            f"“{record.title}” costs {bank.text(amount=asked, currency=record.currency)} by now: look at it again.",
            stockrecord_id=record.id,
            price=asked,
        )


def _check_amounts(*, draft: OrderDraft, merchants: dict[int, list[DraftLine]]) -> None:
    if set(draft.deliveries) != set(merchants):
        raise WrongAmounts("Each merchant's goods need a way of delivery: choose one for each.")
    if any(not 0 <= choice.charge_minor <= MAX_AMOUNT for choice in draft.deliveries.values()):
        raise WrongAmounts("A delivery charge is not possible.")
    if any(tender.amount_minor <= 0 for tender in draft.tenders):
        raise WrongAmounts("Each way of paying needs an amount above zero.")
    paid = sum(tender.amount_minor for tender in draft.tenders)
    if paid != draft.total:
        raise WrongAmounts(
            f"The payment of {bank.text(amount=paid, currency=draft.currency)} is not the order's total of "
            f"{bank.text(amount=draft.total, currency=draft.currency)}."
        )


def _write(*, placings: list[Placing]) -> None:
    taken: Counter[int] = Counter()
    for placing in placings:
        for line in placing.draft.lines:
            taken[line.stockrecord_id] += line.quantity
    _stock.take(quantities=taken)
    stock = placings[0].stock
    search.refresh_products(
        product_ids=[stock[key].product_id for key in taken if stock[key].tracked and not stock[key].free]
    )
    for placing in placings:
        placing.address = _address(draft=placing.draft)
        placing.consignments = [
            _consignment(draft=placing.draft, merchant_id=merchant_id, lines=lines, position=position)
            for position, (merchant_id, lines) in enumerate(sorted(placing.merchants.items()), start=1)
        ]
    payments = _record_payments(placings=placings)
    rows.insert(rows=[placing.address for placing in placings])
    for placing in placings:
        placing.order = _order(placing=placing, payment_id=payments.get(placing.draft.key))
    rows.insert(rows=[placing.order for placing in placings])
    _write_consignments(placings=placings)
    _vouchers.use(placings=placings)
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


def payer(*, draft: OrderDraft) -> str:
    """Return the name by which the bank knows who pays."""
    return f"user:{draft.user_id}" if draft.user_id is not None else f"guest:{draft.email}"


def _address(*, draft: OrderDraft) -> ShippingAddress:
    given = draft.address
    first, _, last = given.name.rpartition(" ")
    address = ShippingAddress(
        first_name=first,
        last_name=last,
        line1=given.line1,
        line2=given.line2,
        line4=given.city,
        state=given.region,
        postcode=given.postcode,
        country_id=given.country,
        phone_number=given.phone,
    )
    address.search_text = " ".join(
        part for part in (given.name, given.line1, given.line2, given.city, given.region, given.postcode) if part
    )
    return address


def _order(*, placing: Placing, payment_id: int | None) -> Order:
    draft = placing.draft
    total = bank.decimal(amount=draft.total, currency=draft.currency)
    shipping = bank.decimal(
        amount=sum(choice.charge_minor for choice in draft.deliveries.values()), currency=draft.currency
    )
    return Order(
        key=draft.key,
        input_hash=draft.input_hash,
        number=draft.number,
        payment_id=payment_id,
        site_id=settings.SITE_ID,
        basket_id=draft.basket_id,
        user_id=draft.user_id,
        guest_email="" if draft.user_id is not None else draft.email,
        currency=draft.currency,
        total_minor=draft.total,
        total_incl_tax=total,
        total_excl_tax=total,
        shipping_incl_tax=shipping,
        shipping_excl_tax=shipping,
        shipping_address=placing.address,
        shipping_method=", ".join(sorted({choice.method_code for choice in draft.deliveries.values()}))[:128],
        shipping_code="per-merchant",
        status=AWAITING_PAYMENT,
        date_placed=draft.at,
        expires_at=_expires_at(draft=draft),
        device=draft.device[:64],
        address_fingerprint=draft.address.fingerprint,
    )


def _write_consignments(*, placings: list[Placing]) -> None:
    lines: list[Line] = []
    consignment_lines: list[ConsignmentLine] = []
    for placing in placings:
        for consignment in placing.consignments:
            consignment.order = placing.order
            for line in placing.merchants[consignment.merchant_id]:
                written = _line(placing=placing, line=line)
                lines.append(written)
                consignment_lines.append(_consignment_line(consignment=consignment, written=written, line=line))
    rows.insert(rows=lines)
    rows.insert(rows=[consignment for placing in placings for consignment in placing.consignments])
    for consignment_line, line in zip(consignment_lines, lines, strict=True):
        consignment_line.line_id = line.pk
        consignment_line.consignment_id = consignment_line.consignment.pk
    rows.insert(rows=consignment_lines)


def _consignment(*, draft: OrderDraft, merchant_id: int, lines: list[DraftLine], position: int) -> Consignment:
    choice = draft.deliveries[merchant_id]
    return Consignment(
        number=f"{draft.number}-{position}",
        merchant_id=merchant_id,
        status=states.AWAITING_PAYMENT,
        currency=draft.currency,
        goods=sum(line.amount for line in lines),
        shipping=choice.charge_minor,
        shipping_method=choice.method_code,
        placed_at=draft.at,
        promised_by=choice.promised_by,
    )


def _line(*, placing: Placing, line: DraftLine) -> Line:
    record = placing.stock[line.stockrecord_id]
    currency = placing.draft.currency
    amount = bank.decimal(amount=line.amount, currency=currency)
    before = bank.decimal(amount=line.quantity * line.unit_price_minor, currency=currency)
    unit = bank.decimal(amount=line.unit_price_minor, currency=currency)
    return Line(
        order=placing.order,
        partner_id=record.partner_id,
        partner_name=record.merchant_name,
        partner_sku=record.sku,
        stockrecord_id=record.id,
        product_id=record.product_id,
        title=record.title[:255],
        upc=record.upc,
        quantity=line.quantity,
        line_price_incl_tax=amount,
        line_price_excl_tax=amount,
        line_price_before_discounts_incl_tax=before,
        line_price_before_discounts_excl_tax=before,
        unit_price_incl_tax=unit,
        unit_price_excl_tax=unit,
        status=AWAITING_PAYMENT,
        num_allocated=line.quantity,
    )


def _consignment_line(*, consignment: Consignment, written: Line, line: DraftLine) -> ConsignmentLine:
    return ConsignmentLine(
        consignment=consignment,
        product_id=written.product_id,
        stockrecord_id=written.stockrecord_id,
        quantity=line.quantity,
        unit_price=line.unit_price_minor,
        amount=line.amount,
        title=written.title,
    )


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
                expires_at=_expires_at(draft=placing.draft),
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


def _expires_at(*, draft: OrderDraft) -> datetime:
    return draft.expires_at or draft.at + bank.policy().PAYMENT_EXPIRES_AFTER


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
