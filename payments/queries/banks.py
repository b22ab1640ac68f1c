"""Money to and from other banks as operations sees it: batches, files, what waits in suspense and since when."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, datetime

from payments.models import BankEntry, BankFile, Batch, OutgoingPayment, PayoutAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """A batch; while it is drafted, count and total are those of what has joined it. Amounts are minor units."""

    batch_id: int
    reference: str
    day: date
    currency: str
    state: str
    count: int
    total: int
    digest: str
    first_approval_by: str
    second_approval_by: str
    sent_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingView:
    """A payment to another bank."""

    end_to_end_id: str
    kind: str
    holder: str
    creditor_name: str
    iban: str
    amount: int
    currency: str
    remittance: str
    state: str
    reason: str
    journal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file that was sent or taken in."""

    kind: str
    message_id: str
    name: str
    direction: str
    entries: int
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspenseView:
    """An entry that waits in suspense, for ``days`` days; ``amount`` is below zero where money left."""

    entry_id: int
    booked_on: date
    days: int
    amount: int
    currency: str
    counterparty: str
    counterparty_iban: str
    payee_iban: str
    remittance: str
    why: str
    journal_id: int | None

    @property
    def can_go_back(self) -> bool:
        """Return whether the entry says from where the money came."""
        return self.amount > 0 and bool(self.counterparty_iban)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAccountView:
    """Where a merchant's payouts go or will go: ``state`` is `active` or `waiting`."""

    account_id: int
    name: str
    iban: str
    state: str
    effective_at: datetime | None


def payout_accounts(*, merchant: str) -> dict[str, PayoutAccountView]:
    """Return a merchant's account elsewhere that counts and the one that waits, by state."""
    rows = PayoutAccount.objects.filter(merchant=merchant, state__in=("active", "waiting"))
    return {
        row.state: PayoutAccountView(
            account_id=row.pk, name=row.name, iban=row.iban, state=row.state, effective_at=row.effective_at
        )
        for row in rows
    }


def batches(*, limit: int = 30) -> list[BatchView]:
    """Return the newest batches, newest first."""
    return [_batch(row) for row in Batch.objects.select_related("file").order_by("-day", "-pk")[:limit]]


def batch(*, batch_id: int) -> tuple[BatchView, list[OutgoingView]] | None:
    """Return a batch and its payments."""
    row = Batch.objects.select_related("file").filter(pk=batch_id).first()
    if row is None:
        return None
    payments = OutgoingPayment.objects.filter(batch=row).order_by("pk")
    return _batch(row), [
        OutgoingView(
            end_to_end_id=one.end_to_end_id,
            kind=one.kind,
            holder=one.holder,
            creditor_name=one.creditor_name,
            iban=one.iban,
            amount=one.amount,
            currency=one.currency,
            remittance=one.remittance,
            state=one.state,
            reason=one.reason,
            journal_id=one.journal_id,
        )
        for one in payments
    ]


def batch_file(*, batch_id: int) -> tuple[str, bytes] | None:
    """Return the name and the bytes of a batch's file."""
    row = BankFile.objects.filter(batch__pk=batch_id).first()
    return (row.name, zlib.decompress(bytes(row.content))) if row else None


def files(*, limit: int = 20) -> list[FileView]:
    """Return the newest files, newest first."""
    rows = BankFile.objects.defer("content").order_by("-pk")[:limit]
    return [
        FileView(
            kind=row.kind,
            message_id=row.message_id,
            name=row.name,
            direction=row.direction,
            entries=row.entries,
            by=row.by,
            at=row.at,
        )
        for row in rows
    ]


def suspense(*, today: date, limit: int = 100) -> list[SuspenseView]:
    """Return what waits in suspense, oldest first."""
    rows = BankEntry.objects.filter(state="suspense").order_by("booked_on", "pk")[:limit]
    return [
        SuspenseView(
            entry_id=row.pk,
            booked_on=row.booked_on,
            days=(today - row.booked_on).days,
            amount=row.amount if row.is_credit else -row.amount,
            currency=row.currency,
            counterparty=row.counterparty,
            counterparty_iban=row.counterparty_iban,
            payee_iban=row.payee_iban,
            remittance=row.remittance,
            why=row.outcome,
            journal_id=row.journal_id,
        )
        for row in rows
    ]


def _batch(row: Batch) -> BatchView:
    count, total = row.count, row.total
    if row.state == "drafted":
        amounts = list(OutgoingPayment.objects.filter(batch=row).values_list("amount", flat=True))
        count, total = len(amounts), sum(amounts)
    return BatchView(
        batch_id=row.pk,
        reference=row.reference,
        day=row.day,
        currency=row.currency,
        state=row.state,
        count=count,
        total=total,
        digest=row.file.digest if row.file else "",
        first_approval_by=row.first_approval_by,
        second_approval_by=row.second_approval_by,
        sent_at=row.sent_at,
        note=row.note,
    )
