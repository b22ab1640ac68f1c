"""Why underwriting refuses. After any of these nothing has changed."""


class UnderwritingError(Exception):
    """Base of every refusal of underwriting; its text is one sentence for people."""


class NotReady(UnderwritingError):
    """There is no active policy or scorecard to decide by."""


class UnableToChangePolicy(UnderwritingError):
    """A policy version cannot be proposed, approved or put back."""


class UnableToApply(UnderwritingError):
    """An application cannot be taken in."""


class KeyReused(UnableToApply):
    """The key was used before for another application."""


class OfferGone(UnableToApply):
    """The offer is no longer the one that was shown."""


class UnableToReview(UnderwritingError):
    """An officer cannot do this to a case."""


class CaseChanged(UnableToReview):
    """Somebody else acted on the case since it was opened."""


class NotYours(UnableToReview):
    """The case is in another officer's hands, or too close to this one's own."""


class AboveAuthority(UnableToReview):
    """The amount is more than this officer may decide, or agree to."""
