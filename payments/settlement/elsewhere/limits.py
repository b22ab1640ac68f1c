"""What a holder may send to other banks and keep here, by how well the bank knows him."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from payments.models import OutgoingPayment
from payments.money import Money
from payments.operations.errors import UnableToMoveMoney
from payments.queries.tiers import TierHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Standing limits in minor units; ``balance`` is nothing where there is none."""

    tier: str
    payment: int
    day: int
    month: int
    balance: int | None


def limits_of(*, holder: str, day: date) -> Limits:
    """Return the limits a holder such as `user:1` has on a day."""
    tier = TierHistory(kind="account", subjects=[holder]).on(subject=holder, day=day)
    tier = tier or settings.RIALTO_POLICY.ACCOUNT_TIERS[holder.partition(":")[0]]
    return Limits(tier=tier, **settings.RIALTO_POLICY.ACCOUNT_LIMITS[tier])


def refuse_beyond(*, holder: str, source: str, amount: int, currency: str, at: datetime) -> None:
    """See that a transfer keeps its holder's limits; the account must be held, so that two at once count each other.

    What did not arrive does not count.

    :raises UnableToMoveMoney: naming the limit and what is left of it.
    """
    limits = limits_of(holder=holder, day=at.date())
    sent = OutgoingPayment.objects.filter(source=source, kind="transfer").exclude(
        state__in=("withdrawn", "rejected", "returned")
    )
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    for words, most, since in (
        ("for one payment", limits.payment, None),
        ("for a day", limits.day, midnight),
        ("for thirty days", limits.month, at - timedelta(days=30)),
    ):
        used = 0
        if since is not None:
            used = sent.filter(ordered_at__gte=since).aggregate(total=Sum("amount"))["total"] or 0
        if used + amount > most:
            left, whole = Money(max(0, most - used), currency).format(), Money(most, currency).format()
            raise UnableToMoveMoney(f"Your limit {words} is {whole}, and {left} of it is left: send less or ask us.")
