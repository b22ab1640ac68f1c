"""How far a history has been lived, and which row each of its keys became."""

from django.db import models
from django.db.models.functions import Now


class Run(models.Model):
    """One history, lived once; ``lived_until`` is the last day that is complete."""

    name = models.CharField(max_length=80, unique=True)
    parameters = models.JSONField(default=dict)
    stage = models.CharField(max_length=40, default="founding")
    lived_until = models.DateField(null=True)
    finished_at = models.DateTimeField(null=True)
    report = models.JSONField(default=dict)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name


class Counterpart(models.Model):
    """What a history's key became: a user, a merchant or a stock record."""

    source = models.CharField(max_length=40)
    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=120)
    target = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "key"], name="simulation_one_counterpart")]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.key}"
