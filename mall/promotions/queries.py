"""Which promotions could count for a basket, and how they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import connection
from django.db.models import F, Q

from mall import bank
from mall.promotions.evaluating import Terms
from mall.promotions.models import IN_FORCE, BasketCode, Promotion, PromotionUse

# A store's own promotions that count by themselves; more would be noise, and make a page slow.
MOST_AUTOMATIC = 50
TOLD_FOR = 60

_IN_FORCE = """
SELECT p.id, p.merchant_id, p.name, p.code, p.kind, p.value, p.paid_for, p.minimum, p.category_id, p.product_ids,
       p.budget - p.spent, p.per_customer IS NOT NULL AND coalesce(c.uses, 0) >= p.per_customer
FROM promotions_promotion p
LEFT JOIN promotions_customeruses c ON c.promotion_id = p.id AND c.customer = %(customer)s
WHERE p.merchant_funded AND p.state = 'in_force' AND p.starts_at <= %(at)s AND p.ends_at > %(at)s
  AND p.currency = %(currency)s
  AND (
    p.merchant_id = ANY(%(merchants)s) AND p.code = ''
    OR EXISTS (SELECT 1 FROM promotions_basketcode b WHERE b.promotion_id = p.id AND b.basket_id = %(basket)s)
  )
ORDER BY p.id
LIMIT %(most)s
"""


def for_basket(
    *, basket_id: int, merchant_ids: Iterable[int], customer: str, currency: str, at: datetime
) -> list[Terms]:
    """Return what could count: the stores' own promotions, and the codes in the basket. One statement."""
    merchants = sorted(set(merchant_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            _IN_FORCE,
            {
                "basket": basket_id,
                "merchants": merchants,
                "customer": customer,
                "currency": currency,
                "at": at,
                "most": MOST_AUTOMATIC * max(1, len(merchants)),
            },
        )
        return [
            Terms(
                promotion_id=row[0],
                merchant_id=row[1],
                name=row[2],
                code=row[3],
                kind=row[4],
                value=row[5],
                paid_for=row[6],
                minimum=row[7],
                category_id=row[8],
                product_ids=tuple(row[9]),
                left=row[10],
                used_up_by_customer=row[11],
            )
            for row in cursor.fetchall()
        ]


_CATEGORIES = """
SELECT pc.product_id, array_agg(DISTINCT above.id)
FROM (
    SELECT p.id AS product_id, i.category_id FROM catalogue_product p
    JOIN catalogue_productcategory i ON i.product_id = coalesce(p.parent_id, p.id)
    WHERE p.id = ANY(%s)
) pc
JOIN catalogue_category its ON its.id = pc.category_id
JOIN catalogue_category above ON starts_with(its.path, above.path)
GROUP BY pc.product_id
"""


def categories_of(*, product_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """Return the categories of products, all above them included. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_CATEGORIES, [list(product_ids)])
        return {product_id: frozenset(categories) for product_id, categories in cursor.fetchall()}


def by_code(*, code: str, at: datetime) -> Promotion | None:
    """Return the promotion or voucher in force with that code, however it is written."""
    return (
        Promotion.objects.filter(code__iexact=code.strip()[:40], state=IN_FORCE, starts_at__lte=at, ends_at__gt=at)
        .select_related("merchant", "category")
        .first()
    )


def codes_in(*, basket_id: int) -> list[tuple[int, str]]:
    """Return (promotion, code) of the codes in a basket."""
    rows = BasketCode.objects.filter(basket_id=basket_id).order_by("pk")
    return list(rows.values_list("promotion_id", "promotion__code"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionView:
    """A promotion as its maker sees it; amounts are minor units."""

    promotion_id: int
    name: str
    code: str
    kind: str
    value: int
    paid_for: int
    currency: str
    scope: str
    minimum: int
    budget: int | None
    spent: int
    uses: int
    per_customer: int | None
    starts_at: datetime
    ends_at: datetime
    state: str
    proposed_by: str
    decided_by: str
    reason: str
    merchant: str

    def phase(self, *, at: datetime) -> str:
        """Return `coming`, `running`, `over`, or the state when it is none in force."""
        if self.state != IN_FORCE:
            return self.state
        return "coming" if at < self.starts_at else "over" if at >= self.ends_at else "running"


def promotions(
    *, merchant_id: int | None, before: int | None = None, limit: int = 25
) -> tuple[list[PromotionView], int | None]:
    """Return a merchant's promotions, or the bank's vouchers, newest first; and where the next page begins."""
    found = Promotion.objects.filter(merchant_funded=merchant_id is not None)
    if merchant_id is not None:
        found = found.filter(merchant_id=merchant_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.select_related("category", "merchant", "proposed_by", "decided_by").order_by("-pk")[: limit + 1])
    money = {}
    if merchant_id is None:
        money = bank.voucher_budgets(codes=[row.code for row in rows if row.state == IN_FORCE or row.decided_at])
    views = [_view(row=row, given=money.get(row.code)) for row in rows[:limit]]
    return views, rows[limit - 1].pk if len(rows) > limit else None


def _view(*, row: Promotion, given: int | None) -> PromotionView:
    return PromotionView(
        promotion_id=row.pk,
        name=row.name,
        code=row.code,
        kind=row.kind,
        value=row.value,
        paid_for=row.paid_for,
        currency=row.currency,
        scope=row.category.name if row.category else "",
        minimum=row.minimum,
        budget=row.budget,
        spent=row.spent if given is None else given,
        uses=row.uses,
        per_customer=row.per_customer,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=row.state,
        proposed_by=row.proposed_by.email,
        decided_by=row.decided_by.email if row.decided_by else "",
        reason=row.reason,
        merchant=row.merchant.name if row.merchant else "",
    )


@dataclass(frozen=True, slots=True)
class Taken:
    """What a promotion took off an order; `merchant_id` is nothing where the bank paid."""

    name: str
    code: str
    amount: int
    merchant_id: int | None


def used_by_order(*, order_id: int) -> tuple[Taken, ...]:
    """Return what promotions took off an order."""
    rows = PromotionUse.objects.filter(order_id=order_id).select_related("promotion").order_by("pk")
    return tuple(Taken(row.promotion.name, row.promotion.code, row.amount, row.merchant_id) for row in rows)


def running_for(*, stockrecord_id: int, product_id: int, at: datetime) -> list[Promotion]:
    """Return what counts by itself for a merchant's offer of a product; kept for a minute, as only baskets charge."""
    return cache.get_or_set(
        f"mall.promoted:{stockrecord_id}",
        lambda: _running_for(stockrecord_id=stockrecord_id, product_id=product_id, at=at),
        TOLD_FOR,
    )


def _running_for(*, stockrecord_id: int, product_id: int, at: datetime) -> list[Promotion]:
    rows = list(
        Promotion.objects.filter(
            Q(product_ids=[]) | Q(product_ids__contains=[product_id]),
            Q(budget__isnull=True) | Q(budget__gt=F("spent")),
            merchant__partner__stockrecords=stockrecord_id,
            merchant_funded=True,
            state=IN_FORCE,
            code="",
            starts_at__lte=at,
            ends_at__gt=at,
        ).order_by("pk")[:MOST_AUTOMATIC]
    )
    if any(row.category_id for row in rows):
        own = categories_of(product_ids=[product_id]).get(product_id, frozenset())
        rows = [row for row in rows if row.category_id is None or row.category_id in own]
    return rows
