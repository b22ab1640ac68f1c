"""Questions to payers about holds on their cards, and the links that lead to them."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core import signing

from payments.models import CardHoldQuestion, SavedCard

SALT = "card hold"
OPEN = ("asked", "answering")


def hold_path(*, question_id: int) -> str:
    """Return the address of a question's page: who has it may answer, so it goes to the payer alone."""
    return f"/money/hold/{signing.dumps(question_id, salt=SALT)}/"


def hold_link(*, question_id: int) -> str:
    """Return the whole address of a question's page, at the site where the order was placed."""
    came_from = urlsplit(
        CardHoldQuestion.objects.values_list("tender__payment__return_url", flat=True).get(pk=question_id)
    )
    origin = f"{came_from.scheme}://{came_from.netloc}" if came_from.netloc else ""
    return origin + hold_path(question_id=question_id)


def question_of(*, token: str) -> int | None:
    """Return the question that a link leads to; nothing when it is not one of ours."""
    try:
        return signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None


def open_question(*, payment_id: int) -> int | None:
    """Return the question that waits for a payment's payer, if one does."""
    rows = CardHoldQuestion.objects.filter(tender__payment_id=payment_id, state__in=OPEN)
    return rows.order_by("pk").values_list("pk", flat=True).first()


def answering(*, reference: str) -> int | None:
    """Return the question for whose new card the provider asks the payer's bank under this reference."""
    rows = CardHoldQuestion.objects.filter(state="answering").values_list("pk", "pending")
    return next((pk for pk, pending in rows if reference in pending.values()), None)


def saved_cards(*, payer: str) -> list[SavedCard]:
    """Return the cards a payer has kept, the newest first."""
    return list(SavedCard.objects.filter(payer=payer, removed_at__isnull=True).order_by("-saved_at", "-pk"))
