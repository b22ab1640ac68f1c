"""Settle: T+N days after release, pending money becomes the merchant's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from payments import events, journals, outbox
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.models import MerchantTerms, Part, Payment, Settlement, SettlementLine
from payments.models.changes import Changes
from payments.money import share as rate
from payments.queries.tiers import TierHistory
from payments.rows import insert
from payments.settlement import _days, holding
from payments.states import PART, may, move

MERCHANTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a hook is told: ``net`` minor units of this settlement became available on ``day``."""

    merchant: str
    day: date
    currency: str
    net: int
    settlement_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withholding:
    """What a hook took of a settlement, and in which journal: such as a loan's share of the sales."""

    settlement_id: int
    reference: str
    amount: int
    journal_id: int


@dataclass(slots=True, kw_only=True)
class SettlementReport:
    """What a run did; ``available`` and the others are minor units by currency."""

    settlements: int = 0
    merchants: int = 0
    released: dict[str, int] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    receivable: dict[str, int] = field(default_factory=dict)
    reserve: dict[str, int] = field(default_factory=dict)
    available: dict[str, int] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)

    def count(self, *, name: str, currency: str, amount: int) -> None:
        """Add ``amount`` to one of the sums."""
        sums = getattr(self, name)
        sums[currency] = sums.get(currency, 0) + amount


Hook = Callable[..., Sequence[Withholding]]


def settle_due(*, until: date) -> SettlementReport:
    """Settle every part whose day has come by ``until``: one settlement for each merchant and day, as of that day.

    What the merchant owes is taken first, then the reserve of his tier on that day; the rest becomes available, and
    the hooks of ``RIALTO_SETTLEMENT_HOOKS`` take their shares of it. Settling a day again settles what is new since,
    under the next day that has no settlement of his yet. Each batch of merchants is one transaction.
    """
    report = SettlementReport()
    due = holding.without_held_parts(parts=Part.objects.filter(unsettled_released__gt=0, settle_on__lte=until))
    merchants = list(due.order_by("merchant").values_list("merchant", flat=True).distinct())
    for start in range(0, len(merchants), MERCHANTS_AT_ONCE):
        with transaction.atomic():
            _settle(merchants=merchants[start : start + MERCHANTS_AT_ONCE], until=until, report=report)
    report.merchants = len(merchants)
    return report


def _settle(*, merchants: Sequence[str], until: date, report: SettlementReport) -> None:
    _days.one_at_a_time()
    parts = _lock(merchants=merchants, until=until)
    terms = {row.merchant: row for row in MerchantTerms.objects.filter(merchant__in=merchants)}
    groups = _groups(parts=parts, until=until)
    owed = _owed(merchants=sorted({merchant for merchant, _ in groups}))
    tiers = TierHistory(kind="reserve", subjects=merchants)
    rows = [
        _settlement(
            merchant=merchant,
            day=day,
            parts=members,
            terms=terms[merchant],
            tier=tiers.on(subject=merchant, day=day),
            owed=owed,
        )
        for (merchant, day), members in groups.items()
    ]
    _post(rows=rows)
    insert(rows=rows)
    changes = Changes()
    lines = [
        line
        for row, members in zip(rows, groups.values(), strict=True)
        for line in _lines(row=row, parts=members, changes=changes)
    ]
    for withheld in _run_hooks(rows=rows, changes=changes):
        lines.append(withheld)
    insert(rows=lines)
    changes.write()
    outbox.record(happened=[_event(row) for row in rows])
    _count(rows=rows, report=report)


def _lock(*, merchants: Sequence[str], until: date) -> list[Part]:
    """Hold the payments of the parts that are due, then read the parts as they stand."""
    due = Part.objects.filter(merchant__in=merchants, unsettled_released__gt=0, settle_on__lte=until)
    due = holding.without_held_parts(parts=due)
    owners = sorted(set(due.values_list("payment_id", flat=True)))
    list(Payment.objects.filter(pk__in=owners).order_by("pk").select_for_update().values_list("pk"))
    return list(due.filter(payment_id__in=owners).order_by("settle_on", "merchant", "pk"))


def _groups(*, parts: Sequence[Part], until: date) -> dict[tuple[str, date], list[Part]]:
    """Return parts by merchant and day, days ascending; a day settled before gives its parts to a later one."""
    days = {part.settle_on for part in parts}
    merchants = {part.merchant for part in parts}
    taken = set(
        Settlement.objects.filter(merchant__in=merchants, day__in={*days, until}).values_list("merchant", "day")
    )
    groups: dict[tuple[str, date], list[Part]] = {}
    for part in parts:
        pair = (part.merchant, part.settle_on)
        if pair in taken:
            pair = (part.merchant, until)
        if pair not in taken:
            groups.setdefault(pair, []).append(part)
    return dict(sorted(groups.items(), key=lambda item: (item[0][1], item[0][0])))


def _owed(*, merchants: Sequence[str]) -> dict[str, int]:
    """Hold the merchants' accounts; return what each owes the bank."""
    kinds = ("pending", "available", "reserve", "receivable")
    balances = ledger.lock(codes=[f"{merchant}:{kind}" for merchant in merchants for kind in kinds])
    return {merchant: balances[f"{merchant}:receivable"] for merchant in merchants}


def _settlement(
    *, merchant: str, day: date, parts: Sequence[Part], terms: MerchantTerms, tier: str, owed: dict[str, int]
) -> Settlement:
    released = sum(part.unsettled_released for part in parts)
    refunded = sum(part.unsettled_refunded for part in parts)
    net = released - refunded
    receivable = min(net, owed[merchant])
    owed[merchant] -= receivable
    kept = settings.RIALTO_POLICY.RESERVE_TIERS[tier] if tier else {}
    reserve_bps = kept.get("bps", terms.reserve_bps)
    reserve = rate(net - receivable, reserve_bps)
    return Settlement(
        merchant=merchant,
        day=day,
        currency=terms.currency,
        released=released,
        refunded=refunded,
        to_receivable=receivable,
        to_reserve=reserve,
        to_available=net - receivable - reserve,
        reserve_tier=tier,
        reserve_bps=reserve_bps,
        matures_on=day + (timedelta(days=kept["days"]) if kept else settings.RIALTO_RESERVE_MATURES_AFTER),
    )


def _post(*, rows: Sequence[Settlement]) -> None:
    posting = [row for row in rows if row.released > row.refunded]
    entries = [
        journals.merchant_settled(
            merchant=row.merchant,
            day=row.day,
            receivable=row.to_receivable,
            reserve=row.to_reserve,
            available=row.to_available,
            currency=row.currency,
            key=f"settle:{row.merchant}:{row.day.isoformat()}",
            at=_days.moment(day=row.day, at=_days.SETTLED_AT),
        )
        for row in posting
    ]
    for row, outcome in zip(posting, ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, LedgerError):
            raise outcome
        row.journal_id = outcome.journal_id


def _lines(*, row: Settlement, parts: Sequence[Part], changes: Changes) -> list[SettlementLine]:
    lines = []
    for part in parts:
        lines.append(_line(row, "release", part.reference, part.unsettled_released, part=part))
        if part.unsettled_refunded:
            lines.append(_line(row, "refund", part.reference, -part.unsettled_refunded, part=part))
        part.unsettled_released = part.unsettled_refunded = 0
        if may(machine=PART, state=part.state, event="settle"):
            part.state = move(machine=PART, state=part.state, event="settle")
        changes.add(part, "unsettled_released", "unsettled_refunded", "state")
    if row.to_receivable:
        lines.append(_line(row, "receivable", row.merchant, -row.to_receivable))
    if row.to_reserve:
        lines.append(_line(row, "reserve", row.merchant, -row.to_reserve))
    return lines


def _line(row: Settlement, kind: str, reference: str, amount: int, *, part: Part | None = None) -> SettlementLine:
    return SettlementLine(
        settlement=row, part=part, kind=kind, reference=reference, amount=amount, journal_id=row.journal_id
    )


def _run_hooks(*, rows: Sequence[Settlement], changes: Changes) -> list[SettlementLine]:
    by_id = {row.pk: row for row in rows}
    lines = []
    for path in settings.RIALTO_SETTLEMENT_HOOKS:
        hook: Hook = import_string(path)
        settled = [
            Settled(
                merchant=row.merchant,
                day=row.day,
                currency=row.currency,
                net=row.to_available - row.withheld,
                settlement_id=row.pk,
            )
            for row in rows
            if row.to_available > row.withheld
        ]
        for taken in hook(settled=settled) if settled else ():
            row = by_id[taken.settlement_id]
            row.withheld += taken.amount
            changes.add(row, "withheld")
            lines.append(
                SettlementLine(
                    settlement=row,
                    kind="loan_share",
                    reference=taken.reference,
                    amount=-taken.amount,
                    journal_id=taken.journal_id,
                )
            )
    return lines


def _event(row: Settlement) -> events.MerchantSettled:
    return events.MerchantSettled(
        key=f"{row.merchant}:{row.day.isoformat()}",
        at=_days.moment(day=row.day, at=_days.SETTLED_AT),
        merchant=row.merchant,
        day=row.day,
        amount=row.to_available,
        settlement_id=row.pk,
    )


def _count(*, rows: Sequence[Settlement], report: SettlementReport) -> None:
    report.settlements += len(rows)
    for row in rows:
        for name, amount in (
            ("released", row.released),
            ("refunded", row.refunded),
            ("receivable", row.to_receivable),
            ("reserve", row.to_reserve),
            ("available", row.to_available),
            ("withheld", row.withheld),
        ):
            report.count(name=name, currency=row.currency, amount=amount)
