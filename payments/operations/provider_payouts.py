"""The card provider's payouts to our bank: in the book when they are paid, out of it when they fail afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from payments import card_journals, outbox
from payments.events import ProviderPaidOut
from payments.ledger import operations as ledger
from payments.models import ProviderPayout
from payments.providers.card_money import PayoutFacts
from payments.states import PROVIDER_PAYOUT, path


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutNoted:
    """How a payout stands after it was told; ``changed`` is false when nothing of it was new."""

    payout: str
    state: str
    changed: bool


def note_payouts(*, told: Sequence[PayoutFacts], at: datetime) -> list[PayoutNoted]:
    """Bring payouts to where the provider says they are, all in one transaction; late, twice, in any order.

    A paid payout moves its money from the provider to our bank, and back when it fails later. One that fails before
    it was paid moves nothing.
    """
    with transaction.atomic():
        fresh = [
            ProviderPayout(
                provider_id=facts.payout,
                amount=facts.amount,
                currency=facts.currency,
                created_at=facts.created_at,
                arrives_on=facts.arrives_on,
            )
            for facts in told
        ]
        ProviderPayout.objects.bulk_create(fresh, ignore_conflicts=True)
        ids = {facts.payout for facts in told}
        rows = ProviderPayout.objects.filter(provider_id__in=ids).order_by("pk").select_for_update()
        by_id = {row.provider_id: row for row in rows}
        return [_note(row=by_id[facts.payout], facts=facts, at=at) for facts in told]


def _note(*, row: ProviderPayout, facts: PayoutFacts, at: datetime) -> PayoutNoted:
    way = path(machine=PROVIDER_PAYOUT, state=row.state, target=facts.state)
    if way is None or len(way) == 1:
        return PayoutNoted(payout=row.provider_id, state=row.state, changed=False)
    common = {
        "payout": row.provider_id,
        "bank": settings.RIALTO_POLICY.NOSTRO_BANK,
        "amount": row.amount,
        "currency": row.currency,
    }
    if facts.state == "paid":
        row.paid_at = at
        journal = card_journals.provider_paid_out(
            **common, key=f"provider-payout:{row.provider_id}", at=row.arrives_on
        )
        row.journal_id = ledger.post(journal=journal).journal_id
        event = ProviderPaidOut(
            key=row.provider_id, at=at, payout=row.provider_id, amount=row.amount, currency=row.currency
        )
        outbox.record(happened=[event])
    elif row.journal_id is not None and facts.state == "failed":
        journal = card_journals.provider_payout_returned(**common, key=f"provider-payout-back:{row.provider_id}", at=at)
        row.returned_journal_id = ledger.post(journal=journal).journal_id
    if facts.state in ("failed", "canceled"):
        row.failed_at, row.failure = at, facts.failure
    row.state = facts.state
    row.save()
    return PayoutNoted(payout=row.provider_id, state=row.state, changed=True)
