"""What the card provider's events post: fees, availability, payouts to our bank, disputes. Pure, one function an event.

The provider is the acquirer ``stripe``: what it holds of ours is ``card:stripe:pending`` until it is available.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from payments import chart
from payments.ledger.journal import Journal, Transfer

ACQUIRER = "stripe"


def card_fee_known(*, transaction: str, fee: int, currency: str, key: str, at: datetime) -> Journal:
    """The provider's fee on a charge or refund; below zero: it gives one back."""
    transfer = _either_way(chart.expense("card", currency).code, _pending(currency), fee)
    return _journal("card_fee_known", transaction, (transfer,), currency, key, at)


def provider_charged(*, transaction: str, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """The provider charges for its service, from what is available; below zero: it gives some back."""
    transfer = _either_way(chart.expense("card", currency).code, _available(currency), amount)
    return _journal("provider_charged", transaction, (transfer,), currency, key, at)


def card_money_available(*, transaction: str, net: int, currency: str, key: str, at: datetime) -> Journal:
    """A charge's net may be paid out to us; a refund's, below zero, is taken from what may."""
    transfer = _either_way(_available(currency), _pending(currency), net)
    return _journal("card_money_available", transaction, (transfer,), currency, key, at)


def provider_paid_out(*, payout: str, bank: str, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """The provider has paid what was available to our bank."""
    transfer = Transfer(chart.nostro(bank, currency).code, _available(currency), amount)
    return _journal("provider_paid_out", payout, (transfer,), currency, key, at)


def provider_payout_returned(*, payout: str, bank: str, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """A payout of the provider failed after it was paid: the money is with the provider again."""
    transfer = Transfer(_available(currency), chart.nostro(bank, currency).code, amount)
    return _journal("provider_payout_returned", payout, (transfer,), currency, key, at)


def dispute_opened(
    *,
    dispute: str,
    receivable: str,
    held: str,
    taken: int,
    fee: int,
    sources: Sequence[tuple[str, int]],
    currency: str,
    key: str,
    at: datetime,
) -> Journal:
    """The provider took a disputed charge; as much is held from escrow, else from the merchant as for a refund."""
    transfers = (
        Transfer(receivable, _available(currency), taken),
        _either_way(chart.expense("dispute", currency).code, _available(currency), fee),
        *(Transfer(source, held, amount) for source, amount in sources),
    )
    return _journal("dispute_opened", dispute, transfers, currency, key, at)


def dispute_covered(
    *, dispute: str, held: str, sources: Sequence[tuple[str, int]], currency: str, key: str, at: datetime
) -> Journal:
    """More is held for a dispute: a refund that was under way when it was opened has come to nothing."""
    transfers = tuple(Transfer(source, held, amount) for source, amount in sources)
    return _journal("dispute_covered", dispute, transfers, currency, key, at)


def dispute_won(
    *,
    dispute: str,
    receivable: str,
    held: str,
    given_back: int,
    taken: int,
    fee: int,
    destinations: Sequence[tuple[str, int]],
    currency: str,
    key: str,
    at: datetime,
) -> Journal:
    """The provider gives a dispute's money back, and what was held returns to where it came from.

    What it gives less or more than it had taken is an expense of disputes, or its reduction.
    """
    back = min(given_back, taken)
    lost = chart.expense("dispute", currency).code
    transfers = (
        Transfer(_available(currency), receivable, back),
        Transfer(lost, receivable, taken - back),
        Transfer(_available(currency), lost, given_back - back),
        _either_way(lost, _available(currency), fee),
        *(Transfer(held, destination, amount) for destination, amount in destinations),
    )
    return _journal("dispute_won", dispute, transfers, currency, key, at)


def dispute_lost(
    *, dispute: str, receivable: str, held: str, amount: int, uncovered: int, currency: str, key: str, at: datetime
) -> Journal:
    """A dispute is lost: what was held pays what the provider took; what nothing was held for is the bank's loss."""
    transfers = (
        Transfer(held, receivable, amount),
        Transfer(chart.expense("dispute", currency).code, receivable, uncovered),
    )
    return _journal("dispute_lost", dispute, transfers, currency, key, at)


def dispute_recovered(
    *,
    dispute: str,
    amount: int,
    fee: int,
    destinations: Sequence[tuple[str, int]],
    currency: str,
    key: str,
    at: datetime,
) -> Journal:
    """Money of a dispute that had been lost comes back after all: to who had borne it."""
    transfers = (
        *(Transfer(_available(currency), destination, share) for destination, share in destinations),
        _either_way(chart.expense("dispute", currency).code, _available(currency), fee),
    )
    if sum(share for _destination, share in destinations) != amount:
        raise ValueError(f"The shares {destinations} are not the {amount} that came back.")
    return _journal("dispute_recovered", dispute, transfers, currency, key, at)


def _pending(currency: str) -> str:
    return chart.card_pending(ACQUIRER, currency).code


def _available(currency: str) -> str:
    return chart.card_available(ACQUIRER, currency).code


def _either_way(debit: str, credit: str, amount: int) -> Transfer:
    return Transfer(debit, credit, amount) if amount >= 0 else Transfer(credit, debit, -amount)


def _journal(
    event: str, reference: str, transfers: Sequence[Transfer], currency: str, key: str, at: datetime
) -> Journal:
    return Journal(
        key=key,
        event=event,
        reference=reference,
        happened_at=at,
        currency=currency,
        transfers=tuple(transfer for transfer in transfers if transfer.amount),
    )
