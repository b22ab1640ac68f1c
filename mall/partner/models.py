"""Stock and prices of merchants; no sale can take more than there is."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from oscar.apps.partner.abstract_models import AbstractStockRecord
from oscar.apps.partner.exceptions import InvalidStockAdjustment


class StockRecord(AbstractStockRecord):
    """One merchant's offer of one product: price, stock, its condition, and the working days until it leaves."""

    NEW, RENEWED, USED = "new", "renewed", "used"
    CONDITIONS = ((NEW, _("New")), (RENEWED, _("Renewed")), (USED, _("Used")))

    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, related_name="stockrecords")
    partner = models.ForeignKey("partner.Partner", on_delete=models.PROTECT, related_name="stockrecords")
    # An offer without a price is not listed; this is the price it had, and will have again.
    kept_price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    # Moves with every change of what is offered, whoever makes it: what was read before is known to be old.
    version = models.BigIntegerField(db_default=1, editable=False)
    condition = models.CharField(max_length=8, choices=CONDITIONS, default=NEW, db_default=NEW)
    handling_days = models.SmallIntegerField(default=0, db_default=0)

    class Meta(AbstractStockRecord.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                name="partner_stock_never_oversold",
                condition=Q(num_in_stock__isnull=True)
                | Q(num_allocated__isnull=True)
                | Q(num_allocated__lte=F("num_in_stock")),
            ),
            models.CheckConstraint(
                name="partner_allocation_not_negative",
                condition=Q(num_allocated__isnull=True) | Q(num_allocated__gte=0),
            ),
            models.CheckConstraint(
                name="partner_price_not_negative", condition=Q(price__isnull=True) | Q(price__gte=0)
            ),
            models.CheckConstraint(
                name="partner_price_asked_or_kept", condition=Q(price__isnull=True) | Q(kept_price__isnull=True)
            ),
            models.CheckConstraint(
                name="partner_condition_known", condition=Q(condition__in=("new", "renewed", "used"))
            ),
            models.CheckConstraint(
                name="partner_handling_within_a_month", condition=Q(handling_days__gte=0, handling_days__lte=30)
            ),
            models.UniqueConstraint(fields=["partner", "product", "condition"], name="partner_one_offer_per_condition"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="version_moves",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.version IS DISTINCT FROM NEW.version OR OLD.price IS DISTINCT FROM NEW.price "
                    "OR OLD.kept_price IS DISTINCT FROM NEW.kept_price "
                    "OR OLD.num_in_stock IS DISTINCT FROM NEW.num_in_stock "
                    "OR OLD.handling_days IS DISTINCT FROM NEW.handling_days"
                ),
                func="NEW.version = OLD.version + 1; RETURN NEW;",
            ),
        ]

    @property
    def can_be_bought(self) -> bool:
        """Tell whether at least one piece is free."""
        return self.num_in_stock is None or self.net_stock_level > 0

    def allocate(self, quantity: int) -> None:
        """Reserve pieces for an order.

        :raises InvalidStockAdjustment: fewer are free.
        """
        taken = (
            type(self)
            .objects.filter(pk=self.pk)
            .filter(Q(num_in_stock__isnull=True) | Q(num_in_stock__gte=Coalesce(F("num_allocated"), 0) + quantity))
            .update(num_allocated=Coalesce(F("num_allocated"), 0) + quantity)
        )
        if not taken:
            raise InvalidStockAdjustment(f"Fewer than {quantity} pieces of {self.partner_sku} are free.")
        self.refresh_from_db(fields=["num_allocated"])

    allocate.alters_data = True


from oscar.apps.partner.models import *  # noqa: E402, F403 - Oscar registers the models we do not replace
