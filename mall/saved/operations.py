"""Putting things aside, and taking them back."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from mall.saved.models import SavedItem

MOST_ITEMS = 200


class UnableToSave(Exception):
    """The list stays as it is."""


def put_aside(*, holder: str, stockrecord_id: int, quantity: int, unit_price: int, currency: str, at: datetime) -> None:
    """Put pieces on a list, at the price (minor units) they were shown for; what is there already is replaced.

    :raises UnableToSave: the list is full.
    """
    with transaction.atomic():
        others = SavedItem.objects.filter(holder=holder).exclude(stockrecord_id=stockrecord_id)
        if others.count() >= MOST_ITEMS:
            raise UnableToSave(_("Your list is full: take something off it first."))
        SavedItem.objects.update_or_create(
            holder=holder,
            stockrecord_id=stockrecord_id,
            defaults={"quantity": quantity, "unit_price": unit_price, "currency": currency, "saved_at": at},
        )


def take_off(*, holder: str, item_id: int) -> SavedItem | None:
    """Take something off a list and return it, still knowing what it was; nothing when it is not there."""
    with transaction.atomic():
        item = (
            SavedItem.objects.select_for_update(of=("self",))
            .select_related("stockrecord__product")
            .filter(pk=item_id, holder=holder)
            .first()
        )
        if item is not None:
            SavedItem.objects.filter(pk=item.pk).delete()
    return item


def hand_over(*, guest: str, user: str) -> int:
    """Give a signed-in person what the browser put aside before; what is on both lists keeps the larger number."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            WITH given AS (DELETE FROM saved_saveditem WHERE holder = %s RETURNING *)
            INSERT INTO saved_saveditem AS s (holder, stockrecord_id, quantity, unit_price, currency, saved_at)
            SELECT %s, stockrecord_id, quantity, unit_price, currency, saved_at FROM given ORDER BY stockrecord_id
            ON CONFLICT (holder, stockrecord_id) DO UPDATE SET quantity = greatest(s.quantity, excluded.quantity)
            """,
            [guest, user],
        )
        return cursor.rowcount
