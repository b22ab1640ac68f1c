"""Second factor for larger payments from an account, and for other acts that must be confirmed."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class StepUpChallenge(models.Model):
    """A question for a second factor, bound to one payee and amount; answered once, a few tries, short-lived.

    An act that pays nothing has no ``amount``; ``payee`` then says what is done. Its answer counts once: ``taken_at``.
    """

    holder = models.CharField(max_length=80, db_index=True)
    key = models.CharField(max_length=200, unique=True)
    payee = models.CharField(max_length=200)
    amount = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    return_url = models.CharField(max_length=500, blank=True, db_default="")
    factor = models.CharField(max_length=10)
    code_digest = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="challenge_above_zero"),
            models.CheckConstraint(condition=Q(factor__in=("passkey", "totp", "email")), name="challenge_factor_known"),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(passed_at__isnull=False), name="challenge_passed_before_taken"
            ),
        ]

    def __str__(self) -> str:
        return f"challenge {self.key}"


class FreePayments(models.Model):
    """What an account has paid without a second factor since it last gave one; its row is the lock."""

    account = models.CharField(max_length=34, primary_key=True)
    payments = models.PositiveIntegerField(default=0)
    spent = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(spent__gte=0), name="free_not_negative")]

    def __str__(self) -> str:
        return f"{self.payments} free payments of {self.account}"


class UsedCode(models.Model):
    """A code of an authenticator app that was accepted: the same one is not accepted again while it lasts."""

    holder = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holder", "digest"], name="one_use_a_code")]
        indexes = [models.Index(fields=["at"], name="used_code_age")]

    def __str__(self) -> str:
        return f"a code of {self.holder}"
