"""Recording a payment: who pays what, by which tenders, for which parts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from payments import methods, rows
from payments.models import MerchantTerms, Part, Payment, Share, Tender
from payments.operations.errors import InvalidPayment, KeyReused, PaymentError


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderRequest:
    """One source of the money: a connected method, what it draws on (an IBAN, a card token, a plan, a code)."""

    method: str
    source: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRequest:
    """One consignment's share: goods and shipping in minor units, for ``merchant`` (`merchant:3`)."""

    reference: str
    merchant: str
    goods: int
    shipping: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """A payment for the order ``reference`` by ``payer`` (`user:1`, `guest:<email>`); tenders in the order of use.

    ``device`` and ``address`` (digests, or nothing) are what velocity rules know it by.
    """

    key: str
    reference: str
    payer: str
    currency: str
    tenders: tuple[TenderRequest, ...]
    parts: tuple[PartRequest, ...]
    return_url: str
    expires_at: datetime
    at: datetime
    device: str = ""
    address: str = ""

    @property
    def amount(self) -> int:
        """Return what the parts sum to, in minor units."""
        return sum(part.goods + part.shipping for part in self.parts)

    def fingerprint(self) -> str:
        """Return the SHA-256 of what the key stands for."""
        said = (self.reference, self.payer, self.currency, self.tenders, self.parts)
        return hashlib.sha256(repr(said).encode()).hexdigest()


def record_payments(*, requests: Sequence[PaymentRequest]) -> list[int | PaymentError]:
    """Write payments down, nothing moved yet, and return their ids; the same key returns the payment it has.

    Runs in the caller's transaction, the one that places the order. Which tender pays which part is decided here:
    in order, the first tender for the first parts.
    """
    with transaction.atomic():
        try:
            with transaction.atomic():
                return _record(requests=requests)
        except IntegrityError:
            # Somebody else recorded one of the keys, or used one of the references, at the same moment.
            pass
        try:
            with transaction.atomic():
                return _record(requests=requests)
        except IntegrityError:
            return [
                InvalidPayment(f"A part of the payment {request.key} is already a part of another one.")
                for request in requests
            ]


def _record(*, requests: Sequence[PaymentRequest]) -> list[int | PaymentError]:
    present = {row.key: row for row in Payment.objects.filter(key__in={request.key for request in requests})}
    terms = {
        row.merchant: row
        for row in MerchantTerms.objects.filter(
            merchant__in={part.merchant for request in requests for part in request.parts}
        )
    }
    results: list[int | PaymentError | None] = []
    fresh: dict[str, PaymentRequest] = {}
    for request in requests:
        seen = present.get(request.key)
        fingerprint = seen.fingerprint if seen else fresh[request.key].fingerprint() if request.key in fresh else None
        if fingerprint is not None and fingerprint != request.fingerprint():
            results.append(KeyReused(f"The key {request.key} was used before for another payment."))
        elif seen:
            results.append(seen.pk)
        elif problem := _problem(request=request, terms=terms):
            results.append(InvalidPayment(problem))
        else:
            fresh[request.key] = request
            results.append(None)
    written = _write(requests=list(fresh.values()), terms=terms)
    return [
        written[request.key] if result is None else result for request, result in zip(requests, results, strict=True)
    ]


def _problem(*, request: PaymentRequest, terms: dict[str, MerchantTerms]) -> str:
    if not request.tenders or not request.parts:
        return f"The payment {request.key} needs at least one tender and one part."
    if any(tender.amount <= 0 for tender in request.tenders):
        return f"The payment {request.key} has a tender of nothing: each needs an amount above zero."
    if any(part.goods < 0 or part.shipping < 0 or part.goods + part.shipping <= 0 for part in request.parts):
        return f"The payment {request.key} has a part of nothing: each needs an amount above zero."
    if len({part.reference for part in request.parts}) < len(request.parts):
        return f"The payment {request.key} names a part twice."
    paid = sum(tender.amount for tender in request.tenders)
    if paid != request.amount:
        return f"The tenders of {request.key} give {paid} minor units, and its parts need {request.amount}."
    for tender in request.tenders:
        try:
            methods.get(code=tender.method)
        except methods.UnknownMethod as problem:
            return str(problem)
    for part in request.parts:
        if part.merchant not in terms:
            return f"{part.merchant} has no terms with the bank: open them first."
        if terms[part.merchant].currency != request.currency:
            return f"{part.merchant} is paid in {terms[part.merchant].currency}, not {request.currency}."
    return ""


def _write(*, requests: Sequence[PaymentRequest], terms: dict[str, MerchantTerms]) -> dict[str, int]:
    if not requests:
        return {}
    payments = rows.insert(
        rows=[
            Payment(
                key=request.key,
                fingerprint=request.fingerprint(),
                reference=request.reference,
                payer=request.payer,
                currency=request.currency,
                amount=request.amount,
                return_url=request.return_url,
                device=request.device[:64],
                address=request.address[:64],
                created_at=request.at,
                expires_at=request.expires_at,
            )
            for request in requests
        ]
    )
    pairs = list(zip(payments, requests, strict=True))
    tenders = rows.insert(
        rows=[
            Tender(payment=payment, position=position, method=item.method, source=item.source, amount=item.amount)
            for payment, request in pairs
            for position, item in enumerate(request.tenders)
        ]
    )
    parts = rows.insert(
        rows=[
            _part(payment=payment, position=position, item=item, terms=terms[item.merchant])
            for payment, request in pairs
            for position, item in enumerate(request.parts)
        ]
    )
    by_payment: dict[int, tuple[list[Tender], list[Part]]] = {payment.pk: ([], []) for payment in payments}
    for tender in tenders:
        by_payment[tender.payment_id][0].append(tender)
    for part in parts:
        by_payment[part.payment_id][1].append(part)
    rows.insert(rows=[share for tenders_and_parts in by_payment.values() for share in _shares(*tenders_and_parts)])
    return {payment.key: payment.pk for payment in payments}


def _part(*, payment: Payment, position: int, item: PartRequest, terms: MerchantTerms) -> Part:
    return Part(
        payment=payment,
        position=position,
        reference=item.reference,
        merchant=item.merchant,
        currency=payment.currency,
        goods=item.goods,
        shipping=item.shipping,
        amount=item.goods + item.shipping,
        commission_bps=terms.commission_bps,
        commission_vat_bps=terms.commission_vat_bps,
        commission_returned_bps=terms.commission_returned_bps,
        settle_days=terms.settle_days,
        created_at=payment.created_at,
    )


def _shares(tenders: list[Tender], parts: list[Part]) -> list[Share]:
    """Divide tenders over parts, both in order; their sums are equal."""
    shares = []
    left = [part.amount for part in parts]
    at = 0
    for tender in tenders:
        remaining = tender.amount
        while remaining:
            amount = min(remaining, left[at])
            shares.append(Share(part=parts[at], tender=tender, amount=amount))
            remaining -= amount
            left[at] -= amount
            if not left[at]:
                at += 1
    return shares
