"""Merchants: opened with their partner, owner, terms and payout account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.text import slugify
from oscar.core.loading import get_model

from mall import bank, events
from mall.customer.addresses import AddressData
from mall.customer.models import CREDIT_USE
from mall.customer.operations import ChangeConsent, record_consents
from mall.merchants.models import ACTIVE, OWNER, Membership, Merchant
from mall.search import operations as search

Partner = get_model("partner", "Partner")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMerchant:
    """A merchant to open; the same key is the same merchant. Rates are basis points, charges minor units."""

    key: str
    name: str
    owner: int
    currency: str
    at: datetime
    address: AddressData | None = None
    description: str = ""
    commission_bps: int | None = None
    reserve_bps: int | None = None
    settle_days: int | None = None
    consent_credit: bool = False
    delivery_charge: int | None = None
    delivery_free_from: int | None = None


def open_merchants(*, requests: Sequence[OpenMerchant]) -> list[Merchant]:
    """Open active merchants with owner, terms and payout account, in one transaction for the batch.

    :returns: for each request, in order, the merchant; one that was open before stays as it is.
    """
    wanted = {request.key: request for request in requests}
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Opening is rare: one batch at a time keeps keys and slugs simple.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('mall.open_merchants', 0))")
        known = set(Merchant.objects.filter(key__in=wanted).values_list("key", flat=True))
        fresh = [request for key, request in wanted.items() if key not in known]
        if fresh:
            _open(requests=fresh)
        opened = {merchant.key: merchant for merchant in Merchant.objects.filter(key__in=wanted)}
    return [opened[request.key] for request in requests]


def _open(*, requests: list[OpenMerchant]) -> None:
    slugs = _free_slugs(names=[request.name for request in requests])
    partners = Partner.objects.bulk_create(
        [Partner(code=slug, name=request.name[:128]) for request, slug in zip(requests, slugs, strict=True)]
    )
    merchants = Merchant.objects.bulk_create(
        [
            _merchant(request=request, partner=partner, slug=slug)
            for request, partner, slug in zip(requests, partners, slugs, strict=True)
        ]
    )
    pairs = list(zip(merchants, requests, strict=True))
    Membership.objects.bulk_create(
        [
            Membership(merchant=merchant, user_id=request.owner, role=OWNER, since=request.at)
            for merchant, request in pairs
        ]
    )
    policy = bank.policy()
    bank.open_merchants(
        terms=[
            bank.Terms(
                merchant_id=merchant.pk,
                currency=request.currency,
                commission_bps=_or(request.commission_bps, policy.COMMISSION_BPS),
                reserve_bps=_or(request.reserve_bps, policy.RESERVE_BPS),
                settle_days=_or(request.settle_days, policy.SETTLE_AFTER_DAYS),
                at=request.at,
            )
            for merchant, request in pairs
        ]
    )
    record_consents(
        requests=[
            ChangeConsent(subject=merchant.reference, purpose=CREDIT_USE, granted=True, at=request.at)
            for merchant, request in pairs
            if request.consent_credit
        ]
    )
    bank.publish(
        happened=[
            events.MerchantOpened(
                key=merchant.reference,
                at=request.at,
                merchant=merchant.reference,
                owner=bank.shopper(user_id=request.owner),
                currency=request.currency,
            )
            for merchant, request in pairs
        ]
    )


def _or(given: int | None, usual: int) -> int:
    return usual if given is None else given


def _merchant(*, request: OpenMerchant, partner: Partner, slug: str) -> Merchant:
    address = request.address
    return Merchant(
        key=request.key,
        partner=partner,
        name=request.name[:128],
        slug=slug,
        status=ACTIVE,
        currency=request.currency,
        owner_id=request.owner,
        line1=address.line1 if address else "",
        line2=address.line2 if address else "",
        city=address.city if address else "",
        region=address.region if address else "",
        postcode=address.postcode if address else "",
        country=address.country if address else "",
        address_fingerprint=address.fingerprint if address else "",
        description=request.description,
        delivery_charge=request.delivery_charge,
        delivery_free_from=request.delivery_free_from,
        joined_at=request.at,
    )


def _free_slugs(*, names: Sequence[str]) -> list[str]:
    """Return a slug for each name that nobody has yet."""
    bases = [slugify(name)[:110] or "store" for name in names]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code FROM partner_partner WHERE code LIKE ANY(%s)", [[f"{base}%" for base in set(bases)]]
        )
        taken = {row[0] for row in cursor.fetchall()}
    slugs = []
    for base in bases:
        slug, number = base, 1
        while slug in taken:
            number += 1
            slug = f"{base}-{number}"
        taken.add(slug)
        slugs.append(slug)
    return slugs


def set_status(*, merchant_id: int, was: Sequence[str], status: str, at: datetime) -> bool:
    """Change whether a merchant sells, in the caller's transaction; return whether it was one of `was`.

    Orders that are being placed are waited for, and see the new status afterwards: they hold the merchant's row.
    """
    changed = Merchant.objects.filter(pk=merchant_id, status__in=was).update(status=status)
    if changed:
        search.announce(at=at, merchant_id=merchant_id)
    return bool(changed)
