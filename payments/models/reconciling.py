"""What two sides say of the same money, entry by entry, and which entries are the same."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.models.cases import OperationsCase


class ReconciliationRun(models.Model):
    """One source compared up to a day; its row is the lock of that source's entries. Run again, it only completes."""

    source = models.CharField(max_length=20)
    day = models.DateField()
    # Everything recorded before this instant is among the entries.
    collected_until = models.DateTimeField(null=True)
    matched = models.PositiveIntegerField(default=0)
    unmatched = models.PositiveIntegerField(default=0)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="one_reconciliation_a_source_and_day")]

    def __str__(self) -> str:
        return f"{self.source} on {self.day}"


class ReconciliationMatch(models.Model):
    """Entries of both sides that are the same money; ``how`` it was found, by whom, and by whom it was undone."""

    HOW = ("reference", "sum", "amount_and_date", "person")

    source = models.CharField(max_length=20)
    how = models.CharField(max_length=20)
    by = models.CharField(max_length=80)
    text = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    undone_by = models.CharField(max_length=80, blank=True)
    undone_text = models.CharField(max_length=500, blank=True)
    undone_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(how__in=("reference", "sum", "amount_and_date", "person")), name="match_how_known"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by="") | (Q(undone_at__isnull=False) & ~Q(undone_by="")),
                name="match_undone_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["source", "-id"], name="match_latest")]

    def __str__(self) -> str:
        return f"match {self.pk} by {self.how}"


class ReconciliationEntry(models.Model):
    """One line of one side; ``amount`` is minor units, below zero where money left. What it says never changes."""

    source = models.CharField(max_length=20)
    side = models.CharField(max_length=6)
    key = models.CharField(max_length=200)
    reference = models.CharField(max_length=200, blank=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    day = models.DateField()
    text = models.CharField(max_length=300, blank=True)
    names = models.JSONField(default=list)
    match = models.ForeignKey(ReconciliationMatch, on_delete=models.PROTECT, null=True, related_name="entries")
    case = models.ForeignKey(OperationsCase, on_delete=models.PROTECT, null=True, related_name="entries")
    # A person took it out of a match: from then on only a person puts it into one.
    by_hand = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "reconciliation entries"
        constraints = [
            models.UniqueConstraint(fields=["source", "side", "key"], name="one_entry_a_source_side_and_key"),
            models.CheckConstraint(condition=Q(side__in=("ours", "theirs")), name="entry_side_known"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_amount_not_zero"),
        ]
        indexes = [
            models.Index(fields=["source", "day"], name="entry_unmatched", condition=Q(match__isnull=True)),
            models.Index(fields=["source", "day", "side"], name="entry_by_day"),
            models.Index(fields=["source", "reference"], name="entry_by_reference", condition=~Q(reference="")),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.key}"


class BankStatement(models.Model):
    """A statement of our account at another bank that was taken in; balances are minor units."""

    account = models.CharField(max_length=34)
    statement_id = models.CharField(max_length=35)
    currency = models.CharField(max_length=3)
    day = models.DateField()
    opening = models.BigIntegerField(null=True)
    closing = models.BigIntegerField(null=True)
    entries = models.PositiveIntegerField()
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "statement_id"], name="one_statement_an_account_and_id"),
        ]
        indexes = [models.Index(fields=["account", "currency", "-day", "-id"], name="statement_latest")]

    def __str__(self) -> str:
        return f"statement {self.statement_id}"
