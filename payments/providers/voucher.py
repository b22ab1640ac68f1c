"""Vouchers the bank pays for: a budget, reserved under lock when a payment is authorised, spent when it is captured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from payments import journals
from payments.methods import Leg, Step, TenderOption
from payments.models import Voucher, VoucherReservation
from payments.models.changes import Changes
from payments.money import Money


class VoucherMethod:
    """A voucher's budget; the tender's ``source`` is its code."""

    code = "voucher"
    label = "Voucher"
    remote = False

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
        """Return the vouchers made out to this payer; those for everybody are entered by their code."""
        rows = Voucher.objects.filter(holder=payer, currency=currency, valid_from__lte=at, valid_until__gt=at)
        return [
            TenderOption(
                method=self.code,
                source=row.code,
                label=row.label,
                detail=Money(left, currency).format(),
                needs_sign_in=True,
            )
            for row in rows.order_by("valid_until", "pk")
            if (left := row.budget - row.reserved - row.spent) > 0
        ]

    def authorise(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Reserve each leg's amount of its voucher's budget; a tender that has its reservation keeps it."""
        vouchers = _lock(codes={leg.source for leg in legs})
        tender_ids = [leg.tender_id for leg in legs]
        present = {row.tender_id: row for row in VoucherReservation.objects.filter(tender_id__in=tender_ids)}
        changes, fresh, steps = Changes(), [], []
        for leg in legs:
            reservation = present.get(leg.tender_id)
            held = reservation.reserved if reservation else 0
            voucher = vouchers.get(leg.source)
            refusal = _refusal(leg=leg, voucher=voucher, needed=leg.amount - held)
            steps.append(Step(refusal=refusal))
            if refusal or voucher is None:
                continue
            voucher.reserved += leg.amount - held
            changes.add(voucher, "reserved")
            if reservation is None:
                fresh.append(VoucherReservation(tender_id=leg.tender_id, voucher=voucher, reserved=leg.amount))
            else:
                reservation.reserved = leg.amount
                changes.add(reservation, "reserved")
        VoucherReservation.objects.bulk_create(fresh)
        changes.write()
        return steps

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Spend what is reserved, at the bank's expense."""
        self._change(legs=legs, reserved=-1, spent=+1)
        return [
            Step(
                transfers=tuple(
                    transfer
                    for escrow, amount in leg.accounts
                    for transfer in journals.capture_from_voucher(escrow=escrow, amount=amount, currency=leg.currency)
                )
            )
            for leg in legs
        ]

    def void(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Give the reservation back to the budget."""
        self._change(legs=legs, reserved=-1, spent=0)
        return [Step() for _ in legs]

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Take the amount back to the bank's expense, and into the voucher's budget."""
        self._change(legs=legs, reserved=0, spent=-1)
        return [
            Step(
                transfers=journals.refund_to(
                    sources=leg.accounts, destination=journals.voucher_destination(currency=leg.currency)
                )
            )
            for leg in legs
        ]

    def release(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Add nothing."""
        return [Step() for _ in legs]

    def _change(self, *, legs: Sequence[Leg], reserved: int, spent: int) -> None:
        vouchers = _lock(codes={leg.source for leg in legs})
        tender_ids = [leg.tender_id for leg in legs]
        reservations = {row.tender_id: row for row in VoucherReservation.objects.filter(tender_id__in=tender_ids)}
        changes = Changes()
        for leg in legs:
            voucher, reservation = vouchers[leg.source], reservations[leg.tender_id]
            for row in (voucher, reservation):
                row.reserved += reserved * leg.amount
                row.spent += spent * leg.amount
                changes.add(row, "reserved", "spent")
        changes.write()


def _lock(*, codes: set[str]) -> dict[str, Voucher]:
    """Return the vouchers by code, locked in the order of their ids."""
    return {row.code: row for row in Voucher.objects.filter(code__in=codes).order_by("pk").select_for_update()}


def _refusal(*, leg: Leg, voucher: Voucher | None, needed: int) -> str:
    if voucher is None or voucher.holder not in ("", leg.payer):
        return f"There is no voucher {leg.source}."
    if not voucher.valid_from <= leg.at < voucher.valid_until:
        return f"The voucher {leg.source} is not valid at this time."
    if voucher.currency != leg.currency:
        return f"The voucher {leg.source} is in {voucher.currency}, and the payment is in {leg.currency}."
    left = voucher.budget - voucher.reserved - voucher.spent
    if needed > left:
        return f"The voucher {leg.source} has {Money(left, voucher.currency).format()} left."
    return ""
