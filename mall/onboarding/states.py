"""An application's life as one table."""

from __future__ import annotations

from mall.merchants.models import MerchantApplication as A

# state, event, next state. The second of two different people has to say the same as the first.
TRANSITIONS = (
    (A.DRAFT, "submit", A.SUBMITTED),
    (A.DRAFT, "withdraw", A.WITHDRAWN),
    (A.SUBMITTED, "agree", A.SECONDED),
    (A.SUBMITTED, "decline", A.REFUSING),
    (A.SUBMITTED, "ask", A.ASKED),
    (A.SUBMITTED, "withdraw", A.WITHDRAWN),
    (A.SECONDED, "agree", A.APPROVED),
    (A.SECONDED, "decline", A.REFUSING),
    (A.SECONDED, "ask", A.ASKED),
    (A.SECONDED, "withdraw", A.WITHDRAWN),
    (A.REFUSING, "decline", A.DECLINED),
    (A.REFUSING, "agree", A.SECONDED),
    (A.REFUSING, "ask", A.ASKED),
    (A.REFUSING, "withdraw", A.WITHDRAWN),
    (A.ASKED, "ask", A.ASKED),
    (A.ASKED, "answer", A.SUBMITTED),
    (A.ASKED, "withdraw", A.WITHDRAWN),
)
_NEXT = {(state, event): following for state, event, following in TRANSITIONS}

QUEUE = (A.SUBMITTED, A.ASKED, A.SECONDED, A.REFUSING)
WITH_STAFF = (A.SUBMITTED, A.SECONDED, A.REFUSING)
WITH_APPLICANT = (A.DRAFT, A.ASKED)
ENDED = (A.APPROVED, A.DECLINED, A.WITHDRAWN)


class ForbiddenMove(ValueError):
    """An application cannot make this move from where it is."""


def move(*, state: str, event: str) -> str:
    """Return the state that follows.

    :raises ForbiddenMove: the table has no such edge.
    """
    try:
        return _NEXT[state, event]
    except KeyError:
        raise ForbiddenMove(f"An application that is {state} cannot {event}.") from None
