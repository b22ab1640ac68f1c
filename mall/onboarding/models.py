"""What belongs to an application beside its own row: people, signatures, checks, questions, history."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from mall.history import append_only


class Person(models.Model):
    """An owner or director of the company; `share_bps` is what he holds of it, in basis points."""

    application = models.ForeignKey("merchants.MerchantApplication", on_delete=models.PROTECT, related_name="people")
    name = models.CharField(max_length=120)
    born_on = models.DateField()
    country = models.CharField(max_length=2)
    is_director = models.BooleanField(default=False)
    share_bps = models.PositiveIntegerField(default=0)
    # Holds, or lately held, a high public office, or is close to somebody who does.
    is_exposed = models.BooleanField()
    exposed_as = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(share_bps__lte=10_000), name="onboarding_share_possible"),
            models.CheckConstraint(
                condition=Q(is_director=True) | Q(share_bps__gt=0), name="onboarding_person_has_a_part"
            ),
        ]
        indexes = [models.Index(fields=["born_on", "name"], name="onboarding_person_known_by")]

    def __str__(self) -> str:
        return self.name


class TermsSignature(models.Model):
    """Who agreed to which words, when and from where; the digest is that of the very text."""

    application = models.ForeignKey(
        "merchants.MerchantApplication", on_delete=models.PROTECT, related_name="signatures"
    )
    version = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    signed_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    signed_as = models.CharField(max_length=120)
    signed_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = append_only(what="signatures")

    def __str__(self) -> str:
        return f"{self.version} by {self.signed_as}"


class Check(models.Model):
    """One automatic check of an application, as it came out once; another run writes another row."""

    PASSED, NOTED, HIT, FAILED = "passed", "noted", "hit", "failed"
    OUTCOMES = (
        (PASSED, _("Passed")),
        (NOTED, _("For information")),
        (HIT, _("A person has to look")),
        (FAILED, _("Failed")),
    )

    application = models.ForeignKey("merchants.MerchantApplication", on_delete=models.PROTECT, related_name="checks")
    run = models.PositiveIntegerField()
    code = models.CharField(max_length=32)
    outcome = models.CharField(max_length=8, choices=OUTCOMES)
    detail = models.CharField(max_length=1000)
    # What was looked at and found: the same again was looked at by a person already.
    fingerprint = models.CharField(max_length=64)
    version = models.CharField(max_length=32)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "run", "code"], name="onboarding_check_once_a_run"),
            models.CheckConstraint(
                condition=Q(outcome__in=("passed", "noted", "hit", "failed")), name="onboarding_check_outcome_known"
            ),
        ]
        triggers = append_only(what="checks")

    def __str__(self) -> str:
        return f"{self.code}: {self.outcome}"


class Clearing(models.Model):
    """A person of operations looked at a hit and says why it does not stand in the way."""

    application = models.ForeignKey("merchants.MerchantApplication", on_delete=models.PROTECT, related_name="clearings")
    code = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=64)
    by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "code", "fingerprint"], name="onboarding_hit_cleared_once"),
        ]
        triggers = append_only(what="clearings")

    def __str__(self) -> str:
        return f"{self.code} cleared"


class Question(models.Model):
    """What the bank asks the applicant, and the answer; `kind` names a document that is asked for."""

    application = models.ForeignKey("merchants.MerchantApplication", on_delete=models.PROTECT, related_name="questions")
    text = models.CharField(max_length=1000)
    kind = models.CharField(max_length=16, blank=True)
    asked_by = models.ForeignKey("customer.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=2000, blank=True)
    answered_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.text[:60]


class ApplicationEvent(models.Model):
    """The append-only history of an application."""

    application = models.ForeignKey("merchants.MerchantApplication", on_delete=models.PROTECT, related_name="history")
    kind = models.CharField(max_length=32)
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    note = models.CharField(max_length=1000, blank=True)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [models.Index(fields=["application", "id"], name="onboarding_history")]
        triggers = append_only(what="applications")

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"
