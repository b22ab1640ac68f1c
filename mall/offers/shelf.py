"""A merchant's own offers as the catalogue page lists them: paged by article number, a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from mall import bank
from mall.offers import buybox
from mall.partner.models import StockRecord

PAGE = 50
FEW = 5
ON_SALE, LOW, SOLD_OUT, HIDDEN = "on_sale", "low", "sold_out", "hidden"
STATES = (ON_SALE, LOW, SOLD_OUT, HIDDEN)

_FREE = F("num_in_stock") - Coalesce(F("num_allocated"), 0)
_LISTED = Q(product__is_public=True, price__isnull=False) & (
    Q(product__parent=None) | Q(product__parent__is_public=True)
)
_WHERE = {
    ON_SALE: _LISTED & (Q(num_in_stock=None) | Q(free__gt=0)),
    LOW: _LISTED & Q(free__gt=0, free__lte=FEW),
    SOLD_OUT: _LISTED & Q(free__lte=0),
    HIDDEN: ~_LISTED,
}


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """One offer; `price` in minor units, `stock` None never runs out.

    ``place`` is where it stands among ``rivals`` offers of the product: 1 is the one shoppers see first.
    """

    stockrecord_id: int
    product_id: int
    title: str
    slug: str
    sku: str
    currency: str
    price: int
    stock: int | None
    reserved: int
    state: str
    condition: str
    condition_name: str
    handling_days: int
    place: int
    rivals: int


@dataclass(frozen=True, slots=True)
class ShelfPage:
    """A page of offers; ``next`` is the article number after which the next page begins, empty at the end."""

    rows: tuple[ShelfRow, ...]
    next: str


def page(*, merchant_id: int, text: str = "", state: str = "", after: str = "", size: int = PAGE) -> ShelfPage:
    """Return a merchant's offers whose name or number has the text, after an article number, in three statements."""
    found = _own(merchant_id=merchant_id)
    wanted = text.strip()
    if wanted:
        found = found.filter(
            Q(product__title__icontains=wanted) | Q(partner_sku__istartswith=wanted) | Q(product__upc=wanted)
        )
    if state in STATES:
        found = found.filter(_WHERE[state])
    if after:
        found = found.filter(partner_sku__gt=after)
    records = list(found.order_by("partner_sku")[: size + 1])
    rows = _rows(records=records[:size])
    return ShelfPage(rows=tuple(rows), next=records[size - 1].partner_sku if len(records) > size else "")


def of(*, merchant_id: int, stockrecord_ids: list[int]) -> list[ShelfRow]:
    """Return these offers as far as they are the merchant's own, by article number."""
    return _rows(records=list(_own(merchant_id=merchant_id).filter(pk__in=stockrecord_ids).order_by("partner_sku")))


def _own(*, merchant_id: int) -> object:
    rows = StockRecord.objects.filter(partner__merchant=merchant_id)
    return rows.select_related("product__parent").annotate(free=_FREE)


def _rows(*, records: list[StockRecord]) -> list[ShelfRow]:
    ranked = buybox.ranked(product_ids={record.product_id for record in records})
    places = {offer.stockrecord_id: offer.place for offers in ranked.values() for offer in offers}
    return [
        ShelfRow(
            stockrecord_id=record.pk,
            product_id=record.product_id,
            title=record.product.get_title(),
            slug=record.product.slug,
            sku=record.partner_sku,
            currency=record.price_currency,
            price=bank.minor(amount=record.price or record.kept_price or 0, currency=record.price_currency),
            stock=record.num_in_stock,
            reserved=record.num_allocated or 0,
            state=_state(record=record),
            condition=record.condition,
            condition_name=record.get_condition_display(),
            handling_days=record.handling_days,
            place=places.get(record.pk, 0),
            rivals=len(ranked.get(record.product_id, ())),
        )
        for record in records
    ]


def _state(*, record: StockRecord) -> str:
    product = record.product
    if not product.is_public or record.price is None or (product.parent_id and not product.parent.is_public):
        return HIDDEN
    if record.num_in_stock is None or record.free > FEW:
        return ON_SALE
    return LOW if record.free > 0 else SOLD_OUT
