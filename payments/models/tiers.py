"""How well the bank knows a holder, and how much of a merchant's money it keeps back: each change by two people."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.states import TIER_CHANGE


class TierChange(models.Model):
    """Another tier from a day on: of a holder's limits (`account`) or of a merchant's reserve (`reserve`).

    Once decided it is history and never changes; the newest that was agreed to and has begun is the one that counts.
    """

    KINDS = ("account", "reserve")

    kind = models.CharField(max_length=10)
    subject = models.CharField(max_length=80)
    tier = models.CharField(max_length=20)
    begins_on = models.DateField()
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, default=TIER_CHANGE.initial)
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [
            pgtrigger.Protect(
                name="history", operation=pgtrigger.Update, condition=pgtrigger.Q(old__state__df="proposed")
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=("account", "reserve")), name="tier_change_kind_known"),
            models.CheckConstraint(condition=Q(state__in=TIER_CHANGE.states), name="tier_change_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "withdrawn"))
                | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="tier_change_decided_by_another",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state="proposed"), name="one_tier_change_proposed"
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "subject", "-begins_on"], name="tier_change_agreed", condition=Q(state="agreed")
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.tier} from {self.begins_on}"
