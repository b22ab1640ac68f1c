"""How the shops of an economy deliver, what they promote, and the vouchers the bank gives: a little of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from django.contrib.auth.models import Group

from mall.actors import OPERATIONS, Actor
from mall.catalogue import tree
from mall.customer.models import User
from mall.delivery import operations as delivery
from mall.delivery import queries as plans
from mall.delivery.models import EXPRESS, PICKUP, STANDARD
from mall.delivery.plans import Way
from mall.merchants.models import Merchant
from mall.promotions import operations as promotions
from mall.promotions.models import AMOUNT, FREE_DELIVERY, PERCENTAGE, PIECES, Promotion
from mall.promotions.operations import NewPromotion
from mall.taxes import operations as taxes

# Every so manyth shop says how it delivers, and has a promotion.
ONE_IN = 4
LASTS = timedelta(days=60)
_REDUCED = ("Books", "Groceries", "Food")


def offer(*, merchants: Mapping[str, int], at: datetime) -> None:
    """Have some shops say how they deliver and promote something, and the bank give a voucher; once."""
    operators = list(User.objects.filter(groups__in=Group.objects.filter(name="operations")).order_by("pk")[:2])
    by = Actor(OPERATIONS, user_id=operators[0].pk if operators else None)
    for node in tree.tree().values():
        if node.name in _REDUCED:
            taxes.set_category_class(category_id=node.pk, tax_class="reduced", by=by)
    if Promotion.objects.exists():
        return
    numbers = [merchants[key] for key in sorted(merchants)][::ONE_IN]
    for position, merchant in enumerate(Merchant.objects.filter(pk__in=numbers).order_by("pk")):
        _deliver(merchant=merchant, position=position, at=at)
        _promote(merchant=merchant, position=position, at=at)
    if len(operators) == 2:
        _give(proposer=operators[0], second=operators[1], at=at)


def _deliver(*, merchant: Merchant, position: int, at: datetime) -> None:
    usual = plans.usual(merchant=merchant)
    standard = next(way for way in usual.ways if way.code == STANDARD)
    express = next(way for way in usual.ways if way.code == EXPRESS)
    ways = [replace(standard, transit_days=2 + position % 3), express]
    if position % 2:
        ways.append(Way(code=PICKUP, charge=0, free_from=None, transit_days=0))
    plan = replace(
        usual,
        ways=tuple(ways),
        handling_days=position % 3,
        cut_off_hour=12 + position % 5,
        working_days=(0, 1, 2, 3, 4, 5) if position % 3 == 0 else usual.working_days,
        pickup_place=", ".join(part for part in (merchant.line1, merchant.city, "ten to six") if part),
    )
    delivery.set_delivery(merchant_id=merchant.pk, plan=plan, by=Actor(OPERATIONS), at=at)


def _promote(*, merchant: Merchant, position: int, at: datetime) -> None:
    kinds = (
        {"name": "Ten per cent off everything", "kind": PERCENTAGE, "value": 1_000, "budget": 200_000},
        {"name": "Three for two", "kind": PIECES, "value": 3, "paid_for": 2},
        {"name": "Free delivery from 30", "kind": FREE_DELIVERY, "value": 0, "minimum": 3_000},
        {"name": "Five off with a code", "kind": AMOUNT, "value": 500, "code": f"HELLO-{merchant.pk}"},
    )
    terms = kinds[position % len(kinds)]
    promotions.make_promotion(
        merchant_id=merchant.pk,
        wish=NewPromotion(starts_at=at, ends_at=at + LASTS, **terms),
        by=Actor("merchant", user_id=merchant.owner_id, merchant_id=merchant.pk, role="owner"),
        at=at,
    )


def _give(*, proposer: User, second: User, at: datetime) -> None:
    terms = {"kind": AMOUNT, "starts_at": at, "ends_at": at + LASTS, "per_customer": 1}
    welcome = NewPromotion(name="Welcome to Rialto", code="WELCOME-10", value=1_000, budget=500_000, **terms)
    made = promotions.propose_voucher(wish=welcome, merchant_id=None, currency="EUR", by=proposer, at=at)
    promotions.agree_to_voucher(promotion_id=made, by=second, at=at)
    summer = NewPromotion(
        name="Season opening", code="SEASON-5", value=500, budget=100_000, minimum=4_000, **terms
    )
    promotions.propose_voucher(wish=summer, merchant_id=None, currency="EUR", by=second, at=at)
