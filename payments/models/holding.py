"""Money of merchants that operations keep back for a while, and the two people who agreed to it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.states import HOLD


class MoneyHold(models.Model):
    """What is not settled and paid out meanwhile: one consignment, or without one everything of a merchant."""

    merchant = models.CharField(max_length=80)
    part_reference = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=16, default=HOLD.initial)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    release_reason = models.CharField(max_length=500, blank=True)
    release_asked_by = models.CharField(max_length=80, blank=True)
    release_asked_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=80, blank=True)
    released_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=HOLD.states), name="hold_state_known"),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("asked_by")), name="hold_agreed_by_another"
            ),
            models.CheckConstraint(
                condition=Q(released_by="") | ~Q(released_by=F("release_asked_by")), name="hold_released_by_another"
            ),
            models.UniqueConstraint(
                fields=["merchant", "part_reference"],
                condition=~Q(state__in=("declined", "released")),
                name="one_open_hold",
            ),
        ]
        indexes = [models.Index(fields=["-asked_at", "-id"], name="hold_latest")]

    def __str__(self) -> str:
        return f"hold of {self.part_reference or self.merchant}"
