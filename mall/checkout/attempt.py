"""A try to order: its key, which makes a double click, a retry and the back button lead to one order."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from mall.basket.contents import Contents
from mall.checkout.drafts import (
    DeliveryChoice,
    DiscountUse,
    DraftLine,
    OrderDraft,
    TenderChoice,
)
from mall.customer.addresses import AddressData
from mall.papers.drafts import Papers

_SIGNER = Signer(salt="checkout-key")
MOST_ORDERS_KEPT = 20
NO_PAPERS = Papers()


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders."""

    user_id: int | None
    email: str
    device: str


def fresh_key() -> str:
    """Return a new key, signed so that only our own pages can bring one."""
    return _SIGNER.sign(secrets.token_urlsafe(16))


def trusted_key(*, text: str) -> str | None:
    """Return the key that a form brought back; nothing when it is not one of ours."""
    try:
        return f"checkout:{_SIGNER.unsign(text)}"
    except BadSignature:
        return None


def remember(*, request: HttpRequest, number: str) -> None:
    """Let this browser see the order it placed, signed in or not."""
    numbers = [known for known in request.session.get("orders", []) if known != number]
    request.session["orders"] = [*numbers, number][-MOST_ORDERS_KEPT:]


def latest(*, request: HttpRequest) -> list[str]:
    """Return the order this browser placed last, if any."""
    return request.session.get("orders", [])[-1:]


def remembers(*, request: HttpRequest, number: str) -> bool:
    """Tell whether this browser placed the order."""
    return number in request.session.get("orders", [])


def draft(
    *,
    key: str,
    buyer: Buyer,
    basket: object,
    contents: Contents,
    choices: Mapping[int, str],
    address: AddressData,
    tenders: tuple[tuple[str, str, int], ...],
    return_url: str,
    at: datetime,
    papers: Papers = NO_PAPERS,
) -> OrderDraft:
    """Return the order as it is asked for."""
    deliveries = {parcel.merchant_id: contents.quote(parcel=parcel, choices=choices) for parcel in contents.parcels}
    return OrderDraft(
        key=key,
        user_id=buyer.user_id,
        email=buyer.email,
        currency=contents.currency,
        lines=tuple(
            DraftLine(
                stockrecord_id=line.stockrecord_id,
                quantity=line.quantity,
                unit_price_minor=line.unit_price,
                amount_minor=line.amount,
            )
            for parcel in contents.parcels
            for line in parcel.lines
        ),
        address=address,
        deliveries={
            merchant_id: DeliveryChoice(
                method_code=quote.code, charge_minor=quote.charge, promised_by=quote.promised_by
            )
            for merchant_id, quote in deliveries.items()
        },
        tenders=tuple(TenderChoice(*tender) for tender in tenders),
        basket_id=basket.pk,
        device=buyer.device,
        return_url=return_url,
        at=at,
        discounts=_discounts(contents=contents, choices=choices),
        papers=papers,
    )


def _discounts(*, contents: Contents, choices: Mapping[int, str]) -> tuple[DiscountUse, ...]:
    waived = {
        parcel.merchant_id: quote.waived
        for parcel in contents.parcels
        if (quote := contents.quote(parcel=parcel, choices=choices)) is not None
    }
    uses = (
        DiscountUse(
            promotion_id=use.promotion_id,
            merchant_id=use.merchant_id,
            amount_minor=waived.get(use.merchant_id, 0) if use.delivery else use.amount,
            delivery=use.delivery,
        )
        for use in contents.applied
    )
    return tuple(use for use in uses if use.amount_minor)
