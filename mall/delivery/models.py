"""How a merchant delivers: when parcels leave, and the ways they can come."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

STANDARD, EXPRESS, PICKUP, DIGITAL = "standard", "express", "pickup", "digital"
# What a merchant can offer, the usual one first; digital goods need none of it.
WAYS = (STANDARD, EXPRESS, PICKUP)
MOST_CLOSED_DAYS = 60


class DeliveryTerms(models.Model):
    """When a merchant's parcels leave. Days of the week count from Monday, 0; hours are those of `time_zone`."""

    merchant = models.OneToOneField("merchants.Merchant", on_delete=models.PROTECT, related_name="delivery_terms")
    handling_days = models.PositiveSmallIntegerField()
    cut_off_hour = models.PositiveSmallIntegerField()
    time_zone = models.CharField(max_length=64)
    working_days = ArrayField(models.PositiveSmallIntegerField())
    closed_days = ArrayField(models.DateField(), default=list, blank=True)
    pickup_place = models.CharField(max_length=300, blank=True)
    changed_by = models.CharField(max_length=64)
    changed_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(handling_days__lte=30, cut_off_hour__lte=23), name="delivery_terms_possible"
            ),
            models.CheckConstraint(
                condition=Q(working_days__len__gte=1) & Q(working_days__contained_by=[0, 1, 2, 3, 4, 5, 6]),
                name="delivery_works_some_days",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery terms of merchant:{self.merchant_id}"


class DeliveryMethod(models.Model):
    """One way a merchant delivers; amounts are minor units of the merchant's currency.

    `free_from`: goods worth so much come without charge; nothing means never. `countries`: empty means everywhere.
    """

    terms = models.ForeignKey(DeliveryTerms, on_delete=models.PROTECT, related_name="methods")
    code = models.CharField(max_length=16)
    charge = models.BigIntegerField()
    free_from = models.BigIntegerField(null=True)
    transit_days = models.PositiveSmallIntegerField()
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["terms", "code"], name="delivery_method_once"),
            models.CheckConstraint(condition=Q(code__in=WAYS), name="delivery_method_known"),
            models.CheckConstraint(
                condition=Q(charge__gte=0, transit_days__lte=60) & (Q(free_from__isnull=True) | Q(free_from__gte=0)),
                name="delivery_method_possible",
            ),
            models.CheckConstraint(
                condition=~Q(code=PICKUP) | Q(transit_days=0, charge=0), name="delivery_pickup_is_free"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.terms_id}"
