"""Imports and their lines: what a file said, what it changed, and what was there before."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from mall.imports import states

CATALOGUE, BULK, TRACKING, MERCHANTS = "catalogue", "bulk", "tracking", "merchants"
NEW, CHANGED, UNCHANGED, FAULTY = "new", "changed", "unchanged", "faulty"
WAITING, APPLIED, FAILED, UNDONE, KEPT = "", "applied", "failed", "undone", "kept"


class Import(models.Model):
    """A file (or, in bulk, a choice and a rule) on its way into the books; counts are lines.

    `position` is the last line of the file that was checked: where a worker goes on after a crash.
    """

    KINDS = (
        (CATALOGUE, _("Catalogue")),
        (BULK, _("Bulk change")),
        (TRACKING, _("Tracking numbers")),
        (MERCHANTS, _("Merchants")),
    )

    kind = models.CharField(max_length=16, choices=KINDS)
    merchant = models.ForeignKey("merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="imports")
    state = models.CharField(max_length=16, choices=[(state, state) for state in states.STATES])
    name = models.CharField(max_length=255)
    size = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=64, blank=True)
    encoding = models.CharField(max_length=16, blank=True)
    separator = models.CharField(max_length=1, blank=True)
    headings = models.JSONField(default=list)
    # Field -> number of the column it is read from; field -> text for all lines, with {heading} for their own cells.
    columns = models.JSONField(default=dict)
    fixed = models.JSONField(default=dict)
    # Of a bulk change: what is chosen, and what is done to it.
    choice = models.JSONField(default=dict)
    problem = models.CharField(max_length=500, blank=True)
    position = models.BigIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)
    fresh = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    faulty = models.PositiveIntegerField(default=0)
    applied = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    undone = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    confirmed_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("customer.User", null=True, on_delete=models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    lines_forgotten = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=states.STATES), name="import_state_known"),
            models.CheckConstraint(
                condition=Q(kind__in=(CATALOGUE, BULK, TRACKING, MERCHANTS)), name="import_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=MERCHANTS, merchant__isnull=True) | (~Q(kind=MERCHANTS) & Q(merchant__isnull=False)),
                name="import_of_a_merchant_or_of_merchants",
            ),
            models.CheckConstraint(
                condition=~Q(kind=MERCHANTS) | Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("made_by")),
                name="import_of_merchants_four_eyes",
            ),
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(state__in=states.WRITING), name="import_one_at_a_time"
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(state__in=states.WRITING, merchant__isnull=True),
                name="import_of_merchants_one_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["merchant", "kind", "digest"],
                condition=Q(state__in=states.OPEN),
                nulls_distinct=False,
                name="import_same_file_once",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-id"], name="import_by_merchant"),
            models.Index(fields=["id"], condition=Q(state__in=states.WORKING), name="import_to_work_on"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.name}"

    @property
    def to_apply(self) -> int:
        """Return how many lines would change something."""
        return self.fresh + self.changed


class ImportLine(models.Model):
    """A line of a file: its cells as they came, what they mean, what they changed, and what is wrong with it.

    `before` and `after` hold the fields that differ; once applied, as they really were and became.
    `problems` is a list of [column, what is wrong, what to do].
    """

    VERDICTS = ((NEW, _("new")), (CHANGED, _("changed")), (UNCHANGED, _("unchanged")), (FAULTY, _("faulty")))
    OUTCOMES = ((WAITING, ""), (APPLIED, _("done")), (FAILED, _("failed")), (UNDONE, _("undone")), (KEPT, _("kept")))

    imported = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="content")
    number = models.PositiveBigIntegerField()
    key = models.CharField(max_length=128, blank=True)
    verdict = models.CharField(max_length=10, choices=VERDICTS)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, default=WAITING)
    cells = models.JSONField(default=list)
    values = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    problems = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["imported", "number"], name="import_line_once"),
            models.UniqueConstraint(
                fields=["imported", "key"], condition=~Q(verdict=FAULTY), name="import_line_key_once"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=(NEW, CHANGED, UNCHANGED, FAULTY)), name="import_line_verdict_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=(WAITING, APPLIED, FAILED, UNDONE, KEPT)), name="import_line_outcome_known"
            ),
        ]
        indexes = [
            models.Index(fields=["imported", "verdict", "outcome", "number"], name="import_line_to_do"),
        ]

    def __str__(self) -> str:
        return f"line {self.number} of import {self.imported_id}"


class KnownHeading(models.Model):
    """What a merchant's (or the bank's) files call a field, as somebody said once; no field: the column is left out."""

    merchant = models.ForeignKey("merchants.Merchant", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16)
    heading = models.CharField(max_length=200)
    field = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "heading"], nulls_distinct=False, name="import_heading_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.heading} → {self.field}"
