"""The provider's own account of our money: each of its balance transactions once, its payouts to our bank."""

import pgtrigger
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.states import PROVIDER_PAYOUT


class ProviderBalanceTransaction(models.Model):
    """One line of the provider's balance, as the provider told it; ``net`` is ``amount`` less ``fee``.

    What it tells never changes. ``handled_at`` is when its fee (or whatever it posts) was in the book,
    ``made_available_at`` when its net left the pending account for the available one.
    """

    provider_id = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=40)
    category = models.CharField(max_length=40, blank=True)
    amount = models.BigIntegerField()
    fee = models.BigIntegerField()
    net = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # The charge, refund, dispute or payout it belongs to, and the PaymentIntent behind it.
    source = models.CharField(max_length=80, blank=True)
    intent = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    available_on = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    journal_id = models.BigIntegerField(null=True)
    made_available_at = models.DateTimeField(null=True)
    available_journal_id = models.BigIntegerField(null=True)
    # Why nothing could be posted for it: a person has to look.
    problem = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="as_told",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    "provider_id", "kind", "amount", "fee", "net", "currency", "source", "created_at", "available_on"
                ),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(net=models.F("amount") - models.F("fee")), name="provider_net_adds_up"),
        ]
        indexes = [
            models.Index(fields=["id"], name="provider_unhandled", condition=Q(handled_at__isnull=True)),
            models.Index(
                fields=["available_on"], name="provider_not_available", condition=Q(made_available_at__isnull=True)
            ),
            models.Index(fields=["created_at"], name="provider_by_time"),
            models.Index(fields=["intent"], name="provider_by_intent"),
            BrinIndex(fields=["recorded_at"], name="provider_recorded", autosummarize=True),
        ]

    def __str__(self) -> str:
        return self.provider_id


class ProviderPayout(models.Model):
    """Money the provider sends to our bank: posted when it is paid, and back when it fails afterwards."""

    provider_id = models.CharField(max_length=80, unique=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, default=PROVIDER_PAYOUT.initial)
    created_at = models.DateTimeField()
    arrives_on = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    journal_id = models.BigIntegerField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)
    returned_journal_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="provider_payout_above_zero"),
            models.CheckConstraint(condition=Q(state__in=PROVIDER_PAYOUT.states), name="provider_payout_state_known"),
        ]

    def __str__(self) -> str:
        return self.provider_id


class ProviderCursor(models.Model):
    """Up to when the provider's lines of one kind have been read; its row is the lock of reading them."""

    name = models.CharField(max_length=40, unique=True)
    read_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} until {self.read_until:%Y-%m-%d %H:%M}"


class ProviderBalance(models.Model):
    """What the provider says it holds of ours, beside what the book says, at one reading; minor units."""

    at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    pending = models.BigIntegerField()
    available = models.BigIntegerField()
    book_pending = models.BigIntegerField()
    book_available = models.BigIntegerField()
    # What explains the difference: (pending, available) not yet in the book, with its reasons in words.
    explained_pending = models.BigIntegerField()
    explained_available = models.BigIntegerField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["at", "currency"], name="one_balance_a_reading_and_currency"),
        ]

    def __str__(self) -> str:
        return f"balance in {self.currency} at {self.at:%Y-%m-%d %H:%M}"

    @property
    def unexplained(self) -> tuple[int, int]:
        """Return what differs for no known reason, pending and available, in minor units."""
        return (
            self.pending - self.book_pending - self.explained_pending,
            self.available - self.book_available - self.explained_available,
        )
