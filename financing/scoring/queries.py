"""Read scorecards."""

from financing.features.registry import Kind
from financing.scoring.models import ScoringModel


def active(*, kind: Kind) -> ScoringModel | None:
    """Return the scorecard at work for a kind, if any."""
    return ScoringModel.objects.filter(kind=kind, state=ScoringModel.State.ACTIVE).first()


def versions(*, kind: Kind) -> list[ScoringModel]:
    """Return every version of a kind's scorecard, the newest first."""
    return list(ScoringModel.objects.filter(kind=kind).order_by("-version"))
