"""Changing a basket: each change under the basket's lock, so that nothing slips into one that is being ordered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from mall import bank
from mall.merchants.models import ACTIVE
from mall.promotions import operations as promotions
from mall.saved import operations as saved

Basket = get_model("basket", "Basket")
Line = get_model("basket", "Line")
StockRecord = get_model("partner", "StockRecord")

MOST_PIECES = 999
MOST_LINES = 100


class UnableToChangeBasket(Exception):
    """The basket stays as it is; the message says why, in words for the shopper."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out, so that it can be put back."""

    stockrecord_id: int
    quantity: int
    title: str


def add(*, basket_id: int, stockrecord_id: int, quantity: int) -> str:
    """Put pieces of one merchant's product into a basket; return the product's title.

    :raises UnableToChangeBasket: it is not sold, too few are left, or the basket is full or being ordered.
    """
    with transaction.atomic():
        _lock(basket_id=basket_id)
        record = _sold(stockrecord_id=stockrecord_id)
        lines = list(Line.objects.filter(basket_id=basket_id).order_by("pk"))
        currency = next((line.price_currency for line in lines), record.price_currency)
        if currency != record.price_currency:
            raise UnableToChangeBasket(
                _("Your basket holds goods in %(currency)s: order those first.") % {"currency": currency}
            )
        line = next((line for line in lines if line.stockrecord_id == record.pk), None)
        already = line.quantity if line else 0
        _check_pieces(record=record, wanted=already + quantity, already=already)
        if line is None and len(lines) >= MOST_LINES:
            raise UnableToChangeBasket(_("Your basket is full: order what is in it first."))
        if line is None:
            _insert(basket_id=basket_id, record=record, quantity=quantity)
        else:
            Line.objects.filter(pk=line.pk).update(quantity=already + quantity)
    return record.product.get_title()


def change(*, basket_id: int, line_id: int, quantity: int) -> Removed | None:
    """Change how many pieces of a line there are; none takes it out and returns what was there.

    :raises UnableToChangeBasket: too few are left, or the basket is being ordered; a line that is gone is no problem.
    """
    with transaction.atomic():
        _lock(basket_id=basket_id)
        line = _line(basket_id=basket_id, line_id=line_id)
        if line is None:
            return None
        if quantity == 0:
            Line.objects.filter(pk=line.pk).delete()
            return Removed(line.stockrecord_id, line.quantity, line.product.get_title())
        # Fewer than before is always a step in the right direction.
        if quantity > line.quantity:
            _check_pieces(record=_sold(stockrecord_id=line.stockrecord_id), wanted=quantity, already=0)
        Line.objects.filter(pk=line.pk).update(quantity=quantity)
    return None


def accept_prices(*, basket_id: int) -> None:
    """Note that the shopper has seen what everything costs now.

    :raises UnableToChangeBasket: the basket is being ordered.
    """
    with transaction.atomic():
        _lock(basket_id=basket_id)
        for line in Line.objects.filter(basket_id=basket_id).select_related("stockrecord").order_by("pk"):
            if line.stockrecord.price is not None and line.price_incl_tax != line.stockrecord.price:
                Line.objects.filter(pk=line.pk).update(
                    price_incl_tax=line.stockrecord.price, price_excl_tax=line.stockrecord.price
                )


def put_aside(*, basket_id: int, line_id: int, holder: str, at: datetime) -> str:
    """Move a line to the list of what is for later, and return its title; empty when the line is gone.

    :raises UnableToChangeBasket: the list is full, or the basket is being ordered.
    """
    with transaction.atomic():
        _lock(basket_id=basket_id)
        line = _line(basket_id=basket_id, line_id=line_id)
        if line is None:
            return ""
        price = line.price_incl_tax if line.stockrecord.price is None else line.stockrecord.price
        try:
            saved.put_aside(
                holder=holder,
                stockrecord_id=line.stockrecord_id,
                quantity=line.quantity,
                unit_price=bank.minor(amount=price or 0, currency=line.price_currency),
                currency=line.price_currency,
                at=at,
            )
        except saved.UnableToSave as problem:
            raise UnableToChangeBasket(str(problem)) from problem
        Line.objects.filter(pk=line.pk).delete()
    return line.product.get_title()


def move_back(*, basket_id: int, item_id: int, holder: str) -> str:
    """Move something from the list into the basket, as many pieces as there are; return what to tell the shopper.

    :raises UnableToChangeBasket: it cannot be bought now; it stays on the list.
    """
    with transaction.atomic():
        _lock(basket_id=basket_id)
        item = saved.take_off(holder=holder, item_id=item_id)
        if item is None:
            raise UnableToChangeBasket(_("This is not on your list any more."))
        title = item.stockrecord.product.get_title()
        record = _sold(stockrecord_id=item.stockrecord_id)
        free = _free(record)
        held = Line.objects.filter(basket_id=basket_id, stockrecord_id=record.pk).values_list("quantity", flat=True)
        room = MOST_PIECES if free is None else free - sum(held)
        quantity = max(1, min(item.quantity, room))
        add(basket_id=basket_id, stockrecord_id=record.pk, quantity=quantity)
    if quantity < item.quantity:
        return _("“%(title)s” is in your basket; only %(n)d could be had.") % {"title": title, "n": quantity}
    return _("“%(title)s” is in your basket.") % {"title": title}


def merge(*, into: int, other: int) -> list[str]:
    """Pour one basket into another when its owner signs in; return a sentence for each line that had to shrink.

    Pieces add up, no further than stock and the most of one line. Done twice it changes nothing more.
    """
    told = []
    with transaction.atomic():
        rows = Basket.objects.select_for_update(no_key=True).filter(pk__in=(into, other)).order_by("pk")
        found = {row.pk: row for row in rows}
        if found[other].status != Basket.OPEN or found[into].status != Basket.OPEN:
            return []
        own = {line.stockrecord_id: line for line in Line.objects.filter(basket_id=into)}
        brought = Line.objects.filter(basket_id=other).select_related("stockrecord__product__parent").order_by("pk")
        for line in brought:
            mine = own.get(line.stockrecord_id)
            wanted = line.quantity + (mine.quantity if mine else 0)
            free = _free(line.stockrecord)
            # What is sold out stays in sight, so that the basket can tell of it.
            kept = wanted if free is None or free < 1 else min(wanted, free)
            kept = min(kept, MOST_PIECES)
            if kept < wanted:
                told.append(
                    _("Of “%(title)s” only %(n)d are left: your basket holds as many.")
                    % {"title": line.stockrecord.product.get_title(), "n": kept}
                )
            if mine:
                Line.objects.filter(pk=mine.pk).update(quantity=kept)
            else:
                Line.objects.filter(pk=line.pk).update(basket_id=into, quantity=kept)
        Line.objects.filter(basket_id=other).delete()
        promotions.move_codes(from_basket=other, to_basket=into)
        Basket.objects.filter(pk=other).update(status=Basket.MERGED, date_merged=bank.now())
    return told


def _lock(*, basket_id: int) -> None:
    row = Basket.objects.select_for_update(no_key=True).filter(pk=basket_id).first()
    if row is None or row.status not in (Basket.OPEN, Basket.SAVED):
        raise UnableToChangeBasket(_("This basket is being ordered already: look at your order."))


def _line(*, basket_id: int, line_id: int) -> Line | None:
    found = Line.objects.select_related("stockrecord", "product__parent")
    return found.filter(pk=line_id, basket_id=basket_id).first()


def _sold(*, stockrecord_id: int) -> StockRecord:
    record = (
        StockRecord.objects.select_related("product__parent", "partner__merchant")
        .filter(pk=stockrecord_id, product__is_public=True, partner__merchant__status=ACTIVE, price__isnull=False)
        .first()
    )
    if record is None:
        raise UnableToChangeBasket(_("This is not sold any more."))
    return record


def _free(record: StockRecord) -> int | None:
    return None if record.num_in_stock is None else max(record.net_stock_level, 0)


def _check_pieces(*, record: StockRecord, wanted: int, already: int) -> None:
    free = _free(record)
    if free == 0:
        raise UnableToChangeBasket(_("This is sold out."))
    if free is not None and wanted > free:
        if already:
            raise UnableToChangeBasket(
                _("Only %(free)d left, and %(already)d of them lie in your basket.")
                % {"free": free, "already": already}
            )
        raise UnableToChangeBasket(_("Only %(free)d left: please choose fewer.") % {"free": free})
    if wanted > MOST_PIECES:
        raise UnableToChangeBasket(_("That is more than one order can hold."))


def _insert(*, basket_id: int, record: StockRecord, quantity: int) -> None:
    Line.objects.bulk_create(
        [
            Line(
                basket_id=basket_id,
                line_reference=f"{record.product_id}_{record.pk}",
                product_id=record.product_id,
                stockrecord=record,
                quantity=quantity,
                price_currency=record.price_currency,
                price_excl_tax=record.price,
                price_incl_tax=record.price,
            )
        ]
    )
