"""Orders as their buyers and merchants see them: frozen rows, a fixed number of statements a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mall import bank
from mall.fulfilment import states
from mall.fulfilment.models import Consignment, ConsignmentEvent, ConsignmentLine, MerchantReview
from mall.order.models import AWAITING_PAYMENT, CONFIRMED, Order


@dataclass(frozen=True, slots=True)
class LineView:
    """What was bought; `unit_price` and `amount` (after discounts) are minor units."""

    line_id: int
    product_id: int
    stockrecord_id: int
    title: str
    slug: str
    sku: str
    quantity: int
    unit_price: int
    amount: int


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of a consignment's history."""

    status: str
    at: datetime
    by: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsignmentView:
    """One merchant's part of an order; amounts are minor units of `currency`."""

    number: str
    order_number: str
    merchant_id: int
    merchant: str
    merchant_slug: str
    status: str
    currency: str
    goods: int
    shipping: int
    refunded: int
    shipping_method: str
    carrier: str
    tracking: str
    placed_at: datetime
    promised_by: datetime | None
    confirmed_at: datetime | None
    dispatched_at: datetime | None
    delivered_at: datetime | None
    delivered_said_by: str
    release_due: datetime | None
    released_at: datetime | None
    cancelled_at: datetime | None
    packed_at: datetime | None
    is_divided: bool
    lines: tuple[LineView, ...]
    events: tuple[EventView, ...]
    score: int | None

    @property
    def amount(self) -> int:
        """Return goods and delivery together."""
        return self.goods + self.shipping

    @property
    def refundable(self) -> int:
        """Return what could still go back to the buyer."""
        return self.amount - self.refunded if self.status in states.sources(event="refund in full") else 0

    @property
    def pieces(self) -> int:
        """Return how many pieces are in it."""
        return sum(line.quantity for line in self.lines)

    @property
    def can_dispatch(self) -> bool:
        """Tell whether it waits to be sent."""
        return self.status == states.CONFIRMED

    @property
    def can_cancel(self) -> bool:
        """Tell whether it can be given up."""
        return self.status == states.CONFIRMED

    @property
    def can_confirm_receipt(self) -> bool:
        """Tell whether the buyer may say that it arrived."""
        return self.status == states.DISPATCHED

    @property
    def can_review(self) -> bool:
        """Tell whether the buyer may review it."""
        return self.dispatched_at is not None and self.score is None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """An order with everything its page shows; amounts are minor units of `currency`."""

    order_id: int
    number: str
    placed_at: datetime
    status: str
    total: int
    goods: int
    shipping: int
    currency: str
    payment_id: int | None
    expires_at: datetime | None
    cancelled_reason: str
    email: str
    user_id: int | None
    address: tuple[str, ...]
    consignments: tuple[ConsignmentView, ...]

    @property
    def is_guests(self) -> bool:
        """Tell whether its buyer has no account."""
        return self.user_id is None

    @property
    def awaits_payment(self) -> bool:
        """Tell whether the buyer has still to pay."""
        return self.status == AWAITING_PAYMENT

    @property
    def can_cancel(self) -> bool:
        """Tell whether the whole order can be given up."""
        return self.awaits_payment or (
            self.status == CONFIRMED and all(part.dispatched_at is None for part in self.consignments)
        )


@dataclass(frozen=True, slots=True)
class LetterLine:
    """A line of a letter to the buyer."""

    quantity: int
    title: str
    merchant: str
    amount_text: str


@dataclass(frozen=True, slots=True)
class OrderLetter:
    """What a letter to the buyer says of an order."""

    number: str
    email: str
    name: str
    lines: tuple[LetterLine, ...]
    shipping_text: str
    total_text: str
    is_guests: bool = False


def order_page(*, number: str, user_id: int | None = None) -> OrderPage | None:
    """Return an order; with `user_id` only if it is that buyer's. Five statements, however many lines."""
    found = Order.objects.select_related("shipping_address__country", "user").filter(number=number)
    order = (found if user_id is None else found.filter(user_id=user_id)).first()
    if order is None:
        return None
    parts = _views(rows=list(_consignments().filter(order_id=order.pk).order_by("number")))
    return OrderPage(
        order_id=order.pk,
        number=order.number,
        placed_at=order.date_placed,
        status=order.status,
        total=order.total_minor,
        goods=sum(part.goods for part in parts),
        shipping=sum(part.shipping for part in parts),
        currency=order.currency,
        payment_id=order.payment_id,
        expires_at=order.expires_at,
        cancelled_reason=order.cancelled_reason,
        email=order.user.email if order.user else order.guest_email,
        user_id=order.user_id,
        address=_address(order=order),
        consignments=parts,
    )


def _address(*, order: Order) -> tuple[str, ...]:
    address = order.shipping_address
    if address is None:
        return ()
    city = " ".join(part for part in (address.postcode, address.line4) if part)
    parts = (address.name, address.line1, address.line2, city, address.state, address.country.printable_name)
    return tuple(part for part in parts if part)


def views_of(*, rows: Sequence[Consignment]) -> tuple[ConsignmentView, ...]:
    """Return consignments that were read with merchant and order as their people see them; three statements."""
    return _views(rows=rows)


def address_of(*, order: Order) -> tuple[str, ...]:
    """Return where an order goes, line by line; its address was read with it."""
    return _address(order=order)


def _consignments():
    return Consignment.objects.select_related("merchant", "order")


def _views(*, rows: Sequence[Consignment]) -> tuple[ConsignmentView, ...]:
    """Return consignments with their lines, history and review: three statements for any number."""
    ids = [row.pk for row in rows]
    lines: dict[int, list[LineView]] = defaultdict(list)
    for line in ConsignmentLine.objects.filter(consignment_id__in=ids).select_related("line", "product").order_by("pk"):
        lines[line.consignment_id].append(
            LineView(
                line_id=line.line_id,
                product_id=line.product_id,
                stockrecord_id=line.stockrecord_id,
                title=line.title,
                slug=line.product.slug,
                sku=line.line.partner_sku,
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
            )
        )
    history: dict[int, list[EventView]] = defaultdict(list)
    for event in ConsignmentEvent.objects.filter(consignment_id__in=ids).order_by("at", "pk"):
        history[event.consignment_id].append(EventView(event.status, event.at, event.by, event.note))
    scores = dict(MerchantReview.objects.filter(consignment_id__in=ids).values_list("consignment_id", "score"))
    return tuple(_view(row=row, lines=lines[row.pk], events=history[row.pk], score=scores.get(row.pk)) for row in rows)


def _view(
    *, row: Consignment, lines: Iterable[LineView], events: Iterable[EventView], score: int | None
) -> ConsignmentView:
    return ConsignmentView(
        number=row.number,
        order_number=row.order.number,
        merchant_id=row.merchant_id,
        merchant=row.merchant.name,
        merchant_slug=row.merchant.slug,
        status=row.status,
        currency=row.currency,
        goods=row.goods,
        shipping=row.shipping,
        refunded=row.refunded,
        shipping_method=row.shipping_method,
        carrier=row.carrier,
        tracking=row.tracking,
        placed_at=row.placed_at,
        promised_by=row.promised_by,
        confirmed_at=row.confirmed_at,
        dispatched_at=row.dispatched_at,
        delivered_at=row.delivered_at,
        delivered_said_by=row.delivered_said_by,
        release_due=row.release_due,
        released_at=row.released_at,
        cancelled_at=row.cancelled_at,
        packed_at=row.packed_at,
        is_divided=row.divided_from_id is not None,
        lines=tuple(lines),
        events=tuple(events),
        score=score,
    )


@dataclass(frozen=True, slots=True)
class MerchantConsignment:
    """A consignment for its merchant's eyes: with where it goes, without the rest of the order."""

    part: ConsignmentView
    address: tuple[str, ...]
    phone: str


def consignment_page(*, number: str, merchant_id: int) -> MerchantConsignment | None:
    """Return one of a merchant's own consignments; another's is as unknown as one that does not exist."""
    row = (
        _consignments()
        .select_related("order__shipping_address__country")
        .filter(number=number, merchant_id=merchant_id)
        .exclude(status=states.AWAITING_PAYMENT)
        .first()
    )
    if row is None:
        return None
    [part] = _views(rows=[row])
    phone = str(row.order.shipping_address.phone_number or "") if row.order.shipping_address else ""
    return MerchantConsignment(part=part, address=_address(order=row.order), phone=phone)


def products_of(*, numbers: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the products in each of these consignments, in one statement."""
    rows = ConsignmentLine.objects.filter(consignment__number__in=numbers).order_by("pk")
    found: dict[str, tuple[int, ...]] = {}
    for number, product_id in rows.values_list("consignment__number", "product_id"):
        found[number] = (*found.get(number, ()), product_id)
    return found


def letters(*, numbers: Sequence[str]) -> list[OrderLetter]:
    """Return what to write to the buyers of these orders; those whose address is unknown are left out."""
    orders = list(Order.objects.filter(number__in=numbers).select_related("user").order_by("pk"))
    rows = Consignment.objects.filter(order__in=orders).select_related("merchant", "order").order_by("number")
    parts: dict[str, list[ConsignmentView]] = defaultdict(list)
    for part in _views(rows=list(rows)):
        parts[part.order_number].append(part)
    return [_letter(order=order, parts=parts[order.number]) for order in orders if order.user or order.guest_email]


def _letter(*, order: Order, parts: Sequence[ConsignmentView]) -> OrderLetter:
    def text(amount: int) -> str:
        return bank.text(amount=amount, currency=order.currency)

    return OrderLetter(
        number=order.number,
        email=order.user.email if order.user else order.guest_email,
        name=order.user.get_full_name() if order.user else "",
        lines=tuple(
            LetterLine(line.quantity, line.title, part.merchant, text(line.amount))
            for part in parts
            for line in part.lines
        ),
        shipping_text=text(sum(part.shipping for part in parts)),
        total_text=text(order.total_minor),
        is_guests=order.user_id is None,
    )
