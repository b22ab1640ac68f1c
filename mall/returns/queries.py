"""Returns as their buyers, their merchants and the bank see them: frozen rows, few statements a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.returns import states
from mall.returns.asking import RETURNABLE, going_back
from mall.returns.models import Return, ReturnEvent, ReturnLine, ReturnPhoto, ReturnTerms
from mall.returns.rules import Window
from mall.returns.windows import windows

# What a merchant's desk can be narrowed to.
DESK = {
    "answer": (states.ASKED,),
    "way": (states.ACCEPTED, states.SENT),
    "buyer": (states.OFFERED, states.DECLINED, states.REDUCED),
    "bank": (states.ESCALATED, states.PROPOSED),
    "over": (states.REFUNDING, *states.OVER),
}
# What is listed with the oldest first, because it waits.
WAITS = ("answer", "bank")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRow:
    """A return in a list; amounts are minor units of `currency`, `title` is its first line's."""

    return_id: int
    number: str
    state: str
    outcome: str
    reason: str
    store: str
    buyer: str
    title: str
    product_id: int
    pieces: int
    claimed: int
    refunded: int
    currency: str
    asked_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineView:
    """Pieces of one line that go back, and what was paid for them."""

    product_id: int
    slug: str
    title: str
    sku: str
    quantity: int
    bought: int
    amount: int


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of a return's history; `side` is buyer, store, bank, carrier or time."""

    event: str
    state: str
    at: datetime
    side: str
    by: str
    text: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A picture, of the buyer or of the store."""

    photo_id: int
    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage:
    """A return with everything its pages show; amounts are minor units of `currency`."""

    row: Return
    order_number: str
    consignment: str
    store: str
    store_slug: str
    buyer: str
    lines: tuple[LineView, ...]
    history: tuple[EventView, ...]
    photos: tuple[PhotoView, ...]
    send_to: tuple[str, ...]
    delivered_at: datetime | None

    @property
    def pieces(self) -> int:
        """Return how many pieces go back."""
        return sum(line.quantity for line in self.lines)


def returns_of(*, user_id: int, before: int | None, size: int) -> tuple[list[ReturnRow], int | None]:
    """Return a page of a buyer's returns, newest first, and where the next begins. Two statements."""
    return _page(found=Return.objects.filter(buyer_id=user_id), mark=before, size=size, oldest_first=False)


def returns_to(*, merchant_id: int, desk: str, mark: int | None, size: int) -> tuple[list[ReturnRow], int | None]:
    """Return a page of a merchant's returns and where the next begins. Two statements."""
    found = Return.objects.filter(merchant_id=merchant_id)
    if desk in DESK:
        found = found.filter(state__in=DESK[desk])
    return _page(found=found, mark=mark, size=size, oldest_first=desk in WAITS)


def returns_at_bank(*, is_open: bool, mark: int | None, size: int) -> tuple[list[ReturnRow], int | None]:
    """Return a page of what the bank has to decide, oldest first, or of what was called to it. Two statements."""
    if is_open:
        found = Return.objects.filter(state__in=DESK["bank"])
    else:
        found = Return.objects.filter(escalated_at__isnull=False).exclude(state__in=DESK["bank"])
    return _page(found=found, mark=mark, size=size, oldest_first=is_open)


def _page(
    *, found: QuerySet[Return], mark: int | None, size: int, oldest_first: bool
) -> tuple[list[ReturnRow], int | None]:
    if mark is not None:
        found = found.filter(pk__gt=mark) if oldest_first else found.filter(pk__lt=mark)
    found = found.select_related("merchant", "buyer").order_by("pk" if oldest_first else "-pk")
    rows = list(found[: size + 1])
    following = rows[size - 1].pk if len(rows) > size else None
    rows = rows[:size]
    lines: dict[int, list[ReturnLine]] = defaultdict(list)
    for line in ReturnLine.objects.filter(of__in=rows).select_related("line").order_by("pk"):
        lines[line.of_id].append(line)
    return [_row(row=row, lines=lines[row.pk]) for row in rows], following


def _row(*, row: Return, lines: Sequence[ReturnLine]) -> ReturnRow:
    return ReturnRow(
        return_id=row.pk,
        number=row.number,
        state=row.state,
        outcome=row.outcome,
        reason=row.reason,
        store=row.merchant.name,
        buyer=_named(row.buyer),
        title=lines[0].line.title,
        product_id=lines[0].line.product_id,
        pieces=sum(line.quantity for line in lines),
        claimed=row.claimed,
        refunded=row.refunded,
        currency=row.currency,
        asked_at=row.asked_at,
        due_at=row.due_at,
    )


def _named(user: object) -> str:
    return user.get_full_name() or "–"


def return_page(*, number: str, buyer_id: int | None = None, merchant_id: int | None = None) -> ReturnPage | None:
    """Return a return; with a buyer or a merchant only if it is theirs. Five statements, however long it is."""
    found = Return.objects.filter(number=number)
    if buyer_id is not None:
        found = found.filter(buyer_id=buyer_id)
    if merchant_id is not None:
        found = found.filter(merchant_id=merchant_id)
    row = found.select_related("merchant", "buyer", "consignment__order", "proposed_by", "decided_by").first()
    if row is None:
        return None
    lines = ReturnLine.objects.filter(of=row).select_related("line__product", "line__line").order_by("pk")
    history = ReturnEvent.objects.filter(of=row).order_by("pk")
    photos = ReturnPhoto.objects.filter(of=row).order_by("pk")
    return ReturnPage(
        row=row,
        order_number=row.consignment.order.number,
        consignment=row.consignment.number,
        store=row.merchant.name,
        store_slug=row.merchant.slug,
        buyer=_named(row.buyer),
        lines=tuple(
            LineView(
                line.line.product_id,
                line.line.product.slug,
                line.line.title,
                line.line.line.partner_sku,
                line.quantity,
                line.line.quantity,
                line.amount,
            )
            for line in lines
        ),
        history=tuple(
            EventView(event.event, event.state, event.at, _side(event.by), event.by, event.text, event.amount)
            for event in history
        ),
        photos=tuple(PhotoView(photo.pk, photo.side) for photo in photos),
        send_to=send_to(merchant_id=row.merchant_id, merchant=row.merchant),
        delivered_at=row.consignment.delivered_at,
    )


def _side(by: str) -> str:
    kind = by.split("/")[0].split(":")[0]
    return {"merchant": "store", "operations": "bank", "system": "time"}.get(kind, kind)


def send_to(*, merchant_id: int, merchant: object) -> tuple[str, ...]:
    """Return where a store's returns go, line by line."""
    own = ReturnTerms.objects.filter(merchant_id=merchant_id).values_list("address", flat=True).first()
    if own:
        return (merchant.name, *(line.strip() for line in own.splitlines() if line.strip()))
    city = f"{merchant.postcode} {merchant.city}".strip()
    lines = (merchant.name, merchant.line1, merchant.line2, city, merchant.region, merchant.country)
    return tuple(line for line in lines if line)


def photo(*, photo_id: int) -> ReturnPhoto | None:
    """Return a picture with whose it is; who may see it is for the caller to ask."""
    return ReturnPhoto.objects.select_related("of").filter(pk=photo_id).first()


@dataclass(frozen=True, slots=True)
class ReturnableLine:
    """A line of a consignment: how many of its pieces can still go back, and until when for which reason."""

    line_id: int
    product_id: int
    title: str
    bought: int
    left: int
    amount: int
    window: Window


def returnable(*, number: str, user_id: int) -> list[ReturnableLine] | None:
    """Return the lines of a buyer's consignment as they can go back; nothing when it is not his or was not sent."""
    found = Consignment.objects.select_related("order__shipping_address").filter(
        number=number, order__user_id=user_id, status__in=RETURNABLE
    )
    row = found.first()
    if row is None:
        return None
    lines = list(ConsignmentLine.objects.filter(consignment=row).order_by("pk"))
    back = going_back(line_ids=[line.pk for line in lines])
    rights = windows(consignments=[row])
    return [
        ReturnableLine(
            line.line_id,
            line.product_id,
            line.title,
            line.quantity,
            line.quantity - back.get(line.pk, (0, 0))[0],
            line.amount,
            rights[line.pk],
        )
        for line in lines
    ]


@dataclass(frozen=True, slots=True)
class PartReturns:
    """What an order page says of one parcel's returns."""

    can_ask: bool
    until: datetime | None
    rows: tuple[ReturnRow, ...]


def of_order(*, order_number: str, user_id: int, at: datetime) -> dict[str, PartReturns]:
    """Return what can and does go back of each parcel of a buyer's order: a fixed number of statements."""
    found = Consignment.objects.select_related("order__shipping_address").filter(
        order__number=order_number, order__user_id=user_id
    )
    parts = [row for row in found.order_by("number") if row.status in RETURNABLE]
    rights = windows(consignments=parts) if parts else {}
    lines: dict[int, list[ConsignmentLine]] = defaultdict(list)
    for line in ConsignmentLine.objects.filter(consignment__in=parts) if parts else ():
        lines[line.consignment_id].append(line)
    back = going_back(line_ids=list(rights)) if rights else {}
    rows, _following = _page(
        found=Return.objects.filter(consignment__order__number=order_number, buyer_id=user_id),
        mark=None,
        size=50,
        oldest_first=False,
    )
    known: dict[str, list[ReturnRow]] = defaultdict(list)
    for row in rows:
        known[row.number.rpartition("-R")[0]].append(row)
    shown = {}
    for part in parts:
        left = [line for line in lines[part.pk] if line.quantity > back.get(line.pk, (0, 0))[0]]
        ends = [rights[line.pk].store_until for line in left if rights[line.pk].is_open(at=at)]
        shown[part.number] = PartReturns(
            can_ask=bool(ends),
            until=max((end for end in ends if end and end >= at), default=None),
            rows=tuple(known.pop(part.number, ())),
        )
    return shown | {number: PartReturns(False, None, tuple(rows)) for number, rows in known.items()}
