"""Second factor for larger payments from an account."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class StepUpChallenge(models.Model):
    """A question for a second factor, bound to one payee and amount; answered once, a few tries, short-lived."""

    holder = models.CharField(max_length=80, db_index=True)
    key = models.CharField(max_length=200, unique=True)
    payee = models.CharField(max_length=200)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    factor = models.CharField(max_length=10)
    code_digest = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="challenge_above_zero"),
            models.CheckConstraint(condition=Q(factor__in=("totp", "email")), name="challenge_factor_known"),
        ]

    def __str__(self) -> str:
        return f"challenge {self.key}"


class StepUpCounter(models.Model):
    """What an account has paid without a second factor on one day; its row is the lock."""

    account = models.CharField(max_length=34)
    day = models.DateField()
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="one_counter_an_account_and_day"),
            models.CheckConstraint(condition=Q(spent__gte=0), name="counter_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.account} on {self.day}"
