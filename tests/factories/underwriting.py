"""Features, scorecards, products and people for tests of underwriting, without a lake."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from financing.features.models import SubjectFeatures
from financing.features.registry import catalogue
from financing.scoring import operations as scoring
from financing.scoring import scorecard
from financing.scoring.models import ScoringModel
from financing.underwriting import operations
from financing.underwriting.models import PolicyVersion
from financing.underwriting.terms import ProductTerms

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

GOOD_CONSUMER = {
    "tenure_days": 400.0,
    "orders_365d": 20.0,
    "months_bought_12": 9.0,
    "median_monthly_spend": 40_000.0,
    "monthly_inflow": 250_000.0,
    "worst_days_late": 0.0,
    "plans_repaid": 2.0,
    "refused_payments_180d": 0.0,
    "charged_off": 0.0,
}
GOOD_MERCHANT = {
    "tenure_days": 700.0,
    "orders_365d": 400.0,
    "active_months_12": 12.0,
    "buyers_365d": 300.0,
    "days_since_sale": 1.0,
    "related_share": 0.0,
    "top_buyer_share": 0.02,
    "monthly_net_gmv": 2_000_000.0,
    "cancelled_share": 0.01,
    "advance_days_over": 0.0,
    "advances_repaid": 1.0,
    "charged_off": 0.0,
}


def plan(**changes: Any) -> ProductTerms:
    """Return a plan of twelve monthly instalments with interest."""
    terms = {
        "code": "months-12",
        "kind": "installments",
        "currency": "EUR",
        "installments": 12,
        "days": 360,
        "minimum_amount": 12_000,
        "maximum_amount": 500_000,
        "annual_rate_bps": 1_290,
    }
    return ProductTerms(**terms | changes)


def advance(**changes: Any) -> ProductTerms:
    """Return an advance on a merchant's sales over 360 days."""
    terms = {
        "code": "advance",
        "kind": "advance",
        "currency": "EUR",
        "installments": 6,
        "days": 360,
        "minimum_amount": 20_000,
        "maximum_amount": 5_000_000,
        "fee_bps": 800,
        "share_bps": 1_500,
    }
    return ProductTerms(**terms | changes)


def card(kind: str) -> dict[str, Any]:
    """Return a small scorecard: tenure alone, 590 points below a year and 640 from a year on."""
    feature = next(one for one in catalogue(kind).features if one.name == "tenure_days")
    made = {
        "kind": kind,
        "catalogue": catalogue(kind).version,
        "base_score": 600,
        "base_odds": 30,
        "points_to_double_odds": 20,
        "base_points": 600,
        "features": [
            {
                "name": "tenure_days",
                "description": feature.description,
                "unit": feature.unit,
                "risk": "falls",
                "reason": feature.reason,
                "coefficient": -1.0,
                "information_value": 0.5,
                "bins": [
                    {"low": None, "high": 100.0, "count": 10, "bads": 5, "woe": -1.0, "points": -80},
                    {"low": 100.0, "high": 365.0, "count": 10, "bads": 2, "woe": -0.3, "points": -10},
                    {"low": 365.0, "high": None, "count": 80, "bads": 1, "woe": 1.0, "points": 40},
                ],
                "missing": {"count": 0, "bads": 0, "woe": 0.0, "points": 0},
            }
        ],
    }
    scorecard.check(card=made)
    return made


def ready(*, at: datetime = AT) -> PolicyVersion:
    """Put the opening policy, authorities and a small scorecard for each kind to work."""
    for kind in ("consumer", "merchant"):
        made = card(kind)
        model = ScoringModel.objects.create(
            kind=kind,
            version=1,
            card=made,
            card_hash=scorecard.fingerprint(card=made),
            metrics={},
            seed=0,
            code_version="test",
            built_by="user:builder",
            built_at=at,
        )
        scoring.approve_scorecard(model_id=model.pk, approved_by="user:checker", at=at)
        scoring.activate_scorecard(model_id=model.pk, at=at)
    return operations.install_defaults(at=at)


def features(subject_id: str, *, at: datetime = AT, currency: str = "EUR", **changes: float | None) -> SubjectFeatures:
    """Store a subject's features: a good consumer's or merchant's, with these changes."""
    kind = "merchant" if subject_id.startswith("merchant:") else "consumer"
    values: Mapping[str, float | None] = GOOD_MERCHANT if kind == "merchant" else GOOD_CONSUMER
    every = dict.fromkeys((feature.name for feature in catalogue(kind).features), None)
    return SubjectFeatures.objects.create(
        kind=kind,
        subject_id=subject_id,
        currency=currency,
        as_of=at,
        values=every | dict(values) | changes,
        catalogue=catalogue(kind).version,
    )


def officer(name: str, *roles: str) -> str:
    """Make a user in these roles and return the reference."""
    user = get_user_model().objects.create(email=f"{name}@bank.example")
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return f"user:{user.pk}"
