"""Consignments: what one merchant sends of one order, with its own charge, status, tracking and history."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mall.fulfilment import states


class Consignment(models.Model):
    """One merchant's part of an order; amounts are whole minor units of `currency`."""

    STATUSES = tuple((status, status.replace("_", " ").capitalize()) for status in states.STATUSES)

    number = models.CharField(max_length=40, unique=True)
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="consignments")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="consignments")
    status = models.CharField(max_length=20, choices=STATUSES, default=states.AWAITING_PAYMENT)
    currency = models.CharField(max_length=3)
    goods = models.BigIntegerField()
    shipping = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    shipping_method = models.CharField(max_length=64)
    carrier = models.CharField(max_length=64, blank=True)
    tracking = models.CharField(max_length=128, blank=True)
    placed_at = models.DateTimeField()
    promised_by = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    delivered_said_by = models.CharField(max_length=16, blank=True)
    release_due = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # Packed and waiting for its carrier; nothing when it is unpacked again.
    packed_at = models.DateTimeField(null=True)
    # The consignment these pieces were in at first.
    divided_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="divided_into")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "merchant"],
                condition=Q(divided_from__isnull=True),
                name="consignment_first_per_merchant",
            ),
            models.CheckConstraint(condition=Q(status__in=states.STATUSES), name="consignment_status_known"),
            models.CheckConstraint(
                condition=Q(goods__gte=0) & Q(shipping__gte=0), name="consignment_amounts_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0) & Q(refunded__lte=F("goods") + F("shipping")),
                name="consignment_refunded_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(delivered_said_by__in=("", *states.SAID_BY)), name="consignment_said_by_known"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "status", "-placed_at"], name="consignment_by_merchant"),
            models.Index(fields=["release_due"], condition=Q(status=states.DISPATCHED), name="consignment_release_due"),
            models.Index(
                fields=["merchant", "promised_by", "id"],
                condition=Q(status=states.CONFIRMED),
                name="consignment_to_pack",
            ),
            models.Index(fields=["merchant", "-placed_at", "-id"], name="consignment_newest"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> int:
        """Return goods and delivery together."""
        return self.goods + self.shipping


class ConsignmentLine(models.Model):
    """What of an order line is in a consignment, with exact minor units; the rest of the line may be in others."""

    consignment = models.ForeignKey(Consignment, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey("order.Line", on_delete=models.PROTECT, related_name="consignment_lines")
    product = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, related_name="consignment_lines")
    stockrecord = models.ForeignKey("partner.StockRecord", on_delete=models.PROTECT, related_name="consignment_lines")
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField()
    amount = models.BigIntegerField()
    title = models.CharField(max_length=255)
    # The tax that `amount` includes; the line's share of the delivery charge, and the tax in that.
    tax_class = models.CharField(max_length=16, blank=True, default="", db_default="")
    tax_rate_bps = models.PositiveIntegerField(default=0, db_default=0)
    tax = models.BigIntegerField(default=0, db_default=0)
    shipping = models.BigIntegerField(default=0, db_default=0)
    shipping_tax = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["consignment", "line"], name="consignment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1) & Q(amount__gte=0), name="consignment_line_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"


class Division(models.Model):
    """Pieces of a consignment that get one of their own: asked for, then made, or refused by the payment's holds.

    `line_ids` (of the order) and `quantities` name the pieces; `goods` and `shipping` are their minor units.
    """

    key = models.CharField(max_length=120, unique=True)
    consignment = models.ForeignKey(Consignment, on_delete=models.PROTECT, related_name="divisions")
    new_number = models.CharField(max_length=40, unique=True)
    line_ids = ArrayField(models.BigIntegerField())
    quantities = ArrayField(models.PositiveIntegerField())
    goods = models.BigIntegerField()
    shipping = models.BigIntegerField()
    state = models.CharField(max_length=10, default=states.DIVISION_ASKED)
    refusal = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=64)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["consignment"], condition=Q(state=states.DIVISION_ASKED), name="division_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(state__in=states.DIVISION_STATES), name="division_state_known"),
            models.CheckConstraint(condition=Q(goods__gte=0, shipping__gte=0), name="division_amounts_not_negative"),
            models.CheckConstraint(condition=Q(line_ids__len__gte=1), name="division_names_pieces"),
        ]

    def __str__(self) -> str:
        return f"{self.new_number} of consignment {self.consignment_id}"


class ConsignmentEvent(models.Model):
    """The append-only history of a consignment: what happened, when, and who said so; each thing once by its key."""

    key = models.CharField(max_length=240, unique=True)
    consignment = models.ForeignKey(Consignment, on_delete=models.PROTECT, related_name="events")
    status = models.CharField(max_length=20)
    at = models.DateTimeField(db_index=True)
    by = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                level=pgtrigger.Statement,
                func="RAISE EXCEPTION 'The history of consignments is append-only';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.at:%Y-%m-%d}"


class MerchantReview(models.Model):
    """What a buyer says of a merchant after a consignment was sent; one each."""

    consignment = models.OneToOneField(Consignment, on_delete=models.PROTECT, related_name="review")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="reviews")
    user = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="merchant_reviews")
    score = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True)
    at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(score__gte=1) & Q(score__lte=5), name="merchant_review_score_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.score} for merchant:{self.merchant_id}"
