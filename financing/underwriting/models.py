"""Rows of underwriting: policy, authority, offers, applications, decisions, what officers did.

Amounts are whole minor units of the row's currency, rates are basis points. Subjects, products, loans and people
are text references, so that nothing here reaches into a later stage.
"""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from financing.features.models import SubjectFeatures
from financing.scoring.models import ScoringModel

_APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class PolicyVersion(models.Model):
    """One version of the rules, cut-offs, limits and prices; changing it takes two people."""

    class State(models.TextChoices):
        DRAFT = "draft"
        ACTIVE = "active"
        RETIRED = "retired"

    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    data = models.JSONField()
    note = models.TextField(blank=True)
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=80, blank=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="active"), name="policy_one_active"),
            models.CheckConstraint(condition=~Q(approved_by=F("proposed_by")), name="policy_four_eyes"),
            models.CheckConstraint(
                condition=Q(state="draft") | (~Q(approved_by="") & Q(approved_at__isnull=False)),
                name="policy_used_is_approved",
            ),
        ]

    def __str__(self) -> str:
        return f"policy v{self.number}"


class Authority(models.Model):
    """How much a role may decide alone, or agree to as the second of two."""

    role = models.CharField(max_length=80)
    product_kind = models.CharField(max_length=20)
    limit = models.BigIntegerField()

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(fields=["role", "product_kind"], name="authority_once"),
            models.CheckConstraint(condition=Q(limit__gt=0), name="authority_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.product_kind} up to {self.limit}"


class Offer(models.Model):
    """What one subject may have of one product, at a price, until a day; no form needed."""

    class State(models.TextChoices):
        LIVE = "live"
        SUPERSEDED = "superseded"
        WITHDRAWN = "withdrawn"

    kind = models.CharField(max_length=8, choices=SubjectFeatures.Kind)
    subject_id = models.CharField(max_length=80)
    product = models.CharField(max_length=40)
    product_kind = models.CharField(max_length=20)
    currency = models.CharField(max_length=3)
    limit = models.BigIntegerField()
    minimum = models.BigIntegerField()
    installments = models.PositiveSmallIntegerField()
    annual_rate_bps = models.PositiveIntegerField(default=0)
    fee_bps = models.PositiveIntegerField(default=0)
    subsidy_bps = models.PositiveIntegerField(default=0)
    score = models.IntegerField()
    grade = models.CharField(max_length=4)
    as_of = models.DateTimeField()
    made_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.LIVE)
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    model = models.ForeignKey(ScoringModel, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "product", "currency"], condition=Q(state="live"), name="offer_one_live"
            ),
            models.CheckConstraint(
                condition=Q(minimum__gt=0) & Q(limit__gte=F("minimum")), name="offer_amounts_in_order"
            ),
            models.CheckConstraint(condition=Q(valid_until__gt=F("made_at")), name="offer_is_valid_for_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.product} for {self.subject_id} up to {self.limit}"


class NoOffer(models.Model):
    """Why a subject has no offer since the last night, in the words they may read."""

    kind = models.CharField(max_length=8, choices=SubjectFeatures.Kind)
    subject_id = models.CharField(max_length=80)
    as_of = models.DateTimeField()
    reasons = models.JSONField()
    score = models.IntegerField(null=True)

    class Meta:
        app_label = "financing"
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="no_offer_once")]

    def __str__(self) -> str:
        return f"no offer for {self.subject_id}"


class Application(models.Model):
    """Somebody asks for credit; what they asked for, where it stands, and what they got."""

    class State(models.TextChoices):
        APPROVED = "approved"
        DECLINED = "declined"
        REFERRED = "referred"
        SECOND = "second"
        TAKEN = "taken"
        LAPSED = "lapsed"
        WITHDRAWN = "withdrawn"

    key = models.CharField(max_length=200, unique=True)
    input_hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=SubjectFeatures.Kind)
    subject_id = models.CharField(max_length=80)
    product = models.CharField(max_length=40)
    product_kind = models.CharField(max_length=20)
    terms = models.JSONField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    installments = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=200, blank=True)
    applied_by = models.CharField(max_length=80, blank=True)
    applied_at = models.DateTimeField()
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, null=True, related_name="applications")
    state = models.CharField(max_length=10, choices=State)
    # Rises with every change: a page that was opened before a colleague acted is told so.
    version = models.PositiveIntegerField(default=1)
    approved_amount = models.BigIntegerField(null=True)
    annual_rate_bps = models.PositiveIntegerField(default=0)
    fee_bps = models.PositiveIntegerField(default=0)
    subsidy_bps = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=list)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_at = models.DateTimeField(null=True)
    supported_by = models.CharField(max_length=80, blank=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="application_amount_positive"),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "taken"])
                | (Q(approved_amount__gt=0) & Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="application_approved_has_amount",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | ~Q(reasons=[]), name="application_declined_has_reasons"
            ),
            models.CheckConstraint(
                condition=Q(supported_by="") | ~Q(decided_by=F("supported_by")), name="application_two_people"
            ),
        ]
        indexes = [
            models.Index(
                fields=["applied_at"], condition=Q(state__in=["referred", "second"]), name="application_queue"
            ),
            models.Index(fields=["subject_id", "state"], name="application_by_subject"),
        ]

    def __str__(self) -> str:
        return f"application {self.pk}"


class Decision(models.Model):
    """What the machine said, with all that it knew: running it again gives the same. Never changed."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="decisions")
    result = models.CharField(max_length=8)
    outcome = models.JSONField()
    snapshot = models.JSONField()
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    model = models.ForeignKey(ScoringModel, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        triggers = [_APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.result} of application {self.application_id}"


class CaseAction(models.Model):
    """One act of an officer on an application. Never changed."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="actions")
    officer = models.CharField(max_length=80)
    action = models.CharField(max_length=12)
    amount = models.BigIntegerField(null=True)
    price_bps = models.PositiveIntegerField(null=True)
    reasons = models.JSONField(default=list)
    note = models.TextField(blank=True)
    # The officer's answer differs from the machine's limit or price.
    override = models.BooleanField(default=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "financing"
        triggers = [_APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.action} by {self.officer}"
