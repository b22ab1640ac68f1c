"""A payment, its tenders, its parts (one for each consignment), and how much each tender gives each part."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.states import PART, PAYMENT, TENDER


class Payment(models.Model):
    """What a payer gives for one order. Its row is the lock that guards its tenders, parts and shares."""

    key = models.CharField(max_length=200, unique=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    reference = models.CharField(max_length=80, db_index=True)
    payer = models.CharField(max_length=260, db_index=True)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=20, default=PAYMENT.initial)
    refusal = models.CharField(max_length=500, blank=True)
    return_url = models.CharField(max_length=500, blank=True)
    # Digests of the device it is made from and of where the goods go, for velocity rules.
    device = models.CharField(max_length=64, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_above_zero"),
            models.CheckConstraint(condition=Q(state__in=PAYMENT.states), name="payment_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="payment_open",
                condition=~Q(state__in=PAYMENT.final),
            ),
        ]

    def __str__(self) -> str:
        return f"payment {self.pk} of {self.reference}"


class Tender(models.Model):
    """One source of a payment's money: refunded never passes captured, captured never authorised."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="tenders")
    position = models.PositiveSmallIntegerField()
    method = models.CharField(max_length=30)
    source = models.CharField(max_length=200, blank=True)
    amount = models.BigIntegerField()
    authorised = models.BigIntegerField(default=0)
    captured = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20, default=TENDER.initial)
    provider_reference = models.CharField(max_length=200, blank=True)
    action_url = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "position"], name="one_tender_a_position"),
            models.CheckConstraint(
                condition=Q(
                    amount__gt=0,
                    refunded__gte=0,
                    refunded__lte=F("captured"),
                    captured__lte=F("authorised"),
                    authorised__lte=F("amount"),
                ),
                name="tender_amounts_in_order",
            ),
            models.CheckConstraint(condition=Q(state__in=TENDER.states), name="tender_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.method} tender {self.pk}"


class Part(models.Model):
    """One consignment's share of a payment, from the hold through escrow to the merchant."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="parts")
    position = models.PositiveSmallIntegerField()
    reference = models.CharField(max_length=80, unique=True)
    merchant = models.CharField(max_length=80, db_index=True)
    currency = models.CharField(max_length=3)
    goods = models.BigIntegerField()
    shipping = models.BigIntegerField()
    amount = models.BigIntegerField()
    commission_bps = models.PositiveIntegerField()
    commission_vat_bps = models.PositiveIntegerField()
    commission_returned_bps = models.PositiveIntegerField(default=10_000)
    settle_days = models.PositiveSmallIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunded_before = models.BigIntegerField(default=0)
    refunded_after = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0)
    # What lies in merchant:M:pending for this part: released net, less refunds taken from it since.
    unsettled_released = models.BigIntegerField(default=0)
    unsettled_refunded = models.BigIntegerField(default=0)
    # Held for open disputes: out of escrow, and out of what was released.
    disputed_before = models.BigIntegerField(default=0, db_default=0)
    disputed_after = models.BigIntegerField(default=0, db_default=0)
    # Open disputes and inquiries; while there is one, nothing is released.
    open_disputes = models.PositiveSmallIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=20, default=PART.initial)
    settle_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(goods__gte=0, shipping__gte=0, amount__gt=0, amount=F("goods") + F("shipping")),
                name="part_amount_is_goods_and_shipping",
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=0, cancelled__gte=0, amount__gte=F("captured") + F("cancelled")),
                name="part_captured_within_amount",
            ),
            models.CheckConstraint(
                condition=Q(
                    released__gte=0,
                    refunded_before__gte=0,
                    disputed_before__gte=0,
                    captured__gte=F("released") + F("refunded_before") + F("disputed_before"),
                ),
                name="part_escrow_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    refunded_after__gte=0,
                    disputed_after__gte=0,
                    released__gte=F("refunded_after") + F("disputed_after"),
                ),
                name="part_refunded_within_released",
            ),
            models.CheckConstraint(
                condition=Q(unsettled_refunded__gte=0, unsettled_refunded__lte=F("unsettled_released")),
                name="part_pending_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(unsettled_released=0) | Q(settle_on__isnull=False), name="part_unsettled_has_a_day"
            ),
            models.CheckConstraint(condition=Q(state__in=PART.states), name="part_state_known"),
        ]
        indexes = [
            models.Index(fields=["settle_on"], name="part_unsettled", condition=Q(unsettled_released__gt=0)),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def escrow(self) -> int:
        """Return what is in escrow for this part, in minor units."""
        return self.captured - self.released - self.refunded_before - self.disputed_before

    @property
    def kept(self) -> int:
        """Return what was released and neither given back nor taken for a dispute, in minor units."""
        return self.released - self.refunded_after - self.disputed_after

    @property
    def refundable(self) -> int:
        """Return what could still be given back, in minor units."""
        return self.escrow + self.kept

    @property
    def open_amount(self) -> int:
        """Return what could still be captured, in minor units."""
        return self.amount - self.captured - self.cancelled

    @property
    def pending(self) -> int:
        """Return what is in the merchant's pending account for this part, in minor units."""
        return self.unsettled_released - self.unsettled_refunded

    @property
    def ledger_code(self) -> str:
        """Return the code of this part's escrow account."""
        return f"escrow:{self.reference}"


class Share(models.Model):
    """How much of a tender is for a part: decided once, when the payment is recorded."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="shares")
    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="shares")
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    # Held for open disputes of this tender.
    disputed = models.BigIntegerField(default=0, db_default=0)
    authorised = models.BooleanField(default=False)
    provider_reference = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["part", "tender"], name="one_share_a_part_and_tender"),
            models.CheckConstraint(
                condition=Q(
                    amount__gt=0,
                    cancelled__gte=0,
                    amount__gte=F("captured") + F("cancelled"),
                    refunded__gte=0,
                    disputed__gte=0,
                    captured__gte=F("refunded") + F("disputed"),
                    released__gte=0,
                    released__lte=F("captured"),
                ),
                name="share_amounts_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["provider_reference"],
                name="share_at_provider",
                condition=~Q(provider_reference=""),
            ),
        ]

    def __str__(self) -> str:
        return f"share {self.pk}"

    @property
    def refundable(self) -> int:
        """Return what could still go back to this tender, in minor units."""
        return self.captured - self.refunded - self.disputed
