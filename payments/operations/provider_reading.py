"""Reading the card provider: its balance line by line, the disputes and payouts, and what it holds against the book.

Nothing is asked within a transaction. Whatever stops the reading, the next one goes on from the last whole window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

import stripe
from django.db.models import Min, Sum

from payments import chart
from payments.ledger import queries as ledger
from payments.ledger.errors import UnknownAccount
from payments.models import (
    Dispute,
    Payment,
    ProviderBalance,
    ProviderBalanceTransaction,
    ProviderCursor,
    ProviderPayout,
)
from payments.operations.dispute_calls import finish_dispute_calls
from payments.operations.disputing import note_disputes
from payments.operations.provider_balance import (
    dispute_lines_in_book,
    keep_transactions,
    make_available,
    post_transactions,
    unknown_disputes,
)
from payments.operations.provider_payouts import note_payouts
from payments.providers import card_money
from payments.providers.card_api import ProviderSilent

Item = TypeVar("Item")
LINES = "balance_transactions"
WINDOW = timedelta(days=1)
# The provider may show a line a little after its moment.
LATE = timedelta(hours=1)
# A paid payout may still fail within its bank's five working days.
PAYOUTS_CHANGE_FOR = timedelta(days=14)
AT_ONCE = 500


def read_provider(*, at: datetime) -> int:
    """Bring everything new at the card provider into the book; return how many lines of its balance were done with.

    Safe to run at any time and twice at once.

    :raises ProviderSilent: it did not answer.
    """
    try:
        _read_lines(at=at)
        done = post_transactions(at=at)
        finish_dispute_calls(at=at)
        _read_disputes(at=at)
        dispute_lines_in_book(at=at)
        make_available(at=at)
        for told in _batches(card_money.payouts(since=at - PAYOUTS_CHANGE_FOR)):
            note_payouts(told=told, at=at)
        _compare(told=card_money.balances(), at=at)
    except (stripe.StripeError, OSError) as silent:
        raise ProviderSilent(f"The card provider did not answer ({silent}): it is asked again.") from silent
    return done


def _read_lines(*, at: datetime) -> None:
    first = Payment.objects.aggregate(first=Min("created_at"))["first"] or at
    cursor, _made = ProviderCursor.objects.get_or_create(name=LINES, defaults={"read_until": min(first, at)})
    start = cursor.read_until
    while start < at:
        end = min(start + WINDOW, at)
        # Up to and with this second: the provider counts in whole ones.
        for told in _batches(card_money.transactions(since=start - LATE, until=end + timedelta(seconds=1))):
            keep_transactions(told=told)
        ProviderCursor.objects.filter(name=LINES, read_until__lt=end).update(read_until=end)
        start = end


def _read_disputes(*, at: datetime) -> None:
    """Ask for the disputes that are new, those not over, and those of which a line is known and nothing else."""
    newest = Dispute.objects.order_by("-opened_at").values_list("opened_at", flat=True).first()
    first = Payment.objects.aggregate(first=Min("created_at"))["first"] or at
    told = {facts.dispute_id: facts for facts in card_money.disputes(since=(newest or first) - LATE)}
    going = Dispute.objects.filter(closed_at__isnull=True) | Dispute.objects.filter(taken__gt=0)
    wanted = {*going.values_list("provider_id", flat=True), *unknown_disputes()}
    for identifier in sorted(wanted - set(told)):
        told[identifier] = card_money.retrieve_dispute(dispute_id=identifier)
    note_disputes(told=list(told.values()), at=at)


def _compare(*, told: Iterable[card_money.BalanceFacts], at: datetime) -> None:
    """Keep what the provider says it holds beside the book, and what explains the difference."""
    rows = []
    for facts in told:
        pending = chart.card_pending("stripe", facts.currency).code
        available = chart.card_available("stripe", facts.currency).code
        try:
            book = ledger.balances(codes=[pending, available])
        except UnknownAccount:
            continue
        rows.append(
            ProviderBalance(
                at=at,
                currency=facts.currency,
                pending=facts.pending,
                available=facts.available,
                book_pending=book[pending],
                book_available=book[available],
                explained_pending=0,
                explained_available=_payouts_under_way(currency=facts.currency),
            )
        )
    ProviderBalance.objects.bulk_create(rows, ignore_conflicts=True)


def _payouts_under_way(*, currency: str) -> int:
    """Return, below zero, what the provider has put aside for payouts that are not paid yet."""
    going = ProviderPayout.objects.filter(currency=currency, state__in=("pending", "in_transit"))
    ids = list(going.values_list("provider_id", flat=True))
    lines = ProviderBalanceTransaction.objects.filter(kind="payout", source__in=ids)
    return lines.aggregate(total=Sum("net"))["total"] or 0


def _batches(told: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(told, AT_ONCE)):
        yield batch
