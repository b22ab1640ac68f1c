"""How payments and their parts stand, many at a time, for the apps above; one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef

from payments.ledger import queries as ledger
from payments.models import CustomerAccount, Part, PartClaim, Payment, Refund, Tender


@dataclass(frozen=True, slots=True)
class PartStanding:
    """A part's amounts in minor units, and the state of its payment."""

    reference: str
    state: str
    payment_state: str
    amount: int
    captured: int
    released: int
    refunded_before: int
    refunded_after: int
    cancelled: int
    open_disputes: int
    disputed: int
    has_claim: bool

    @property
    def refundable(self) -> int:
        """Return what was captured and neither went back nor is held for a dispute."""
        return self.captured - self.refunded - self.disputed

    @property
    def refunded(self) -> int:
        """Return what went back to the payer after it was captured."""
        return self.refunded_before + self.refunded_after


def payment_states(*, payment_ids: Sequence[int]) -> dict[int, str]:
    """Return the state of each payment that exists."""
    return dict(Payment.objects.filter(pk__in=payment_ids).values_list("pk", "state"))


def parts_standing(*, references: Sequence[str]) -> dict[str, PartStanding]:
    """Return how each part that exists stands, by its reference."""
    rows = Part.objects.filter(reference__in=references).values_list(
        "reference",
        "state",
        "payment__state",
        "amount",
        "captured",
        "released",
        "refunded_before",
        "refunded_after",
        "cancelled",
        "open_disputes",
        F("disputed_before") + F("disputed_after"),
        Exists(PartClaim.objects.filter(part=OuterRef("pk"), closed_at__isnull=True)),
    )
    return {row[0]: PartStanding(*row) for row in rows}


def refunds_done(*, keys: Sequence[str]) -> dict[str, int]:
    """Return the amount of each refund that was done, by its key."""
    return dict(Refund.objects.filter(key__in=keys).values_list("key", "amount"))


def claims_left(*, keys: Sequence[str]) -> dict[str, int]:
    """Return what is still kept for each open claim, by its key."""
    rows = PartClaim.objects.filter(key__in=keys, closed_at__isnull=True)
    return dict(rows.values_list("key", F("amount") - F("refunded")))


def open_claims() -> dict[str, int]:
    """Return what is still kept for every open claim, by its key."""
    return dict(PartClaim.objects.filter(closed_at__isnull=True).values_list("key", F("amount") - F("refunded")))


def account_numbers(*, holders: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return the open accounts of holders (`user:1`, `merchant:3`) by holder and currency."""
    rows = CustomerAccount.objects.filter(holder__in=holders, closed_at__isnull=True)
    return {(row.holder, row.currency): row.number for row in rows}


def paying_holders(*, payment_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """Return whose accounts here each payment draws on."""
    pairs = Tender.objects.filter(payment_id__in=payment_ids).values_list("payment_id", "source")
    sources = {source for _payment, source in pairs if source}
    holders = dict(
        CustomerAccount.objects.filter(number__in=sources).values_list("number", F("holder")) if sources else ()
    )
    found: dict[int, set[str]] = {}
    for payment_id, source in pairs:
        if source in holders:
            found.setdefault(payment_id, set()).add(holders[source])
    return {payment_id: frozenset(names) for payment_id, names in found.items()}


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """A customer's open account and what it holds, in minor units."""

    number: str
    currency: str
    balance: int


def account_balances(*, holder: str) -> list[AccountBalance]:
    """Return a holder's open accounts with their balances, the oldest first: two statements."""
    rows = list(CustomerAccount.objects.filter(holder=holder, closed_at__isnull=True).order_by("opened_at", "pk"))
    held = ledger.balances(codes=[row.ledger_code for row in rows]) if rows else {}
    return [AccountBalance(row.number, row.currency, held[row.ledger_code]) for row in rows]
