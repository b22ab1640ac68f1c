"""What a merchant has to pack and send: lists by keyset, and all that goes onto paper for many parcels at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db.models import Exists, F, OuterRef, Q

from mall.fulfilment import states
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.queries import keyset
from mall.queries.orders import ConsignmentView, MerchantConsignment, address_of, views_of

TO_PACK, PACKED, UNDER_WAY, DONE, UNDONE = "pack", "packed", "way", "done", "back"
BY_PROMISE, NEWEST = "promise", "newest"
STATUSES = {
    TO_PACK: (states.CONFIRMED,),
    PACKED: (states.CONFIRMED,),
    UNDER_WAY: (states.DISPATCHED,),
    DONE: (states.DELIVERED, states.RELEASED),
    UNDONE: (states.CANCELLED, states.REFUNDED),
}
# After every promise.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_LONGEST = 80


def parcels_of(
    *,
    merchant_id: int,
    state: str = "",
    text: str = "",
    sort: str = NEWEST,
    after: str = "",
    size: int = 25,
) -> keyset.Page[ConsignmentView]:
    """Return a page of a merchant's own parcels: four statements.

    By promise those promised first come first, and those without a promise last.
    """
    found = Consignment.objects.filter(merchant_id=merchant_id).exclude(status=states.AWAITING_PAYMENT)
    if state in STATUSES:
        found = found.filter(status__in=STATUSES[state])
    if state in (TO_PACK, PACKED):
        found = found.filter(packed_at__isnull=state == TO_PACK)
    if text := text.strip()[:_LONGEST]:
        lines = ConsignmentLine.objects.filter(consignment=OuterRef("pk"))
        goods = lines.filter(Q(title__icontains=text) | Q(line__partner_sku__iexact=text))
        found = found.filter(Q(number__istartswith=text) | Q(tracking__iexact=text) | Exists(goods))
    place = keyset.read(mark=after)
    if sort == BY_PROMISE:
        found = _by_promise(found, place)
    else:
        if place:
            found = found.filter(Q(placed_at__lt=place.at) | Q(placed_at=place.at, pk__lt=place.id))
        found = found.order_by("-placed_at", "-pk")
    rows = list(found.select_related("merchant", "order")[: size + 1])
    moments = [(row.promised_by or _NEVER) if sort == BY_PROMISE else row.placed_at for row in rows]
    places = [keyset.Place(at, row.pk) for at, row in zip(moments, rows, strict=True)]
    shown = list(views_of(rows=rows[:size]))
    return keyset.Page(shown, keyset.page(rows=rows, size=size, places=places).after)


def _by_promise(found, place: keyset.Place | None):
    if place and place.at == _NEVER:
        found = found.filter(promised_by__isnull=True, pk__gt=place.id)
    elif place:
        found = found.filter(
            Q(promised_by__gt=place.at) | Q(promised_by=place.at, pk__gt=place.id) | Q(promised_by__isnull=True)
        )
    return found.order_by(F("promised_by").asc(nulls_last=True), "pk")


def parcels_to_print(*, merchant_id: int, numbers: Sequence[str]) -> list[MerchantConsignment]:
    """Return a merchant's own parcels of these numbers, in their order, with where they go; four statements."""
    rows = list(
        Consignment.objects.filter(merchant_id=merchant_id, number__in=numbers)
        .exclude(status=states.AWAITING_PAYMENT)
        .select_related("merchant", "order__shipping_address__country")
    )
    orders = {row.number: row.order for row in rows}
    found = {}
    for part in views_of(rows=rows):
        to = orders[part.number].shipping_address
        phone = str(to.phone_number or "") if to else ""
        found[part.number] = MerchantConsignment(part, address_of(order=orders[part.number]), phone)
    return [found[number] for number in dict.fromkeys(numbers) if number in found]
