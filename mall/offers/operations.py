"""What decides about the buy box: new weights, and counting anew how well merchants do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from mall import bank, events
from mall.offers import buybox
from mall.offers.models import WHOLE, BuyBoxWeights
from mall.search import operations as search

COUNTED_FOR = timedelta(days=90)


class UnableToWeigh(Exception):
    """The weights stay as they are."""


def set_weights(
    *, price: int, speed: int, quality: int, stock: int, reason: str, seen: int, by: int | None, at: datetime
) -> BuyBoxWeights:
    """Put a new version of the buy box's weights into force; they are basis points that make 10,000 together.

    `seen` is the version the person decided on: one that is not in force any more is refused, and of two people who
    change it at the same moment one is.

    :raises UnableToWeigh: they are not a whole, no reason is given, or somebody else was quicker.
    """
    given = (price, speed, quality, stock)
    if any(weight < 0 for weight in given) or sum(given) != WHOLE:
        raise UnableToWeigh("The four weights must make 100 % together.")
    if not reason.strip():
        raise UnableToWeigh("Say why: whoever looks later will want to know.")
    try:
        with transaction.atomic():
            newest = buybox.weights().version
            if newest != seen:
                raise UnableToWeigh(f"Version {newest} came into force meanwhile: look at it first.")
            made = BuyBoxWeights.objects.create(
                version=seen + 1,
                price=price,
                speed=speed,
                quality=quality,
                stock=stock,
                reason=reason.strip()[:300],
                by_id=by,
                at=at,
            )
            bank.publish(happened=[events.BuyBoxChanged(key=f"buy-box:{made.version}", at=at, version=made.version)])
    except IntegrityError:
        raise UnableToWeigh("Somebody else changed the weights at this moment: look at theirs first.") from None
    return made


def count_standings(*, at: datetime) -> None:
    """Count anew how well every merchant did in the last 90 days, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(buybox.standings_sql(), {"at": at, "since": at - COUNTED_FOR})


def rank_anew(*, after: int = 0) -> Iterator[int]:
    """Compute the search entries of everything that several offers compete for, a batch a transaction.

    `after`: the product from which to go on; each batch's last product is yielded.
    """
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT product_id FROM search_searchentry WHERE product_id > %s AND offers > 1 "
                "ORDER BY product_id LIMIT %s",
                [after, search.AT_ONCE],
            )
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return
        search.refresh_products(product_ids=ids)
        after = ids[-1]
        yield after
