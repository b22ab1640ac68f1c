"""Ordering payments to other banks: each joins the file of its bank day, and its money leaves its owner at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from payments import chart
from payments.ledger import operations as ledger
from payments.ledger.errors import InsufficientFunds, LedgerError
from payments.models import Batch, OutgoingPayment, Payout
from payments.models.changes import next_ids
from payments.operations.errors import KeyReused, PaymentError, UnableToMoveMoney
from payments.operations.house import open_house_accounts
from payments.settlement.elsewhere import bank_days, journals


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPayment:
    """A payment to order: ``kind`` is one of ``OutgoingPayment.KINDS``; ``source`` a ledger account."""

    kind: str
    source: str
    holder: str
    amount: int
    currency: str
    creditor_name: str
    iban: str
    key: str
    at: datetime
    bic: str = ""
    remittance: str = ""
    payout: Payout | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A payment that was ordered; ``day`` is the bank day with whose file it leaves."""

    payment_id: int
    end_to_end_id: str
    journal_id: int
    day: date
    replayed: bool


def order_payments(*, requests: Sequence[OrderPayment]) -> list[Ordered | PaymentError]:
    """Order payments; the same key is the same payment. Refused are those whose source does not hold enough."""
    results: list[Ordered | PaymentError] = [UnableToMoveMoney("Nothing was asked for.")] * len(requests)
    sound: list[int] = []
    for index, request in enumerate(requests):
        problem = _problem(request)
        if problem:
            results[index] = UnableToMoveMoney(problem)
        else:
            sound.append(index)
    with transaction.atomic():
        batches = _batches(requests=[requests[index] for index in sound])
        known = {
            row.key: row
            for row in OutgoingPayment.objects.filter(key__in=[requests[index].key for index in sound]).select_related(
                "batch"
            )
        }
        fresh = []
        for index in sound:
            row = known.get(requests[index].key)
            if row is None:
                fresh.append(index)
            else:
                results[index] = _again(row=row, request=requests[index])
        _order(requests=requests, indexes=fresh, batches=batches, results=results)
    return results


def hold_batches(*, moments: Sequence[tuple[str, datetime]]) -> None:
    """Hold the batches that orders of these (currency, instant) will join, in the caller's transaction.

    For who must hold accounts before he orders: everybody takes batches first.
    """
    pairs = {
        (bank_days.bank_day(at), currency, at) for currency, at in moments if currency in settings.RIALTO_POLICY.NOSTROS
    }
    for day, currency, at in sorted(pairs):
        _open_batch(day=day, currency=currency, at=at)


def check_iban(text: str) -> str:
    """Return an account number in its short form.

    :raises UnableToMoveMoney: it is not one.
    """
    try:
        return str(IBAN(text.replace(" ", "")[:40]))
    except SchwiftyException:
        raise UnableToMoveMoney(f"{text[:40]!r} is not a valid IBAN: check each letter and digit.") from None


def _problem(request: OrderPayment) -> str:
    if request.amount <= 0:
        return f"An amount of {request.amount} minor units cannot be sent: it must be above zero."
    if request.currency not in settings.RIALTO_POLICY.NOSTROS:
        return f"Payments to other banks are not made in {request.currency}: the bank keeps no account elsewhere in it."
    if not request.creditor_name.strip():
        return "A payment to another bank needs the name of its payee."
    try:
        check_iban(request.iban)
        if request.bic:
            BIC(request.bic)
    except UnableToMoveMoney as problem:
        return str(problem)
    except SchwiftyException:
        return f"{request.bic!r} is not a valid BIC: leave it out or correct it."
    return ""


def _batches(*, requests: Sequence[OrderPayment]) -> dict[tuple[date, str], Batch]:
    """Hold the open batch of each wanted day and currency, opening those that are not there.

    A day whose file is closed already gives its orders to the next.
    """
    held: dict[tuple[date, str], Batch] = {}
    for wanted, currency in sorted({(bank_days.bank_day(request.at), request.currency) for request in requests}):
        first = min(request.at for request in requests)
        held[wanted, currency] = _open_batch(day=wanted, currency=currency, at=first)
    return held


def _open_batch(*, day: date, currency: str, at: datetime) -> Batch:
    while (batch := _batch(day=day, currency=currency, at=at)).state != "drafted":
        day = bank_days.next_bank_day(day)
    return batch


def _batch(*, day: date, currency: str, at: datetime) -> Batch:
    row = Batch(reference=f"RIALTO-{day:%Y%m%d}-{currency}", day=day, currency=currency, opened_at=at)
    Batch.objects.bulk_create([row], ignore_conflicts=True)
    batch = Batch.objects.select_for_update().get(day=day, currency=currency)
    if batch.state == "drafted":
        open_house_accounts(currency=currency, at=at)
        ledger.open_accounts(specs=[chart.payout_transit(batch.reference, currency)], at=batch.opened_at)
    return batch


def _again(*, row: OutgoingPayment, request: OrderPayment) -> Ordered | PaymentError:
    before = (row.kind, row.source, row.amount, row.currency, row.iban)
    if before != (request.kind, request.source, request.amount, request.currency, check_iban(request.iban)):
        return KeyReused(f"The key {request.key} was used before, for another payment.")
    return _ordered(row, replayed=True)


def _ordered(row: OutgoingPayment, *, replayed: bool) -> Ordered:
    return Ordered(
        payment_id=row.pk,
        end_to_end_id=row.end_to_end_id,
        journal_id=row.journal_id,
        day=row.batch.day,
        replayed=replayed,
    )


def _order(
    *,
    requests: Sequence[OrderPayment],
    indexes: Sequence[int],
    batches: dict[tuple[date, str], Batch],
    results: list[Ordered | PaymentError],
) -> None:
    if not indexes:
        return
    rows = [
        _row(requests[index], batches, number)
        for index, number in zip(indexes, next_ids(model=OutgoingPayment, count=len(indexes)), strict=True)
    ]
    entries = [
        journals.payment_ordered(
            kind=row.kind,
            source=row.source,
            transit=row.batch.ledger_code,
            end_to_end_id=row.end_to_end_id,
            amount=row.amount,
            currency=row.currency,
            key=f"order:{row.key}",
            at=row.ordered_at,
        )
        for row in rows
    ]
    good = []
    for index, row, outcome in zip(indexes, rows, ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, LedgerError):
            results[index] = UnableToMoveMoney(_sentence(outcome, requests[index]))
            continue
        row.journal_id = outcome.journal_id
        good.append(row)
        results[index] = _ordered(row, replayed=False)
    OutgoingPayment.objects.bulk_create(good)


def _row(request: OrderPayment, batches: dict[tuple[date, str], Batch], number: int) -> OutgoingPayment:
    return OutgoingPayment(
        pk=number,
        key=request.key,
        end_to_end_id=f"RP{number:010}",
        kind=request.kind,
        batch=batches[bank_days.bank_day(request.at), request.currency],
        source=request.source,
        holder=request.holder,
        amount=request.amount,
        currency=request.currency,
        creditor_name=request.creditor_name.strip()[:70],
        iban=check_iban(request.iban),
        bic=request.bic,
        remittance=request.remittance.strip()[:140],
        payout=request.payout,
        ordered_at=request.at,
    )


def _sentence(refusal: LedgerError, request: OrderPayment) -> str:
    if isinstance(refusal, InsufficientFunds):
        return f"The account {request.source.removeprefix('deposit:')} does not hold enough for this payment."
    return str(refusal)
