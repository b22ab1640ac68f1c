"""Promotions and vouchers for tests."""

import dataclasses
from datetime import datetime, timedelta
from itertools import count

from django.contrib.auth.models import Group

from mall.checkout.drafts import DiscountUse, DraftLine, OrderDraft, PlacedOrder, TenderChoice
from mall.customer.models import User
from mall.merchants.models import Merchant
from mall.promotions import operations
from mall.promotions.models import AMOUNT, PERCENTAGE, Promotion
from mall.promotions.operations import NewPromotion
from tests.factories.mall import AT, Market, account_of, make_draft, staff

_numbers = count(1)


def make_wish(*, at: datetime = AT, **others: object) -> NewPromotion:
    """Return a promotion as it is wished for: ten per cent off, running from yesterday on."""
    terms = {
        "name": f"Promotion {next(_numbers)}",
        "kind": PERCENTAGE,
        "value": 1_000,
        "starts_at": at - timedelta(days=1),
        "ends_at": at + timedelta(days=9_000),
    }
    return NewPromotion(**(terms | others))


def make_promotion(merchant: Merchant, **others: object) -> Promotion:
    """Make a promotion of a store's own goods."""
    made = operations.make_promotion(merchant_id=merchant.pk, wish=make_wish(**others), by=staff(merchant), at=AT)
    return Promotion.objects.get(pk=made)


def make_operator() -> User:
    """Return a person of the bank's operations."""
    number = next(_numbers)
    user = User.objects.create_user(email=f"ops{number}@bank.example", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    return user


def make_bank_voucher(
    *,
    code: str = "WELCOME",
    value: int = 1_000,
    budget: int = 5_000,
    merchant: Merchant | None = None,
    **others: object,
) -> Promotion:
    """Put a voucher the bank pays for in force, agreed to by two people."""
    wish = make_wish(kind=AMOUNT, value=value, code=code, budget=budget, **others)
    made = operations.propose_voucher(
        wish=wish,
        merchant_id=merchant.pk if merchant else None,
        currency="EUR",
        by=make_operator(),
        at=AT,
    )
    operations.agree_to_voucher(promotion_id=made, by=make_operator(), at=AT)
    return Promotion.objects.get(pk=made)


def discounted(*, market: Market, user: User, promotion: Promotion, off: int = 250, **others: object) -> OrderDraft:
    """Return a draft of one lamp with a promotion."""
    draft = make_draft(
        user=user,
        quantities={market.lamp: 1},
        tenders=(TenderChoice("bank_account", account_of(user), 2_500 - off + 490),),
        discounts=(DiscountUse(promotion_id=promotion.pk, merchant_id=market.first.pk, amount_minor=off),),
        **others,
    )
    return with_amount(draft, 2_500 - off)


def with_amount(draft: OrderDraft, amount: int) -> OrderDraft:
    """Return a draft whose one line costs so much."""
    [line] = draft.lines
    return dataclasses.replace(
        draft, lines=(DraftLine(line.stockrecord_id, line.quantity, line.unit_price_minor, amount),)
    )


def state_of(promotion: Promotion) -> tuple[int, int]:
    """Return what a promotion has given, and how often."""
    promotion.refresh_from_db()
    return promotion.spent, promotion.uses


def placed(results: list) -> int:
    """Count the orders that were placed."""
    return sum(isinstance(result, PlacedOrder) for result in results)
