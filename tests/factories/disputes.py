"""Objects of the card provider as it tells them, and card payments without a provider to ask."""

from datetime import timedelta
from itertools import count

from payments import operations
from payments.methods import Leg, Step
from payments.models import Share
from payments.providers import card, card_money
from tests.factories.payments import AT, authorise, capture, record, release

_numbers = count(1)
DAY = timedelta(days=1)


class WillingCards(card.CardMethod):
    """Cards whose provider says yes to everything, here and now."""

    def authorise(self, *, legs: list[Leg]) -> list[Step]:
        return [Step(provider_reference=f"pi_{leg.key}", expires_at=leg.at + card.HELD_FOR) for leg in legs]

    def capture(self, *, legs: list[Leg]) -> list[Step]:
        return [Step() for _ in legs]

    void = refund = capture
    divide = authorise


METHODS = [
    "payments.providers.bank_account.BankAccountMethod",
    "payments.providers.voucher.VoucherMethod",
    "tests.factories.disputes.WillingCards",
]


def pay_by_card(*, merchant: str, amount: int = 10_000, key: str = "o1", released: bool = False) -> Share:
    """Capture a card payment of one part, and release it; return its share."""
    payment = record(tenders=[("card", "pm_card_visa", amount)], parts=[(merchant, amount)], key=key)
    authorise(payment)
    operations.one([capture(f"{key}-1")])
    if released:
        operations.one([release(f"{key}-1")])
    return Share.objects.get(part__reference=f"{key}-1")


def line(amount: int, *, fee: int = 0, days: int = 1, identifier: str = "", kind: str = "adjustment") -> dict:
    """Return a balance transaction of the provider."""
    made = int((AT + days * DAY).timestamp())
    return {
        "id": identifier or f"txn_{next(_numbers)}",
        "object": "balance_transaction",
        "type": kind,
        "reporting_category": "dispute" if kind == "adjustment" else kind,
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "eur",
        "created": made,
        "available_on": made,
        "status": "available",
        "source": None,
        "exchange_rate": None,
    }


def dispute(
    share: Share | None,
    status: str = "needs_response",
    *lines: dict,
    amount: int = 10_000,
    identifier: str = "dp_1",
    reason: str = "fraudulent",
) -> dict:
    """Return a dispute of the provider, as it tells it once these balance transactions belong to it."""
    return {
        "id": identifier,
        "object": "dispute",
        "charge": "ch_1",
        "payment_intent": share.provider_reference if share else "pi_unknown",
        "amount": amount,
        "currency": "eur",
        "reason": reason,
        "status": status,
        "created": int((AT + DAY).timestamp()),
        "evidence_details": {"due_by": int((AT + 10 * DAY).timestamp()), "submission_count": 0},
        "metadata": {},
        "balance_transactions": list(lines),
    }


def note(said: dict, *, days: int = 1) -> operations.DisputeNoted:
    """Tell of a dispute."""
    [noted] = operations.note_disputes(told=[card_money.dispute_facts(said)], at=AT + days * DAY)
    return noted
