"""Cards of shoppers at the provider: names alone, never a number."""

from django.db import models
from django.db.models import Q

from payments.models.paying import Tender
from payments.states import CARD_HOLD


class CardCustomer(models.Model):
    """Who a payer is at the card provider."""

    payer = models.CharField(max_length=260, unique=True)
    reference = models.CharField(max_length=80, unique=True)

    def __str__(self) -> str:
        return self.reference


class SavedCard(models.Model):
    """A card its holder asked us to keep; ``reference`` is the provider's name of it."""

    payer = models.CharField(max_length=260)
    reference = models.CharField(max_length=80, unique=True)
    brand = models.CharField(max_length=30)
    last4 = models.CharField(max_length=4)
    expires_year = models.PositiveSmallIntegerField()
    expires_month = models.PositiveSmallIntegerField()
    saved_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_month__gte=1, expires_month__lte=12), name="card_month_known")
        ]
        indexes = [models.Index(fields=["payer", "-saved_at"], name="card_kept", condition=Q(removed_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.brand} •••• {self.last4}"


class CardHoldQuestion(models.Model):
    """A hold whose renewal the card's bank refused: its payer is asked for another card until ``deadline``.

    ``source`` is the card he chose and ``pending`` what the provider holds for it by share, while his bank asks him.
    """

    tender = models.ForeignKey(Tender, on_delete=models.PROTECT, related_name="hold_questions")
    state = models.CharField(max_length=20, default=CARD_HOLD.initial)
    reason = models.CharField(max_length=500)
    deadline = models.DateTimeField()
    asked_at = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)
    action_url = models.CharField(max_length=500, blank=True)
    pending = models.JSONField(default=dict)
    turn = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tender"], condition=~Q(state__in=CARD_HOLD.final), name="one_open_hold_question_a_tender"
            ),
            models.CheckConstraint(condition=Q(state__in=CARD_HOLD.states), name="card_hold_state_known"),
        ]

    def __str__(self) -> str:
        return f"question about the hold of tender {self.tender_id}"
