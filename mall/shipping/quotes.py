"""How one merchant's goods can come, what that costs, and by when they are promised: one computation for every page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mall.delivery.models import DIGITAL, EXPRESS, PICKUP, STANDARD
from mall.delivery.plans import Plan
from mall.delivery.queries import USUAL_DAYS, plan_of, plans_of

__all__ = [
    "DIGITAL",
    "EXPRESS",
    "PICKUP",
    "STANDARD",
    "USUAL_DAYS",
    "DeliveryQuote",
    "Plan",
    "digital",
    "plan_of",
    "plans_of",
    "quotes",
]


@dataclass(frozen=True, slots=True)
class DeliveryQuote:
    """A way of delivery; `charge` is minor units of the merchant's currency, `waived` what a promotion takes off it."""

    code: str
    charge: int
    promised_by: datetime
    place: str = ""
    waived: int = 0


def quotes(
    *, plan: Plan, goods: int, at: datetime, country: str = "", waives: int = -1, handling_days: int = 0
) -> list[DeliveryQuote]:
    """Return the ways goods worth so much can come to a country, the usual one first; none where it is not served.

    `handling_days`: working days these goods need beyond what the store needs to pack.

    `waives`: the most that a promotion of the merchant takes off the charge, whole or not at all; never of express.
    """
    found = []
    for way in plan.ways:
        if not way.serves(country=country):
            continue
        charge = way.costs(goods=goods)
        waived = charge if charge <= waives and way.code != EXPRESS else 0
        found.append(
            DeliveryQuote(
                code=way.code,
                charge=charge - waived,
                promised_by=plan.promised_by(way=way, at=at, extra=handling_days),
                place=plan.pickup_place if way.code == PICKUP else "",
                waived=waived,
            )
        )
    return found


def digital(*, at: datetime) -> DeliveryQuote:
    """Return how goods come that nobody has to carry."""
    return DeliveryQuote(code=DIGITAL, charge=0, promised_by=at)
