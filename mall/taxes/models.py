"""Rates of value-added tax as dated data, and which class of them a product falls under."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

STANDARD, REDUCED, ZERO, DIGITAL = "standard", "reduced", "zero", "digital"
CLASSES = (STANDARD, REDUCED, ZERO, DIGITAL)
MOST_BPS = 5_000


class TaxRate(models.Model):
    """The rate of one class of goods in one country from a day on; basis points."""

    country = models.CharField(max_length=2)
    tax_class = models.CharField(max_length=16)
    rate_bps = models.PositiveIntegerField()
    starts_on = models.DateField()
    entered_by = models.CharField(max_length=64)
    entered_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country", "tax_class", "starts_on"], name="tax_rate_one_a_day"),
            models.CheckConstraint(condition=Q(rate_bps__lte=MOST_BPS), name="tax_rate_possible"),
            models.CheckConstraint(condition=Q(tax_class__in=CLASSES), name="tax_rate_class_known"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.tax_class} {self.rate_bps} from {self.starts_on}"


class CategoryTaxClass(models.Model):
    """The class of everything in a category and below it, unless something nearer says otherwise."""

    category = models.OneToOneField("catalogue.Category", on_delete=models.PROTECT, related_name="tax_class")
    tax_class = models.CharField(max_length=16)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(tax_class__in=CLASSES), name="tax_category_class_known")]

    def __str__(self) -> str:
        return f"category:{self.category_id} {self.tax_class}"


class ProductTaxClass(models.Model):
    """The class of one product, whatever its category says."""

    product = models.OneToOneField("catalogue.Product", on_delete=models.PROTECT, related_name="tax_class")
    tax_class = models.CharField(max_length=16)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(tax_class__in=CLASSES), name="tax_product_class_known")]

    def __str__(self) -> str:
        return f"product:{self.product_id} {self.tax_class}"
