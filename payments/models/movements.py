"""What happened to a part's money: rows that are only ever added."""

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.paying import Part, Tender


def _append_only() -> list[pgtrigger.Trigger]:
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Movement(models.Model):
    """What every movement has: the caller's key, when it happened, when it was written, its journal."""

    key = models.CharField(max_length=200, unique=True)
    amount = models.BigIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    journal_id = models.BigIntegerField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__.lower()} {self.key}"


class Capture(Movement):
    """Money that went from tenders into escrow."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="captures")

    class Meta:
        triggers = _append_only()
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="capture_above_zero")]
        indexes = [BrinIndex(fields=["recorded_at"], name="capture_recorded", autosummarize=True)]


class Cancellation(Movement):
    """What will not be captured any more, given back to its tenders."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="cancellations")

    class Meta:
        triggers = _append_only()
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="cancellation_above_zero")]


class PartDivision(models.Model):
    """A part that became two: what moved into the new one, in minor units. Nothing was posted for it."""

    key = models.CharField(max_length=200, unique=True)
    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="divisions")
    new_part = models.OneToOneField(Part, on_delete=models.PROTECT, related_name="division")
    goods = models.BigIntegerField()
    shipping = models.BigIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = _append_only()
        constraints = [
            models.CheckConstraint(condition=Q(goods__gte=0, shipping__gte=0), name="division_not_negative"),
            models.CheckConstraint(condition=~Q(part=F("new_part")), name="division_makes_two"),
        ]

    def __str__(self) -> str:
        return f"division {self.key}"


class Release(Movement):
    """Escrow that went to the merchant: ``net`` to him, commission and its tax to the bank."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="releases")
    commission = models.BigIntegerField()
    vat = models.BigIntegerField()
    # What a method takes from the merchant on release, such as a 0 % plan's subsidy.
    deducted = models.BigIntegerField(default=0)
    net = models.BigIntegerField()

    class Meta:
        triggers = _append_only()
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount__gt=0,
                    net__gte=0,
                    commission__gte=0,
                    vat__gte=0,
                    deducted__gte=0,
                    amount=F("net") + F("commission") + F("vat") + F("deducted"),
                ),
                name="release_adds_up",
            )
        ]


class Refund(Movement):
    """Money that went back to the tenders, and from where it was taken."""

    part = models.ForeignKey(Part, on_delete=models.PROTECT, related_name="refunds")
    reason = models.CharField(max_length=200)
    from_escrow = models.BigIntegerField(default=0)
    from_pending = models.BigIntegerField(default=0)
    from_available = models.BigIntegerField(default=0)
    from_reserve = models.BigIntegerField(default=0)
    from_receivable = models.BigIntegerField(default=0)
    commission = models.BigIntegerField(default=0)
    vat = models.BigIntegerField(default=0)

    class Meta:
        triggers = _append_only()
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount__gt=0,
                    amount=F("from_escrow")
                    + F("from_pending")
                    + F("from_available")
                    + F("from_reserve")
                    + F("from_receivable")
                    + F("commission")
                    + F("vat"),
                ),
                name="refund_adds_up",
            )
        ]
        indexes = [BrinIndex(fields=["recorded_at"], name="refund_recorded", autosummarize=True)]

    @property
    def before_release(self) -> bool:
        """Return whether all of it came from escrow."""
        return self.from_escrow == self.amount


class MovementLeg(models.Model):
    """A tender's part in a capture or a refund."""

    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, null=True, related_name="legs")
    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, null=True, related_name="legs")
    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="legs")
    amount = models.BigIntegerField()

    class Meta:
        triggers = _append_only()
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="leg_above_zero"),
            models.CheckConstraint(
                condition=Q(capture__isnull=True, refund__isnull=False) | Q(capture__isnull=False, refund__isnull=True),
                name="leg_of_one_movement",
            ),
        ]

    def __str__(self) -> str:
        return f"leg {self.pk}"
