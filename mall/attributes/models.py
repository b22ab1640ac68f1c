"""What Oscar's attributes lack: a unit, bounds, a place, and whether variants or filters go by them."""

from django.db import models
from django.db.models import F, Q


class AttributeRule(models.Model):
    """How an attribute of a product class is entered, shown and used.

    ``varies``: variants of one product differ by it. ``filterable``: listings can be narrowed by it. ``least`` and
    ``most`` bound a number, which is in ``unit``.
    """

    attribute = models.OneToOneField(
        # A rule says nothing without its attribute.
        "catalogue.ProductAttribute",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="rule",
    )
    unit = models.CharField(max_length=16, blank=True)
    least = models.FloatField(null=True)
    most = models.FloatField(null=True)
    varies = models.BooleanField(default=False)
    filterable = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=100)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(least__isnull=True) | Q(most__isnull=True) | Q(least__lte=F("most")),
                name="attribute_bounds_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"rule of attribute {self.attribute_id}"
