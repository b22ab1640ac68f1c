"""When the book was last verified, and what was found."""

from django.db import models
from django.db.models.functions import Now


class Verification(models.Model):
    """One run of the ledger's verification: the names of its checks, and problems that begin with such a name."""

    at = models.DateTimeField()
    journals = models.BigIntegerField()
    transfers = models.BigIntegerField()
    seals = models.BigIntegerField()
    checks = models.JSONField(default=list)
    problems = models.JSONField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return f"verification of {self.at:%Y-%m-%d %H:%M}"
