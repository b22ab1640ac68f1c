"""A store's page in versions, its pictures in sizes, and its holidays."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

# The law of distance selling gives buyers two weeks (Directive 2011/83/EU, article 9).
LEAST_RETURN_DAYS = 14


class StorePicture(models.Model):
    """A logo or a banner, drawn anew when it was uploaded; the same picture of a store is kept once."""

    LOGO, BANNER = "logo", "banner"

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="store_pictures")
    kind = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "digest"], name="store_picture_once"),
            models.CheckConstraint(condition=Q(kind__in=("logo", "banner")), name="store_picture_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of merchant:{self.merchant_id}"


class StorePictureSize(models.Model):
    """One size of a picture, as WebP; small enough to lie in the database with what it belongs to."""

    picture = models.ForeignKey(StorePicture, on_delete=models.PROTECT, related_name="sizes")
    width = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["picture", "width"], name="store_picture_size_once")]

    def __str__(self) -> str:
        return f"{self.picture_id} at {self.width}"


class StoreVersion(models.Model):
    """What a store says of itself: one draft at most, and every version that was published, for ever."""

    DRAFT, PUBLISHED = "draft", "published"

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="store_versions")
    state = models.CharField(max_length=12)
    revision = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=128)
    about = models.TextField(blank=True)
    returns_days = models.PositiveIntegerField(default=LEAST_RETURN_DAYS)
    returns_text = models.TextField(blank=True)
    delivery_text = models.TextField(blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    hours = models.CharField(max_length=300, blank=True)
    logo = models.ForeignKey(StorePicture, null=True, on_delete=models.PROTECT, related_name="+")
    banner = models.ForeignKey(StorePicture, null=True, on_delete=models.PROTECT, related_name="+")
    saved_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft", published_at__isnull=True)
                | Q(state="published", published_at__isnull=False),
                name="store_version_state_known",
            ),
            models.CheckConstraint(
                condition=Q(returns_days__gte=LEAST_RETURN_DAYS, returns_days__lte=365), name="store_returns_by_law"
            ),
            models.UniqueConstraint(fields=["merchant"], condition=Q(state="draft"), name="store_one_draft"),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "-published_at", "-id"], condition=Q(state="published"), name="store_published"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} page of merchant:{self.merchant_id}"


class Holiday(models.Model):
    """Days on which a store sells nothing, the last included; one stretch at a time."""

    merchant = models.OneToOneField(
        "merchants.Merchant", primary_key=True, on_delete=models.PROTECT, related_name="holiday"
    )
    begins_on = models.DateField()
    ends_on = models.DateField()
    set_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("begins_on")), name="holiday_ends_after_it_begins"),
        ]

    def __str__(self) -> str:
        return f"merchant:{self.merchant_id} away until {self.ends_on}"
