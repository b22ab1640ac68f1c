"""Who a payer is at the card provider, and the cards he asked us to keep."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from payments.models import CardCustomer, SavedCard

# Before a source: its payer asks us to keep the card for the next time.
KEEP = "keep:"


def may_keep(payer: str) -> bool:
    """Tell whether a payer is one we know again: a guest is only an address that somebody typed."""
    return payer.startswith("user:")


def customer_of(*, api: Any, payer: str) -> str:
    """Return the provider's name of a payer, made when it is first needed; the provider learns no name or address."""
    known = CardCustomer.objects.filter(payer=payer).values_list("reference", flat=True).first()
    if known:
        return known
    name = hashlib.sha256(payer.encode()).hexdigest()[:32]
    # Several installations may share an account at the provider: a customer of another one does no harm.
    made = api.customers.create({"metadata": {"payer": name}})
    row, _ = CardCustomer.objects.get_or_create(payer=payer, defaults={"reference": made.id})
    return row.reference


def keep(*, api: Any, payer: str, reference: str, at: datetime) -> None:
    """Note a card that its holder asked us to keep."""
    method = api.payment_methods.retrieve(reference).to_dict()
    facts = method.get("card") or {}
    SavedCard.objects.update_or_create(
        reference=method["id"],
        defaults={
            "payer": payer,
            "brand": str(facts.get("brand") or "card")[:30],
            "last4": str(facts.get("last4") or "")[-4:],
            "expires_year": facts["exp_year"],
            "expires_month": facts["exp_month"],
            "saved_at": at,
            "removed_at": None,
        },
    )


def kept_by(*, payer: str, at: datetime) -> list[SavedCard]:
    """Return a payer's cards that can still pay, the newest first."""
    if not may_keep(payer):
        return []
    rows = SavedCard.objects.filter(payer=payer, removed_at__isnull=True).order_by("-saved_at", "-pk")
    return [row for row in rows if (row.expires_year, row.expires_month) >= (at.year, at.month)]
