"""Disputes of card payments: what the card's bank says, what is kept for it, what the shop answers."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.movements import Movement
from payments.models.paying import Part, Share
from payments.states import DISPUTE, DISPUTE_CALL

HELD = ("escrow", "pending", "available", "reserve", "receivable", "commission", "vat")


def _append_only() -> list[pgtrigger.Trigger]:
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class HeldMoney(models.Model):
    """From where money is held for a dispute; minor units, in the order a refund takes them."""

    escrow = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    reserve = models.BigIntegerField(default=0)
    receivable = models.BigIntegerField(default=0)
    commission = models.BigIntegerField(default=0)
    vat = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Dispute(HeldMoney):
    """A charge that the card's holder questions at his bank.

    The row of its payment is the lock that guards it; one of no payment of ours is guarded by its own. ``taken`` is
    what the provider has taken for it and not given back, ``held`` what is kept from escrow or the merchant
    meanwhile (the sum of the columns that say from where): both are balances of accounts in the book.
    """

    provider_id = models.CharField(max_length=80, unique=True)
    charge = models.CharField(max_length=80)
    intent = models.CharField(max_length=80, blank=True)
    share = models.ForeignKey(Share, on_delete=models.PROTECT, null=True, related_name="disputes")
    part = models.ForeignKey(Part, on_delete=models.PROTECT, null=True, related_name="disputes")
    merchant = models.CharField(max_length=80, blank=True)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=24, default=DISPUTE.initial)
    taken = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    # Until when the card's bank takes evidence, and until when the merchant is asked for it.
    due_by = models.DateTimeField(null=True, blank=True)
    merchant_due_by = models.DateTimeField(null=True, blank=True)
    # What the merchant said: nothing yet, `contest` or `accept`.
    answer = models.CharField(max_length=10, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount__gt=0,
                    held__gte=0,
                    taken__gte=F("held"),
                    escrow__gte=0,
                    pending__gte=0,
                    available__gte=0,
                    reserve__gte=0,
                    receivable__gte=0,
                    commission__gte=0,
                    vat__gte=0,
                    held=F("escrow")
                    + F("pending")
                    + F("available")
                    + F("reserve")
                    + F("receivable")
                    + F("commission")
                    + F("vat"),
                ),
                name="dispute_held_adds_up",
            ),
            models.CheckConstraint(condition=Q(held=0) | Q(share__isnull=False), name="dispute_holds_of_a_share"),
            models.CheckConstraint(condition=Q(state__in=DISPUTE.states), name="dispute_state_known"),
            models.CheckConstraint(condition=Q(answer__in=("", "contest", "accept")), name="dispute_answer_known"),
        ]
        indexes = [
            models.Index(fields=["due_by"], name="dispute_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["merchant", "-opened_at"], name="dispute_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"dispute {self.provider_id}"

    @property
    def receivable_code(self) -> str:
        """Return the code of the account of what the provider has taken."""
        return f"dispute:{self.pk}:receivable"

    @property
    def held_code(self) -> str:
        """Return the code of the account of what is kept meanwhile."""
        return f"dispute:{self.pk}:held"

    @property
    def held_after(self) -> int:
        """Return what of the held money came from after the release, in minor units."""
        return self.held - self.escrow


class DisputeMovement(Movement, HeldMoney):
    """One journal of a dispute: ``taken``, ``fee`` and the held money by where it came from; below zero: given back.

    ``amount`` is what the card's bank took or gave, zero when money is only held, or given up. ``key`` is the
    provider's balance transaction where there is one.
    """

    KINDS = ("taken", "covered", "reinstated", "recovered", "lost")

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="movements")
    kind = models.CharField(max_length=12)
    taken = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    class Meta:
        triggers = _append_only()
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    held=F("escrow")
                    + F("pending")
                    + F("available")
                    + F("reserve")
                    + F("receivable")
                    + F("commission")
                    + F("vat")
                ),
                name="dispute_movement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("taken", "covered", "reinstated", "recovered", "lost")),
                name="dispute_movement_kind_known",
            ),
        ]


class DisputeEvent(models.Model):
    """An entry of a dispute's history: a state it came to, or what somebody wrote. Only ever added."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events")
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=24)
    by = models.CharField(max_length=80)
    text = models.CharField(max_length=2_000, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        triggers = _append_only()

    def __str__(self) -> str:
        return f"{self.kind} of dispute {self.dispute_id}"


class Evidence(models.Model):
    """What the shop says against a dispute: the texts by the provider's names for them."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="evidence")
    texts = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"evidence of dispute {self.dispute_id}"


class EvidenceFile(models.Model):
    """A paper of the evidence, encrypted in a private folder; ``provider_file`` once the provider has it."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="files")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=64, unique=True)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    provider_file = models.CharField(max_length=80, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "kind"], condition=Q(removed_at__isnull=True), name="one_file_a_kind"
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="evidence_file_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class DisputeCall(models.Model):
    """A call to the provider about a dispute, written down before it is made; one at a time for each dispute."""

    ACTIONS = ("submit", "accept")

    key = models.CharField(max_length=200, unique=True)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="calls")
    action = models.CharField(max_length=10)
    request = models.JSONField()
    answer = models.JSONField(null=True)
    state = models.CharField(max_length=20, default=DISPUTE_CALL.initial)
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute"], condition=Q(state="asked"), name="one_open_call_a_dispute"),
            models.CheckConstraint(condition=Q(state__in=DISPUTE_CALL.states), name="dispute_call_state_known"),
            models.CheckConstraint(condition=Q(action__in=("submit", "accept")), name="dispute_call_action_known"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"
