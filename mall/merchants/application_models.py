"""A company's wish to sell here, from its first draft to the bank's decision, and the documents that come with it."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class MerchantApplication(models.Model):
    """A company's wish to sell here; it is filled in by steps, and two different people of the bank must agree."""

    DRAFT, SUBMITTED, ASKED = "draft", "submitted", "asked"
    SECONDED, REFUSING = "seconded", "refusing"
    APPROVED, DECLINED, WITHDRAWN = "approved", "declined", "withdrawn"
    STATES = (
        (DRAFT, _("Being filled in")),
        (SUBMITTED, _("Sent in")),
        (ASKED, _("Waits for the applicant")),
        (SECONDED, _("One has agreed")),
        (REFUSING, _("One would decline")),
        (APPROVED, _("Approved")),
        (DECLINED, _("Declined")),
        (WITHDRAWN, _("Withdrawn")),
    )
    SOLE, PARTNERSHIP, LIMITED, ASSOCIATION = "sole", "partnership", "limited", "association"
    LEGAL_FORMS = (
        (SOLE, _("Sole trader")),
        (PARTNERSHIP, _("Partnership")),
        (LIMITED, _("Company with limited liability")),
        (ASSOCIATION, _("Association, foundation or cooperative")),
    )

    key = models.CharField(max_length=128, unique=True)
    applicant = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="merchant_applications")
    legal_form = models.CharField(max_length=16, choices=LEGAL_FORMS, blank=True, default="")
    company = models.CharField(max_length=128)
    registration_number = models.CharField(max_length=64)
    tax_id = models.CharField(max_length=32)
    account_holder = models.CharField(max_length=128, blank=True, default="")
    iban = models.CharField(max_length=34)
    currency = models.CharField(max_length=3)
    line1 = models.CharField(max_length=255)
    line2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255)
    region = models.CharField(max_length=64, blank=True)
    postcode = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    description = models.TextField(blank=True)
    # Nobody holds a quarter or more, says the applicant.
    no_large_owner = models.BooleanField(default=False)
    terms_version = models.CharField(max_length=32)
    consent_credit = models.BooleanField(default=False)
    # How often each step was saved, so that an older tab cannot undo a newer one.
    versions = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=STATES, default=SUBMITTED)
    started_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    first_decision_by = models.ForeignKey(
        "customer.User", null=True, on_delete=models.PROTECT, related_name="first_merchant_decisions"
    )
    first_decision_at = models.DateTimeField(null=True)
    second_decision_by = models.ForeignKey(
        "customer.User", null=True, on_delete=models.PROTECT, related_name="second_merchant_decisions"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    merchant = models.OneToOneField(
        "merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="application"
    )
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "draft",
                        "submitted",
                        "asked",
                        "seconded",
                        "refusing",
                        "approved",
                        "declined",
                        "withdrawn",
                    )
                ),
                name="merchant_application_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | (
                    Q(first_decision_by__isnull=False)
                    & Q(second_decision_by__isnull=False)
                    & ~Q(first_decision_by=F("second_decision_by"))
                    & Q(merchant__isnull=False)
                ),
                name="merchant_application_four_eyes",
            ),
            models.CheckConstraint(
                condition=(Q(first_decision_by__isnull=True) | ~Q(first_decision_by=F("applicant")))
                & (Q(second_decision_by__isnull=True) | ~Q(second_decision_by=F("applicant"))),
                name="merchant_application_not_by_applicant",
            ),
            models.CheckConstraint(
                condition=Q(first_decision_by__isnull=True)
                | Q(second_decision_by__isnull=True)
                | ~Q(first_decision_by=F("second_decision_by")),
                name="merchant_application_decided_by_two",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("draft", "withdrawn")) | Q(submitted_at__isnull=False),
                name="merchant_application_submitted",
            ),
            models.UniqueConstraint(
                fields=["applicant"], condition=Q(state="draft"), name="merchant_application_one_draft"
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at", "id"],
                condition=Q(state__in=("submitted", "asked", "seconded", "refusing")),
                name="merchant_application_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} ({self.state})"


class KybDocument(models.Model):
    """A document of an application; its bytes lie encrypted in a private folder, never under a web address."""

    KINDS = (
        ("registration", _("Company registration")),
        ("articles", _("Articles or partnership agreement")),
        ("ownership", _("List of shareholders")),
        ("identity", _("Identity of the owner")),
        ("bank", _("Proof of the bank account")),
        ("other", _("What the bank asked for")),
    )

    application = models.ForeignKey(MerchantApplication, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=16, choices=KINDS)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=64, unique=True)
    expires_on = models.DateField(null=True)
    uploaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"
