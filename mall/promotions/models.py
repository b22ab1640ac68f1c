"""Promotions: what lowers a price, who pays for it, within which budget, and who has used it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper

PERCENTAGE, AMOUNT, PIECES, FREE_DELIVERY = "percentage", "amount", "pieces", "free_delivery"
KINDS = (PERCENTAGE, AMOUNT, PIECES, FREE_DELIVERY)
PROPOSED, IN_FORCE, DECLINED, ENDED = "proposed", "in_force", "declined", "ended"
STATES = (PROPOSED, IN_FORCE, DECLINED, ENDED)


class Promotion(models.Model):
    """Money off goods. Amounts are minor units of `currency`.

    `merchant_funded`: lowers the prices of its own merchant's goods, and its budget is kept here. Otherwise the bank
    pays: it is a voucher of `payments` with the same code, which keeps the budget agreed to here, and this row says
    whom and what it is for. `value`: basis points of a percentage, minor units of an amount, or the pieces bought of
    which `paid_for` are paid. A code makes it a promotion for who knows it; without one it counts by itself.
    """

    merchant_funded = models.BooleanField()
    merchant = models.ForeignKey("merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="promotions")
    name = models.CharField(max_length=60)
    code = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=16)
    value = models.BigIntegerField(default=0)
    paid_for = models.PositiveSmallIntegerField(default=0)
    currency = models.CharField(max_length=3)
    category = models.ForeignKey("catalogue.Category", null=True, on_delete=models.PROTECT, related_name="promotions")
    product_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    minimum = models.BigIntegerField(default=0)
    budget = models.BigIntegerField(null=True)
    spent = models.BigIntegerField(default=0)
    uses = models.BigIntegerField(default=0)
    per_customer = models.PositiveIntegerField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=16)
    proposed_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="proposed_promotions")
    decided_by = models.ForeignKey(
        "customer.User", null=True, on_delete=models.PROTECT, related_name="decided_promotions"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Upper("code"),
                name="promotion_code_once",
                condition=~Q(code="") & Q(state__in=(PROPOSED, IN_FORCE)),
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="promotion_state_known"),
            models.CheckConstraint(
                condition=Q(kind=PERCENTAGE, value__gte=1, value__lte=10_000)
                | Q(kind=AMOUNT, value__gte=1)
                | Q(kind=PIECES, value__gte=2, paid_for__gte=1, paid_for__lt=F("value"))
                | Q(kind=FREE_DELIVERY),
                name="promotion_value_possible",
            ),
            models.CheckConstraint(
                condition=Q(spent__gte=0, uses__gte=0, minimum__gte=0)
                & (Q(budget__isnull=True) | Q(budget__gte=F("spent"), budget__gt=0)),
                name="promotion_within_budget",
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="promotion_ends_after_start"),
            models.CheckConstraint(
                condition=Q(merchant_funded=True, merchant__isnull=False)
                | (Q(merchant_funded=False, kind=AMOUNT, budget__isnull=False) & ~Q(code="")),
                name="promotion_funded",
            ),
            models.CheckConstraint(
                condition=Q(merchant_funded=True)
                | ~Q(state__in=(IN_FORCE, ENDED))
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="promotion_of_the_bank_by_two",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "ends_at"], condition=Q(state=IN_FORCE), name="promotion_in_force"),
        ]

    def __str__(self) -> str:
        return self.code or self.name

    @property
    def left(self) -> int | None:
        """Return what is left of the budget; nothing when there is no limit."""
        return None if self.budget is None else self.budget - self.spent


class BasketCode(models.Model):
    """A code a shopper entered into a basket."""

    basket = models.ForeignKey("basket.Basket", on_delete=models.CASCADE, related_name="codes")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="baskets")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["basket", "promotion"], name="promotion_code_in_basket_once")]

    def __str__(self) -> str:
        return f"{self.promotion_id} in basket {self.basket_id}"


class CustomerUses(models.Model):
    """How often one customer has used a promotion; `customer` is as the bank names him, guests by their address."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="customers")
    customer = models.CharField(max_length=80)
    uses = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "customer"], name="promotion_customer_once")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.uses}"


class PromotionUse(models.Model):
    """What a promotion took off a consignment, or off an order when the bank pays; given back when it is cancelled."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="applied")
    order = models.ForeignKey("order.Order", on_delete=models.PROTECT, related_name="promotions_used")
    merchant = models.ForeignKey("merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="+")
    customer = models.CharField(max_length=80)
    amount = models.BigIntegerField()
    at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promotion", "order"], name="promotion_use_once_an_order"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="promotion_use_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.promotion_id}"
