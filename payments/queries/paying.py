"""A payment or a consignment's part of one, with all that happened to it, for operations and order pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from payments.models import Cancellation, Capture, CardHoldQuestion, Part, Payment, Refund, Release, Share, Tender
from payments.money import Money
from payments.queries import holds


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderView:
    """A tender's amounts in minor units."""

    method: str
    source: str
    amount: int
    authorised: int
    captured: int
    refunded: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementView:
    """One thing that happened to a part: capture, release, refund or cancellation."""

    kind: str
    at: datetime
    amount: int
    note: str
    journal_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A part's amounts in minor units; ``escrow`` is what has been captured and waits for delivery."""

    reference: str
    merchant: str
    currency: str
    amount: int
    captured: int
    escrow: int
    released: int
    refunded: int
    cancelled: int
    state: str
    settle_on: object
    movements: tuple[MovementView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """A payment with its tenders and parts."""

    payment_id: int
    reference: str
    payer: str
    currency: str
    amount: int
    state: str
    refusal: str
    created_at: datetime
    expires_at: datetime
    tenders: tuple[TenderView, ...]
    parts: tuple[PartView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardQuestion:
    """What a card's bank asks its holder: may this card pay this amount (minor units) for that order?"""

    order: str
    amount: int
    currency: str
    return_url: str


def card_question(*, reference: str) -> CardQuestion | None:
    """Return the question behind a provider's reference, while it waits for its answer."""
    share = (
        Share.objects.filter(provider_reference=reference, tender__state="action_required")
        .select_related("tender__payment")
        .first()
    )
    if share is None or not reference:
        return _about_hold(reference=reference)
    paid = share.tender.payment
    return CardQuestion(
        order=paid.reference, amount=share.tender.amount, currency=paid.currency, return_url=paid.return_url
    )


def _about_hold(*, reference: str) -> CardQuestion | None:
    """Return the question about another card for a hold, where this is one."""
    row = CardHoldQuestion.objects.filter(pk=holds.answering(reference=reference)).first()
    if row is None:
        return None
    paid = row.tender.payment
    held = row.tender.shares.filter(authorised=True, captured=0)
    return CardQuestion(
        order=paid.reference,
        amount=sum(share.amount - share.cancelled for share in held),
        currency=paid.currency,
        return_url=holds.hold_path(question_id=row.pk),
    )


def bank_question(*, reference: str) -> CardQuestion | None:
    """Return what another bank asks its customer, while it waits for his answer."""
    return _bank_payment(Share.objects.filter(tender__state="action_required"), reference)


def bank_payment(*, reference: str) -> CardQuestion | None:
    """Return what another bank was asked for, however it went."""
    return _bank_payment(Share.objects.all(), reference)


def _bank_payment(shares: QuerySet[Share], reference: str) -> CardQuestion | None:
    found = shares.filter(provider_reference=reference, tender__method="other_bank").select_related("tender__payment")
    share = found.first() if reference else None
    if share is None:
        return None
    paid = share.tender.payment
    return CardQuestion(
        order=paid.reference, amount=share.tender.amount, currency=paid.currency, return_url=paid.return_url
    )


def payment(*, payment_id: int) -> PaymentView | None:
    """Return a payment with everything under it."""
    row = Payment.objects.filter(pk=payment_id).first()
    return _view(row) if row else None


def part(*, reference: str) -> PartView | None:
    """Return a consignment's part of its payment."""
    row = Part.objects.filter(reference=reference).first()
    return _part(row, _movements([row])) if row else None


def find(*, text: str) -> PaymentView | None:
    """Return the payment that any name leads to: its id, an order's number, a consignment's number."""
    wanted = text.strip()
    row = Payment.objects.filter(reference=wanted).order_by("-pk").first()
    row = row or Payment.objects.filter(parts__reference=wanted).first()
    if row is None and wanted.isdecimal() and len(wanted) < 19:
        row = Payment.objects.filter(pk=int(wanted)).first()
    return _view(row) if row else None


def _view(row: Payment) -> PaymentView:
    parts = list(Part.objects.filter(payment=row).order_by("position"))
    movements = _movements(parts)
    tenders = Tender.objects.filter(payment=row).order_by("position")
    return PaymentView(
        payment_id=row.pk,
        reference=row.reference,
        payer=row.payer,
        currency=row.currency,
        amount=row.amount,
        state=row.state,
        refusal=row.refusal,
        created_at=row.created_at,
        expires_at=row.expires_at,
        tenders=tuple(
            TenderView(
                method=tender.method,
                source=tender.source,
                amount=tender.amount,
                authorised=tender.authorised,
                captured=tender.captured,
                refunded=tender.refunded,
                state=tender.state,
            )
            for tender in tenders
        ),
        parts=tuple(_part(each, movements) for each in parts),
    )


def _part(row: Part, movements: dict[int, list[MovementView]]) -> PartView:
    return PartView(
        reference=row.reference,
        merchant=row.merchant,
        currency=row.currency,
        amount=row.amount,
        captured=row.captured,
        escrow=row.escrow,
        released=row.released,
        refunded=row.refunded_before + row.refunded_after,
        cancelled=row.cancelled,
        state=row.state,
        settle_on=row.settle_on,
        movements=tuple(sorted(movements.get(row.pk, ()), key=lambda movement: movement.at)),
    )


def _movements(parts: list[Part]) -> dict[int, list[MovementView]]:
    found: dict[int, list[MovementView]] = {}
    currency_of = {row.pk: row.currency for row in parts}
    for kind in (Capture, Release, Refund, Cancellation):
        for row in kind.objects.filter(part__in=parts):
            found.setdefault(row.part_id, []).append(
                MovementView(
                    kind=kind.__name__.lower(),
                    at=row.at,
                    amount=row.amount,
                    note=_note(row, currency_of[row.part_id]),
                    journal_id=row.journal_id,
                )
            )
    return found


def _note(row: Capture | Release | Refund | Cancellation, currency: str) -> str:
    if isinstance(row, Refund):
        return row.reason
    if isinstance(row, Release):
        amounts = {"net": row.net, "commission": row.commission, "tax": row.vat, "deducted": row.deducted}
        return ", ".join(f"{name} {Money(amount, currency).format()}" for name, amount in amounts.items() if amount)
    return ""
