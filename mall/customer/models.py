"""People who sign in, what they consented to, and the devices they were seen with."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from oscar.apps.customer.abstract_models import AbstractUser

CREDIT_USE = "credit"
MARKETING = "marketing"


class User(AbstractUser):
    """A person who signs in with an e-mail address: shopper, merchant's staff or the bank's."""

    currency = models.CharField(max_length=3, default="EUR")
    region = models.CharField(max_length=64, blank=True)

    class Meta(AbstractUser.Meta):
        abstract = False


class Consent(models.Model):
    """What a subject (`user:1`, `merchant:3`) allowed, from when until when, and by which words."""

    PURPOSES = ((CREDIT_USE, "Use of my data for credit"), (MARKETING, "Personal offers and news"))

    subject = models.CharField(max_length=64)
    purpose = models.CharField(max_length=32, choices=PURPOSES)
    text_version = models.CharField(max_length=32)
    granted_at = models.DateTimeField(db_index=True)
    withdrawn_at = models.DateTimeField(null=True, db_index=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "purpose"],
                condition=Q(withdrawn_at__isnull=True),
                name="customer_one_consent_in_force",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=models.F("granted_at")),
                name="customer_consent_withdrawn_after_granted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.purpose}"


class DeviceSighting(models.Model):
    """The first time a person was seen with a device (an opaque, long-lived cookie)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="device_sightings")
    device = models.CharField(max_length=64, db_index=True)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "device"], name="customer_device_seen_once")]

    def __str__(self) -> str:
        return f"user:{self.user_id} with {self.device}"


class HomeAddress(models.Model):
    """The fingerprint of every address a person lives or receives at; two people at one door share it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="home_addresses")
    fingerprint = models.CharField(max_length=64, db_index=True)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "fingerprint"], name="customer_address_seen_once")]

    def __str__(self) -> str:
        return f"user:{self.user_id} at {self.fingerprint[:8]}"


from oscar.apps.customer.models import *  # noqa: E402, F403 - Oscar registers the models we do not replace
