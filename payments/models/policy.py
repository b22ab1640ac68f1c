"""Versions of the limits of step-up and of the velocity rules, each agreed on by two people."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.states import POLICY


class RiskPolicy(models.Model):
    """One version, whole, never changed: a change is a further version, proposed by one, decided by another."""

    body = models.JSONField()
    state = models.CharField(max_length=12, default=POLICY.initial)
    reason = models.CharField(max_length=500)
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    replaced_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=POLICY.states), name="policy_state_known"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="in_force"), name="one_policy_in_force"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="proposed"), name="one_policy_proposed"),
            models.CheckConstraint(
                condition=Q(state__in=("proposed", "withdrawn"))
                | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="policy_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"risk policy {self.pk}"
