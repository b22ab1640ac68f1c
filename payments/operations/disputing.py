"""Disputes: what the card provider tells of them, in any order and however often, brought into the book once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from payments import outbox
from payments.events import DisputeClosed, DisputeOpened
from payments.models import Dispute, DisputeEvent, DisputeMovement, Share
from payments.operations import _book, _remote
from payments.operations._dispute_money import PART_FIELDS, DisputeMoney
from payments.providers.card_money import DisputeFacts
from payments.states import DISPUTE, path

OPEN = ("inquiry", "inquiry_under_review", "needs_response", "under_review")
PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeNoted:
    """How a dispute stands after it was told; ``changed`` is false when nothing of it was new."""

    dispute: str
    state: str
    taken: int
    held: int
    changed: bool


def note_disputes(*, told: Sequence[DisputeFacts], at: datetime) -> list[DisputeNoted]:
    """Bring disputes to where the provider says they are, each in a transaction of its own: they are few.

    What it says may come late, twice and in any order: each of its balance transactions is posted once, one that
    knows fewer of them than we do is older and changes nothing, and a state no way leads to is left alone. Of a
    charge that is no payment of ours the money is counted all the same.
    """
    return [result for facts in told for result in _remote.run(act=lambda _, facts=facts: [_note(facts=facts, at=at)])]


def _note(*, facts: DisputeFacts, at: datetime) -> DisputeNoted:
    share, book = _under_lock(facts=facts)
    row = _row(facts=facts, share=share)
    known = set(
        DisputeMovement.objects.filter(dispute=row, kind__in=("taken", "reinstated", "recovered")).values_list(
            "key", flat=True
        )
    )
    told = {line.transaction for line in facts.transactions}
    if known - told:
        return _noted(row, changed=False)
    money = DisputeMoney(row=row, share=share, book=book)
    before = (row.state, row.taken, row.held)
    for line in facts.transactions:
        if line.transaction not in known and line.amount < 0:
            money.take(line=line)
        elif line.transaction not in known:
            money.give_back(line=line)
    _move(money=money, target=facts.state, at=at)
    if row.state in OPEN:
        money.cover(at=at)
        row.due_by = facts.due_by or row.due_by
        row.merchant_due_by = _asked_until(row)
    if row.state == "lost" and row.taken:
        money.lose(at=at)
    row.save()
    if money.part is not None:
        book.tidy_part(money.part)
        book.finish(money.part.payment, at)
    book.write()
    return _noted(row, changed=before != (row.state, row.taken, row.held))


def _under_lock(*, facts: DisputeFacts) -> tuple[Share | None, _book.Book]:
    """Hold the payment of the disputed charge, and find the share it was made for."""
    found = None
    if facts.intent:
        owners = Share.objects.filter(provider_reference=facts.intent, part__currency=facts.currency)
        found = owners.values_list("pk", "part_id", "part__payment_id").first()
    if found is None:
        return None, _book.Book(payments=())
    share_id, part_id, payment_id = found
    book = _book.Book.of_payments(ids=[payment_id])
    return next(share for share in book.shares_of_part[part_id] if share.pk == share_id), book


def _row(*, facts: DisputeFacts, share: Share | None) -> Dispute:
    part = share.part if share else None
    fresh = Dispute(
        provider_id=facts.dispute_id,
        charge=facts.charge,
        intent=facts.intent,
        share=share,
        part=part,
        merchant=part.merchant if part else "",
        currency=facts.currency,
        amount=facts.amount,
        reason=facts.reason[:60],
        opened_at=facts.opened_at,
        due_by=facts.due_by,
    )
    Dispute.objects.bulk_create([fresh], ignore_conflicts=True)
    return Dispute.objects.select_for_update(of=("self",)).get(provider_id=facts.dispute_id)


def _move(*, money: DisputeMoney, target: str, at: datetime) -> None:
    """Take the dispute to ``target`` by every state on the way, and tell of it."""
    row = money.row
    way = path(machine=DISPUTE, state=row.state, target=target)
    if way is None or len(way) == 1:
        return
    was_open = row.state in OPEN
    number = DisputeEvent.objects.filter(dispute=row).count()
    for step, state in enumerate(way[1:], number):
        DisputeEvent.objects.create(
            dispute=row, key=f"{row.provider_id}:{state}:{step}", kind=state, by=PROVIDER, at=at
        )
    is_open = target in OPEN
    row.state = target
    row.closed_at = None if is_open else at
    if money.part is not None and was_open != is_open:
        money.part.open_disputes += 1 if is_open else -1
        money.book.changes.add(money.part, *PART_FIELDS)
    outbox.record(happened=_events(row=row, way=way[1:], number=number, part=money.part, at=at))


def _events(*, row, way, number, part, at) -> list[DisputeOpened | DisputeClosed]:
    common = {
        "at": at,
        "dispute": row.provider_id,
        "part_reference": part.reference if part else "",
        "merchant": row.merchant,
        "payer": part.payment.payer if part else "",
        "amount": row.amount,
        "currency": row.currency,
    }
    happened: list[DisputeOpened | DisputeClosed] = []
    for state in way:
        key = f"{row.provider_id}:{state}:{number}"
        if state in ("inquiry", "needs_response"):
            moves = state == "needs_response"
            happened.append(DisputeOpened(key=key, reason=row.reason, moves_money=moves, due_by=row.due_by, **common))
        elif state in ("won", "lost", "inquiry_closed"):
            happened.append(DisputeClosed(key=key, outcome=state, **common))
    return happened


def _asked_until(row: Dispute) -> datetime | None:
    """Return until when the merchant is asked: early enough that operations can still read and send it."""
    if row.due_by is None:
        return None
    return max(row.opened_at, row.due_by - settings.RIALTO_DISPUTE_OPERATIONS_NEED)


def _noted(row: Dispute, *, changed: bool) -> DisputeNoted:
    return DisputeNoted(dispute=row.provider_id, state=row.state, taken=row.taken, held=row.held, changed=changed)
