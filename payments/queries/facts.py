"""What payments knows, as rows for the lake of facts: attempts to pay, refunds, account movements, payouts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import connection
from django.db.models import Min

from payments.ledger import extracts
from payments.models import CustomerAccount

Rows = Sequence[tuple[object, ...]]

# Journals on a customer's account, in the words of the facts.
MOVEMENTS = {
    "money_received": "received",
    "money_sent": "sent",
    "payment_authorised": "paid",
    "hold_released": "returned",
    "part_refunded": "returned",
    "refund_paid_another_way": "returned",
    "merchant_paid_out": "payout",
}
OUTCOMES = {
    "payments.payment_authorised": "authorised",
    "payments.payment_refused": "refused",
    "payments.payment_expired": "expired",
    "payments.payment_voided": "voided",
}

# The outbox is the record of what a payment came to and when; the payment itself only knows its last state.
_TENDERS = """
SELECT payment.reference, payment.payer, tender.method, event.name, coalesce(event.payload ->> 'reason', ''),
    tender.amount, payment.currency, event.at
FROM payments_outboxevent event
JOIN payments_payment payment ON payment.id = (event.payload ->> 'payment_id')::bigint
JOIN payments_tender tender ON tender.payment_id = payment.id
WHERE event.name = ANY (%(names)s) AND event.at >= %(since)s AND event.at < %(until)s
"""

_REFUNDS = """
SELECT part.reference, payment.payer, part.merchant, refund.amount, part.currency,
    refund.from_escrow = refund.amount, refund.reason, refund.at
FROM payments_refund refund
JOIN payments_part part ON part.id = refund.part_id
JOIN payments_payment payment ON payment.id = part.payment_id
WHERE refund.at >= %(since)s AND refund.at < %(until)s
"""

# A day's settlement is known when the day is over.
_PAYOUTS = """
SELECT settlement.merchant, settlement.day,
    settlement.to_receivable + settlement.to_reserve + settlement.to_available,
    settlement.to_reserve, settlement.withheld, coalesce(payout.amount, 0),
    (settlement.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond'
FROM payments_settlement settlement
LEFT JOIN payments_payout payout ON payout.settlement_id = settlement.id
WHERE settlement.day >= (%(since)s AT TIME ZONE 'UTC')::date
    AND settlement.day < (%(until)s AT TIME ZONE 'UTC')::date
"""


def first_known_at() -> datetime | None:
    """Return the moment of the first fact, nothing when there is none."""
    return CustomerAccount.objects.aggregate(first=Min("opened_at"))["first"]


def rows(*, since: datetime, until: datetime) -> Mapping[str, Rows]:
    """Return every fact of payments known from `since` up to, not including, `until`."""
    span = {"since": since, "until": until, "names": list(OUTCOMES)}
    return {
        "tenders": [
            (reference, subject(payer), method, OUTCOMES[name], reason, amount, currency, at)
            for reference, payer, method, name, reason, amount, currency, at in _read(_TENDERS, span)
        ],
        "refunds": [
            (reference, subject(payer), merchant, amount, currency, before, reason, at)
            for reference, payer, merchant, amount, currency, before, reason, at in _read(_REFUNDS, span)
        ],
        "account_movements": [
            (code.partition(":")[2], owner, amount, balance, currency, _movement(event), sequence, at)
            for code, owner, amount, balance, currency, event, at, sequence in extracts.movements(
                family="deposit", since=since, until=until
            )
        ],
        "payouts": _read(_PAYOUTS, span),
    }


def subject(payer: str) -> str:
    """Return a payer as facts name them; of a guest a fingerprint only: no address of a person is in the lake."""
    kind, _, email = payer.partition(":")
    if kind != "guest":
        return payer
    return "guest:" + sha256(f"{settings.SECRET_KEY}:{email.strip().lower()}".encode()).hexdigest()[:24]


def _movement(event: str) -> str:
    if event.startswith("loan."):
        return "loan"
    return MOVEMENTS.get(event, "other")


def _read(statement: str, parameters: Mapping[str, object]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
