"""Applications as their applicants and the bank's operations see them; a fixed number of statements a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from mall import bank
from mall.customer.models import User
from mall.merchants.models import KybDocument, MerchantApplication
from mall.onboarding import checking, states
from mall.onboarding.models import ApplicationEvent, Check, Clearing, Person, Question, TermsSignature

PAGE_SIZE = 30


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An application in the queue; `waits` is how long it has been with the bank, and whether too long."""

    application_id: int
    company: str
    country: str
    legal_form: str
    applicant: str
    state: str
    state_name: str
    submitted_at: datetime
    hours: int
    is_late: bool
    first_decision_by: str


def open_applications() -> list[int]:
    """Return the applications that wait for the bank or the applicant, oldest first."""
    rows = MerchantApplication.objects.filter(state__in=states.QUEUE).order_by("submitted_at", "pk")
    return list(rows.values_list("pk", flat=True))


def queue(*, at: datetime, ended: bool = False, after: tuple[datetime, int] | None = None) -> list[QueueRow]:
    """Return a page of the queue, the longest waiting first, in one statement; or of what ended, the latest first."""
    rows = MerchantApplication.objects.select_related("applicant", "first_decision_by")
    if ended:
        rows = rows.filter(state__in=states.ENDED, submitted_at__isnull=False).order_by("-submitted_at", "-pk")
        past = "lt"
    else:
        rows = rows.filter(state__in=states.QUEUE).order_by("submitted_at", "pk")
        past = "gt"
    if after is not None:
        moment, number = after
        rows = rows.filter(
            Q(**{f"submitted_at__{past}": moment}) | Q(**{"submitted_at": moment, f"pk__{past}": number})
        )
    within = bank.policy().APPLICATION_ANSWERED_WITHIN
    return [
        QueueRow(
            application_id=row.pk,
            company=row.company,
            country=row.country,
            legal_form=row.get_legal_form_display(),
            applicant=row.applicant.email,
            state=row.state,
            state_name=row.get_state_display(),
            submitted_at=row.submitted_at,
            hours=int((at - row.submitted_at) / timedelta(hours=1)),
            is_late=row.state in states.WITH_STAFF and at - row.submitted_at > within,
            first_decision_by=row.first_decision_by.email if row.first_decision_by else "",
        )
        for row in rows[: PAGE_SIZE + 1]
    ]


def counts() -> dict[str, int]:
    """Return how many applications wait for the bank, and for their applicants."""
    found = list(MerchantApplication.objects.filter(state__in=states.QUEUE).values_list("state", flat=True))
    asked = sum(state == MerchantApplication.ASKED for state in found)
    return {"with_staff": len(found) - asked, "asked": asked}


@dataclass(frozen=True, slots=True)
class CheckLine:
    """The outcome of a check, and who cleared it and why."""

    code: str
    name: str
    outcome: str
    outcome_name: str
    detail: str
    at: datetime
    version: str
    cleared_by: str
    cleared_at: datetime | None
    reason: str

    @property
    def stands_in_the_way(self) -> bool:
        """Tell whether somebody has to do something about it."""
        return self.outcome == Check.FAILED or (self.outcome == Check.HIT and not self.cleared_by)

    @property
    def can_be_cleared(self) -> bool:
        """Tell whether a person may say why it does not matter."""
        return self.outcome == Check.HIT and not self.cleared_by


@dataclass(frozen=True, slots=True)
class Case:
    """An application with everything that belongs to it."""

    row: MerchantApplication
    address: tuple[str, ...]
    people: tuple[Person, ...]
    total_share: str
    documents: tuple[KybDocument, ...]
    checks: tuple[CheckLine, ...]
    questions: tuple[Question, ...]
    signatures: tuple[TermsSignature, ...]
    history: tuple[tuple[ApplicationEvent, str], ...]

    @property
    def is_clear(self) -> bool:
        """Tell whether nothing stands in the way of agreeing."""
        return bool(self.checks) and not any(check.stands_in_the_way for check in self.checks)


def case(*, application_id: int) -> Case | None:
    """Return an application with everything that belongs to it, in ten statements."""
    row = (
        MerchantApplication.objects.select_related("applicant", "first_decision_by", "second_decision_by", "merchant")
        .filter(pk=application_id)
        .first()
    )
    if row is None:
        return None
    people = tuple(Person.objects.filter(application=row).order_by("pk"))
    events = list(ApplicationEvent.objects.filter(application=row).order_by("-pk")[:100])
    numbers = {int(event.by[5:]) for event in events if event.by[:5] == "user:" and event.by[5:].isdecimal()}
    names = {user.pk: user.get_full_name() or user.email for user in User.objects.filter(pk__in=numbers)}
    address = (row.line1, row.line2, f"{row.postcode} {row.city}", row.region, row.country)
    return Case(
        row=row,
        address=tuple(part for part in address if part.strip()),
        people=people,
        total_share=f"{sum(person.share_bps for person in people) / 100:g}",
        documents=tuple(KybDocument.objects.filter(application=row).order_by("uploaded_at", "pk")),
        checks=tuple(_checks(application_id=row.pk)),
        questions=tuple(Question.objects.filter(application=row).select_related("asked_by").order_by("pk")),
        signatures=tuple(TermsSignature.objects.filter(application=row).order_by("pk")),
        history=tuple(
            (event, names.get(int(event.by[5:]), event.by) if event.by[:5] == "user:" else event.by) for event in events
        ),
    )


def _checks(*, application_id: int) -> list[CheckLine]:
    clearings = {
        (clearing.code, clearing.fingerprint): clearing
        for clearing in Clearing.objects.filter(application_id=application_id).select_related("by")
    }
    lines = []
    for check in checking.latest(application_id=application_id):
        cleared = clearings.get((check.code, check.fingerprint))
        lines.append(
            CheckLine(
                code=check.code,
                name=str(checking.NAMES[check.code]),
                outcome=check.outcome,
                outcome_name=check.get_outcome_display(),
                detail=check.detail,
                at=check.at,
                version=check.version,
                cleared_by=(cleared.by.get_full_name() or cleared.by.email) if cleared else "",
                cleared_at=cleared.at if cleared else None,
                reason=cleared.reason if cleared else "",
            )
        )
    return lines


def of_applicant(*, user_id: int) -> list[MerchantApplication]:
    """Return a person's applications, newest first."""
    return list(MerchantApplication.objects.filter(applicant_id=user_id).order_by("-pk")[:20])


def open_questions(*, row: MerchantApplication) -> list[Question]:
    """Return what the bank waits to be answered."""
    return list(Question.objects.filter(application=row, answered_at__isnull=True).order_by("pk"))
