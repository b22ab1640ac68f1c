"""Money to and from other banks: payments we order there, their batches and files, entries of our accounts there."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.settling import Payout
from payments.states import BANK_ENTRY, BATCH, DELIVERY, OUTGOING, PAYOUT_ACCOUNT


class BankFile(models.Model):
    """A file that was sent or taken in, with its bytes; its digest and its message's id are never seen twice."""

    direction = models.CharField(max_length=3)
    kind = models.CharField(max_length=10)
    version = models.CharField(max_length=10)
    message_id = models.CharField(max_length=35)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    # Compressed with zlib: such files shrink to a twentieth.
    content = models.BinaryField()
    entries = models.PositiveIntegerField()
    doubled = models.PositiveIntegerField(default=0)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
        constraints = [
            models.UniqueConstraint(fields=["direction", "kind", "message_id"], name="one_file_a_message"),
            models.CheckConstraint(condition=Q(direction__in=("out", "in")), name="bank_file_direction_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class Batch(models.Model):
    """The payments of one bank day and currency, sent in one file; its row is the lock of its payments."""

    reference = models.CharField(max_length=35, unique=True)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=20, default=BATCH.initial)
    file = models.OneToOneField(BankFile, on_delete=models.PROTECT, null=True, related_name="batch")
    count = models.PositiveIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    first_approval_by = models.CharField(max_length=80, blank=True)
    second_approval_by = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "currency"], name="one_batch_a_day_and_currency"),
            models.CheckConstraint(condition=Q(state__in=BATCH.states), name="batch_state_known"),
            models.CheckConstraint(
                condition=Q(second_approval_by="") | ~Q(second_approval_by=F("first_approval_by")),
                name="batch_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("approved", "sent", "accepted", "partly_accepted", "rejected", "settled"))
                | (Q(file__isnull=False) & ~Q(first_approval_by="") & ~Q(second_approval_by="")),
                name="batch_sent_after_approval",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def ledger_code(self) -> str:
        """Return the code of the account that holds its money while the file is out."""
        return f"payout:transit:{self.reference}"


class Delivery(models.Model):
    """The attempt to hand a batch's file over, written down before it is made; ``token`` names what was laid ready."""

    batch = models.OneToOneField(Batch, on_delete=models.PROTECT, related_name="delivery")
    token = models.CharField(max_length=32)
    state = models.CharField(max_length=20, default=DELIVERY.initial)
    at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.CheckConstraint(condition=Q(state__in=DELIVERY.states), name="delivery_state_known")]

    def __str__(self) -> str:
        return f"delivery of {self.batch_id}"


class OutgoingPayment(models.Model):
    """A payment to an account at another bank; ``source`` is the ledger account it came from and goes back to."""

    KINDS = ("payout", "transfer", "send_back", "refund")

    key = models.CharField(max_length=200, unique=True)
    end_to_end_id = models.CharField(max_length=35, unique=True)
    kind = models.CharField(max_length=10)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="payments")
    source = models.CharField(max_length=80)
    holder = models.CharField(max_length=80)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    creditor_name = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True)
    remittance = models.CharField(max_length=140, blank=True)
    state = models.CharField(max_length=20, default=OUTGOING.initial)
    reason = models.CharField(max_length=300, blank=True)
    payout = models.OneToOneField(Payout, on_delete=models.PROTECT, null=True, related_name="outgoing")
    ordered_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    journal_id = models.BigIntegerField()
    confirmed_journal_id = models.BigIntegerField(null=True)
    returned_journal_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="outgoing_above_zero"),
            models.CheckConstraint(
                condition=Q(kind__in=("payout", "transfer", "send_back", "refund")), name="outgoing_kind_known"
            ),
            models.CheckConstraint(condition=Q(state__in=OUTGOING.states), name="outgoing_state_known"),
        ]
        indexes = [models.Index(fields=["source", "ordered_at"], name="outgoing_of_source")]

    def __str__(self) -> str:
        return self.end_to_end_id


class BankEntry(models.Model):
    """One payment on our account at another bank, as a notification told it; ``key`` is the bank's own name for it."""

    key = models.CharField(max_length=200, unique=True)
    fingerprint = models.CharField(max_length=64)
    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="rows")
    bank = models.CharField(max_length=40)
    is_credit = models.BooleanField()
    is_reversal = models.BooleanField(default=False)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    booked_on = models.DateField()
    bank_reference = models.CharField(max_length=80)
    end_to_end_id = models.CharField(max_length=35, blank=True)
    batch_reference = models.CharField(max_length=35, blank=True)
    counterparty = models.CharField(max_length=140, blank=True)
    counterparty_iban = models.CharField(max_length=34, blank=True)
    payee_iban = models.CharField(max_length=34, blank=True)
    remittance = models.CharField(max_length=300, blank=True)
    return_reason = models.CharField(max_length=35, blank=True)
    state = models.CharField(max_length=20, default=BANK_ENTRY.initial)
    outcome = models.CharField(max_length=300, blank=True)
    payment = models.ForeignKey(OutgoingPayment, on_delete=models.PROTECT, null=True, related_name="entries")
    sent_back = models.ForeignKey(OutgoingPayment, on_delete=models.PROTECT, null=True, related_name="sends_back")
    account = models.CharField(max_length=34, blank=True)
    journal_id = models.BigIntegerField(null=True)
    resolved_by = models.CharField(max_length=80, blank=True)
    resolved_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "bank entries"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="bank_entry_above_zero"),
            models.CheckConstraint(condition=Q(state__in=BANK_ENTRY.states), name="bank_entry_state_known"),
        ]
        indexes = [
            models.Index(fields=["id"], name="bank_entry_recorded", condition=Q(state="recorded")),
            models.Index(fields=["booked_on"], name="bank_entry_suspense", condition=Q(state="suspense")),
        ]

    def __str__(self) -> str:
        return self.key


class PayoutAccount(models.Model):
    """An account at another bank a merchant wants to be paid to; it counts from ``effective_at``, never at once."""

    merchant = models.CharField(max_length=80, db_index=True)
    name = models.CharField(max_length=70)
    iban = models.CharField(max_length=34)
    bic = models.CharField(max_length=11, blank=True)
    state = models.CharField(max_length=20, default=PAYOUT_ACCOUNT.initial)
    asked_by = models.CharField(max_length=80)
    asked_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=PAYOUT_ACCOUNT.states), name="payout_account_state_known"),
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(state="waiting"), name="one_waiting_payout_account"
            ),
            models.UniqueConstraint(fields=["merchant"], condition=Q(state="active"), name="one_active_payout_account"),
        ]

    def __str__(self) -> str:
        return f"{self.iban} of {self.merchant}"
