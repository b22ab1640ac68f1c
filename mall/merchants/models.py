"""Merchants, their staff, their history; applications and their documents are beside."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from mall.history import append_only
from mall.merchants import roles
from mall.merchants.roles import ACCOUNTANT, CLERK, MANAGER, OWNER

APPLIED, ACTIVE, SUSPENDED, CLOSED = "applied", "active", "suspended", "closed"
# On holiday: it sells nothing until a day.
PAUSED = "paused"


class Merchant(models.Model):
    """A company that sells here; its stock records hang on its Oscar partner."""

    STATUSES = (
        (APPLIED, "Applied"),
        (ACTIVE, "Active"),
        (PAUSED, "On holiday"),
        (SUSPENDED, "Suspended"),
        (CLOSED, "Closed"),
    )

    key = models.CharField(max_length=128, unique=True)
    partner = models.OneToOneField("partner.Partner", on_delete=models.PROTECT, related_name="merchant")
    name = models.CharField(max_length=128)
    slug = models.SlugField(max_length=140, unique=True)
    status = models.CharField(max_length=16, choices=STATUSES, default=APPLIED)
    currency = models.CharField(max_length=3)
    owner = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="owned_merchants")
    line1 = models.CharField(max_length=255, blank=True)
    line2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    region = models.CharField(max_length=64, blank=True)
    postcode = models.CharField(max_length=64, blank=True)
    country = models.CharField(max_length=2, blank=True)
    address_fingerprint = models.CharField(max_length=64, blank=True, db_index=True)
    description = models.TextField(blank=True)
    delivery_charge = models.BigIntegerField(null=True)
    delivery_free_from = models.BigIntegerField(null=True)
    joined_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=(APPLIED, ACTIVE, PAUSED, SUSPENDED, CLOSED)), name="merchant_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def reference(self) -> str:
        """Return the name by which payments and financing know this merchant."""
        return f"merchant:{self.pk}"


class Membership(models.Model):
    """A person who works for a merchant; what each role may do is in `mall.merchants.roles`."""

    ROLES = tuple(roles.NAMES.items())

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=ROLES)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "user"], name="merchant_member_once"),
            models.CheckConstraint(
                condition=Q(role__in=(OWNER, MANAGER, CLERK, ACCOUNTANT)), name="merchant_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"user:{self.user_id}, {self.role} of merchant:{self.merchant_id}"


class Invitation(models.Model):
    """A person asked by mail to work for a merchant; the link is good once, until it expires."""

    OPEN, ACCEPTED, WITHDRAWN = "open", "accepted", "withdrawn"

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Membership.ROLES)
    state = models.CharField(max_length=16, default=OPEN)
    invited_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "merchant", Lower("email"), condition=Q(state="open"), name="merchant_one_open_invitation"
            ),
            models.CheckConstraint(
                condition=Q(state__in=("open", "accepted", "withdrawn")), name="merchant_invitation_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(accepted_by__isnull=False), name="merchant_invitation_accepted_by"
            ),
            models.CheckConstraint(
                condition=Q(role__in=(MANAGER, CLERK, ACCOUNTANT)), name="merchant_invitation_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role} ({self.state})"


class MerchantEvent(models.Model):
    """The append-only history of a merchant: team, standing, store page; what happened, when, and who did it."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="history")
    kind = models.CharField(max_length=32)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    note = models.CharField(max_length=1000, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["merchant", "-at", "-id"], name="merchant_history_latest")]
        triggers = append_only(what="merchants")

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"


from mall.merchants.application_models import KybDocument, MerchantApplication  # noqa: E402, F401 - tables of this app
