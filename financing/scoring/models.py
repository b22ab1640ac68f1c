"""Versions of scorecards: what they are, what they were made from, and who approved them."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from financing.features.models import SubjectFeatures


class ScoringModel(models.Model):
    """One version of a scorecard; `card` holds every bin and point, and alone decides a score."""

    class State(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        ACTIVE = "active"
        RETIRED = "retired"

    kind = models.CharField(max_length=8, choices=SubjectFeatures.Kind)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    card = models.JSONField()
    card_hash = models.CharField(max_length=64)
    metrics = models.JSONField()
    data_since = models.DateField(null=True)
    data_until = models.DateField(null=True)
    seed = models.PositiveIntegerField()
    code_version = models.CharField(max_length=40)
    built_by = models.CharField(max_length=80)
    built_at = models.DateTimeField()
    approved_by = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["kind", "version"], name="scoring_version_once"),
            models.UniqueConstraint(fields=["kind"], condition=Q(state="active"), name="scoring_one_active"),
            models.CheckConstraint(condition=~Q(approved_by=F("built_by")), name="scoring_four_eyes"),
            models.CheckConstraint(
                condition=Q(state="draft") | (~Q(approved_by="") & Q(approved_at__isnull=False)),
                name="scoring_used_is_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} scorecard v{self.version}"
