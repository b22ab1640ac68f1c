"""Rows of lending: versions of products, loans, their instalments and the agreements signed for them.

Amounts are integer minor units of the loan's currency; rates are basis points unless a name says otherwise.
Borrowers, orders and payments are text references, as everywhere across the house: ``user:5``, ``merchant:3``.
"""

from django.db import models
from django.db.models import F, Q


class ProductKind(models.TextChoices):
    """What a product lends: an order in instalments, or an advance on a merchant's sales."""

    INSTALLMENTS = "installments", "Instalments"
    ADVANCE = "advance", "Merchant advance"


class ProductState(models.TextChoices):
    """A version is drafted by one person, made active by another, and retired by its successor."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class LoanState(models.TextChoices):
    """Where a loan stands; only signed and active loans count as exposure."""

    SIGNED = "signed", "Signed"
    ACTIVE = "active", "Active"
    CLOSED = "closed", "Paid off"
    CHARGED_OFF = "charged_off", "Charged off"
    CANCELLED = "cancelled", "Cancelled"


class Product(models.Model):
    """One version of what the bank lends; loans keep the version they were sold under."""

    code = models.CharField(max_length=40)
    currency = models.CharField(max_length=3)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=ProductKind)
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=ProductState, default=ProductState.DRAFT)
    # Schedule: how many payments, how far apart, how interest is counted.
    installments = models.PositiveSmallIntegerField()
    frequency = models.CharField(max_length=10, default="months")
    repay_every = models.PositiveSmallIntegerField(default=1)
    amortization = models.CharField(max_length=20, default="equal_installments")
    annual_rate_bps = models.PositiveIntegerField(default=0)
    day_count = models.CharField(max_length=20, default="30/360")
    # Price of an advance, and the part of each settlement that repays it.
    fee_bps = models.PositiveIntegerField(default=0)
    share_bps = models.PositiveIntegerField(default=0)
    minimum_bps = models.PositiveIntegerField(default=0)
    # What the merchant pays the bank for a plan without interest.
    subsidy_bps = models.PositiveIntegerField(default=0)
    minimum_amount = models.BigIntegerField()
    maximum_amount = models.BigIntegerField()
    grace_days = models.PositiveSmallIntegerField(default=5)
    late_fee = models.BigIntegerField(default=0)
    charge_off_days = models.PositiveSmallIntegerField(default=180)
    # What an early payment pays first: the next payments, or the last ones.
    early_rule = models.CharField(max_length=10, default="next")
    # The order in which what is due is paid.
    waterfall = models.CharField(max_length=60, default="fees,interest,principal")
    text_version = models.CharField(max_length=40)
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["code", "currency", "version"], name="product_version_once"),
            models.UniqueConstraint(
                fields=["code", "currency"], condition=Q(state="active"), name="product_one_active"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | (~Q(approved_by="") & Q(approved_at__isnull=False)),
                name="product_active_is_approved",
            ),
            models.CheckConstraint(condition=~Q(approved_by=F("proposed_by")), name="product_four_eyes"),
            models.CheckConstraint(
                condition=Q(minimum_amount__gt=0) & Q(maximum_amount__gte=F("minimum_amount")),
                name="product_amounts_in_order",
            ),
            models.CheckConstraint(
                condition=Q(installments__gt=0) & Q(repay_every__gt=0), name="product_has_installments"
            ),
            models.CheckConstraint(
                condition=Q(share_bps__lte=10_000) & Q(minimum_bps__lte=10_000) & Q(subsidy_bps__lt=10_000),
                name="product_shares_below_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.currency} v{self.version}"


class Borrower(models.Model):
    """One row a borrower and currency, locked while a limit is used, so that two orders cannot share it."""

    reference = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    # Paid too much: mirrors borrower:<reference>:credit until the next close gives it back.
    credit = models.BigIntegerField(default=0)

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["reference", "currency"], name="borrower_once"),
            models.CheckConstraint(condition=Q(credit__gte=0), name="borrower_credit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} ({self.currency})"


class Loan(models.Model):
    """Money lent under one agreement. Its amounts mirror its ledger accounts, row by row."""

    key = models.CharField(max_length=200, unique=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=ProductKind)
    borrower = models.CharField(max_length=80)
    party = models.ForeignKey(Borrower, on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12, choices=LoanState, default=LoanState.SIGNED)
    application = models.PositiveBigIntegerField(null=True, unique=True)
    # What it pays for: a tender of a payment, or a merchant's own business.
    tender_id = models.PositiveBigIntegerField(null=True, unique=True)
    payment_id = models.PositiveBigIntegerField(null=True)
    reference = models.CharField(max_length=80)
    merchant = models.CharField(max_length=80, blank=True)
    repay_account = models.CharField(max_length=40, blank=True)
    autopay = models.BooleanField(default=True)
    # The terms it was signed under.
    principal = models.BigIntegerField()
    annual_rate_bps = models.PositiveIntegerField(default=0)
    fee = models.BigIntegerField(default=0)
    share_bps = models.PositiveIntegerField(default=0)
    subsidy_bps = models.PositiveIntegerField(default=0)
    apr_bps = models.IntegerField(default=0)
    starts_on = models.DateField()
    ends_on = models.DateField()
    # Principal: signed = undrawn + cancelled + disbursed; disbursed = where it is now.
    undrawn = models.BigIntegerField()
    disbursed = models.BigIntegerField(default=0)
    outstanding = models.BigIntegerField(default=0)
    repaid = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    charged_off = models.BigIntegerField(default=0)
    recovered = models.BigIntegerField(default=0)
    # Balances of the loan's other ledger accounts.
    interest = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    deferred = models.BigIntegerField(default=0)
    suspended = models.BigIntegerField(default=0)
    # Fee or subsidy earned by day at this rate, in parts of 10^12 a day; the rest below one minor unit is kept.
    earning_rate = models.BigIntegerField(default=0)
    earning_rest = models.BigIntegerField(default=0)
    interest_paid = models.BigIntegerField(default=0)
    fees_paid = models.BigIntegerField(default=0)
    days_late = models.PositiveIntegerField(default=0)
    worst_days_late = models.PositiveIntegerField(default=0)
    signed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    disbursed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # The last day whose close this loan has seen.
    closed_through = models.DateField()

    class Meta:
        app_label = "financing"
        indexes = [
            models.Index(fields=["borrower", "currency", "state"], name="loan_by_borrower"),
            # What changes every day is in no index, so that a day's update stays on its page.
            models.Index(fields=["id"], condition=Q(state__in=["signed", "active"]), name="loan_to_close"),
            models.Index(fields=["merchant"], condition=Q(kind="advance", state="active"), name="loan_advance"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(principal__gt=0), name="loan_principal_positive"),
            models.CheckConstraint(
                condition=Q(disbursed=F("outstanding") + F("repaid") + F("refunded") + F("charged_off")),
                name="loan_disbursed_is_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(undrawn__gte=0) & Q(principal__gte=F("disbursed") + F("undrawn")),
                name="loan_drawn_within_signed",
            ),
            models.CheckConstraint(
                condition=Q(outstanding__gte=0, repaid__gte=0, refunded__gte=0, charged_off__gte=0)
                & Q(interest__gte=0, fees__gte=0, deferred__gte=0, suspended__gte=0),
                name="loan_amounts_not_negative",
            ),
            models.CheckConstraint(condition=Q(suspended__lte=F("interest")), name="loan_suspended_within"),
        ]

    def __str__(self) -> str:
        return f"loan {self.pk}"


class Installment(models.Model):
    """One line of a loan's schedule: what is due when, and what was paid of it."""

    loan = models.ForeignKey(Loan, on_delete=models.PROTECT, related_name="schedule")
    number = models.PositiveSmallIntegerField()
    starts_on = models.DateField()
    due_on = models.DateField()
    principal = models.BigIntegerField()
    # Interest as it was planned; what really accrued follows the money that is out.
    interest_planned = models.BigIntegerField(default=0)
    fee_planned = models.BigIntegerField(default=0)
    interest = models.BigIntegerField(default=0)
    fee = models.BigIntegerField(default=0)
    principal_paid = models.BigIntegerField(default=0)
    interest_paid = models.BigIntegerField(default=0)
    fee_paid = models.BigIntegerField(default=0)
    # Sum over days of the principal that was out: interest of the period is this times the day's rate.
    principal_days = models.BigIntegerField(default=0)
    late_fee = models.BigIntegerField(default=0)
    overdue_said = models.PositiveSmallIntegerField(default=0)
    settled_on = models.DateField(null=True)

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["loan", "number"], name="installment_once"),
            models.CheckConstraint(
                condition=Q(principal_paid__gte=0, interest_paid__gte=0, fee_paid__gte=0)
                & Q(principal_paid__lte=F("principal"))
                & Q(interest_paid__lte=F("interest"))
                & Q(fee_paid__lte=F("fee")),
                name="installment_paid_within",
            ),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(settled_on=None), name="installment_open_due")]

    def __str__(self) -> str:
        return f"instalment {self.number} of loan {self.loan_id}"


class Agreement(models.Model):
    """What was shown before signing, archived with its hash and the signature."""

    loan = models.OneToOneField(Loan, on_delete=models.PROTECT, related_name="agreement")
    text = models.TextField()
    text_version = models.CharField(max_length=40)
    terms = models.JSONField()
    sha256 = models.CharField(max_length=64)
    signer = models.CharField(max_length=80)
    signature = models.CharField(max_length=120)
    evidence = models.JSONField(default=dict)
    signed_at = models.DateTimeField()

    class Meta:
        app_label = "financing"
        constraints = [
            models.CheckConstraint(condition=~Q(signature=""), name="agreement_is_signed"),
            models.CheckConstraint(condition=~Q(sha256=""), name="agreement_has_hash"),
        ]

    def __str__(self) -> str:
        return f"agreement of loan {self.loan_id}"
