"""What providers tell us by themselves: stored as it came, handled afterwards."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.states import PROVIDER_EVENT


class ProviderEvent(models.Model):
    """One event of a provider, as signed; ``subject`` is the provider's name of what it is about.

    ``due_at`` is when a worker may take it: later while one has it in hand, and after a failure.
    """

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=80)
    subject = models.CharField(max_length=120, blank=True)
    happened_at = models.DateTimeField()
    body = models.JSONField()
    # How it came: `webhook`, or `poll` when no webhook had brought it.
    source = models.CharField(max_length=10)
    state = models.CharField(max_length=12, default=PROVIDER_EVENT.initial)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    problem = models.CharField(max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="one_row_a_provider_event"),
            models.CheckConstraint(condition=Q(state__in=PROVIDER_EVENT.states), name="provider_event_state_known"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="provider_event_waiting", condition=Q(state="received")),
            models.Index(fields=["subject", "happened_at"], name="provider_event_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind} {self.event_id}"
