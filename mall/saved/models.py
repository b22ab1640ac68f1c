"""Things put aside for later, each with the price at which it was put aside."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class SavedItem(models.Model):
    """Pieces of one stock record on somebody's list; `holder` is `user:1`, or `guest:` and the browser's own mark."""

    holder = models.CharField(max_length=64)
    stockrecord = models.ForeignKey("partner.StockRecord", on_delete=models.PROTECT, related_name="saved_items")
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    saved_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder", "stockrecord"], name="saved_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1) & Q(unit_price__gte=0), name="saved_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × stock {self.stockrecord_id} of {self.holder}"
