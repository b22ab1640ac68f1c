"""What merchants owe the bank, and since when; and what of theirs is held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from payments.ledger import queries as ledger
from payments.models import MerchantTerms, MoneyHold, Refund

# Days from which a part of a debt belongs to the next group
AGES = (31, 61, 91)
MOST = 500


@dataclass(frozen=True, slots=True)
class Owing:
    """A merchant below zero: ``aged`` is what he owes for 0-30, 31-60, 61-90 and more days, in minor units."""

    merchant: str
    currency: str
    owed: int
    aged: tuple[int, int, int, int]
    oldest: datetime | None


def owing(*, at: datetime, merchants: Iterable[str] | None = None) -> list[Owing]:
    """Return who owes the bank, who owes most first; of some merchants, or of all.

    What is paid pays the oldest debt first, so what is left is the newest: refunds are counted back until they are
    the debt. What came about otherwise counts as oldest.
    """
    terms = MerchantTerms.objects.all() if merchants is None else MerchantTerms.objects.filter(merchant__in=merchants)
    currencies = dict(terms.values_list("merchant", "currency"))
    balances = ledger.balances(codes=[f"{merchant}:receivable" for merchant in currencies]) if currencies else {}
    owed = {code.removesuffix(":receivable"): balance for code, balance in balances.items() if balance > 0}
    debts: dict[str, list[tuple[datetime, int]]] = {}
    rows = Refund.objects.filter(part__merchant__in=owed, from_receivable__gt=0).order_by("-at", "-pk")
    for merchant, moment, amount in rows.values_list("part__merchant", "at", "from_receivable"):
        debts.setdefault(merchant, []).append((moment, amount))
    found = [
        _aged(merchant=merchant, currency=currencies[merchant], owed=amount, debts=debts.get(merchant, []), at=at)
        for merchant, amount in owed.items()
    ]
    return sorted(found, key=lambda row: (-row.owed, row.merchant))


def _aged(*, merchant: str, currency: str, owed: int, debts: list[tuple[datetime, int]], at: datetime) -> Owing:
    groups = [0, 0, 0, 0]
    left, oldest = owed, None
    for moment, amount in debts:
        if not left:
            break
        taken = min(left, amount)
        groups[sum((at - moment).days >= age for age in AGES)] += taken
        left, oldest = left - taken, moment
    groups[3] += left
    return Owing(merchant, currency, owed, (groups[0], groups[1], groups[2], groups[3]), oldest)


def holds(*, open_only: bool = True) -> list[MoneyHold]:
    """Return holds, the latest first."""
    rows = MoneyHold.objects.order_by("-asked_at", "-pk")
    return list((rows.exclude(state__in=("declined", "released")) if open_only else rows)[:MOST])


def holds_of(*, merchant: str) -> int:
    """Return how many holds a merchant has now."""
    return MoneyHold.objects.filter(merchant=merchant, state__in=("held", "release_asked")).count()
