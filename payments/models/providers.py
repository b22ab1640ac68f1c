"""What the methods keep for themselves: calls to remote providers, voucher budgets and promises on them."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.paying import Share, Tender
from payments.states import ATTEMPT


class ProviderAttempt(models.Model):
    """A call to a remote provider, written before it is made. While one is open, its share takes no other act."""

    key = models.CharField(max_length=200, unique=True)
    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="attempts")
    share = models.ForeignKey(Share, on_delete=models.PROTECT, related_name="attempts")
    action = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    request = models.JSONField()
    answer = models.JSONField(null=True)
    state = models.CharField(max_length=20, default=ATTEMPT.initial)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["share"], condition=~Q(state="applied"), name="one_open_attempt_a_share"
            ),
            models.CheckConstraint(condition=Q(state__in=ATTEMPT.states), name="attempt_state_known"),
            models.CheckConstraint(
                condition=Q(action__in=("authorise", "capture", "void", "refund", "renew", "replace", "divide")),
                name="attempt_action_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"


class Voucher(models.Model):
    """A voucher the bank pays for: a code with a budget, in one currency."""

    code = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=120)
    currency = models.CharField(max_length=3)
    budget = models.BigIntegerField()
    reserved = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    # Empty: anybody who knows the code.
    holder = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(budget__gt=0, reserved__gte=0, spent__gte=0, budget__gte=F("reserved") + F("spent")),
                name="voucher_within_budget",
            )
        ]

    def __str__(self) -> str:
        return self.code


class VoucherReservation(models.Model):
    """A tender's hold on a voucher's budget."""

    tender = models.OneToOneField(Tender, on_delete=models.PROTECT, related_name="voucher_reservation")
    voucher = models.ForeignKey(Voucher, on_delete=models.PROTECT, related_name="reservations")
    reserved = models.BigIntegerField()
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(reserved__gte=0, spent__gte=0), name="reservation_not_negative")
        ]

    def __str__(self) -> str:
        return f"reservation of tender {self.tender_id}"


class ProviderHealth(models.Model):
    """How a remote provider has answered lately, by the calls that were really made."""

    method = models.CharField(max_length=30, unique=True)
    failures = models.PositiveIntegerField(default=0)
    # While it is set, new payments are offered other ways; at `probe_at` one of them may try.
    down_since = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(down_since__isnull=True, probe_at__isnull=True)
                | Q(down_since__isnull=False, probe_at__isnull=False, failures__gt=0),
                name="health_down_has_a_probe",
            )
        ]

    def __str__(self) -> str:
        return f"{self.method}: {self.failures} failures"


class BankNotice(models.Model):
    """What another bank told us about a payment it was asked for: kept before it is acted on, each once."""

    event = models.CharField(max_length=100, unique=True)
    reference = models.CharField(max_length=200, db_index=True)
    body = models.JSONField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["recorded_at"], name="bank_notice_waits", condition=Q(handled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.event
