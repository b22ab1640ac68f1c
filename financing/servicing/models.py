"""Rows of servicing: every movement of a loan, what happened to its instalments, and the days closed."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from financing.lending.models import Loan


class LoanTransaction(models.Model):
    """One movement on a loan, append-only; unless payments posted it, its journal has the same key."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="transactions")
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    principal = models.BigIntegerField(default=0)
    interest = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    credit = models.BigIntegerField(default=0)
    source = models.CharField(max_length=80, blank=True)
    reference = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        indexes = [models.Index(fields=["loan", "at"], name="loan_transaction_by_loan")]
        constraints = [
            models.CheckConstraint(
                condition=Q(principal__gte=0, interest__gte=0, fees__gte=0, credit__gte=0),
                name="loan_transaction_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on loan {self.loan_id}"


class LoanEvent(models.Model):
    """A fact about a loan for the features: opened, due, paid, overdue, withheld, closed, charged_off."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=12)
    number = models.PositiveSmallIntegerField(default=0)
    known_at = models.DateTimeField()
    due_on = models.DateField(null=True)
    amount = models.BigIntegerField(default=0)
    days_late = models.PositiveIntegerField(default=0)

    class Meta:
        app_label = "financing"
        indexes = [models.Index(fields=["known_at"], name="loan_event_by_time")]

    def __str__(self) -> str:
        return f"{self.event} of loan {self.loan_id}"


class ClosedDay(models.Model):
    """A day whose close has run over every loan; how far each loan came is kept on the loan."""

    day = models.DateField(unique=True)
    loans = models.PositiveIntegerField()
    finished_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"

    def __str__(self) -> str:
        return f"close of {self.day}"
