"""How merchants deliver: what they said, else what is usual here."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache

from mall import bank
from mall.delivery.models import EXPRESS, STANDARD, WAYS, DeliveryMethod, DeliveryTerms
from mall.delivery.plans import Plan, Way
from mall.merchants.models import Merchant

USUAL_HANDLING, USUAL_CUT_OFF, USUAL_WEEK, USUAL_ZONE = 1, 14, (0, 1, 2, 3, 4), "UTC"
_USUAL_TRANSIT = {STANDARD: 4, EXPRESS: 1}
KEPT = 300
# Working days until the usual parcel of a store that said nothing arrives.
USUAL_DAYS = USUAL_HANDLING + _USUAL_TRANSIT[STANDARD]


def plans_of(*, merchants: Sequence[Merchant]) -> dict[int, Plan]:
    """Return how each of these merchants delivers. They are kept for some minutes, or until they change."""
    wanted = {merchant.pk: merchant for merchant in merchants}
    if not wanted:
        return {}
    kept = cache.get_many([_key(merchant_id) for merchant_id in wanted])
    found = {merchant_id: kept[_key(merchant_id)] for merchant_id in wanted if _key(merchant_id) in kept}
    missing = [merchant for merchant_id, merchant in wanted.items() if merchant_id not in found]
    if missing:
        fresh = _read(merchants=missing)
        cache.set_many({_key(merchant_id): plan for merchant_id, plan in fresh.items()}, KEPT)
        found |= fresh
    return found


def forget_plan(*, merchant_id: int) -> None:
    """Read a merchant's plan anew the next time."""
    cache.delete(_key(merchant_id))


def _key(merchant_id: int) -> str:
    return f"mall.delivery:{merchant_id}"


def _read(*, merchants: Sequence[Merchant]) -> dict[int, Plan]:
    ways: dict[int, list[DeliveryMethod]] = {}
    terms: dict[int, DeliveryTerms] = {}
    for row in DeliveryMethod.objects.filter(terms__merchant__in=merchants).select_related("terms"):
        terms[row.terms.merchant_id] = row.terms
        ways.setdefault(row.terms.merchant_id, []).append(row)
    return {
        merchant.pk: _said(merchant=merchant, terms=terms[merchant.pk], ways=ways[merchant.pk])
        if merchant.pk in terms
        else usual(merchant=merchant)
        for merchant in merchants
    }


def plan_of(*, merchant: Merchant) -> Plan:
    """Return how one merchant delivers."""
    return plans_of(merchants=[merchant])[merchant.pk]


def usual(*, merchant: Merchant) -> Plan:
    """Return how a merchant delivers who said nothing but perhaps a charge."""
    policy = bank.policy()
    charge = policy.SHIPPING_CHARGE if merchant.delivery_charge is None else merchant.delivery_charge
    free_from = policy.SHIPPING_FREE_FROM if merchant.delivery_free_from is None else merchant.delivery_free_from
    return Plan(
        country=merchant.country or policy.BANK_COUNTRY,
        ways=(
            Way(code=STANDARD, charge=charge, free_from=free_from, transit_days=_USUAL_TRANSIT[STANDARD]),
            Way(
                code=EXPRESS,
                charge=charge + max(charge, policy.SHIPPING_CHARGE),
                free_from=None,
                transit_days=_USUAL_TRANSIT[EXPRESS],
            ),
        ),
        handling_days=USUAL_HANDLING,
        cut_off_hour=USUAL_CUT_OFF,
        time_zone=USUAL_ZONE,
        working_days=USUAL_WEEK,
    )


def _said(*, merchant: Merchant, terms: DeliveryTerms, ways: Sequence[DeliveryMethod]) -> Plan:
    return Plan(
        country=merchant.country or bank.policy().BANK_COUNTRY,
        ways=tuple(
            Way(
                code=row.code,
                charge=row.charge,
                free_from=row.free_from,
                transit_days=row.transit_days,
                countries=tuple(row.countries),
            )
            for row in sorted(ways, key=lambda row: WAYS.index(row.code))
        ),
        handling_days=terms.handling_days,
        cut_off_hour=terms.cut_off_hour,
        time_zone=terms.time_zone,
        working_days=tuple(sorted(terms.working_days)),
        closed_days=frozenset(terms.closed_days),
        pickup_place=terms.pickup_place,
    )
