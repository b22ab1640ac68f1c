"""A merchant's money: on its way, available, kept back, owed; his settlements and payouts. Amounts are minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Sum

from payments.ledger import queries as ledger
from payments.models import MerchantTerms, Part, Payout, Release, Settlement, SettlementLine

KINDS = ("pending", "available", "reserve", "receivable")


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantMoney:
    """Where a merchant's money stands; ``in_escrow`` waits for delivery, ``next_amount`` is settled on ``next_day``."""

    merchant: str
    currency: str
    in_escrow: int
    pending: int
    available: int
    reserve: int
    receivable: int
    next_day: date | None
    next_amount: int
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementView:
    """A settlement of one day, and what was paid out of it."""

    settlement_id: int
    merchant: str
    day: date
    currency: str
    released: int
    refunded: int
    to_receivable: int
    to_reserve: int
    to_available: int
    withheld: int
    paid_out: int
    is_paid_out: bool

    @property
    def own(self) -> int:
        """Return what this settlement alone left to be paid out; below zero where a loan's share passed it."""
        return self.to_available - self.withheld

    @property
    def came_free(self) -> int:
        """Return what the payout took beside the settlement's own money: reserves that had come free."""
        return max(0, self.paid_out - self.own) if self.is_paid_out else 0

    @property
    def carried(self) -> int:
        """Return what of it was not paid out then, as zero or less: later refunds took it, or a later payout has it."""
        return min(0, self.paid_out - self.own) if self.is_paid_out else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleView:
    """What the buyer paid of a sale that was released, and what was taken from it."""

    amount: int
    commission: int
    vat: int
    deducted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line of a settlement; money the merchant does not get is below zero."""

    kind: str
    reference: str
    amount: int
    journal_id: int | None
    sale: SaleView | None = None


class StatementDoesNotSum(Exception):
    """The lines of a settlement are not what was paid out: the rows were changed by something else than settling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementStatement:
    """What a merchant is given for a settlement that was paid out: the lines sum to the payout.

    ``account`` is where the money went.
    """

    number: str
    settlement: SettlementView
    lines: tuple[LineView, ...]
    account: str
    payout_journal_id: int | None

    @property
    def sold(self) -> SaleView:
        """Return what its sales sum to, and what was taken from them, where that is known of each."""
        sales = [line.sale for line in self.lines if line.sale]
        return SaleView(
            amount=sum(sale.amount for sale in sales),
            commission=sum(sale.commission for sale in sales),
            vat=sum(sale.vat for sale in sales),
            deducted=sum(sale.deducted for sale in sales),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutView:
    """A payout to a merchant's account."""

    merchant: str
    day: date
    currency: str
    amount: int
    account: str
    settlement_id: int | None


def merchant_money(*, merchant: str) -> MerchantMoney | None:
    """Return where the money of ``merchant`` (`merchant:3`) stands, or nothing when he has no terms."""
    terms = MerchantTerms.objects.filter(merchant=merchant).select_related("payout_account").first()
    if terms is None:
        return None
    balances = ledger.balances(codes=[f"{merchant}:{kind}" for kind in KINDS])
    escrow = Part.objects.filter(merchant=merchant, state="captured").aggregate(
        total=Sum(F("captured") - F("released") - F("refunded_before") - F("disputed_before"))
    )
    unsettled = (
        Part.objects.filter(merchant=merchant, unsettled_released__gt=0)
        .values("settle_on")
        .annotate(total=Sum(F("unsettled_released") - F("unsettled_refunded")))
        .order_by("settle_on")
        .first()
    )
    return MerchantMoney(
        merchant=merchant,
        currency=terms.currency,
        in_escrow=escrow["total"] or 0,
        pending=balances[f"{merchant}:pending"],
        available=balances[f"{merchant}:available"],
        reserve=balances[f"{merchant}:reserve"],
        receivable=balances[f"{merchant}:receivable"],
        next_day=unsettled["settle_on"] if unsettled else None,
        next_amount=unsettled["total"] if unsettled else 0,
        account=terms.payout_account.number,
    )


def with_terms() -> list[str]:
    """Return the merchants who have terms with the bank."""
    return list(MerchantTerms.objects.order_by("merchant").values_list("merchant", flat=True))


def settlements_of(*, merchant: str, limit: int = 50, offset: int = 0) -> list[SettlementView]:
    """Return a merchant's settlements, newest first."""
    rows = Settlement.objects.filter(merchant=merchant).select_related("payout").order_by("-day", "-pk")
    return [_settlement(row) for row in rows[offset : offset + limit]]


def settlement(*, settlement_id: int, merchant: str | None = None) -> tuple[SettlementView, list[LineView]] | None:
    """Return a settlement and its lines; with ``merchant`` only one of his."""
    rows = Settlement.objects.filter(pk=settlement_id).select_related("payout")
    row = (rows.filter(merchant=merchant) if merchant else rows).first()
    if row is None:
        return None
    lines = list(SettlementLine.objects.filter(settlement=row).order_by("pk"))
    sales = _sales(lines=lines)
    return _settlement(row), [
        LineView(
            kind=line.kind,
            reference=line.reference,
            amount=line.amount,
            journal_id=line.journal_id,
            sale=sales.get(line.pk),
        )
        for line in lines
    ]


def settlement_statement(*, settlement_id: int, merchant: str | None = None) -> SettlementStatement | None:
    """Return the statement of a settlement that was paid out; with ``merchant`` only one of his.

    :raises StatementDoesNotSum: its lines are not what was paid out.
    """
    found = settlement(settlement_id=settlement_id, merchant=merchant)
    if found is None or not found[0].is_paid_out:
        return None
    view, lines = found
    payout = Payout.objects.filter(settlement_id=settlement_id).select_related("account", "outgoing").first()
    journal_id = payout.journal_id if payout else None
    reference = f"{view.merchant}@{view.day.isoformat()}"
    for kind, amount in (("came_free", view.came_free), ("carried", view.carried)):
        if amount:
            lines.append(LineView(kind=kind, reference=reference, amount=amount, journal_id=journal_id))
    if sum(line.amount for line in lines) != view.paid_out:
        raise StatementDoesNotSum(f"The lines of settlement {settlement_id} are not the {view.paid_out} paid out.")
    return SettlementStatement(
        number=f"S-{view.merchant.removeprefix('merchant:')}-{view.day:%Y%m%d}",
        settlement=view,
        lines=tuple(lines),
        account=_account(payout) if payout else "",
        payout_journal_id=journal_id,
    )


def _sales(*, lines: Sequence[SettlementLine]) -> dict[int, SaleView]:
    """Return the sales of lines of released money, where all that was released of a consignment is in the line."""
    released = {line.part_id: line for line in lines if line.kind == "release"}
    sums = (
        Release.objects.filter(part_id__in=released)
        .values("part_id")
        .annotate(total=Sum("amount"), fee=Sum("commission"), tax=Sum("vat"), taken=Sum("deducted"), left=Sum("net"))
    )
    return {
        released[row["part_id"]].pk: SaleView(
            amount=row["total"], commission=row["fee"], vat=row["tax"], deducted=row["taken"]
        )
        for row in sums
        if row["left"] == released[row["part_id"]].amount
    }


def payouts_of(*, merchant: str, limit: int = 50, offset: int = 0) -> list[PayoutView]:
    """Return what was paid out to a merchant, newest first."""
    rows = Payout.objects.filter(merchant=merchant, amount__gt=0).select_related("account", "outgoing")
    rows = rows.order_by("-day", "-pk")
    return payout_views(rows=rows[offset : offset + limit])


def payout_views(*, rows: Sequence[Payout]) -> list[PayoutView]:
    """Return payouts as they are shown."""
    return [
        PayoutView(
            merchant=row.merchant,
            day=row.day,
            currency=row.currency,
            amount=row.amount,
            account=_account(row),
            settlement_id=row.settlement_id,
        )
        for row in rows
    ]


def _account(payout: Payout) -> str:
    """Return the number of the account a payout went to: at another bank when it was ordered there."""
    outgoing = getattr(payout, "outgoing", None)
    return outgoing.iban if outgoing else payout.account.number


def _settlement(row: Settlement) -> SettlementView:
    payout = getattr(row, "payout", None)
    return SettlementView(
        settlement_id=row.pk,
        merchant=row.merchant,
        day=row.day,
        currency=row.currency,
        released=row.released,
        refunded=row.refunded,
        to_receivable=row.to_receivable,
        to_reserve=row.to_reserve,
        to_available=row.to_available,
        withheld=row.withheld,
        paid_out=payout.amount if payout else 0,
        is_paid_out=row.paid_out,
    )
