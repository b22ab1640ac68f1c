"""The day as operations sees it: escrow, what is to be settled, payouts, suspense, the outbox, the book's state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db.models import Count, F, Sum

from payments import chart, outbox
from payments.ledger import errors
from payments.ledger import queries as ledger
from payments.models import OutboxEvent, Part, Payment, Payout, ProviderAttempt, Settlement, Verification
from payments.queries.merchants import PayoutView, payout_views

SUSPENSE = ("refunds", "transfers")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAmount:
    """An amount of a day and currency, and of how many things it is the sum."""

    day: date
    currency: str
    amount: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingEvent:
    """An event a handler has failed on."""

    name: str
    key: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the bank stands; amounts are minor units, those by currency (currency, amount)."""

    escrow: tuple[tuple[str, int], ...]
    suspense: tuple[tuple[str, str, int], ...]
    to_settle: tuple[DayAmount, ...]
    settled: tuple[DayAmount, ...]
    payouts: tuple[PayoutView, ...]
    unpaid_settlements: int
    waiting_payments: int
    open_attempts: int
    outbox_waiting: int
    outbox_failing: int
    failing: tuple[FailingEvent, ...]
    verified_at: datetime | None
    problems: tuple[str, ...]
    journals: int
    sealed_at: datetime | None
    seal: int


def overview(*, today: date) -> Overview:
    """Return how the bank stands, with what is due by ``today`` and after."""
    backlog = outbox.backlog()
    verified = Verification.objects.order_by("-pk").first()
    last_seal = ledger.seal_state()
    recent = Payout.objects.filter(amount__gt=0).select_related("account", "outgoing").order_by("-day", "-pk")[:20]
    return Overview(
        escrow=_escrow(),
        suspense=_suspense(),
        to_settle=_to_settle(),
        settled=_settled(today=today),
        payouts=tuple(payout_views(rows=recent)),
        unpaid_settlements=Settlement.objects.filter(paid_out=False).count(),
        waiting_payments=Payment.objects.filter(state__in=("recorded", "authorising", "action_required")).count(),
        open_attempts=ProviderAttempt.objects.exclude(state="applied").count(),
        outbox_waiting=backlog["waiting"],
        outbox_failing=backlog["failing"],
        failing=_failing(),
        verified_at=verified.at if verified else None,
        problems=tuple(verified.problems) if verified else (),
        journals=verified.journals if verified else 0,
        sealed_at=last_seal.sealed_at if last_seal else None,
        seal=last_seal.sequence if last_seal else 0,
    )


def _escrow() -> tuple[tuple[str, int], ...]:
    rows = (
        Part.objects.filter(state="captured")
        .values("currency")
        .annotate(total=Sum(F("captured") - F("released") - F("refunded_before") - F("disputed_before")))
    )
    return tuple((row["currency"], row["total"]) for row in rows.order_by("currency"))


def _suspense() -> tuple[tuple[str, str, int], ...]:
    found = []
    currencies = {settings.RIALTO_CURRENCY, *Part.objects.values_list("currency", flat=True).distinct()}
    for currency in sorted(currencies):
        codes = {source: chart.suspense(source, currency).code for source in SUSPENSE}
        try:
            balances = ledger.balances(codes=codes.values())
        except errors.UnknownAccount:
            continue
        found += [(source, currency, balances[code]) for source, code in codes.items()]
    return tuple(found)


def _to_settle() -> tuple[DayAmount, ...]:
    rows = (
        Part.objects.filter(unsettled_released__gt=0)
        .values("settle_on", "currency")
        .annotate(total=Sum(F("unsettled_released") - F("unsettled_refunded")), parts=Count("pk"))
        .order_by("settle_on", "currency")
    )
    return tuple(
        DayAmount(day=row["settle_on"], currency=row["currency"], amount=row["total"], count=row["parts"])
        for row in rows
    )


def _settled(*, today: date) -> tuple[DayAmount, ...]:
    rows = (
        Settlement.objects.filter(day__lte=today)
        .values("day", "currency")
        .annotate(total=Sum("to_available"), merchants=Count("pk"))
        .order_by("-day", "currency")[:7]
    )
    return tuple(
        DayAmount(day=row["day"], currency=row["currency"], amount=row["total"], count=row["merchants"]) for row in rows
    )


def _failing() -> tuple[FailingEvent, ...]:
    rows = OutboxEvent.objects.filter(delivered_at__isnull=True, attempts__gt=0).order_by("-attempts", "pk")[:20]
    return tuple(
        FailingEvent(name=row.name, key=row.key, attempts=row.attempts, error=row.last_error.splitlines()[0][:200])
        for row in rows
    )
