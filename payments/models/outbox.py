"""Events on their way out, and which handler has had which."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class OutboxEvent(models.Model):
    """An event written in the transaction of what it tells; delivered afterwards."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=200, unique=True)
    payload = models.JSONField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    delivered_at = models.DateTimeField(null=True)
    # Nobody takes it before then: set ahead by whoever is delivering it, and after a failure.
    available_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="outbox_undelivered", condition=Q(delivered_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"


class HandledEvent(models.Model):
    """A handler had an event whose other handlers have not all succeeded yet."""

    event = models.ForeignKey(OutboxEvent, on_delete=models.PROTECT, related_name="handled")
    handler = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "handler"], name="one_handling_an_event_and_handler")]

    def __str__(self) -> str:
        return f"{self.handler} of {self.event_id}"
