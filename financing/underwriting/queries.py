"""Read offers, applications and cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from financing.features.models import SubjectFeatures
from financing.underwriting import decision, states
from financing.underwriting.models import Application, Authority, CaseAction, Decision, NoOffer, Offer

# How long a subject still finds a refusal and its reasons.
ANSWER_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Case:
    """An application as an officer sees it: what was asked, what the machine said of it, what colleagues did."""

    application: Application
    outcome: dict[str, Any]
    snapshot: dict[str, Any]
    actions: tuple[CaseAction, ...]
    policy: str
    model: str


def live_offers(*, subject_id: str, at: datetime, currency: str | None = None) -> list[Offer]:
    """Return a subject's offers that stand at a moment, by product."""
    found = Offer.objects.filter(
        subject_id=subject_id, state=Offer.State.LIVE, made_at__lte=at, valid_until__gte=at
    )
    if currency is not None:
        found = found.filter(currency=currency)
    return list(found.order_by("installments", "product"))


def asked_for(*, subject_id: str, at: datetime) -> list[tuple[str, int]]:
    """Return (currency, minor units) of each application that is open, or approved and not taken yet."""
    open_or_granted = Application.objects.filter(subject_id=subject_id, state__in=(*states.OPEN, states.APPROVED))
    rows = open_or_granted.values_list("currency", "amount", "approved_amount", "valid_until")
    return [
        (currency, amount if approved is None else approved)
        for currency, amount, approved, until in rows
        if until is None or until >= at
    ]


def offer(*, offer_id: int) -> Offer | None:
    """Return one offer, standing or not."""
    return Offer.objects.filter(pk=offer_id).first()


def why_no_offer(*, subject_id: str) -> list[str]:
    """Return, in words for the subject, why the last night made no offer; nothing when it did or never looked."""
    found = NoOffer.objects.filter(subject_id=subject_id).values_list("reasons", flat=True).first() or []
    return [reason["text"] for reason in found]


def features_of(*, kind: str, subject_id: str) -> SubjectFeatures | None:
    """Return a subject's features of the last night."""
    return SubjectFeatures.objects.filter(kind=kind, subject_id=subject_id).first()


def queue(*, product_kind: str | None = None, held_by: str | None = None) -> QuerySet[Application]:
    """Return the cases that wait for an officer, the oldest first; for a page to slice."""
    found = Application.objects.filter(state__in=states.OPEN)
    if product_kind is not None:
        found = found.filter(product_kind=product_kind)
    if held_by is not None:
        found = found.filter(claimed_by=held_by)
    return found.order_by("applied_at", "pk")


def application(*, application_id: int) -> Application | None:
    """Return one application."""
    return Application.objects.filter(pk=application_id).first()


def applications_of(*, subject_id: str) -> list[Application]:
    """Return a subject's applications, the newest first."""
    return list(Application.objects.filter(subject_id=subject_id).order_by("-applied_at", "-pk"))


def approvals(*, subject_ids: Sequence[str], at: datetime) -> list[Application]:
    """Return what subjects were granted and have not taken yet, as it stands at a moment, the smallest first."""
    found = Application.objects.filter(subject_id__in=subject_ids, state=states.APPROVED, valid_until__gte=at)
    return list(found.order_by("approved_amount", "pk"))


def waiting(*, subject_id: str, at: datetime) -> list[Application]:
    """Return a subject's applications that wait for an officer, or granted for the subject, the newest first."""
    return [
        row
        for row in applications_of(subject_id=subject_id)
        if row.state in states.OPEN
        or (row.state == states.APPROVED and (row.valid_until is None or row.valid_until >= at))
    ]


def declined_lately(*, subject_id: str, at: datetime) -> list[Application]:
    """Return a subject's applications declined in the last days, at most three, the newest first, with reasons."""
    found = Application.objects.filter(
        subject_id=subject_id, state=states.DECLINED, decided_at__gt=at - ANSWER_SHOWN_FOR, decided_at__lte=at
    )
    return list(found.order_by("-decided_at", "-pk")[:3])


def case(*, application_id: int) -> Case | None:
    """Return an application with the machine's decision and every act on it."""
    found = (
        Decision.objects.filter(application_id=application_id)
        .select_related("application", "policy", "model")
        .order_by("-pk")
        .first()
    )
    if found is None:
        return None
    return Case(
        application=found.application,
        outcome=found.outcome,
        snapshot=found.snapshot,
        actions=tuple(CaseAction.objects.filter(application_id=application_id).order_by("pk")),
        policy=str(found.policy),
        model=str(found.model) if found.model else "",
    )


def authority(*, roles: Sequence[str], product_kind: str) -> int:
    """Return the most that somebody with these roles may decide alone, in minor units; zero for no officer."""
    limits = Authority.objects.filter(role__in=roles, product_kind=product_kind)
    return max(limits.values_list("limit", flat=True), default=0)


def run_again(*, decision_id: int) -> bool:
    """Decide once more from what was stored, and say whether the answer is the one that was given."""
    stored = Decision.objects.select_related("policy", "model").get(pk=decision_id)
    outcome = decision.decide(
        snapshot=stored.snapshot,
        policy=stored.policy.data,
        model=stored.model.card if stored.model else None,
    )
    return outcome.to_json() == stored.outcome


def overrides(*, since: datetime, until: datetime) -> dict[str, int]:
    """Return how many approvals by officers there were in a span, and how many differed from the machine."""
    acts = CaseAction.objects.filter(at__gte=since, at__lt=until, action__in=["approve", "support"])
    return {"approvals": acts.count(), "overrides": acts.filter(override=True).count()}


def peers(*, kind: str, feature: str, currency: str) -> list[float]:
    """Return a feature's value of every subject of a kind and currency, sorted, for comparing one with the others."""
    found = SubjectFeatures.objects.filter(kind=kind, currency=currency)
    values = found.values_list(F(f"values__{feature}"), flat=True)
    return sorted(float(value) for value in values if value is not None)
