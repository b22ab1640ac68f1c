"""What both offers and applications start from: the active policy and scorecard, and a subject's snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from financing.features.models import SubjectFeatures
from financing.scoring import queries as scorecards
from financing.scoring.models import ScoringModel
from financing.underwriting.errors import NotReady
from financing.underwriting.models import PolicyVersion
from financing.underwriting.terms import Exposure, ProductTerms


@dataclass(frozen=True, kw_only=True)
class Instruments:
    """The versions that decide now."""

    policy: PolicyVersion
    model: ScoringModel


def instruments(*, kind: str) -> Instruments:
    """Return the policy and the scorecard at work.

    :raises NotReady: one of them is missing.
    """
    policy = PolicyVersion.objects.filter(state=PolicyVersion.State.ACTIVE).first()
    if policy is None:
        raise NotReady("No policy is in force: run `manage.py offers install`.")
    model = scorecards.active(kind=kind)
    if model is None:
        raise NotReady(f"No {kind} scorecard is at work: run `manage.py scorecard install`.")
    return Instruments(policy=policy, model=model)


def snapshot(
    *,
    kind: str,
    subject_id: str,
    features: SubjectFeatures | None,
    exposure: Exposure,
    product: ProductTerms,
    amount: int | None,
    at: datetime,
    offer: Mapping[str, Any] | None = None,
    refuses: bool = False,
) -> dict[str, Any]:
    """Return all that a decision knows, as plain JSON; `refuses`: consent was taken back."""
    if refuses:
        features = None
    return {
        "kind": kind,
        "subject_id": subject_id,
        "currency": features.currency if features else product.currency,
        "as_of": features.as_of.isoformat() if features else None,
        # Features exist only of who consents; of who never said a word nothing is known.
        "consent": False if refuses else True if features else None,
        "features": features.values if features else None,
        "exposure": exposure.to_json(),
        "product": product.to_json(),
        "application": None if amount is None else {"amount": amount, "at": at.isoformat()},
        "offer": dict(offer) if offer else None,
    }
