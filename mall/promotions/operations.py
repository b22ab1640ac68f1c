"""Making and ending promotions: a store's own, and vouchers of the bank that two people agree to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from mall import bank
from mall.actors import Actor, NotAllowed
from mall.customer.models import User
from mall.merchants import authority, roles
from mall.merchants.applications import is_operations
from mall.merchants.models import Merchant
from mall.promotions import queries
from mall.promotions.models import (
    AMOUNT,
    DECLINED,
    ENDED,
    FREE_DELIVERY,
    IN_FORCE,
    KINDS,
    PERCENTAGE,
    PIECES,
    PROPOSED,
    BasketCode,
    Promotion,
)

StockRecord = get_model("partner", "StockRecord")

MOST_AMOUNT = 10**9
MOST_CODES = 5


class UnableToChangePromotion(Exception):
    """Nothing was made or ended; `field` names what is wrong, where one thing is."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class UnableToUseCode(Exception):
    """The code does not lower anything in this basket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromotion:
    """A promotion as it is wished for; amounts are minor units. See :class:`mall.promotions.models.Promotion`."""

    name: str
    kind: str
    value: int
    starts_at: datetime
    ends_at: datetime
    code: str = ""
    paid_for: int = 0
    category_id: int | None = None
    product_ids: tuple[int, ...] = ()
    minimum: int = 0
    budget: int | None = None
    per_customer: int | None = None


def make_promotion(*, merchant_id: int, wish: NewPromotion, by: Actor, at: datetime) -> int:
    """Make a promotion of a store's own goods; return its number.

    :raises NotAllowed: the actor may not run this merchant's promotions.
    :raises UnableToChangePromotion: the terms are not possible, the code is taken, or goods are another's.
    """
    _check(wish=wish, at=at)
    merchant = _merchant(merchant_id=merchant_id, by=by)
    own = StockRecord.objects.filter(product_id__in=wish.product_ids, partner_id=merchant.partner_id)
    if set(wish.product_ids) - set(own.values_list("product_id", flat=True)):
        raise UnableToChangePromotion(_("A promotion covers goods your own store sells."), field="products")
    return _create(
        wish=wish,
        at=at,
        merchant_funded=True,
        merchant=merchant,
        currency=merchant.currency,
        state=IN_FORCE,
        proposed_by_id=by.user_id,
    )


def end_promotion(*, promotion_id: int, merchant_id: int, by: Actor, at: datetime) -> None:
    """End a store's promotion now; orders keep what they were given.

    :raises NotAllowed: the actor may not run this merchant's promotions.
    :raises UnableToChangePromotion: it is not the store's, or has ended.
    """
    _merchant(merchant_id=merchant_id, by=by)
    ended = Promotion.objects.filter(
        pk=promotion_id, merchant_id=merchant_id, merchant_funded=True, state=IN_FORCE
    ).update(state=ENDED, decided_at=at)
    if not ended:
        raise UnableToChangePromotion(_("This promotion has ended already."))


def propose_voucher(*, wish: NewPromotion, merchant_id: int | None, currency: str, by: User, at: datetime) -> int:
    """Propose a voucher the bank pays for; it counts once a second person has agreed. Return its number.

    :raises NotAllowed: the person is not of the bank's operations.
    :raises UnableToChangePromotion: the terms are not possible, or the code is taken.
    """
    _operations_only(user=by)
    _check(wish=wish, at=at)
    if wish.kind != AMOUNT or not wish.code or wish.budget is None:
        raise UnableToChangePromotion(_("A voucher of the bank has a code, an amount and a budget."))
    if wish.value > wish.budget:
        raise UnableToChangePromotion(_("The budget is not enough for one use."), field="budget")
    return _create(
        wish=wish,
        at=at,
        merchant_funded=False,
        merchant_id=merchant_id,
        currency=currency,
        state=PROPOSED,
        proposed_by=by,
    )


def agree_to_voucher(*, promotion_id: int, by: User, at: datetime) -> None:
    """Put a proposed voucher in force as the second person, with its budget at the bank, in one transaction.

    :raises NotAllowed: the person is not of the bank's operations.
    :raises UnableToChangePromotion: it is the person's own proposal, decided already, or over.
    """
    _operations_only(user=by)
    with transaction.atomic():
        row = Promotion.objects.select_for_update().filter(pk=promotion_id, merchant_funded=False).first()
        if row is None or row.state != PROPOSED:
            raise UnableToChangePromotion(_("This voucher was decided on already."))
        if row.proposed_by_id == by.pk:
            raise UnableToChangePromotion(_("Somebody else must agree to what you proposed."))
        if row.ends_at <= at:
            raise UnableToChangePromotion(_("Its time is over: propose it anew."))
        problem = bank.issue_voucher(
            code=row.code,
            label=row.name,
            currency=row.currency,
            budget=row.budget,
            valid_from=row.starts_at,
            valid_until=row.ends_at,
        )
        if problem:
            raise UnableToChangePromotion(problem)
        row.state, row.decided_by, row.decided_at = IN_FORCE, by, at
        row.save(update_fields=["state", "decided_by", "decided_at"])


def decline_voucher(*, promotion_id: int, by: User, reason: str, at: datetime) -> None:
    """Decline a proposed voucher; its proposer may withdraw it so too.

    :raises NotAllowed: the person is not of the bank's operations.
    :raises UnableToChangePromotion: it was decided already, or no reason is given.
    """
    _operations_only(user=by)
    if not reason.strip():
        raise UnableToChangePromotion(_("Please say why."))
    done = Promotion.objects.filter(pk=promotion_id, merchant_funded=False, state=PROPOSED).update(
        state=DECLINED, decided_by=by, decided_at=at, reason=reason.strip()[:200]
    )
    if not done:
        raise UnableToChangePromotion(_("This voucher was decided on already."))


def end_voucher(*, promotion_id: int, by: User, at: datetime) -> None:
    """End a voucher of the bank now; what was reserved for orders stays theirs.

    :raises NotAllowed: the person is not of the bank's operations.
    :raises UnableToChangePromotion: it is not in force.
    """
    _operations_only(user=by)
    with transaction.atomic():
        row = Promotion.objects.select_for_update().filter(pk=promotion_id, merchant_funded=False).first()
        if row is None or row.state != IN_FORCE:
            raise UnableToChangePromotion(_("This voucher is not in force."))
        row.state = ENDED
        row.save(update_fields=["state"])
        bank.end_voucher(code=row.code, at=at)


def enter_code(*, basket_id: int, code: str, at: datetime) -> Promotion:
    """Note a code for a basket; whether it lowers anything shows with the basket's contents.

    :raises UnableToUseCode: nobody knows it, it is not valid now, or there are too many.
    """
    found = queries.by_code(code=code, at=at)
    if found is None:
        raise UnableToUseCode(_("We do not know this code, or it is not valid today. Is it spelled as you got it?"))
    if not found.merchant_funded:
        return found
    if BasketCode.objects.filter(basket_id=basket_id).exclude(promotion=found).count() >= MOST_CODES:
        raise UnableToUseCode(_("There are enough codes in this basket: take one out first."))
    BasketCode.objects.get_or_create(basket_id=basket_id, promotion=found)
    return found


def drop_code(*, basket_id: int, promotion_id: int) -> None:
    """Take a code out of a basket."""
    BasketCode.objects.filter(basket_id=basket_id, promotion_id=promotion_id).delete()


def move_codes(*, from_basket: int, to_basket: int) -> None:
    """Give a basket the codes of another."""
    codes = list(BasketCode.objects.filter(basket_id=from_basket).values_list("promotion_id", flat=True))
    BasketCode.objects.bulk_create(
        [BasketCode(basket_id=to_basket, promotion_id=promotion_id) for promotion_id in codes], ignore_conflicts=True
    )
    BasketCode.objects.filter(basket_id=from_basket).delete()


def _create(*, wish: NewPromotion, at: datetime, **others: object) -> int:
    try:
        with transaction.atomic():
            row = Promotion.objects.create(
                name=wish.name.strip(),
                code=wish.code.strip().upper(),
                kind=wish.kind,
                value=wish.value,
                paid_for=wish.paid_for,
                category_id=wish.category_id,
                product_ids=list(wish.product_ids),
                minimum=wish.minimum,
                budget=wish.budget,
                per_customer=wish.per_customer,
                starts_at=wish.starts_at,
                ends_at=wish.ends_at,
                created_at=at,
                **others,
            )
    except IntegrityError as problem:
        if "promotion_code_once" not in str(problem):
            raise
        raise UnableToChangePromotion(_("This code is taken: choose another one."), field="code") from None
    return row.pk


def _check(*, wish: NewPromotion, at: datetime) -> None:
    if not wish.name.strip() or wish.kind not in KINDS:
        raise UnableToChangePromotion(_("Please give the promotion a name."), field="name")
    if wish.ends_at <= wish.starts_at or wish.ends_at <= at:
        raise UnableToChangePromotion(_("It must end after it starts, and not before now."), field="ends_at")
    possible = {
        PERCENTAGE: 1 <= wish.value <= 10_000,
        AMOUNT: 1 <= wish.value <= MOST_AMOUNT,
        PIECES: 2 <= wish.value <= 100 and 1 <= wish.paid_for < wish.value,
        FREE_DELIVERY: True,
    }
    if not possible[wish.kind]:
        raise UnableToChangePromotion(_("So much cannot be taken off."), field="value")
    if wish.budget is not None and not 1 <= wish.budget <= MOST_AMOUNT:
        raise UnableToChangePromotion(_("Please give a budget above zero, or none."), field="budget")
    if not 0 <= wish.minimum <= MOST_AMOUNT:
        raise UnableToChangePromotion(_("Please give an amount above zero."), field="minimum")
    if wish.per_customer is not None and not 1 <= wish.per_customer <= 1_000:
        raise UnableToChangePromotion(_("Each customer may use it at least once."), field="per_customer")


def _merchant(*, merchant_id: int, by: Actor) -> Merchant:
    with transaction.atomic():
        return authority.require(merchant_id=merchant_id, by=by, permission=roles.PROMOTIONS)


def _operations_only(*, user: User) -> None:
    if not is_operations(user=user):
        raise NotAllowed("Only the bank's operations may do this.")
