"""What decides which offer is shown first: the weights, by version, and how well each merchant does."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

WHOLE = 10_000


class BuyBoxWeights(models.Model):
    """How much each thing counts, in basis points of the whole; the version with the highest number is in force.

    Versions are only ever added, so what decided on any day can be told.
    """

    version = models.PositiveIntegerField(primary_key=True)
    price = models.PositiveIntegerField()
    speed = models.PositiveIntegerField()
    quality = models.PositiveIntegerField()
    stock = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(price=WHOLE - F("speed") - F("quality") - F("stock")), name="buy_box_weights_are_a_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class MerchantStanding(models.Model):
    """How well a merchant did lately, as counted at `counted_at`; shares are basis points.

    ``quality``: all of it as one figure, 0 to 1; see `sql/standings.sql`.
    """

    merchant = models.OneToOneField(
        "merchants.Merchant", primary_key=True, on_delete=models.PROTECT, related_name="standing"
    )
    rating = models.FloatField(null=True)
    reviews = models.PositiveIntegerField()
    sent = models.PositiveIntegerField()
    late_bps = models.PositiveIntegerField()
    cancelled_bps = models.PositiveIntegerField()
    quality = models.FloatField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quality__gte=0, quality__lte=1), name="standing_quality_is_a_share"),
            models.CheckConstraint(
                condition=Q(late_bps__lte=WHOLE, cancelled_bps__lte=WHOLE), name="standing_shares_are_shares"
            ),
        ]

    def __str__(self) -> str:
        return f"merchant:{self.merchant_id}"
