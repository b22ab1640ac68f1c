"""Promotions and vouchers of a batch of orders: taken within their budgets, or the order is not placed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mall.checkout.drafts import OrderDraft, PromotionNotUsable
from mall.promotions import taking
from mall.promotions.taking import VoucherWish, Wish

if TYPE_CHECKING:
    from mall.checkout._checking import Placing


def take(*, placings: Sequence[Placing]) -> tuple[list[Wish], dict[str, PromotionNotUsable]]:
    """Take what the drafts wish for; return that, and the problem of each draft that cannot have it, by key."""
    wishes = [wish for placing in placings for wish in _of_goods(draft=placing.draft)]
    vouchers = [voucher for placing in placings for voucher in _of_bank(placing=placing)]
    paying, problems = taking.voucher_wishes(vouchers=vouchers) if vouchers else ([], {})
    wishes = [wish for wish in (*wishes, *paying) if wish.order_key not in problems]
    if wishes:
        problems |= taking.take(wishes=wishes)
    return (
        [wish for wish in wishes if wish.order_key not in problems],
        {key: PromotionNotUsable(text) for key, text in problems.items()},
    )


def _of_goods(*, draft: OrderDraft) -> Iterable[Wish]:
    for use in draft.discounts:
        yield Wish(
            order_key=draft.key,
            promotion_id=use.promotion_id,
            merchant_id=use.merchant_id,
            customer=taking.customer(user_id=draft.user_id, email=draft.email),
            amount=use.amount_minor,
            at=draft.at,
        )


def _of_bank(*, placing: Placing) -> Iterable[VoucherWish]:
    draft = placing.draft
    if draft.prices_agreed:
        return
    for tender in draft.tenders:
        if tender.method == "voucher":
            yield VoucherWish(
                order_key=draft.key,
                code=tender.source,
                customer=taking.customer(user_id=draft.user_id, email=draft.email),
                amount=tender.amount_minor,
                goods=tuple(
                    (merchant_id, placing.stock[line.stockrecord_id].product_id, line.amount)
                    for merchant_id, lines in placing.merchants.items()
                    for line in lines
                ),
                at=draft.at,
            )
