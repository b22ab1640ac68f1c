"""What buyers ask back of parts: kept for them until it is refunded or their wish is over."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.paying import Part


class PartClaim(models.Model):
    """An amount of a part, in minor units, that waits for the end of a return; ``refunded`` of it went back already.

    While one is open, nothing of the part is released or settled, and no other refund takes what is left of it.
    """

    key = models.CharField(max_length=200, unique=True)
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="claims")
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, refunded__gte=0, refunded__lte=F("amount")), name="claim_amounts_in_order"
            ),
        ]
        indexes = [models.Index(fields=["part"], name="claim_open", condition=Q(closed_at__isnull=True))]

    def __str__(self) -> str:
        return f"claim {self.key}"

    @property
    def left(self) -> int:
        """Return what is still kept for the claim, in minor units."""
        return 0 if self.closed_at else self.amount - self.refunded
