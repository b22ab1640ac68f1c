"""What is looked at before a payment is asked for, and what people decide about it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.paying import Payment
from payments.states import REVIEW


class Sighting(models.Model):
    """A payment as velocity rules count it: seen once by each of its payer, accounts, cards, device and address.

    ``subject`` is a digest where the thing itself says too much. Rows are only added.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="sightings")
    kind = models.CharField(max_length=10)
    subject = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "kind", "subject"], name="one_sighting_a_subject"),
            models.CheckConstraint(
                condition=Q(kind__in=("payer", "account", "card", "device", "address")), name="sighting_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["kind", "subject", "at"], name="sighting_counted")]

    def __str__(self) -> str:
        return f"{self.kind} of payment {self.payment_id}"


class Screening(models.Model):
    """What the rules said of a payment, once, and what they saw; a held one is decided by people.

    ``reasons``: codes of the rules that fired. ``facts``: what each of them counted. ``outcome``: the gravest.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="screening")
    outcome = models.CharField(max_length=10)
    reasons = models.JSONField()
    facts = models.JSONField()
    # The version of the rules it was looked at by; 0 is the settings.
    policy_number = models.BigIntegerField(default=0, db_default=0)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, default=REVIEW.initial)
    taken_by = models.CharField(max_length=80, blank=True)
    taken_at = models.DateTimeField(null=True)
    first_by = models.CharField(max_length=80, blank=True)
    first_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=("pass", "challenge", "hold", "refuse")), name="screening_outcome_known"
            ),
            models.CheckConstraint(condition=Q(state__in=REVIEW.states), name="screening_state_known"),
            models.CheckConstraint(
                condition=Q(first_by="") | ~Q(first_by=F("decided_by")) | Q(state="refused"),
                name="screening_second_is_another",
            ),
            models.CheckConstraint(condition=~Q(outcome="hold") | Q(due_at__isnull=False), name="held_until_a_time"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="screening_open", condition=Q(state__in=("held", "seconded")))
        ]

    def __str__(self) -> str:
        return f"screening of payment {self.payment_id}"
