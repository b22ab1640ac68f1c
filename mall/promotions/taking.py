"""Promotions taken by orders while they are placed: within budget and limits whoever else orders, given back later.

Rows change in the order of their ids, each by one conditional statement; who loses a race is told, and nothing is
taken for his order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from mall.promotions import queries
from mall.promotions.models import IN_FORCE, Promotion, PromotionUse

_TAKE = """
UPDATE promotions_promotion SET uses = uses + 1, spent = spent + CASE WHEN merchant_funded THEN %(amount)s ELSE 0 END
WHERE id = %(id)s AND state = 'in_force' AND starts_at <= %(at)s AND ends_at > %(at)s
  AND (budget IS NULL OR NOT merchant_funded OR spent + %(amount)s <= budget)
RETURNING per_customer
"""
_UNDO = """
UPDATE promotions_promotion SET uses = uses - 1, spent = spent - CASE WHEN merchant_funded THEN %(amount)s ELSE 0 END
WHERE id = %(id)s
"""
_COUNT = """
INSERT INTO promotions_customeruses AS c (promotion_id, customer, uses) VALUES (%(id)s, %(customer)s, 1)
ON CONFLICT (promotion_id, customer) DO UPDATE SET uses = c.uses + 1 WHERE c.uses < %(most)s
RETURNING uses
"""
_UNCOUNT = "UPDATE promotions_customeruses SET uses = uses - 1 WHERE promotion_id = %(id)s AND customer = %(customer)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order's wish to use a promotion: `amount` minor units off the goods or the delivery of one merchant."""

    order_key: str
    promotion_id: int
    merchant_id: int | None
    customer: str
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherWish:
    """An order's wish to pay by a code; `goods`: (merchant, product, amount) of each line."""

    order_key: str
    code: str
    customer: str
    amount: int
    goods: tuple[tuple[int, int, int], ...]
    at: datetime


def customer(*, user_id: int | None, email: str) -> str:
    """Return the name by which a promotion knows a customer; a guest by a fingerprint of his address."""
    if user_id is not None:
        return f"user:{user_id}"
    plain = email.strip().casefold()
    return f"guest:{hashlib.sha256(plain.encode()).hexdigest()[:40]}" if plain else ""


def take(*, wishes: Sequence[Wish]) -> dict[str, str]:
    """Take promotions for orders, in the caller's transaction; return why not, by the key of each order that cannot.

    Nothing stays taken for an order that cannot have all it wishes for.
    """
    problems: dict[str, str] = {}
    taken: list[tuple[Wish, bool]] = []
    with connection.cursor() as cursor:
        for wish in sorted(wishes, key=lambda wish: (wish.promotion_id, wish.order_key)):
            values = {"id": wish.promotion_id, "amount": wish.amount, "at": wish.at, "customer": wish.customer}
            if wish.order_key in problems:
                continue
            cursor.execute(_TAKE, values)
            found = cursor.fetchone()
            if found is None:
                problems[wish.order_key] = "is not to be had any more: look at the new total"
                continue
            counted = found[0] is not None
            if counted:
                cursor.execute(_COUNT, values | {"most": found[0]})
                if cursor.fetchone() is None:
                    cursor.execute(_UNDO, values)
                    problems[wish.order_key] = "was used by you already: look at the new total"
                    continue
            taken.append((wish, counted))
        _undo(cursor=cursor, taken=[pair for pair in taken if pair[0].order_key in problems])
    return _named(problems=problems, wishes=wishes)


def _undo(*, cursor: object, taken: Sequence[tuple[Wish, bool]]) -> None:
    for wish, counted in taken:
        values = {"id": wish.promotion_id, "amount": wish.amount, "customer": wish.customer}
        cursor.execute(_UNDO, values)
        if counted:
            cursor.execute(_UNCOUNT, values)


def _named(*, problems: dict[str, str], wishes: Sequence[Wish]) -> dict[str, str]:
    if not problems:
        return {}
    ids = {wish.order_key: wish.promotion_id for wish in reversed(wishes) if wish.order_key in problems}
    names = {row.pk: str(row) for row in Promotion.objects.filter(pk__in=ids.values())}
    return {key: f"“{names.get(ids[key], 'The promotion')}” {why}." for key, why in problems.items()}


def voucher_wishes(*, vouchers: Sequence[VoucherWish]) -> tuple[list[Wish], dict[str, str]]:
    """Return what paying by codes takes, and why not by order; codes of which the mall knows nothing are the bank's."""
    codes = {wish.code.upper() for wish in vouchers}
    rows = (
        {
            row.code: row
            for row in Promotion.objects.filter(merchant_funded=False, code__in=codes, state=IN_FORCE).order_by("pk")
        }
        if codes
        else {}
    )
    wishes: list[Wish] = []
    problems: dict[str, str] = {}
    for voucher in vouchers:
        row = rows.get(voucher.code.upper())
        if row is None:
            continue
        most, missing = allowance(row=row, goods=voucher.goods)
        if missing or voucher.amount > most:
            problems[voucher.order_key] = f"The voucher {row.code} does not pay so much of this order."
            continue
        wishes.append(
            Wish(
                order_key=voucher.order_key,
                promotion_id=row.pk,
                merchant_id=None,
                customer=voucher.customer,
                amount=voucher.amount,
                at=voucher.at,
            )
        )
    return wishes, problems


def allowance(*, row: Promotion, goods: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """Return what a voucher of the bank pays at most of these goods, and what is missing to its minimum.

    `goods`: (merchant, product, amount after discounts) of each line.
    """
    categories = queries.categories_of(product_ids=[line[1] for line in goods]) if row.category_id else {}
    worth = sum(
        amount
        for merchant_id, product_id, amount in goods
        if row.merchant_id in (None, merchant_id)
        and (not row.product_ids or product_id in row.product_ids)
        and (row.category_id is None or row.category_id in categories.get(product_id, ()))
    )
    if worth < row.minimum:
        return 0, row.minimum - worth
    return min(row.value, worth), 0


def note(*, wishes: Sequence[Wish], order_ids: dict[str, int]) -> None:
    """Write down what was taken for orders that are written, by their keys."""
    PromotionUse.objects.bulk_create(
        [
            PromotionUse(
                promotion_id=wish.promotion_id,
                order_id=order_ids[wish.order_key],
                merchant_id=wish.merchant_id,
                customer=wish.customer,
                amount=wish.amount,
                at=wish.at,
            )
            for wish in wishes
            if wish.order_key in order_ids
        ]
    )


_GIVE_BACK = """
WITH given AS (
    UPDATE promotions_promotionuse u SET given_back_at = %(at)s
    WHERE u.id IN (
        SELECT u.id FROM promotions_promotionuse u
        WHERE u.order_id = ANY(%(orders)s) AND u.given_back_at IS NULL AND (
            EXISTS (SELECT 1 FROM fulfilment_consignment c WHERE c.id = ANY(%(consignments)s)
                    AND c.order_id = u.order_id AND c.merchant_id = u.merchant_id)
            OR u.merchant_id IS NULL AND NOT EXISTS (
                SELECT 1 FROM fulfilment_consignment c WHERE c.order_id = u.order_id AND c.status <> 'cancelled'))
        ORDER BY u.promotion_id, u.id FOR UPDATE
    )
    RETURNING u.promotion_id, u.customer, u.amount
)
SELECT promotion_id, customer, amount FROM given ORDER BY promotion_id, customer
"""


def give_back(*, consignment_ids: Sequence[int], at: datetime) -> None:
    """Give back what cancelled consignments had taken; what the bank paid for an order goes with its last one."""
    if not consignment_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT order_id FROM fulfilment_consignment WHERE id = ANY(%s)", [list(consignment_ids)]
        )
        orders = [row[0] for row in cursor.fetchall()]
        cursor.execute(_GIVE_BACK, {"orders": orders, "consignments": list(consignment_ids), "at": at})
        for promotion_id, customer_name, amount in cursor.fetchall():
            values = {"id": promotion_id, "amount": amount, "customer": customer_name}
            cursor.execute(_UNDO, values)
            cursor.execute(_UNCOUNT + " AND uses > 0", values)
