"""Stores as shoppers see them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count

from mall.fulfilment.models import MerchantReview
from mall.merchants.models import ACTIVE, Merchant


@dataclass(frozen=True, slots=True)
class Store:
    """A merchant's face: name, place, and what buyers say."""

    merchant_id: int
    name: str
    slug: str
    city: str
    rating: float | None
    reviews: int

    @property
    def monogram(self) -> str:
        """Return one or two letters that stand for the store."""
        words = [word for word in self.name.split() if word[:1].isalnum()]
        return "".join(word[0] for word in words[:2]).upper() or self.name[:1].upper()


def best(*, count: int) -> list[Store]:
    """Return the active stores that buyers rate best, then those that are new: two queries."""
    ratings = (
        MerchantReview.objects.filter(merchant__status=ACTIVE)
        .values("merchant")
        .annotate(rating=Avg("score"), reviews=Count("pk"))
        .order_by("-rating", "-reviews", "merchant")[:count]
    )
    found = {row["merchant"]: (row["rating"], row["reviews"]) for row in ratings}
    merchants = list(Merchant.objects.filter(pk__in=found))
    if len(merchants) < count:
        more = Merchant.objects.filter(status=ACTIVE).exclude(pk__in=found).order_by("-joined_at", "pk")
        merchants += more[: count - len(merchants)]
    merchants.sort(key=lambda merchant: [-(found.get(merchant.pk, (0, 0))[0]), merchant.pk])
    return [_store(merchant=merchant, rating=found.get(merchant.pk)) for merchant in merchants]


def of(*, merchant: Merchant) -> Store:
    """Return one merchant's face."""
    told = MerchantReview.objects.filter(merchant=merchant).aggregate(rating=Avg("score"), reviews=Count("pk"))
    return _store(merchant=merchant, rating=(told["rating"], told["reviews"]))


def _store(*, merchant: Merchant, rating: tuple[float | None, int] | None) -> Store:
    score, reviews = rating or (None, 0)
    return Store(
        merchant_id=merchant.pk,
        name=merchant.name,
        slug=merchant.slug,
        city=merchant.city,
        rating=score,
        reviews=reviews,
    )


@dataclass(frozen=True, slots=True)
class StoreReview:
    """What one buyer says of a store."""

    score: int
    body: str
    who: str
    at: datetime


def latest_reviews(*, merchant: Merchant, count: int = 10) -> list[StoreReview]:
    """Return what buyers said last."""
    rows = MerchantReview.objects.filter(merchant=merchant).select_related("user").order_by("-at", "-pk")[:count]
    return [StoreReview(score=row.score, body=row.body, who=row.user.first_name or "–", at=row.at) for row in rows]
