"""Keys of merchants' programs, and the answers given to requests that may come again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

STOCK, PRICES, ORDERS_READ = "stock", "prices", "orders:read"
SCOPES = (
    (STOCK, _("Set and read stock")),
    (PRICES, _("Set and read prices")),
    (ORDERS_READ, _("Read orders, with where they go")),
)
_NAMES = [scope for scope, _name in SCOPES]


class ApiKey(models.Model):
    """A key of a merchant's program; only its hash is kept, so nobody here can read it."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=16))
    made_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=_NAMES) & ~Q(scopes=[]), name="api_key_scopes_known"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_key_revoked_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "-id"], name="api_key_by_merchant")]

    def __str__(self) -> str:
        return f"{self.prefix}… of merchant:{self.merchant_id}"


class ApiCall(models.Model):
    """The answer to a request with an idempotency key: the same request gets it again, another one is refused."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, related_name="+")
    idempotency_key = models.CharField(max_length=100)
    request_digest = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "idempotency_key"], name="api_call_once"),
        ]

    def __str__(self) -> str:
        return f"{self.idempotency_key} of merchant:{self.merchant_id}"
