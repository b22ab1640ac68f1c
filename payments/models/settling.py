"""A merchant's terms, his settlements and payouts."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from payments.models.accounts import CustomerAccount
from payments.models.paying import Part


class MerchantTerms(models.Model):
    """What the bank takes, keeps back and when it pays; copied onto each part when it is recorded."""

    merchant = models.CharField(max_length=80, unique=True)
    currency = models.CharField(max_length=3)
    commission_bps = models.PositiveIntegerField()
    commission_vat_bps = models.PositiveIntegerField()
    # How much of the commission, and of the tax on it, the bank gives back with a refund after release.
    commission_returned_bps = models.PositiveIntegerField(default=10_000)
    reserve_bps = models.PositiveIntegerField()
    settle_days = models.PositiveSmallIntegerField()
    payout_account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(commission_bps__lte=5_000, commission_vat_bps__lte=5_000, reserve_bps__lte=10_000),
                name="terms_rates_in_range",
            ),
            models.CheckConstraint(condition=Q(commission_returned_bps__lte=10_000), name="terms_returned_in_range"),
        ]

    def __str__(self) -> str:
        return f"terms of {self.merchant}"


class Settlement(models.Model):
    """A merchant's released money of one day, moved from pending to what he owes, to reserve, to available."""

    merchant = models.CharField(max_length=80)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    released = models.BigIntegerField()
    refunded = models.BigIntegerField()
    to_receivable = models.BigIntegerField()
    to_reserve = models.BigIntegerField()
    to_available = models.BigIntegerField()
    withheld = models.BigIntegerField(default=0)
    # The merchant's reserve tier on that day and its rate; empty where his terms alone said it.
    reserve_tier = models.CharField(max_length=20, blank=True, default="", db_default="")
    reserve_bps = models.PositiveIntegerField(null=True)
    journal_id = models.BigIntegerField(null=True)
    matures_on = models.DateField()
    matured = models.BigIntegerField(null=True)
    matured_journal_id = models.BigIntegerField(null=True)
    paid_out = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day"], name="one_settlement_a_merchant_and_day"),
            models.CheckConstraint(
                condition=Q(
                    refunded__gte=0,
                    to_receivable__gte=0,
                    to_reserve__gte=0,
                    to_available__gte=0,
                    released=F("refunded") + F("to_receivable") + F("to_reserve") + F("to_available"),
                ),
                name="settlement_adds_up",
            ),
            models.CheckConstraint(condition=Q(withheld__gte=0), name="settlement_withheld_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["matures_on"], name="settlement_reserve", condition=Q(matured__isnull=True, to_reserve__gt=0)
            ),
            models.Index(fields=["day"], name="settlement_unpaid", condition=Q(paid_out=False)),
        ]

    def __str__(self) -> str:
        return f"settlement of {self.merchant} on {self.day}"

    @property
    def payable(self) -> int:
        """Return what this settlement leaves to be paid out, in minor units."""
        return max(0, self.to_available - self.withheld)


class SettlementLine(models.Model):
    """One line of a settlement's statement; the lines sum to what became available, less what was withheld."""

    KINDS = ("release", "refund", "receivable", "reserve", "loan_share")

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="lines")
    part = models.ForeignKey(Part, on_delete=models.PROTECT, null=True, related_name="settlement_lines")
    kind = models.CharField(max_length=20)
    reference = models.CharField(max_length=80)
    amount = models.BigIntegerField()
    journal_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=("release", "refund", "receivable", "reserve", "loan_share")),
                name="settlement_line_kind_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class Payout(models.Model):
    """A merchant's available money, paid to his account here or ordered to one elsewhere; one a merchant and day."""

    merchant = models.CharField(max_length=80)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    settlement = models.OneToOneField(Settlement, on_delete=models.PROTECT, null=True, related_name="payout")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, default="paid")
    journal_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "day"], name="one_payout_a_merchant_and_day"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="payout_not_negative"),
            models.CheckConstraint(
                condition=Q(state__in=("paid", "ordered", "nothing_due")), name="payout_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"payout to {self.merchant} on {self.day}"
