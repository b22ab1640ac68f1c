"""How one merchant's goods can come, what that costs, and by when they are promised."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mall import bank
from mall.merchants.models import Merchant

STANDARD, EXPRESS = "standard", "express"
_DAYS = {STANDARD: 5, EXPRESS: 2}
USUAL_DAYS = _DAYS[STANDARD]
_CODES = (STANDARD, EXPRESS)


@dataclass(frozen=True, slots=True)
class DeliveryQuote:
    """A way of delivery; `charge` is minor units of the merchant's currency."""

    code: str
    charge: int
    promised_by: datetime


def quotes(*, merchant: Merchant, goods: int, at: datetime, handling_days: int = 0) -> list[DeliveryQuote]:
    """Return the ways this merchant delivers goods worth so much, the usual one first.

    `handling_days`: working days the merchant needs before the goods leave.
    """
    policy = bank.policy()
    charge = policy.SHIPPING_CHARGE if merchant.delivery_charge is None else merchant.delivery_charge
    free_from = policy.SHIPPING_FREE_FROM if merchant.delivery_free_from is None else merchant.delivery_free_from
    usual = 0 if goods >= free_from else charge
    charges = {STANDARD: usual, EXPRESS: usual + max(charge, policy.SHIPPING_CHARGE)}
    return [
        DeliveryQuote(
            code=code,
            charge=charges[code],
            promised_by=working_days_after(at=at, days=_DAYS[code] + handling_days),
        )
        for code in _CODES
    ]


def working_days_after(*, at: datetime, days: int) -> datetime:
    """Return the moment so many days later, Saturdays and Sundays not counted."""
    moment = at
    while days:
        moment += timedelta(days=1)
        days -= moment.weekday() < 5
    return moment
