"""A buyer's orders as a list that can be searched: three statements a page, whatever it holds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from mall.fulfilment import states
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.order.models import AWAITING_PAYMENT, CANCELLED, Line, Order
from mall.queries import keyset

PICTURES = 4
OPEN, UNDER_WAY, DONE, UNDONE = "open", "way", "done", "back"
_LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order in a list; `goods` are (product id, title) of its first lines, `promised_by` its next parcel's."""

    number: str
    placed_at: datetime
    status: str
    total: int
    currency: str
    pieces: int
    goods: tuple[tuple[int, str], ...]
    consignments: tuple[str, ...]
    merchants: tuple[str, ...]
    promised_by: datetime | None

    @property
    def title(self) -> str:
        """Return its first line's title."""
        return self.goods[0][1] if self.goods else ""


def orders_of(
    *, user_id: int, text: str = "", state: str = "", after: str = "", size: int = 20
) -> keyset.Page[OrderRow]:
    """Return a page of a buyer's orders, newest first: those with `text` in number, goods or store, in a state."""
    found = Order.objects.filter(user_id=user_id)
    if text := text.strip()[:_LONGEST]:
        lines = Line.objects.filter(order=OuterRef("pk"), title__icontains=text)
        stores = Consignment.objects.filter(order=OuterRef("pk"), merchant__name__icontains=text)
        found = found.filter(Q(number__icontains=text) | Exists(lines) | Exists(stores))
    found = _in_state(found, state)
    if place := keyset.read(mark=after):
        found = found.filter(Q(date_placed__lt=place.at) | Q(date_placed=place.at, pk__lt=place.id))
    orders = list(found.order_by("-date_placed", "-pk")[: size + 1])
    places = [keyset.Place(order.date_placed, order.pk) for order in orders]
    return keyset.page(rows=_rows(orders), size=size, places=places)


def _in_state(found, state: str):
    def some(*statuses: str) -> Exists:
        return Exists(Consignment.objects.filter(order=OuterRef("pk"), status__in=statuses))

    waiting = (states.AWAITING_PAYMENT, states.CONFIRMED)
    if state == OPEN:
        return found.filter(some(*waiting))
    if state == UNDER_WAY:
        return found.filter(some(states.DISPATCHED))
    if state == DONE:
        return found.filter(some(states.DELIVERED, states.RELEASED), ~some(*waiting, states.DISPATCHED))
    if state == UNDONE:
        return found.filter(Q(status=CANCELLED) | some(states.CANCELLED, states.REFUNDED))
    return found


def _rows(orders: list[Order]) -> list[OrderRow]:
    lines: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for order_id, quantity, product_id, title in (
        ConsignmentLine.objects.filter(consignment__order__in=orders)
        .order_by("consignment__number", "pk")
        .values_list("consignment__order_id", "quantity", "product_id", "title")
    ):
        lines[order_id].append((quantity, product_id, title))
    parts: dict[int, list[tuple[str, str, datetime | None]]] = defaultdict(list)
    for order_id, *part in (
        Consignment.objects.filter(order__in=orders)
        .order_by("number")
        .values_list("order_id", "status", "merchant__name", "promised_by")
    ):
        parts[order_id].append(tuple(part))
    return [_row(order=order, lines=lines[order.pk], parts=parts[order.pk]) for order in orders]


def _row(*, order: Order, lines: list[tuple[int, int, str]], parts: list[tuple[str, str, datetime | None]]) -> OrderRow:
    going = {states.CONFIRMED, states.DISPATCHED}
    due = [promised for status, _name, promised in parts if status in going and promised]
    return OrderRow(
        number=order.number,
        placed_at=order.date_placed,
        status=order.status,
        total=order.total_minor,
        currency=order.currency,
        pieces=sum(quantity for quantity, _product, _title in lines),
        goods=tuple({product: (product, title) for _quantity, product, title in lines}.values())[:PICTURES],
        consignments=tuple(status for status, _name, _promised in parts),
        merchants=tuple(dict.fromkeys(name for _status, name, _promised in parts)),
        promised_by=min(due) if due and order.status != AWAITING_PAYMENT else None,
    )
