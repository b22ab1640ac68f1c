"""The payments one operation works on, locked and held in memory with their tenders, parts and shares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from payments.methods import Leg
from payments.models import Part, Payment, Share, Tender
from payments.models.changes import Changes
from payments.states import PART, PAYMENT, TENDER, may, move


class Book:
    """Locked payments and everything under them; rows are changed in memory and written together by ``write``.

    A payment's row is the one lock for its tenders, parts and shares: everybody takes it first, in the order of ids,
    and reads the rest afterwards.
    """

    def __init__(self, *, payments: Iterable[Payment]) -> None:
        self.payments: dict[int, Payment] = {payment.pk: payment for payment in payments}
        self.parts: dict[int, Part] = {}
        self.tenders: dict[int, Tender] = {}
        self.by_reference: dict[str, Part] = {}
        self.shares_of_part: dict[int, list[Share]] = {}
        self.parts_of_payment: dict[int, list[Part]] = {key: [] for key in self.payments}
        self.tenders_of_payment: dict[int, list[Tender]] = {key: [] for key in self.payments}
        self.changes = Changes()
        self._load()

    @classmethod
    def of_payments(cls, *, ids: Iterable[int]) -> Book:
        """Lock these payments; unknown ids are left out."""
        wanted = set(ids)
        rows = Payment.objects.filter(pk__in=wanted).order_by("pk").select_for_update() if wanted else ()
        return cls(payments=rows)

    @classmethod
    def of_parts(cls, *, references: Iterable[str]) -> Book:
        """Lock the payments these parts belong to; unknown references are left out."""
        wanted = set(references)
        if not wanted:
            return cls(payments=())
        owners = Part.objects.filter(reference__in=wanted).values("payment_id")
        return cls(payments=Payment.objects.filter(pk__in=owners).order_by("pk").select_for_update())

    def _load(self) -> None:
        if not self.payments:
            return
        shares = (
            Share.objects.filter(part__payment_id__in=list(self.payments))
            .select_related("part", "tender")
            .order_by("part__payment_id", "part__position", "tender__position")
        )
        for share in shares:
            part = self.parts.setdefault(share.part_id, share.part)
            tender = self.tenders.setdefault(share.tender_id, share.tender)
            part.payment = tender.payment = self.payments[part.payment_id]
            share.part, share.tender = part, tender
            if part.pk not in self.shares_of_part:
                self.shares_of_part[part.pk] = []
                self.by_reference[part.reference] = part
                self.parts_of_payment[part.payment_id].append(part)
            self.shares_of_part[part.pk].append(share)
            if tender not in self.tenders_of_payment[part.payment_id]:
                self.tenders_of_payment[part.payment_id].append(tender)

    def shares_of_payment(self, payment: Payment) -> list[Share]:
        """Return the payment's shares, by part and then by tender."""
        return [share for part in self.parts_of_payment[payment.pk] for share in self.shares_of_part[part.pk]]

    def shares_of_tender(self, tender: Tender) -> list[Share]:
        """Return the tender's shares, by part."""
        return [share for share in self.shares_of_payment(tender.payment) if share.tender_id == tender.pk]

    def move_payment(self, payment: Payment, event: str) -> None:
        """Take the payment to its next state.

        :raises ForbiddenTransition: the table has no such row.
        """
        payment.state = move(machine=PAYMENT, state=payment.state, event=event)
        self.changes.add(payment, "state", "refusal", "resolved_at", "expires_at")

    def move_part(self, part: Part, event: str) -> None:
        """Take the part to its next state.

        :raises ForbiddenTransition: the table has no such row.
        """
        part.state = move(machine=PART, state=part.state, event=event)

    def move_tender(self, tender: Tender, event: str) -> None:
        """Take the tender to its next state.

        :raises ForbiddenTransition: the table has no such row.
        """
        tender.state = move(machine=TENDER, state=tender.state, event=event)
        self.changes.add(tender, "state", "authorised", "provider_reference", "action_url", "expires_at")

    def tidy_part(self, part: Part) -> None:
        """Take a captured part of which nothing is open or in escrow any more to where it belongs."""
        in_escrow = part.escrow + part.disputed_before
        if part.state == "captured" and part.open_amount == 0 and in_escrow == 0 and part.released:
            self.move_part(part, "release")
        kept = part.captured - part.refunded_before - part.refunded_after
        over = part.captured > 0 and part.open_amount == 0 and kept == 0
        if over and may(machine=PART, state=part.state, event="refund_all"):
            self.move_part(part, "refund_all")
        self.changes.add(part, "state")

    def finish(self, payment: Payment, at: datetime, ending: str = "void") -> None:
        """Close a payment of which nothing is left to capture, and its tenders.

        ``ending`` (void, expire, refuse) is what happens to it when nothing was ever captured.
        """
        for tender in self.tenders_of_payment[payment.pk]:
            over = all(share.captured + share.cancelled == share.amount for share in self.shares_of_tender(tender))
            if over and tender.captured and may(machine=TENDER, state=tender.state, event="complete"):
                self.move_tender(tender, "complete")
            if over and not tender.captured and may(machine=TENDER, state=tender.state, event="void"):
                self.move_tender(tender, "void")
            if tender.state == "captured" and tender.refunded == tender.captured:
                self.move_tender(tender, "refund_all")
        parts = self.parts_of_payment[payment.pk]
        if any(part.open_amount for part in parts):
            return
        event = "complete" if any(part.captured for part in parts) else ending
        if may(machine=PAYMENT, state=payment.state, event=event):
            payment.resolved_at = at
            self.move_payment(payment, event)

    def write(self) -> None:
        """Write every change noted, in one statement."""
        self.changes.write()


def leg(*, share: Share, amount: int, key: str, at: datetime, accounts: Sequence[tuple[str, int]] = ()) -> Leg:
    """Return what a method is told of a share's part in an act."""
    part, tender = share.part, share.tender
    payment = part.payment
    return Leg(
        tender_id=tender.pk,
        payment_id=payment.pk,
        payment_reference=payment.reference,
        part_reference=part.reference,
        merchant=part.merchant,
        payer=payment.payer,
        source=tender.source,
        amount=amount,
        currency=payment.currency,
        provider_reference=share.provider_reference or tender.provider_reference,
        key=f"{key}:{share.pk}",
        at=at,
        accounts=tuple(accounts),
        return_url=payment.return_url,
        promised=share.authorised,
    )


def tender_leg(*, tender: Tender, amount: int, key: str, at: datetime) -> Leg:
    """Return what a method is told of a whole tender."""
    payment = tender.payment
    return Leg(
        tender_id=tender.pk,
        payment_id=payment.pk,
        payment_reference=payment.reference,
        part_reference=None,
        merchant=None,
        payer=payment.payer,
        source=tender.source,
        amount=amount,
        currency=payment.currency,
        provider_reference=tender.provider_reference,
        key=key,
        at=at,
        return_url=payment.return_url,
    )


def allocate(*, amount: int, capacities: Sequence[int]) -> list[int]:
    """Divide ``amount`` in order, filling each capacity before the next; the rest, if any, is left over."""
    parts = []
    for capacity in capacities:
        taken = max(0, min(amount, capacity))
        parts.append(taken)
        amount -= taken
    return parts
