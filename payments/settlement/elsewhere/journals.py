"""What money to and from other banks posts: pure functions, one an event."""

from __future__ import annotations

from datetime import datetime

from payments import chart
from payments.ledger.journal import Journal, Transfer

ORDERED = {
    "payout": "payout_ordered",
    "transfer": "transfer_ordered",
    "send_back": "send_back_ordered",
    "refund": "refund_ordered",
}


def payment_ordered(
    *, kind: str, source: str, transit: str, end_to_end_id: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """A payment to another bank is ordered: its money leaves its owner at once, so that nobody spends it twice."""
    return _journal(ORDERED[kind], source, transit, end_to_end_id, amount, currency, key, at)


def payment_confirmed(
    *, bank: str, transit: str, end_to_end_id: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """The other bank has booked a payment: it has left our account there."""
    nostro = chart.nostro(bank, currency).code
    return _journal("payment_confirmed", transit, nostro, end_to_end_id, amount, currency, key, at)


def payment_given_back(
    *, source: str, transit: str, end_to_end_id: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """A payment was withdrawn, rejected or returned before it was booked: its money goes back to its owner."""
    return _journal("payment_given_back", transit, source, end_to_end_id, amount, currency, key, at)


def payment_returned(
    *, bank: str, source: str, end_to_end_id: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """A payment came back after it had been booked: its money goes back to its owner."""
    nostro = chart.nostro(bank, currency).code
    return _journal("payment_returned", nostro, source, end_to_end_id, amount, currency, key, at)


def entry_suspended(
    *, bank: str, is_credit: bool, reference: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """An entry of our account elsewhere whose owner or order is not known: it waits in suspense."""
    nostro, suspense = chart.nostro(bank, currency).code, chart.suspense("transfers", currency).code
    debit, credit = (nostro, suspense) if is_credit else (suspense, nostro)
    event = "money_received_for_nobody" if is_credit else "unknown_debit"
    return _journal(event, debit, credit, reference, amount, currency, key, at)


def suspense_matched(*, account: str, reference: str, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """Operations found whose the money in suspense is."""
    suspense = chart.suspense("transfers", currency).code
    return _journal("suspense_matched", suspense, f"deposit:{account}", reference, amount, currency, key, at)


def transferred_here(
    *, payer: str, payee: str, reference: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """A customer's transfer to another account here, at once."""
    return _journal("transferred_here", f"deposit:{payer}", f"deposit:{payee}", reference, amount, currency, key, at)


def _journal(
    event: str, debit: str, credit: str, reference: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    return Journal(
        key=key,
        event=event,
        reference=reference,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(debit, credit, amount),),
    )
