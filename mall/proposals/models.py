"""Proposed products and changes, their pictures, and products that became one."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

OPEN, APPROVED, DECLINED, WITHDRAWN, MERGED = "open", "approved", "declined", "withdrawn", "merged"
NEW, CHANGE = "new", "change"


class Proposal(models.Model):
    """A merchant's wish for a new product, or for a change of a shared one.

    ``wanted`` is the draft (`mall.catalogue.drafts`), ``before`` what the product was when a change was proposed, and
    ``offers`` what the merchant will offer as soon as the product is there: SKU, price, stock by variant. ``version``
    counts changes, so that nobody decides on what he has not seen.
    """

    STATES = (
        (OPEN, "Waiting"),
        (APPROVED, "Approved"),
        (DECLINED, "Declined"),
        (WITHDRAWN, "Withdrawn"),
        (MERGED, "Joined with another product"),
    )

    key = models.CharField(max_length=100, unique=True)
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="proposals")
    kind = models.CharField(max_length=8)
    product = models.ForeignKey("catalogue.Product", null=True, on_delete=models.PROTECT, related_name="proposals")
    state = models.CharField(max_length=12, choices=STATES, default=OPEN)
    version = models.PositiveIntegerField(default=1)
    title = models.CharField(max_length=255)
    gtins = models.JSONField(default=list)
    wanted = models.JSONField()
    before = models.JSONField(null=True)
    offers = models.JSONField(default=list)
    note = models.CharField(max_length=500, blank=True)
    asked_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=(OPEN, APPROVED, DECLINED, WITHDRAWN, MERGED)), name="proposal_state_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=(NEW, CHANGE)), name="proposal_kind_known"),
            models.CheckConstraint(
                condition=~Q(state__in=(APPROVED, DECLINED, MERGED)) | Q(decided_by__isnull=False),
                name="proposal_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=(APPROVED, MERGED)) | Q(product__isnull=False), name="proposal_became_a_product"
            ),
            models.CheckConstraint(
                condition=~Q(kind=CHANGE) | Q(product__isnull=False, before__isnull=False),
                name="proposal_changes_something",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="proposal_not_by_its_author"
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at", "id"], condition=Q(state=OPEN), name="proposal_waiting"),
            models.Index(fields=["merchant", "-id"], name="proposal_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.state})"


class ProposalPicture(models.Model):
    """A picture as it was uploaded and drawn anew; it lies encrypted until its product is approved.

    Taken at once, also when something else on the form is wrong, so it waits for its proposal under ``token``.
    """

    token = models.CharField(max_length=32, unique=True)
    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")
    proposal = models.ForeignKey(Proposal, null=True, on_delete=models.PROTECT, related_name="pictures")
    position = models.PositiveSmallIntegerField(default=0)
    stored_as = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["uploaded_at"], condition=Q(proposal__isnull=True), name="picture_without_proposal")
        ]

    def __str__(self) -> str:
        return self.token


class MergedProduct(models.Model):
    """A product that turned out to be another: its page leads there."""

    product = models.OneToOneField(
        "catalogue.Product", primary_key=True, on_delete=models.PROTECT, related_name="merged"
    )
    into = models.ForeignKey("catalogue.Product", on_delete=models.PROTECT, related_name="merged_from")
    by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(product=F("into")), name="merged_into_another")]

    def __str__(self) -> str:
        return f"product {self.product_id} is product {self.into_id}"
