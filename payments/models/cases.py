"""Cases for operations: what a person has to look at, in whose hands it is, and what was done about it."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from payments.states import CASE


class OperationsCase(models.Model):
    """Something that does not add up or must be decided by a person. Its row is the lock of its notes.

    ``kind`` and ``key`` name what it is about; there is one open case of a name at a time. ``amount`` is minor units
    of ``currency``, nothing where no money is at stake. ``owner`` is a holder's name such as ``user:7``.
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    amount = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    # What the book and the pages of operations know it by: an order, a consignment, a settlement.
    names = models.JSONField(default=list)
    state = models.CharField(max_length=10, default=CASE.initial)
    owner = models.CharField(max_length=80, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=~Q(state="closed"), name="one_open_case_a_kind_and_key"
            ),
            models.CheckConstraint(condition=Q(state__in=CASE.states), name="case_state_known"),
            models.CheckConstraint(condition=Q(amount__isnull=True) | ~Q(currency=""), name="case_amount_has_currency"),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="case_closed_has_a_time",
            ),
            models.CheckConstraint(condition=~Q(state="taken") | ~Q(owner=""), name="case_taken_has_an_owner"),
            models.CheckConstraint(condition=~Q(state="open") | Q(owner=""), name="case_open_has_no_owner"),
        ]
        indexes = [
            models.Index(fields=["opened_at", "id"], name="case_waiting", condition=~Q(state="closed")),
            models.Index(fields=["-closed_at", "-id"], name="case_closed_latest", condition=Q(state="closed")),
            models.Index(fields=["kind", "key", "-id"], name="case_by_name"),
        ]

    def __str__(self) -> str:
        return f"case {self.pk}: {self.subject}"


class CaseNote(models.Model):
    """A line of a case's history: what somebody did or wrote, or the machine did by itself. Only ever added."""

    KINDS = ("opened", "taken", "handed_over", "given_back", "note", "closed")

    case = models.ForeignKey(OperationsCase, on_delete=models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=12)
    by = models.CharField(max_length=80)
    to = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=2_000, blank=True)
    key = models.CharField(max_length=200, unique=True, null=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("opened", "taken", "handed_over", "given_back", "note", "closed")),
                name="case_note_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} case {self.case_id}"
