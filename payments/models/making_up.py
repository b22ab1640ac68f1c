"""What goes beside the ordinary way of a refund: refunds that failed, and goodwill."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.movements import MovementLeg
from payments.states import FAILED_REFUND, GOODWILL


class FailedRefund(models.Model):
    """A tender's part of a refund that its provider could not deliver; the money lies in ``suspense:refunds``."""

    leg = models.OneToOneField(MovementLeg, on_delete=models.PROTECT, related_name="failure")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payer = models.CharField(max_length=260)
    why = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=20, default=FAILED_REFUND.initial)
    failed_at = models.DateTimeField()
    failed_journal_id = models.BigIntegerField()
    paid_to = models.CharField(max_length=40, blank=True)
    paid_by = models.CharField(max_length=80, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    paid_journal_id = models.BigIntegerField(null=True, blank=True)
    # The latest payment to another bank that was ordered for it; it may have come back.
    outgoing = models.OneToOneField(
        "payments.OutgoingPayment", on_delete=models.PROTECT, null=True, blank=True, related_name="failed_refund"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="failed_refund_above_zero"),
            models.CheckConstraint(
                condition=Q(state="waiting", paid_journal_id__isnull=True)
                | Q(state="paid", paid_journal_id__isnull=False, paid_at__isnull=False),
                name="failed_refund_paid_has_a_journal",
            ),
        ]
        indexes = [models.Index(fields=["failed_at"], name="failed_refund_waits", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"failed refund {self.pk}"


class Goodwill(models.Model):
    """Money the bank gives a customer at its own expense, asked for by one person and, above a limit, by two."""

    key = models.CharField(max_length=200, unique=True)
    account = models.CharField(max_length=40)
    holder = models.CharField(max_length=80, db_index=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=20, default=GOODWILL.initial)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    # Empty where one person was enough.
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    journal_id = models.BigIntegerField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="goodwill_above_zero"),
            models.CheckConstraint(condition=Q(state__in=GOODWILL.states), name="goodwill_state_known"),
            models.CheckConstraint(
                condition=Q(state="given", journal_id__isnull=False) | (~Q(state="given") & Q(journal_id__isnull=True)),
                name="goodwill_given_has_a_journal",
            ),
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")), name="goodwill_takes_two_people"),
        ]
        indexes = [models.Index(fields=["asked_at"], name="goodwill_waits", condition=Q(state="proposed"))]

    def __str__(self) -> str:
        return f"goodwill {self.pk}"
