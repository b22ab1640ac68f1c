"""Take applications in and decide them at once: approved, declined with reasons, or referred to an officer."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction

from financing.features.models import SubjectFeatures
from financing.features.registry import Kind
from financing.features.subjects import CREDIT
from financing.underwriting import _deciding, decision, events, pricing, states
from financing.underwriting.decision import Outcome
from financing.underwriting.errors import KeyReused, NotReady, OfferGone, UnableToApply
from financing.underwriting.models import Application, Decision, Offer
from financing.underwriting.terms import Exposure, ProductTerms
from mall.queries import consents
from payments.operations.publishing import publish

MACHINE = "machine"
_STATE = {"approve": states.APPROVED, "decline": states.DECLINED, "refer": states.REFERRED}
_EVENT = {
    states.APPROVED: events.CreditApproved,
    states.DECLINED: events.CreditDeclined,
    states.REFERRED: events.CreditReferred,
}
_NOTHING = Exposure()


@dataclass(frozen=True, kw_only=True)
class CreditApplication:
    """A request for credit. `applied_by` is the person who asked, where that is not the subject itself."""

    key: str
    kind: Kind
    subject_id: str
    product: ProductTerms
    amount: int
    at: datetime
    offer_id: int | None = None
    purpose: str = ""
    applied_by: str = ""

    @property
    def input_hash(self) -> str:
        """Return a digest of what is asked: the same key must ask the same again."""
        asked = [self.kind, self.subject_id, self.product.to_json(), self.amount, self.offer_id, self.purpose]
        return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def apply_for_credit(
    *, requests: Sequence[CreditApplication], exposures: Mapping[str, Exposure]
) -> list[Application | UnableToApply]:
    """Decide each request, in order; return one application (or the reason it cannot be one) for each.

    Applications of one subject are decided one after the other, each knowing what the earlier ones were granted; what
    is approved and not taken yet counts as owed. A key that was used before returns that application again.

    `exposures` are the callers' figures of what each subject owes on loans; a subject missing there owes nothing.

    :raises NotReady: no policy or scorecard is at work.
    """
    try:
        with transaction.atomic():
            return _Intake(requests, exposures).run()
    except IntegrityError:
        # The same key arrived twice at once and the other was first: now it is there to be found.
        with transaction.atomic():
            return _Intake(requests, exposures).run()


def mark_taken(*, application_ids: Sequence[int], at: datetime) -> None:
    """Say that approved applications became loans; their amount is owed there from now on.

    :raises UnableToApply: one is not approved, or its approval has run out.
    """
    with transaction.atomic():
        found = {
            one.pk: one
            for one in Application.objects.select_for_update().filter(pk__in=application_ids).order_by("pk")
        }
        for pk in application_ids:
            one = found.get(pk)
            if one is None or one.state not in (states.APPROVED, states.TAKEN):
                raise UnableToApply("This credit was not approved, so it cannot be taken.")
            if one.state == states.APPROVED and one.valid_until is not None and one.valid_until < at:
                raise UnableToApply("This approval has run out: apply again.")
        fresh = [pk for pk, one in found.items() if one.state == states.APPROVED]
        Application.objects.filter(pk__in=fresh).update(state=states.TAKEN)


def withdraw_application(*, application_id: int, at: datetime) -> None:
    """Take an application back before it became a loan; doing so twice changes nothing.

    :raises UnableToApply: it became a loan, or was declined.
    """
    with transaction.atomic():
        one = Application.objects.select_for_update().filter(pk=application_id).first()
        if one is None:
            raise UnableToApply("There is no such application.")
        if one.state == states.WITHDRAWN:
            return
        following = states.following(state=one.state, event="withdraw")
        if following is None:
            raise UnableToApply(f"An application that is {states.LABELS[one.state]} cannot be withdrawn.")
        one.state, one.version = following, one.version + 1
        one.save(update_fields=["state", "version"])


def lapse_approvals(*, at: datetime) -> int:
    """End approvals nobody took in time; return how many."""
    return Application.objects.filter(state=states.APPROVED, valid_until__lt=at).update(state=states.LAPSED)


class _Intake:
    """One batch: read everything once, decide in memory, write everything once."""

    def __init__(self, requests: Sequence[CreditApplication], exposures: Mapping[str, Exposure]) -> None:
        self.requests = requests
        self.exposures = exposures
        self.tools = {kind: _deciding.instruments(kind=kind) for kind in sorted({one.kind for one in requests})}
        # Approved and not taken yet, in all and as instalments a month.
        self.reserved: dict[tuple[str, str], int] = defaultdict(int)
        self.coming: dict[tuple[str, str], int] = defaultdict(int)

    def run(self) -> list[Application | UnableToApply]:
        keys = [one.key for one in self.requests]
        # Locked in one order, so that two batches about the same people wait for each other and never deadlock.
        features = {
            (one.kind, one.subject_id): one
            for one in SubjectFeatures.objects.select_for_update()
            .filter(subject_id__in={one.subject_id for one in self.requests})
            .order_by("pk")
        }
        known = {one.key: one for one in Application.objects.filter(key__in=keys)}
        offers = Offer.objects.in_bulk({one.offer_id for one in self.requests if one.offer_id})
        self._count_reserved()
        self.refusing = consents.refusing(purpose=CREDIT, subjects={one.subject_id for one in self.requests})
        results: list[Application | UnableToApply] = []
        decisions: list[Decision] = []
        for one in self.requests:
            earlier = known.get(one.key)
            if earlier is not None:
                results.append(_again(earlier, one))
                continue
            offer = offers.get(one.offer_id)
            refusal = _impossible(one) or _gone(offer, one)
            if refusal is not None:
                results.append(refusal)
                continue
            application, decided = self._decide(one, features.get((one.kind, one.subject_id)), offer)
            known[one.key] = application
            results.append(application)
            decisions.append(decided)
        self._write(decisions)
        return results

    def _count_reserved(self) -> None:
        subjects = {one.subject_id for one in self.requests}
        approved = Application.objects.filter(subject_id__in=subjects, state=states.APPROVED)
        earliest = min(one.at for one in self.requests)
        for application in approved.filter(valid_until__gte=earliest):
            self._reserve(application)

    def _reserve(self, application: Application) -> None:
        borrower = application.kind, application.subject_id
        self.reserved[borrower] += application.approved_amount
        if application.product_kind == "installments":
            self.coming[borrower] += pricing.installment_for(
                principal=application.approved_amount,
                installments=application.installments,
                annual_rate_bps=application.annual_rate_bps,
            )

    def _decide(
        self, one: CreditApplication, features: SubjectFeatures | None, offer: Offer | None
    ) -> tuple[Application, Decision]:
        tools = self.tools[one.kind]
        exposure = self.exposures.get(one.subject_id, _NOTHING)
        exposure = replace(
            exposure,
            reserved=exposure.reserved + self.reserved[one.kind, one.subject_id],
            monthly_due=exposure.monthly_due + self.coming[one.kind, one.subject_id],
        )
        snapshot = _deciding.snapshot(
            kind=one.kind,
            subject_id=one.subject_id,
            features=features,
            exposure=exposure,
            product=one.product,
            amount=one.amount,
            at=one.at,
            offer=_promise(offer),
            refuses=one.subject_id in self.refusing,
        )
        outcome = decision.decide(snapshot=snapshot, policy=tools.policy.data, model=tools.model.card)
        application = _application(one, outcome, offer, tools.policy.data[one.kind]["approval_days"])
        if application.state == states.APPROVED:
            self._reserve(application)
        decided = Decision(
            application=application,
            result=outcome.result,
            outcome=outcome.to_json(),
            snapshot=snapshot,
            policy=tools.policy,
            model=tools.model,
            at=one.at,
        )
        return application, decided

    def _write(self, decisions: list[Decision]) -> None:
        Application.objects.bulk_create([one.application for one in decisions])
        Decision.objects.bulk_create(decisions)
        publish(
            happened=[
                _EVENT[one.application.state](
                    key=f"application:{one.application.pk}:{MACHINE}",
                    at=one.at,
                    application_id=one.application.pk,
                    subject_id=one.application.subject_id,
                )
                for one in decisions
            ]
        )


def _application(one: CreditApplication, outcome: Outcome, offer: Offer | None, days: int) -> Application:
    state = _STATE[outcome.result]
    decided = state != states.REFERRED
    return Application(
        key=one.key,
        input_hash=one.input_hash,
        kind=one.kind,
        subject_id=one.subject_id,
        product=one.product.code,
        product_kind=one.product.kind,
        terms=one.product.to_json(),
        currency=one.product.currency,
        amount=one.amount,
        installments=one.product.installments,
        purpose=one.purpose,
        applied_by=one.applied_by or one.subject_id,
        applied_at=one.at,
        offer=offer,
        state=state,
        approved_amount=one.amount if state == states.APPROVED else None,
        annual_rate_bps=outcome.price.annual_rate_bps,
        fee_bps=outcome.price.fee_bps,
        subsidy_bps=outcome.price.subsidy_bps,
        reasons=[{"code": reason.code, "text": reason.text} for reason in outcome.reasons],
        decided_by=MACHINE if decided else "",
        decided_at=one.at if decided else None,
        valid_until=one.at + timedelta(days=days) if state == states.APPROVED else None,
    )


def _again(earlier: Application, one: CreditApplication) -> Application | KeyReused:
    if earlier.input_hash != one.input_hash:
        return KeyReused(f"The key {one.key} was used before for another application.")
    return earlier


def _impossible(one: CreditApplication) -> UnableToApply | None:
    if one.amount <= 0:
        return UnableToApply("An application asks for an amount above zero.")
    return None


def _gone(offer: Offer | None, one: CreditApplication) -> OfferGone | None:
    if one.offer_id is None:
        return None
    mine = offer is not None and (offer.kind, offer.subject_id, offer.product, offer.currency) == (
        one.kind,
        one.subject_id,
        one.product.code,
        one.product.currency,
    )
    if not mine or offer.state != Offer.State.LIVE or offer.valid_until < one.at:
        return OfferGone("This offer no longer stands: look at the present one before you sign.")
    return None


def _promise(offer: Offer | None) -> dict[str, Any] | None:
    if offer is None:
        return None
    return {
        "id": offer.pk,
        "limit": offer.limit,
        "annual_rate_bps": offer.annual_rate_bps,
        "fee_bps": offer.fee_bps,
        "subsidy_bps": offer.subsidy_bps,
        "valid_until": offer.valid_until.isoformat(),
    }


__all__ = ["CreditApplication", "NotReady", "apply_for_credit", "lapse_approvals", "mark_taken", "withdraw_application"]
