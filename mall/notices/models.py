"""Notices, each once for its person, and how people want to be told."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from mall.notices.kinds import KINDS

NONE, DUE, SENDING, SENT, DROPPED = "none", "due", "sending", "sent", "dropped"
MAIL_STATES = (NONE, DUE, SENDING, SENT, DROPPED)


class Notice(models.Model):
    """Something a person is told; `key` names it once for ever, whoever tells it again.

    ``mail``: how its letter stands; one that is `sending` is in the hands of a worker since ``mail_claimed_at``.
    """

    user = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=16)
    key = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    body = models.CharField(max_length=2000, blank=True)
    url = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    on_site = models.BooleanField()
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=8, default=NONE)
    mail_due_at = models.DateTimeField(null=True)
    mail_claimed_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(db_default=0)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="notice_once"),
            models.CheckConstraint(condition=Q(kind__in=tuple(KINDS)), name="notice_kind_known"),
            models.CheckConstraint(condition=Q(mail__in=MAIL_STATES), name="notice_mail_state_known"),
            models.CheckConstraint(
                condition=Q(mail=NONE) | Q(mail_due_at__isnull=False), name="notice_mail_has_its_time"
            ),
            # A path of this site: a notice never leads anywhere else.
            models.CheckConstraint(
                condition=Q(url="") | (Q(url__startswith="/") & ~Q(url__startswith="//")), name="notice_leads_here"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], condition=Q(on_site=True), name="notice_newest"),
            models.Index(fields=["user"], condition=Q(on_site=True, read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["mail_due_at"], condition=Q(mail__in=(DUE, SENDING)), name="notice_mail_due"),
            models.Index(fields=["at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for user:{self.user_id}: {self.title}"


class Preference(models.Model):
    """By which ways a person wants one kind of notice; without a row the kind's own ways count."""

    user = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="notice_preferences")
    kind = models.CharField(max_length=16)
    mail = models.BooleanField()
    site = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="notice_preference_once"),
            models.CheckConstraint(condition=Q(kind__in=tuple(KINDS)), name="notice_preference_kind_known"),
        ]

    def __str__(self) -> str:
        return f"user:{self.user_id}, {self.kind}"


class Rhythm(models.Model):
    """When a person wants letters: alerts one by one or once a day, and hours without any; hours are of `zone`."""

    user = models.OneToOneField(
        "customer.User", primary_key=True, on_delete=models.PROTECT, related_name="notice_rhythm"
    )
    digest = models.BooleanField(default=False)
    digest_hour = models.PositiveSmallIntegerField(default=8)
    quiet_from = models.PositiveSmallIntegerField(null=True)
    quiet_until = models.PositiveSmallIntegerField(null=True)
    zone = models.CharField(max_length=40, default="Europe/Berlin")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(digest_hour__lte=23)
                & (
                    Q(quiet_from__isnull=True, quiet_until__isnull=True)
                    | (Q(quiet_from__lte=23) & Q(quiet_until__lte=23) & ~Q(quiet_from=F("quiet_until")))
                ),
                name="notice_hours_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"rhythm of user:{self.user_id}"
