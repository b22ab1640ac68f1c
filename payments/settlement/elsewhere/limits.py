"""What a holder may send to other banks and keep here, by how well the bank knows him."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from payments.models import AccountTier, OutgoingPayment
from payments.money import Money
from payments.operations.errors import UnableToMoveMoney


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Standing limits in minor units; ``balance`` is nothing where there is none."""

    tier: str
    payment: int
    day: int
    month: int
    balance: int | None


def limits_of(*, holder: str) -> Limits:
    """Return the limits of a holder such as `user:1`."""
    tier = AccountTier.objects.filter(holder=holder).values_list("tier", flat=True).first()
    tier = tier or settings.RIALTO_POLICY.ACCOUNT_TIERS[holder.partition(":")[0]]
    return Limits(tier=tier, **settings.RIALTO_POLICY.ACCOUNT_LIMITS[tier])


def set_tier(*, holder: str, tier: str, by: str, at: datetime) -> Limits:
    """Give a holder another tier, after the bank has looked at him.

    :raises UnableToMoveMoney: there is no such tier.
    """
    if tier not in settings.RIALTO_POLICY.ACCOUNT_LIMITS:
        known = ", ".join(settings.RIALTO_POLICY.ACCOUNT_LIMITS)
        raise UnableToMoveMoney(f"There is no tier {tier!r}: use one of {known}.")
    AccountTier.objects.update_or_create(holder=holder, defaults={"tier": tier, "by": by, "at": at})
    return limits_of(holder=holder)


def refuse_beyond(*, holder: str, source: str, amount: int, currency: str, at: datetime) -> None:
    """See that a transfer keeps its holder's limits; the account must be held, so that two at once count each other.

    What did not arrive does not count.

    :raises UnableToMoveMoney: naming the limit and what is left of it.
    """
    limits = limits_of(holder=holder)
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
