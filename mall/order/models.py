"""Orders: one per key, unguessable numbers, and nothing they refer to can be deleted from under them."""

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from oscar.apps.order.abstract_models import AbstractLine, AbstractOrder, AbstractPaymentEvent

AWAITING_PAYMENT = "Awaiting payment"
CONFIRMED = "Confirmed"
COMPLETED = "Completed"
CANCELLED = "Cancelled"


class Order(AbstractOrder):
    """A shopper's order from any number of merchants; each merchant's part is a consignment.

    Amounts in `*_minor` are whole minor units of `currency`; Oscar's decimals say the same.
    """

    key = models.CharField(max_length=128, unique=True)
    input_hash = models.CharField(max_length=64, blank=True)
    payment_id = models.BigIntegerField(null=True, unique=True)
    total_minor = models.BigIntegerField()
    device = models.CharField(max_length=64, blank=True)
    address_fingerprint = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    user = models.ForeignKey("customer.User", null=True, blank=True, on_delete=models.PROTECT, related_name="orders")
    basket = models.ForeignKey("basket.Basket", null=True, blank=True, on_delete=models.PROTECT)
    shipping_address = models.ForeignKey("order.ShippingAddress", null=True, blank=True, on_delete=models.PROTECT)

    class Meta(AbstractOrder.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["basket"], condition=~Q(status=CANCELLED), name="order_one_per_basket"),
            models.CheckConstraint(condition=Q(total_minor__gte=0), name="order_total_not_negative"),
            models.CheckConstraint(
                condition=Q(status__in=(AWAITING_PAYMENT, CONFIRMED, COMPLETED, CANCELLED)), name="order_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-date_placed"], name="order_by_user"),
            models.Index(fields=["expires_at"], condition=Q(status=AWAITING_PAYMENT), name="order_awaiting"),
        ]

    def set_status(self, new_status: str) -> None:
        """Refuse: an order moves by `mall.checkout.operations` alone, with its stock and its money.

        :raises PermissionDenied: always.
        """
        raise PermissionDenied("An order's status follows its payment and its consignments; it cannot be set by hand.")

    set_status.alters_data = True


class Line(AbstractLine):
    """What was bought of one merchant, with its price at that time."""

    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="lines")
    partner = models.ForeignKey(
        "partner.Partner", null=True, blank=True, on_delete=models.PROTECT, related_name="order_lines"
    )
    stockrecord = models.ForeignKey("partner.StockRecord", null=True, blank=True, on_delete=models.PROTECT)
    product = models.ForeignKey("catalogue.Product", null=True, blank=True, on_delete=models.PROTECT)

    class Meta(AbstractLine.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                condition=Q(line_price_incl_tax__gte=0) & Q(quantity__gte=1), name="order_line_amounts_possible"
            ),
            models.CheckConstraint(
                condition=Q(num_allocated__lte=F("quantity")), name="order_line_allocation_within_quantity"
            ),
        ]

    def set_status(self, new_status: str) -> None:
        """Refuse: a line moves with its consignment.

        :raises PermissionDenied: always.
        """
        raise PermissionDenied("A line's status follows its consignment; it cannot be set by hand.")

    set_status.alters_data = True


class PaymentEvent(AbstractPaymentEvent):
    """Oscar's record of a payment event; ours are in payments, and these never go with their order."""

    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="payment_events")


from oscar.apps.order.models import *  # noqa: E402, F403 - Oscar registers the models we do not replace
