"""Suspensions and closings of merchants, and the two people who agreed to each."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mall.lifecycle import states


class Suspension(models.Model):
    """A merchant may not sell for a while; what was ordered is finished or cancelled, payouts are held."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="suspensions")
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=16)
    asked_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    # An urgent one ends by itself then, unless a second person confirmed it.
    confirm_by = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    lift_reason = models.CharField(max_length=500, blank=True)
    lift_asked_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    lift_asked_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    # The hold of the merchant's money at the bank that came with it.
    hold_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=states.states_of(table=states.SUSPENSION)), name="suspension_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("in_force", "lifting", "lifted"))
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="suspension_by_two",
            ),
            models.CheckConstraint(
                condition=~Q(state="lifted") | (Q(ended_by__isnull=False) & ~Q(ended_by=F("lift_asked_by"))),
                name="suspension_lifted_by_two",
            ),
            models.UniqueConstraint(
                fields=["merchant"],
                condition=~Q(state__in=states.SUSPENSION_ENDED),
                name="suspension_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"merchant:{self.merchant_id} {self.state}"


class Closing(models.Model):
    """A merchant ceases to be one: what is open is finished, the reserve kept its days, then the last payout."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="closings")
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=16)
    is_banks_wish = models.BooleanField()
    asked_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=states.states_of(table=states.CLOSING)), name="closing_state_known"
            ),
            models.CheckConstraint(
                condition=Q(is_banks_wish=False)
                | Q(state__in=("asked", "refused"))
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="closing_by_the_bank_by_two",
            ),
            models.UniqueConstraint(
                fields=["merchant"], condition=~Q(state__in=states.CLOSING_ENDED), name="closing_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"merchant:{self.merchant_id} {self.state}"
