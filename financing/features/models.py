"""What was exported, and each subject's features of the last night."""

from django.db import models
from django.db.models.functions import Now


class ExportedDay(models.Model):
    """One day of facts that is in the lake, whole; written after its files are."""

    day = models.DateField(primary_key=True)
    rows = models.JSONField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"

    def __str__(self) -> str:
        return self.day.isoformat()


class SubjectFeatures(models.Model):
    """The newest features of a subject who consents; what offers and decisions start from."""

    class Kind(models.TextChoices):
        CONSUMER = "consumer"
        MERCHANT = "merchant"

    kind = models.CharField(max_length=8, choices=Kind)
    subject_id = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    as_of = models.DateTimeField()
    values = models.JSONField()
    catalogue = models.CharField(max_length=16)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_id"], name="financing_features_one_a_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id} as of {self.as_of:%Y-%m-%d}"
