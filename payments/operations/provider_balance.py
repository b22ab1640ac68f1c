"""The card provider's balance, line by line: kept as it is told, its fees and availability posted once each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from payments import card_journals
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.ledger.journal import Journal
from payments.models import DisputeMovement, ProviderBalanceTransaction
from payments.models.changes import Changes
from payments.providers.card_money import TransactionFacts
from payments.rows import insert

AT_ONCE = 1_000

# Lines whose amount a capture or a refund has posted as pending; their fee and their availability are posted here.
THROUGH_PENDING = ("charge", "payment", "refund", "payment_refund", "refund_failure", "payment_failure_refund")
# What the provider charges for its service beside any charge, taken from what is available.
CHARGES = ("stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost")
# Payouts post when they are paid, by `note_payouts`.
PAYOUTS = ("payout", "payout_failure", "payout_cancel")
DISPUTES = ("adjustment",)
EXCHANGED = "The provider changed currencies on the way: there is no account for that."
UNKNOWN = "Nobody here knows what this kind of line posts."


def keep_transactions(*, told: Sequence[TransactionFacts]) -> None:
    """Keep lines of the provider's balance; one that is kept already stays as it was told first."""
    rows = [
        ProviderBalanceTransaction(
            provider_id=facts.transaction,
            kind=facts.kind[:40],
            category=facts.category[:40],
            amount=facts.amount,
            fee=facts.fee,
            net=facts.net,
            currency=facts.currency,
            source=facts.source,
            intent=facts.intent,
            created_at=facts.created_at,
            available_on=facts.available_on,
            problem=EXCHANGED if facts.exchanged else "",
        )
        for facts in told
    ]
    with transaction.atomic():
        insert(rows=rows, ignore_conflicts=True)


def post_transactions(*, at: datetime) -> int:
    """Post the fees of lines that are kept and not yet in the book; return how many lines were done with.

    A dispute's line waits for the dispute to be told (see :func:`unknown_disputes`); one nobody understands gets a
    ``problem`` and is left for a person. Two who do this at once share the lines.
    """
    done = 0
    while True:
        with transaction.atomic():
            rows = list(_waiting().order_by("pk").select_for_update(skip_locked=True)[:AT_ONCE])
            _post_fees(rows=rows, at=at)
        done += len(rows)
        if len(rows) < AT_ONCE:
            return done


def unknown_disputes() -> list[str]:
    """Return the disputes of which a line is kept and not yet in the book: ask the provider for them."""
    rows = ProviderBalanceTransaction.objects.filter(handled_at__isnull=True, kind__in=DISPUTES, problem="")
    return sorted(set(rows.exclude(source="").values_list("source", flat=True)))


def make_available(*, at: datetime) -> int:
    """Move what has become available by ``at`` out of the pending account; return how many lines."""
    done = 0
    while True:
        with transaction.atomic():
            due = ProviderBalanceTransaction.objects.filter(
                made_available_at__isnull=True, handled_at__isnull=False, available_on__lte=at
            )
            rows = list(due.order_by("pk").select_for_update(skip_locked=True)[:AT_ONCE])
            _post_available(rows=rows, at=at)
        done += len(rows)
        if len(rows) < AT_ONCE:
            return done


def _waiting() -> QuerySet[ProviderBalanceTransaction]:
    return ProviderBalanceTransaction.objects.filter(handled_at__isnull=True, problem="").exclude(kind__in=DISPUTES)


def _post_fees(*, rows: Sequence[ProviderBalanceTransaction], at: datetime) -> None:
    entries: dict[int, Journal] = {}
    changes = Changes()
    for row in rows:
        changes.add(row, "handled_at", "journal_id", "made_available_at", "problem")
        key, moment = f"provider:{row.provider_id}", row.created_at
        if row.kind in THROUGH_PENDING:
            row.handled_at = at
            if row.fee:
                entries[row.pk] = card_journals.card_fee_known(
                    transaction=row.provider_id, fee=row.fee, currency=row.currency, key=key, at=moment
                )
        elif row.kind in CHARGES:
            row.handled_at = row.made_available_at = at
            if row.net:
                entries[row.pk] = card_journals.provider_charged(
                    transaction=row.provider_id, amount=-row.net, currency=row.currency, key=key, at=moment
                )
        elif row.kind in PAYOUTS:
            row.handled_at = row.made_available_at = at
        else:
            row.problem = UNKNOWN
    posted = _posted(entries)
    for row in rows:
        row.journal_id = posted.get(row.pk)
    changes.write()


def _post_available(*, rows: Sequence[ProviderBalanceTransaction], at: datetime) -> None:
    entries = {
        row.pk: card_journals.card_money_available(
            transaction=row.provider_id,
            net=row.net,
            currency=row.currency,
            key=f"provider-available:{row.provider_id}",
            at=row.available_on,
        )
        for row in rows
        if row.net
    }
    posted = _posted(entries)
    changes = Changes()
    for row in rows:
        row.made_available_at = at
        row.available_journal_id = posted.get(row.pk)
        changes.add(row, "made_available_at", "available_journal_id")
    changes.write()


def _posted(entries: dict[int, Journal]) -> dict[int, int]:
    """Post journals by the rows they are of; one that the book refuses undoes the batch, which a person has to see."""
    ids = {}
    for pk, outcome in zip(entries, ledger.post_many(journals=list(entries.values())), strict=True):
        if isinstance(outcome, LedgerError):
            raise outcome
        ids[pk] = outcome.journal_id
    return ids


def dispute_lines_in_book(*, at: datetime) -> int:
    """Mark a dispute's lines that were kept after the dispute itself had posted them; return how many."""
    rows = ProviderBalanceTransaction.objects.filter(handled_at__isnull=True, kind__in=DISPUTES)
    known = DisputeMovement.objects.filter(key__in=list(rows.values_list("provider_id", flat=True))).values("key")
    return rows.filter(provider_id__in=known).update(handled_at=at, made_available_at=at)
