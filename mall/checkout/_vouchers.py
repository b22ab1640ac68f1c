"""Vouchers and offers used by orders: checked under lock, counted in the database, given back on cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import connection
from oscar.core.loading import get_model

from mall import bank
from mall.checkout.drafts import OrderDraft, VoucherNotUsable

if TYPE_CHECKING:
    from mall.checkout._checking import Placing

OrderDiscount = get_model("order", "OrderDiscount")
Voucher = get_model("voucher", "Voucher")
VoucherApplication = get_model("voucher", "VoucherApplication")


def lock(*, drafts: Sequence[OrderDraft]) -> dict[str, VoucherNotUsable]:
    """Lock the vouchers of the batch; return the problem of each draft whose voucher cannot be used."""
    wanted = {use.voucher_id for draft in drafts for use in draft.discounts if use.voucher_id is not None}
    if not wanted:
        return {}
    vouchers = {row.pk: row for row in Voucher.objects.filter(pk__in=wanted).order_by("pk").select_for_update()}
    used = list(VoucherApplication.objects.filter(voucher_id__in=wanted).values_list("voucher_id", "user_id"))
    problems: dict[str, VoucherNotUsable] = {}
    for draft in drafts:
        for voucher_id in sorted({use.voucher_id for use in draft.discounts if use.voucher_id is not None}):
            problem = _problem(voucher=vouchers.get(voucher_id), draft=draft, used=used)
            if problem:
                problems[draft.key] = VoucherNotUsable(problem)
            else:
                used.append((voucher_id, draft.user_id))
    return problems


def _problem(*, voucher: Voucher | None, draft: OrderDraft, used: list[tuple[int, int | None]]) -> str:
    if voucher is None:
        return "The voucher does not exist any more: remove it."
    if not voucher.start_datetime <= draft.at <= voucher.end_datetime:
        return f"The voucher {voucher.code} cannot be used at this time: remove it."
    if voucher.usage == Voucher.SINGLE_USE and any(row[0] == voucher.pk for row in used):
        return f"The voucher {voucher.code} was used already: remove it."
    if voucher.usage == Voucher.ONCE_PER_CUSTOMER:
        if draft.user_id is None:
            return f"The voucher {voucher.code} is for signed-in shoppers: sign in or remove it."
        if (voucher.pk, draft.user_id) in used:
            return f"You have used the voucher {voucher.code} already: remove it."
    return ""


def use(*, placings: Sequence[Placing]) -> None:
    """Write down which offers and vouchers the new orders used."""
    rows = [(placing, discount) for placing in placings for discount in placing.draft.discounts]
    if not rows:
        return
    OrderDiscount.objects.bulk_create(
        [
            OrderDiscount(
                order=placing.order,
                offer_id=discount.offer_id,
                voucher_id=discount.voucher_id,
                frequency=discount.frequency,
                amount=bank.decimal(amount=discount.amount_minor, currency=placing.draft.currency),
                message=discount.message,
            )
            for placing, discount in rows
        ]
    )
    VoucherApplication.objects.bulk_create(
        [
            VoucherApplication(order=placing.order, voucher_id=voucher_id, user_id=placing.draft.user_id)
            for placing in placings
            for voucher_id in sorted({use.voucher_id for use in placing.draft.discounts if use.voucher_id is not None})
        ]
    )
    _count(order_ids=[placing.order.pk for placing in placings], sign=1)


def give_back(*, order_ids: Sequence[int]) -> None:
    """Take back what cancelled orders had used; their discounts stay on record with the order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM order_orderdiscount WHERE order_id = ANY(%s) LIMIT 1", [list(order_ids)])
        if cursor.fetchone() is None:
            return
    _count(order_ids=order_ids, sign=-1)
    VoucherApplication.objects.filter(order_id__in=order_ids).delete()


def _count(*, order_ids: Sequence[int], sign: int) -> None:
    """Move the counters of the offers and vouchers these orders used, without losing anybody else's update."""
    with connection.cursor() as cursor:
        for table, column, counters in (
            ("offer_conditionaloffer", "offer_id", "num_applications = t.num_applications + %(sign)s * used.times, "),
            ("voucher_voucher", "voucher_id", ""),
        ):
            cursor.execute(
                f"""
                UPDATE {table} t
                SET {counters} num_orders = t.num_orders + %(sign)s * used.orders,
                    total_discount = t.total_discount + %(sign)s * used.amount
                FROM (
                    SELECT {column} AS id, count(DISTINCT order_id) AS orders, sum(frequency) AS times,
                           sum(amount) AS amount
                    FROM order_orderdiscount WHERE order_id = ANY(%(orders)s) AND {column} IS NOT NULL
                    GROUP BY {column}
                ) used
                WHERE t.id = used.id
                """,  # noqa: S608 - the names are the two above
                {"sign": sign, "orders": list(order_ids)},
            )
