"""Returns: what a buyer sends back of a consignment, with its lines, pictures, refunds and history."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mall.history import append_only
from mall.returns import states
from mall.returns.reasons import CODES, CONDITIONS, RIGHTS

BY_BUYER, BY_STORE = "buyer", "store"


class ReturnTerms(models.Model):
    """What a merchant gives beyond the law and the market: a longer window, delivery he pays, where goods go."""

    merchant = models.OneToOneField("merchants.Merchant", on_delete=models.PROTECT, related_name="return_terms")
    days = models.PositiveSmallIntegerField(default=0)
    pays_delivery = models.BooleanField(default=False)
    address = models.TextField(blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"returns to merchant:{self.merchant_id}"


class Return(models.Model):
    """A buyer's wish to give pieces of one consignment back; amounts are whole minor units of `currency`.

    `claimed` is what the bank keeps for it, `awarded` of that is to go back, and `refunded` of that went back.
    `due_at` is the deadline of the state it is in; `steps` counts its history.
    """

    number = models.CharField(max_length=48, unique=True)
    key = models.CharField(max_length=200, unique=True)
    consignment = models.ForeignKey("fulfilment.Consignment", on_delete=models.PROTECT, related_name="returns")
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="returns")
    buyer = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="returns")
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, default=states.ASKED)
    outcome = models.CharField(max_length=16, blank=True)
    reason = models.CharField(max_length=24)
    text = models.TextField(blank=True)
    right = models.CharField(max_length=12)
    delivery_paid_by = models.CharField(max_length=8)
    goods = models.BigIntegerField()
    delivery = models.BigIntegerField(default=0)
    claimed = models.BigIntegerField()
    awarded = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    offer = models.BigIntegerField(null=True)
    offers = models.PositiveSmallIntegerField(default=0)
    carrier = models.CharField(max_length=64, blank=True)
    tracking = models.CharField(max_length=128, blank=True)
    condition = models.CharField(max_length=12, blank=True)
    decision = models.BigIntegerField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    proposed_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    steps = models.PositiveIntegerField(default=0)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=states.STATES), name="return_state_known"),
            models.CheckConstraint(condition=Q(reason__in=CODES), name="return_reason_known"),
            models.CheckConstraint(condition=Q(right__in=RIGHTS), name="return_right_known"),
            models.CheckConstraint(condition=Q(condition__in=("", *CONDITIONS)), name="return_condition_known"),
            models.CheckConstraint(
                condition=Q(delivery_paid_by__in=(BY_BUYER, BY_STORE)), name="return_delivery_payer_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    goods__gte=0,
                    delivery__gte=0,
                    claimed__gt=0,
                    claimed__lte=F("goods") + F("delivery"),
                    awarded__lte=F("claimed"),
                    refunded__gte=0,
                    refunded__lte=F("awarded"),
                ),
                name="return_amounts_in_order",
            ),
            models.CheckConstraint(
                condition=Q(state__in=states.OVER, closed_at__isnull=False, due_at__isnull=True)
                | (~Q(state__in=states.OVER) & Q(closed_at__isnull=True)),
                name="return_over_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True) | Q(decided_by__isnull=True) | ~Q(proposed_by=F("decided_by")),
                name="return_decided_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="return_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["merchant", "state", "id"], name="return_by_merchant"),
            models.Index(fields=["buyer", "-id"], name="return_by_buyer"),
            models.Index(
                fields=["state", "id"], name="return_at_the_bank", condition=Q(state__in=("escalated", "proposed"))
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def open_amount(self) -> int:
        """Return what is still claimed and neither awarded nor given up, in minor units."""
        return self.claimed - self.awarded


class ReturnLine(models.Model):
    """So many pieces of one line, and what was paid for them."""

    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey("fulfilment.ConsignmentLine", on_delete=models.PROTECT, related_name="returned")
    quantity = models.PositiveIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["of", "line"], name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1) & Q(amount__gte=0), name="return_line_possible"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of line {self.line_id}"


class ReturnRefund(models.Model):
    """Money that is to go back, each once by its key; `paid_at` when the bank had done it."""

    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=64, unique=True)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gte=0), name="return_refund_not_negative")]
        indexes = [models.Index(fields=["id"], name="return_refund_unpaid", condition=Q(paid_at__isnull=True))]

    def __str__(self) -> str:
        return self.key


class ReturnEvent(models.Model):
    """The append-only history of a return: what happened, when, who said so, and in which words."""

    key = models.CharField(max_length=64, unique=True)
    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="history")
    event = models.CharField(max_length=16)
    state = models.CharField(max_length=12)
    at = models.DateTimeField()
    by = models.CharField(max_length=64)
    text = models.TextField(blank=True)
    amount = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = append_only(what="returns")

    def __str__(self) -> str:
        return f"{self.event} {self.at:%Y-%m-%d}"


class ReturnPhoto(models.Model):
    """A picture for a return, of its buyer or its merchant; its bytes lie encrypted, never under a web address."""

    of = models.ForeignKey(Return, on_delete=models.PROTECT, related_name="photos")
    side = models.CharField(max_length=8, choices=((BY_BUYER, "Buyer"), (BY_STORE, "Store")))
    stored_as = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    added_at = models.DateTimeField()

    class Meta:
        triggers = append_only(what="pictures of returns")

    def __str__(self) -> str:
        return f"picture {self.pk} of return {self.of_id}"
