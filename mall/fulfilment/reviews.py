"""Reviews by verified buyers: one for each consignment that was sent, and for the products in it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from oscar.core.loading import get_model

from mall import actors, bank, events
from mall.fulfilment.models import Consignment, MerchantReview
from mall.fulfilment.requests import (
    PostedReview,
    PostReview,
    UnableToMoveConsignment,
    UnableToReview,
    UnknownConsignment,
)
from mall.search import operations as search
from payments import rows

ProductReview = get_model("reviews", "ProductReview")


def post_reviews(*, requests: Sequence[PostReview]) -> list[PostedReview | UnableToMoveConsignment]:
    """Post buyers' reviews of merchants and products, in one transaction for the batch.

    :returns: for each request, in order, the review or why it does not count.
    """
    with transaction.atomic():
        rows = {
            row.number: row
            for row in Consignment.objects.filter(number__in={request.consignment_number for request in requests})
            .select_related("order", "merchant")
            .order_by("pk")
            .select_for_update(of=("self",), no_key=True)
        }
        ids = [row.pk for row in rows.values()]
        reviewed = set(MerchantReview.objects.filter(consignment_id__in=ids).values_list("consignment_id", flat=True))
        products = _products(consignment_ids=ids)
        accepted: dict[int, tuple[Consignment, PostReview]] = {}
        results: list[PostedReview | UnableToMoveConsignment] = []
        for request in requests:
            row = rows.get(request.consignment_number)
            try:
                row = _check(request=request, row=row, products=products)
            except UnableToMoveConsignment as problem:
                results.append(problem)
                continue
            if row.pk in reviewed or row.pk in accepted:
                results.append(PostedReview(row.number, replayed=True))
                continue
            accepted[row.pk] = (row, request)
            results.append(PostedReview(row.number))
        if accepted:
            _write(accepted=list(accepted.values()))
    return results


def _products(*, consignment_ids: Sequence[int]) -> dict[int, set[int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT consignment_id, array_agg(product_id) FROM fulfilment_consignmentline "
            "WHERE consignment_id = ANY(%s) GROUP BY consignment_id",
            [list(consignment_ids)],
        )
        return {consignment_id: set(products) for consignment_id, products in cursor.fetchall()}


def _check(*, request: PostReview, row: Consignment | None, products: dict[int, set[int]]) -> Consignment:
    if row is None or request.by.kind != actors.BUYER or row.order.user_id != request.by.user_id:
        raise UnknownConsignment(f"There is no consignment {request.consignment_number} of yours.")
    if row.dispatched_at is None:
        raise UnableToReview(f"Consignment {row.number} was not sent yet: review it once you have it.")
    if not 1 <= request.score <= 5:
        raise UnableToReview("A review has one to five stars.")
    if not set(request.product_ids) <= products.get(row.pk, set()):
        raise UnableToReview("You can review what you bought, and this was not in the consignment.")
    return row


def _write(*, accepted: list[tuple[Consignment, PostReview]]) -> None:
    rows.insert(
        rows=[
            MerchantReview(
                consignment=row,
                merchant_id=row.merchant_id,
                user_id=request.by.user_id,
                score=request.score,
                body=request.body,
                at=request.at,
            )
            for row, request in accepted
        ]
    )
    product_reviews = {
        (product_id, request.by.user_id): ProductReview(
            product_id=product_id,
            user_id=request.by.user_id,
            score=request.score,
            title=(request.title or f"{request.score} of 5")[:255],
            body=request.body,
            status=ProductReview.APPROVED,
        )
        for _row, request in accepted
        for product_id in request.product_ids
    }
    if product_reviews:
        rows.insert(rows=list(product_reviews.values()), ignore_conflicts=True)
        _rate(product_ids={product_id for product_id, _user in product_reviews})
    bank.publish(
        happened=[
            events.ReviewPosted(
                key=row.number,
                at=request.at,
                consignment=row.number,
                merchant=row.merchant.reference,
                buyer=bank.shopper(user_id=request.by.user_id),
                score=request.score,
            )
            for row, request in accepted
        ]
    )


def _rate(*, product_ids: set[int]) -> None:
    """Refresh the rating of products, and of their search entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalogue_product p SET rating = rated.rating FROM (
                SELECT product_id, avg(score)::float AS rating FROM reviews_productreview
                WHERE product_id = ANY(%s) AND status = %s GROUP BY product_id
            ) rated WHERE p.id = rated.product_id
            """,
            [sorted(product_ids), ProductReview.APPROVED],
        )
    search.note_ratings(product_ids=product_ids)
