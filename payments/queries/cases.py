"""Cases as operations reads them: lists by kind, owner and state, and one with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet

from payments.models import CaseNote, OperationsCase
from payments.queries.entries import Thing, things


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case; ``amount`` is minor units, nothing where no money is at stake."""

    case_id: int
    kind: str
    key: str
    subject: str
    amount: int | None
    currency: str
    state: str
    owner: str
    opened_at: datetime
    closed_at: datetime | None

    def days(self, at: datetime) -> int:
        """Return the age in whole days, up to its closing."""
        return max(0, ((self.closed_at or at) - self.opened_at).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """A line of a case's history."""

    kind: str
    by: str
    to: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """A case with its history, oldest first, and the pages of what it is about."""

    case: CaseView
    lines: tuple[CaseLine, ...]
    names: tuple[str, ...]
    things: tuple[Thing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many cases of a kind are not closed, and since when the oldest waits."""

    kind: str
    cases: int
    oldest: datetime


def cases(*, closed: bool = False, kind: str = "", owner: str | None = None, text: str = "") -> QuerySet:
    """Return the cases to page through, the oldest open or the latest closed first.

    ``owner`` is a holder's name, the empty text for cases in nobody's hands, nothing for all.
    """
    found = OperationsCase.objects.filter(state="closed") if closed else OperationsCase.objects.exclude(state="closed")
    if kind:
        found = found.filter(kind=kind)
    if owner is not None:
        found = found.filter(owner=owner)
    if text:
        found = found.filter(Q(subject__icontains=text) | Q(key=text) | Q(names__contains=[text]))
    return found.order_by("-closed_at", "-pk") if closed else found.order_by("opened_at", "pk")


def views(*, rows: QuerySet) -> list[CaseView]:
    """Return the cases of a page."""
    return [_view(row) for row in rows]


def waiting() -> list[Waiting]:
    """Return what is not closed, by kind."""
    found = OperationsCase.objects.exclude(state="closed").values("kind")
    counted = found.annotate(cases=Count("pk"), oldest=Min("opened_at")).order_by("kind")
    return [Waiting(kind=row["kind"], cases=row["cases"], oldest=row["oldest"]) for row in counted]


def case(*, case_id: int) -> CasePage | None:
    """Return one case, or nothing where there is none."""
    row = OperationsCase.objects.filter(pk=case_id).first()
    if row is None:
        return None
    lines = CaseNote.objects.filter(case=row).order_by("at", "pk")
    return CasePage(
        case=_view(row),
        lines=tuple(CaseLine(kind=line.kind, by=line.by, to=line.to, text=line.text, at=line.at) for line in lines),
        names=tuple(row.names),
        things=tuple(things(names=row.names)),
    )


def _view(row: OperationsCase) -> CaseView:
    return CaseView(
        case_id=row.pk,
        kind=row.kind,
        key=row.key,
        subject=row.subject,
        amount=row.amount,
        currency=row.currency,
        state=row.state,
        owner=row.owner,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )
