"""Write scorecards: train, approve, put to work, put back, and install the starters."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from financing.features import engine
from financing.features.registry import Kind, catalogue
from financing.scoring import queries, scorecard
from financing.scoring.models import ScoringModel

STARTERS = Path(__file__).resolve().parent / "starters"
SHIPPED = "shipped with Rialto"
REVIEWED = "reviewed with the code"


class UnableToTrain(Exception):
    """No scorecard could be made of the facts."""


class UnableToApprove(Exception):
    """The scorecard may not be approved by this person, or not in its state."""


class UnableToActivate(Exception):
    """The scorecard may not be put to work."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A scorecard made of facts that nobody has recorded yet."""

    kind: Kind
    card: dict[str, Any]
    metrics: dict[str, Any]
    data_since: date
    data_until: date
    seed: int
    code_version: str


def train_scorecard(*, kind: Kind, until: date, built_by: str, at: datetime, seed: int = 0) -> ScoringModel:
    """Train a scorecard on the lake's facts known before `until` and record it as a draft.

    The same facts and seed give the same card again, as a new version.

    :raises UnableToTrain: the facts cannot carry a scorecard; nothing is recorded.
    """
    return record_scorecard(fitted=fit_scorecard(kind=kind, until=until, seed=seed), built_by=built_by, at=at)


def fit_scorecard(*, kind: Kind, until: date, seed: int = 0) -> Fitted:
    """Make a scorecard of the lake's facts known before `until`; it reads the lake alone, and writes nothing.

    :raises UnableToTrain: the facts cannot carry a scorecard.
    """
    from financing.scoring import sample, training

    found = sample.build(kind=kind, until=until, least=training.LEAST_ROWS)
    if found.rows.num_rows == 0:
        raise UnableToTrain(
            f"The facts hold no {kind} loan that has run its time: export facts first, or use the starter."
        )
    try:
        trained = training.fit(kind=kind, sample=found.rows, seed=seed)
    except training.TooLittleData as little:
        raise UnableToTrain(str(little)) from little
    return Fitted(
        kind=kind,
        card=trained.card,
        metrics=trained.metrics,
        data_since=found.since,
        data_until=found.until,
        seed=seed,
        code_version=training.code_version(),
    )


def prepare_fitting(*, kind: Kind) -> None:
    """Import and compile what :func:`fit_scorecard` needs, which takes seconds, before it is asked for."""
    from financing.scoring import training

    training.prepare()
    engine.prepare(kind=kind)


def record_scorecard(*, fitted: Fitted, built_by: str, at: datetime) -> ScoringModel:
    """Record a scorecard as a draft, under the next version of its kind."""
    return _record(
        kind=fitted.kind,
        card=fitted.card,
        metrics=fitted.metrics,
        data_since=fitted.data_since,
        data_until=fitted.data_until,
        seed=fitted.seed,
        code_version=fitted.code_version,
        built_by=built_by,
        at=at,
    )


def approve_scorecard(*, model_id: int, approved_by: str, at: datetime) -> ScoringModel:
    """Approve a draft; only somebody else than its builder may.

    :raises UnableToApprove: own work, or not a draft.
    """
    with transaction.atomic():
        model = ScoringModel.objects.select_for_update().filter(pk=model_id).first()
        if model is None or model.state != ScoringModel.State.DRAFT:
            raise UnableToApprove("There is no draft scorecard of that number: see `manage.py scorecard show`.")
        if not approved_by or model.built_by == approved_by:
            raise UnableToApprove(f"{model.built_by} built this scorecard: somebody else has to approve it.")
        model.state, model.approved_by, model.approved_at = ScoringModel.State.APPROVED, approved_by, at
        model.save(update_fields=["state", "approved_by", "approved_at"])
    return model


def activate_scorecard(*, model_id: int, at: datetime) -> ScoringModel:
    """Put an approved (or a retired, to put it back) scorecard to work; the one at work retires.

    :raises UnableToActivate: not approved, or made from features that are no longer the catalogue's.
    """
    with transaction.atomic():
        model = ScoringModel.objects.filter(pk=model_id).first()
        if model is None:
            raise UnableToActivate("There is no scorecard of that number: see `manage.py scorecard show`.")
        same_kind = list(ScoringModel.objects.select_for_update().filter(kind=model.kind).order_by("pk"))
        model = next(one for one in same_kind if one.pk == model_id)
        if model.state == ScoringModel.State.DRAFT:
            raise UnableToActivate("Nobody has approved this scorecard yet.")
        known = {feature.name for feature in catalogue(model.kind).features}
        gone = sorted({feature["name"] for feature in model.card["features"]} - known)
        if gone:
            raise UnableToActivate(f"The scorecard needs features that are no longer made: {', '.join(gone)}.")
        ScoringModel.objects.filter(kind=model.kind, state=ScoringModel.State.ACTIVE).exclude(pk=model_id).update(
            state=ScoringModel.State.RETIRED, retired_at=at
        )
        model.state, model.activated_at, model.retired_at = ScoringModel.State.ACTIVE, at, None
        model.save(update_fields=["state", "activated_at", "retired_at"])
    return model


def install_starters(*, at: datetime) -> list[ScoringModel]:
    """Put the shipped scorecards to work for each kind that has none; return those put to work."""
    installed = []
    for kind in ("consumer", "merchant"):
        if queries.active(kind=kind) is None:
            shipped = json.loads((STARTERS / f"{kind}.json").read_text())
            scorecard.check(card=shipped["card"])
            model = _record(
                kind=kind,
                card=shipped["card"],
                metrics=shipped["metrics"],
                data_since=date.fromisoformat(shipped["data_since"]),
                data_until=date.fromisoformat(shipped["data_until"]),
                seed=shipped["seed"],
                code_version=shipped["code_version"],
                built_by=SHIPPED,
                at=at,
            )
            approve_scorecard(model_id=model.pk, approved_by=REVIEWED, at=at)
            installed.append(activate_scorecard(model_id=model.pk, at=at))
    return installed


def starter(*, model: ScoringModel) -> str:
    """Return a model as the text of a starter file."""
    content = {
        "card": model.card,
        "metrics": model.metrics,
        "data_since": model.data_since.isoformat(),
        "data_until": model.data_until.isoformat(),
        "seed": model.seed,
        "code_version": model.code_version,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _record(
    *,
    kind: Kind,
    card: dict,
    metrics: dict,
    data_since: date,
    data_until: date,
    seed: int,
    code_version: str,
    built_by: str,
    at: datetime,
) -> ScoringModel:
    with transaction.atomic():
        # The lock on the newest version makes two trainings at once take two numbers.
        list(ScoringModel.objects.select_for_update().filter(kind=kind).order_by("-version")[:1])
        newest = ScoringModel.objects.filter(kind=kind).aggregate(newest=Max("version"))["newest"]
        return ScoringModel.objects.create(
            kind=kind,
            version=(newest or 0) + 1,
            card=card,
            card_hash=scorecard.fingerprint(card=card),
            metrics=metrics,
            data_since=data_since,
            data_until=data_until,
            seed=seed,
            code_version=code_version,
            built_by=built_by,
            built_at=at,
        )
