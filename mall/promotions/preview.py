"""What a promotion would have done to a store's last parcels: the computation of the basket, on orders that were."""

from __future__ import annotations

from dataclasses import dataclass

from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.promotions import queries
from mall.promotions.evaluating import Goods, Terms, evaluate
from mall.promotions.models import FREE_DELIVERY
from mall.promotions.operations import NewPromotion

LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Effect:
    """Of so many parcels it would have touched some; amounts are minor units."""

    parcels: int
    touched: int
    sales: int
    given: int


def effect(*, merchant_id: int, wish: NewPromotion) -> Effect:
    """Return what it would have cost on the last parcels, without its budget. Three statements."""
    parcels = list(
        Consignment.objects.filter(merchant_id=merchant_id, confirmed_at__isnull=False).order_by("-pk")[:LOOKED_AT]
    )
    lines = list(ConsignmentLine.objects.filter(consignment__in=parcels).order_by("pk"))
    categories = queries.categories_of(product_ids=[line.product_id for line in lines])
    terms = Terms(
        promotion_id=0,
        merchant_id=merchant_id,
        name=wish.name,
        code="",
        kind=wish.kind,
        value=wish.value,
        paid_for=wish.paid_for,
        minimum=wish.minimum,
        category_id=wish.category_id,
        product_ids=wish.product_ids,
    )
    goods: dict[int, list[Goods]] = {}
    for line in lines:
        goods.setdefault(line.consignment_id, []).append(
            Goods(
                key=line.pk,
                merchant_id=merchant_id,
                product_id=line.product_id,
                unit_price=line.unit_price,
                quantity=line.quantity,
                categories=categories.get(line.product_id, frozenset()),
            )
        )
    touched = given = 0
    for parcel in parcels:
        applied, _idle = evaluate(goods=goods.get(parcel.pk, []), promotions=[terms])
        if applied:
            touched += 1
            given += parcel.shipping if wish.kind == FREE_DELIVERY else applied[0].amount
    return Effect(parcels=len(parcels), touched=touched, sales=sum(parcel.goods for parcel in parcels), given=given)
