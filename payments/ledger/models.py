"""The book's tables, for reading only: ``migrations/sql`` makes and guards them, its functions write them."""

from django.db import models


class Account(models.Model):
    id = models.BigIntegerField(primary_key=True)
    code = models.TextField(unique=True)
    account_class = models.TextField()
    currency = models.TextField()
    normal_side = models.TextField()
    floor = models.BigIntegerField(null=True)
    hot = models.BooleanField()
    owner = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    xid = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "ledger_account"

    def __str__(self) -> str:
        return self.code


class Journal(models.Model):
    id = models.BigIntegerField(primary_key=True)
    recorded_at = models.DateTimeField()
    happened_at = models.DateTimeField()
    xid = models.BigIntegerField()
    event = models.TextField()
    reference = models.TextField()
    currency = models.TextField()
    metadata = models.JSONField()

    class Meta:
        managed = False
        db_table = "ledger_journal"

    def __str__(self) -> str:
        return f"{self.id} {self.event} {self.reference}"
