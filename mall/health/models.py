"""How well merchants did, a row a day, and the warnings that came of it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class HealthFigure(models.Model):
    """One figure of a merchant as of a day: of so many that count, so many went wrong.

    For the rating, ``wrong`` is the sum of the stars and ``counted`` the number of reviews.
    """

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="health")
    day = models.DateField()
    days = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=16)
    counted = models.PositiveIntegerField()
    wrong = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day", "days", "code"], name="health_once_a_day"),
            models.CheckConstraint(
                condition=Q(code="rating") | Q(wrong__lte=F("counted")), name="health_wrong_is_a_part"
            ),
        ]
        indexes = [models.Index(fields=["day"], name="health_by_day")]

    def __str__(self) -> str:
        return f"merchant:{self.merchant_id} {self.code} {self.day}"


class HealthWarning(models.Model):
    """A figure of a merchant passed its threshold; it ends by itself, or becomes a case of operations."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="health_warnings")
    code = models.CharField(max_length=16)
    began_at = models.DateTimeField()
    case_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "code"], condition=Q(ended_at__isnull=True), name="health_one_open_warning"
            ),
        ]

    def __str__(self) -> str:
        return f"merchant:{self.merchant_id} {self.code}"
