"""Customers' current accounts; their balances are the ledger's."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class CustomerAccount(models.Model):
    """A current account of a shopper (`user:1`) or a merchant (`merchant:3`), one for each currency."""

    number = models.CharField(max_length=34, unique=True)
    holder = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    overdraft_minor = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holder", "currency"], name="one_account_a_holder_and_currency"),
            models.CheckConstraint(condition=Q(overdraft_minor__gte=0), name="overdraft_not_negative"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def ledger_code(self) -> str:
        """Return the code of this account in the ledger."""
        return f"deposit:{self.number}"
