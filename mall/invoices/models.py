"""Invoices and credit notes: numbered without gaps for each merchant, and never changed once they are issued."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

INVOICE, CREDIT = "invoice", "credit"
KINDS = (INVOICE, CREDIT)


def _append_only() -> list[pgtrigger.Trigger]:
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class NumberRange(models.Model):
    """The last number a merchant gave to a kind of paper; its row is the lock under which the next is drawn."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="number_ranges")
    kind = models.CharField(max_length=8)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind"], name="invoice_range_once"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="invoice_range_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} range of merchant:{self.merchant_id}"


class Paper(models.Model):
    """An invoice or a credit note: `facts` is all it says, `digest` the SHA-256 of them; minor units of `currency`."""

    key = models.CharField(max_length=240, unique=True)
    kind = models.CharField(max_length=8)
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="papers")
    sequence = models.PositiveBigIntegerField()
    number = models.CharField(max_length=40, unique=True)
    consignment = models.ForeignKey("fulfilment.Consignment", on_delete=models.PROTECT, related_name="papers")
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField()
    tax = models.BigIntegerField()
    issued_at = models.DateTimeField()
    facts = models.JSONField()
    digest = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = _append_only()
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "sequence"], name="invoice_sequence_once"),
            models.UniqueConstraint(fields=["consignment"], condition=Q(kind=INVOICE), name="invoice_one_each"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="invoice_kind_known"),
            models.CheckConstraint(condition=Q(total__gt=0, tax__gte=0, tax__lte=F("total")), name="invoice_possible"),
            models.CheckConstraint(
                condition=Q(kind=INVOICE, corrects__isnull=True) | Q(kind=CREDIT, corrects__isnull=False),
                name="invoice_credit_corrects_one",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class PaperFile(models.Model):
    """The document of a paper, drawn when it was first asked for and the same bytes ever after."""

    paper = models.OneToOneField(Paper, on_delete=models.PROTECT, related_name="file")
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    drawn_at = models.DateTimeField()

    class Meta:
        triggers = _append_only()

    def __str__(self) -> str:
        return f"file of {self.paper_id}"
